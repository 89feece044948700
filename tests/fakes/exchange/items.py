"""What people keep: single items and series in a calendar, as Outlook would store them, and contacts.

Values have the words of the EWS schema (Microsoft: "CalendarItem", "LegacyFreeBusyStatus", "Sensitivity",
"ResponseType").
"""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.exchange.series import Recurrence

CANCELLED = "Canceled: "


@dataclass(frozen=True, kw_only=True)
class Attendee:
    """`response`: Unknown, Organizer, Tentative, Accept, Decline, NoResponseReceived. `kind`: Mailbox, PublicDL, …"""

    address: str
    name: str = ""
    response: str = "Unknown"
    kind: str = "Mailbox"


@dataclass(frozen=True, kw_only=True)
class Item:
    """A calendar item. `start` and `end` aware; `zone`: a Windows name, in which a series recurs and days are days.

    `show_as`: Free, Tentative, Busy, OOF, WorkingElsewhere, NoData. `sensitivity`: Normal, Personal, Private,
    Confidential. `response`: the owner's own answer, "": the organiser's or none. `organizer`: None is the owner.
    `uid`: "" is given one by the server. `planned`: when the occurrence would begin that somebody alone was asked to.
    """

    subject: str
    start: datetime
    end: datetime
    uid: str = ""
    zone: str = "W. Europe Standard Time"
    all_day: bool = False
    show_as: str = "Busy"
    sensitivity: str = "Normal"
    cancelled: bool = False
    response: str = ""
    organizer: Attendee | None = None
    required: tuple[Attendee, ...] = ()
    optional: tuple[Attendee, ...] = ()
    location: str = ""
    body: str = ""
    recurrence: Recurrence | None = None
    planned: datetime | None = None

    @property
    def meeting(self) -> bool:
        return bool(self.required or self.optional or self.organizer)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(WINDOWS_TO_OLSON[self.zone])


@dataclass(frozen=True, kw_only=True)
class Contact:
    """`emails`: up to three; `phones` by EWS's keys: BusinessPhone, BusinessPhone2, MobilePhone, HomePhone, …

    `called`: DisplayName; "" is put together from the names. `is_list`: a distribution list, which has a name alone.
    """

    given: str = ""
    surname: str = ""
    emails: tuple[str, ...] = ()
    phones: dict[str, str] = field(default_factory=dict)
    company: str = ""
    title: str = ""
    sensitivity: str = "Normal"
    called: str = ""
    is_list: bool = False

    @property
    def display(self) -> str:
        return self.called or f"{self.given} {self.surname}".strip()

    @property
    def filed(self) -> str:
        return ", ".join(filter(None, (self.surname, self.given))) or self.called or self.company

    @property
    def addresses(self) -> dict[str, str]:
        return {f"EmailAddress{number}": email for number, email in enumerate(self.emails, 1)}
