"""GetUserAvailability: when people are busy, and as much of it as the one who asks may know.

Microsoft: "GetUserAvailability operation", "FreeBusyViewType", "CalendarEvent", "ErrorNoFreeBusyAccess"; captures 061
to 067. Times are those of the zone that the request gives, without an offset; its summer time is not heeded.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from tests.fakes.exchange.directory import Asked
from tests.fakes.exchange.mailbox import Instance, Mailbox
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.soap import Refusal, element, every, find, invalid, moment, refused, text, truth

LONGEST = timedelta(days=62)  # "the time window must not exceed 62 days"
DIGITS = {"Free": "0", "Tentative": "1", "Busy": "2", "OOF": "3", "WorkingElsewhere": "4"}
RISING = "04123"  # of two that overlap, the busier counts (Microsoft: "MergedFreeBusy")


def get_user_availability(asked: Asked) -> Element:
    """Answer for each mailbox in its place. The operation's names are irregular (capture 061)."""
    return element("m:GetUserAvailabilityResponse", element("m:FreeBusyResponseArray", *(
        _one(asked, text(one, "t:Email/t:Address", ""))
        for one in every(asked.call.body, "m:MailboxDataArray/t:MailboxData")
    )))  # fmt: skip


def _one(asked: Asked, address: str) -> Element:
    try:
        view = _view(asked, asked.directory.known(address))
    except Refusal as refusal:
        message = refused("", refusal)
        message.tag = "m:ResponseMessage"
        return element("m:FreeBusyResponse", message)
    well = element("m:ResponseMessage", element("m:ResponseCode", "NoError"), ResponseClass="Success")
    return element("m:FreeBusyResponse", well, view)


def _view(asked: Asked, mailbox: Mailbox | None) -> Element:
    """Any address of a person will do (Microsoft: "ResponseCode", ErrorMailRecipientNotFound)."""
    if mailbox is None:
        raise Refusal("ErrorMailRecipientNotFound", "Unable to resolve e-mail address to an Active Directory object.")
    right = asked.directory.right(asked.actor, mailbox)
    if right == Right.NONE:
        raise Refusal("ErrorNoFreeBusyAccess", "The caller does not have access to free/busy data.")
    options = find(asked.call.body, "t:FreeBusyViewOptions")
    if options is None:
        raise invalid("FreeBusyViewOptions is needed.")
    since = moment(text(options, "t:TimeWindow/t:StartTime"))
    before = moment(text(options, "t:TimeWindow/t:EndTime"))
    if not timedelta() < before - since <= LONGEST:
        raise Refusal("ErrorInvalidTimeInterval", "The time window is empty or too long.")
    asked_for = text(options, "t:RequestedView", "FreeBusy")
    kind = asked_for if right >= Right.SUBJECT else asked_for.replace("Detailed", "FreeBusy")
    found = mailbox.calendar.expanded(since, before)
    step = timedelta(minutes=int(text(options, "t:MergedFreeBusyIntervalInMinutes", "30")))
    bias = timedelta(minutes=int(text(asked.call.body, "t:TimeZone/t:Bias", "0")))
    return element(
        "m:FreeBusyView",
        element("t:FreeBusyViewType", kind),
        element("t:MergedFreeBusy", _merged(found, since, before, step)) if "Merged" in kind else None,
        element("t:CalendarEventArray", *(_event(one, right, kind, bias) for one in found))
        if kind not in ("None", "MergedOnly") and found
        else None,
    )


def _merged(found: list[Instance], since: datetime, before: datetime, step: timedelta) -> str:
    digits, at = "", since
    while at < before:
        digits += _busiest(one.item.show_as for one in found if one.item.start < at + step and one.item.end > at)
        at += step
    return digits


def _busiest(shown: Iterable[str]) -> str:
    return max((DIGITS[one] for one in shown if one != "NoData"), key=RISING.index, default="0")


def _event(one: Instance, right: Right, kind: str, bias: timedelta) -> Element:
    private = one.item.sensitivity == "Private"
    hidden = private and right < Right.FULL
    details = element(
        "t:CalendarEventDetails",
        element("t:ID", one.id) if right >= Right.REVIEWER else None,
        element("t:Subject", one.item.subject) if not hidden else None,
        element("t:Location", one.item.location) if one.item.location and not hidden else None,
        element("t:IsMeeting", truth(one.item.meeting)),
        element("t:IsRecurring", truth(one.kind in ("Occurrence", "Exception"))),
        element("t:IsException", truth(one.kind == "Exception")),
        element("t:IsReminderSet", "false"),
        element("t:IsPrivate", truth(private)),
    )
    return element(
        "t:CalendarEvent",
        element("t:StartTime", _local(one.item.start, bias)),
        element("t:EndTime", _local(one.item.end, bias)),
        element("t:BusyType", one.item.show_as),
        details if kind.startswith("Detailed") else None,
    )


def _local(time: datetime, bias: timedelta) -> str:
    return (time.astimezone(UTC) - bias).strftime("%Y-%m-%dT%H:%M:%S")
