"""What an account may do with a calendar, for `check`. Blocks, as `requests` does.

GetFolder tells the effective rights (Microsoft: EffectiveRights). Where it is refused, GetUserAvailability still tells
free and busy times, unless those are hidden too.
"""

from datetime import timedelta
from enum import Enum

from exchangelib import UTC, Account, EWSDateTime
from exchangelib.errors import ErrorAccessDenied, ErrorFolderNotFound, ErrorItemNotFound, ResponseMessageError
from exchangelib.fields import FieldPath
from exchangelib.folders import Calendar
from exchangelib.items import ID_ONLY
from exchangelib.properties import (
    DaylightTime,
    FreeBusyViewOptions,
    MailboxData,
    StandardTime,
    TimeWindow,
    TimeZone,
)
from exchangelib.services import GetFolder, GetUserAvailability

from gateway.sources.ews.requests import Plain, calendar_of, raised

MIDNIGHT = EWSDateTime(2026, 1, 1, tzinfo=UTC).time()
CHANGES_NEVER = {"bias": 0, "time": MIDNIGHT, "occurrence": 1, "weekday": 1}
ZONE = TimeZone(  # UTC, without asking for the server's list of zones, which not every server has
    bias=0,
    standard_time=StandardTime(iso_month=10, **CHANGES_NEVER),
    daylight_time=DaylightTime(iso_month=3, **CHANGES_NEVER),
)


class Right(Enum):
    """What Exchange calls them, from nothing to everything; reading needs REVIEWER."""

    NONE = "none"
    FREE_BUSY = "free/busy"
    REVIEWER = "reviewer"
    FULL = "full"

    @property
    def reads(self) -> bool:
        """Whether appointments can be read with it."""
        return self in (Right.REVIEWER, Right.FULL)


def right(account: Account) -> Right:
    """Return the right that the signed-in account has on the calendar of `account`."""
    path = FieldPath(field=Calendar.get_field_by_fieldname("effective_rights"))
    try:
        (folder,) = raised(
            _Folder(account=account).call(folders=[calendar_of(account)], additional_fields=[path], shape=ID_ONLY)
        )
    except (ErrorAccessDenied, ErrorFolderNotFound, ErrorItemNotFound):
        return Right.FREE_BUSY if _tells_free_busy(account) else Right.NONE
    rights = folder.effective_rights
    if rights is None or not rights.read:
        return Right.FREE_BUSY
    return Right.FULL if rights.modify or rights.create_contents else Right.REVIEWER


class _Folder(Plain, GetFolder):  # type: ignore[misc]
    """GetFolder, in which an alias is told from other refusals."""


def _tells_free_busy(account: Account) -> bool:
    today = EWSDateTime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = MailboxData(email=account.primary_smtp_address, attendee_type="Required", exclude_conflicts=False)
    answer = GetUserAvailability(protocol=account.protocol).call(
        tzinfo=UTC,
        mailbox_data=[asked],
        timezone=ZONE,
        free_busy_view_options=FreeBusyViewOptions(
            time_window=TimeWindow(start=today, end=today + timedelta(days=1)),
            merged_free_busy_interval=60,
            requested_view="FreeBusy",
        ),
    )
    try:
        (told,) = raised(answer)
    except ResponseMessageError:
        return False
    return told.view_type not in (None, "None")
