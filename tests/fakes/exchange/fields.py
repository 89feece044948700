"""A calendar item as EWS writes it: which properties there are, in which order, and who sees them.

Names and order: Microsoft, "CalendarItem" (types.xsd, ItemType and CalendarItemType). What FindItem leaves out:
"Property sets and response shapes in EWS in Exchange". Times are UTC, or have the offset of the TimeZoneContext where a
request names one (Microsoft: "TimeZoneContext").
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.exchange.directory import Asked
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.mailbox import Instance
from tests.fakes.exchange.mime import mime_content
from tests.fakes.exchange.paths import additional, extended
from tests.fakes.exchange.rights import Right, effective
from tests.fakes.exchange.series import written
from tests.fakes.exchange.soap import element, text, truth

CLASSES = {
    "Exception": "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}",
    "Occurrence": "IPM.Appointment.Occurrence",
}
SENSITIVITIES = ("Normal", "Personal", "Private", "Confidential")  # in the order of PidTagSensitivity
PRIVATE = "Private Appointment"
WITHHELD = frozenset({  # of a private item; what is left says when somebody is busy (Microsoft: "ViewPrivateItems")
    "item:MimeContent", "item:Body", "item:DisplayTo", "item:DisplayCc", "item:Categories", "calendar:Location",
    "calendar:Organizer", "calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:IsMeeting",
})  # fmt: skip
NOT_FOUND_BY_FIND = frozenset({
    "item:MimeContent", "item:Body", "calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:Recurrence",
    "calendar:FirstOccurrence", "calendar:LastOccurrence", "calendar:ModifiedOccurrences",
    "calendar:DeletedOccurrences",
})  # fmt: skip
SHORT = ("item:Subject", "item:HasAttachments", "calendar:Start", "calendar:End", "calendar:LegacyFreeBusyStatus",
         "calendar:Location", "calendar:Organizer", "calendar:CalendarItemType")  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """Writes items for one request. `found`: as FindItem gives them."""

    asked: Asked
    right: Right
    found: bool = False

    def item(self, instance: Instance, properties: Iterable[str]) -> Element:
        """Return a CalendarItem with its id and those of `properties` that it has, in the order of the schema."""
        wanted = set(properties) | {"item:ItemId"}
        if self.found:
            wanted -= NOT_FOUND_BY_FIND
        if self.private(instance):
            wanted -= WITHHELD
        wanted = {name for name in wanted if self.asked.behaviour.knows(name)}
        parts = [write(self, instance) for name, write in PROPERTIES.items() if name in wanted]
        return element("t:CalendarItem", *parts)

    def private(self, instance: Instance) -> bool:
        """Whether this is a private item of somebody else; the right to the whole mailbox shows it."""
        return instance.item.sensitivity == "Private" and self.right < Right.FULL

    def subject(self, instance: Instance) -> str:
        return PRIVATE if self.private(instance) else instance.item.subject

    def time(self, name: str, moment: datetime) -> Element:
        return element(name, written_time(moment, self.asked))

    def occurrences(self, instance: Instance) -> Element | None:
        stored, calendar = instance.stored, instance.mailbox.calendar
        if instance.kind != "RecurringMaster" or not stored.exceptions:
            return None
        found = (calendar.occurrence(stored, day) for day in sorted(stored.exceptions))
        return element("t:ModifiedOccurrences", *(self._occurrence("t:Occurrence", one) for one in found))

    def removed(self, instance: Instance) -> Element | None:
        stored, calendar = instance.stored, instance.mailbox.calendar
        if instance.kind != "RecurringMaster" or not stored.deleted:
            return None
        starts = [calendar.occurrence(stored, day).item.start for day in sorted(stored.deleted)]
        return element(
            "t:DeletedOccurrences", *(element("t:DeletedOccurrence", self.time("t:Start", start)) for start in starts)
        )

    def edge(self, instance: Instance, name: str) -> Element | None:
        """First or last occurrence; a series without end has no last one (Microsoft: "LastOccurrence")."""
        recurrence = instance.item.recurrence
        if recurrence is None or (name == "Last" and recurrence.number is None and recurrence.until is None):
            return None
        calendar, stored = instance.mailbox.calendar, instance.stored
        left = (day for day in calendar.series(stored) if day not in stored.deleted)
        day = next(left, None) if name == "First" else max(left, default=None)
        return self._occurrence(f"t:{name}Occurrence", calendar.occurrence(stored, day)) if day else None

    def _occurrence(self, name: str, one: Instance) -> Element:
        return element(
            name,
            element("t:ItemId", Id=one.id, ChangeKey=one.change_key),
            self.time("t:Start", one.item.start),
            self.time("t:End", one.item.end),
            self.time("t:OriginalStart", one.original or one.item.start),
        )

    def organizer(self, instance: Instance) -> Element:
        """FindItem says the organiser's name alone."""
        who = instance.item.organizer or Attendee(address=instance.mailbox.address, name=instance.mailbox.name)
        return element("t:Organizer", element("t:Mailbox", *_mailbox(who, self.found)))


def written_time(moment: datetime, asked: Asked) -> str:
    zone = ZoneInfo(WINDOWS_TO_OLSON[asked.call.zone]) if asked.call.zone else UTC
    digits = asked.behaviour.fraction
    fraction = f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    offset = moment.astimezone(zone).isoformat(timespec="seconds")
    return offset[:19] + fraction + offset[19:].replace("+00:00", "Z")


def _mailbox(who: Attendee, name_only: bool) -> list[Element]:
    name = element("t:Name", who.name or who.address)
    if name_only:
        return [name]
    kind = element("t:MailboxType", who.kind)
    return [name, element("t:EmailAddress", who.address), element("t:RoutingType", "SMTP"), kind]


def _attendees(name: str, people: tuple[Attendee, ...]) -> Element | None:
    if not people:
        return None
    return element(name, *(
        element("t:Attendee", element("t:Mailbox", *_mailbox(who, False)), element("t:ResponseType", who.response))
        for who in people
    ))  # fmt: skip


def _answer(instance: Instance) -> str:
    item = instance.item
    own = item.organizer is None or item.organizer.address == instance.mailbox.address
    return item.response or ("Unknown" if not item.meeting else "Organizer" if own else "NoResponseReceived")


def _state(item: Item) -> str:
    """Bits: 1 a meeting, 2 received, 4 cancelled (Microsoft: "AppointmentState")."""
    received = item.organizer is not None
    return str(int(item.meeting) + 2 * int(received) + 4 * int(item.cancelled))


def _planned(writer: Writer, instance: Instance) -> Element | None:
    """RecurrenceId, of an occurrence, or of one that is an item of its own (Microsoft: "RecurrenceId")."""
    planned = instance.original or instance.item.planned
    return writer.time("t:RecurrenceId", planned) if planned else None


def _class(instance: Instance) -> str:
    return CLASSES.get(instance.kind, "IPM.Appointment")


def _first(instance: Instance) -> date:
    return instance.item.start.astimezone(instance.item.tz).date()


def _text(name: str, of: Callable[[Item], str]) -> Callable[[Writer, Instance], Element]:
    return lambda writer, one: element(name, of(one.item))


def _zone(name: str) -> Callable[[Writer, Instance], Element]:
    return lambda writer, one: element(name, Id=one.item.zone, Name=one.item.zone)


def _extended(name: str, of: Callable[[Writer, Instance], str]) -> Callable[[Writer, Instance], Element]:
    return lambda writer, one: extended(name, of(writer, one))


EXTENDED: dict[str, Callable[[Writer, Instance], str]] = {  # of [MS-OXPROPS]
    "0x1a String": lambda w, i: _class(i),  # PidTagMessageClass
    "0x36 Integer": lambda w, i: str(SENSITIVITIES.index(i.item.sensitivity)),  # PidTagSensitivity
    "0x37 String": lambda w, i: w.subject(i),  # PidTagSubject
    "0xe23 Integer": lambda w, i: str(i.stored.number),  # PidTagInternetArticleNumber: IMAP's UID
    "0x3007 SystemTime": lambda w, i: written_time(i.stored.created, w.asked),  # PidTagCreationTime
    "0x3008 SystemTime": lambda w, i: written_time(i.stored.modified, w.asked),  # PidTagLastModificationTime
    "Appointment/33315 Boolean": lambda w, i: truth(i.kind != "Single"),  # PidLidRecurring
}
PROPERTIES: dict[str, Callable[[Writer, Instance], Element | None]] = {
    "item:MimeContent": lambda w, i: mime_content(i),
    "item:ItemId": lambda w, i: element("t:ItemId", Id=i.id, ChangeKey=i.change_key),
    "item:ParentFolderId": lambda w, i: element("t:ParentFolderId", Id=i.mailbox.folder("calendar")),
    "item:ItemClass": lambda w, i: element("t:ItemClass", _class(i)),
    "item:Subject": lambda w, i: element("t:Subject", w.subject(i)),
    "item:Sensitivity": _text("t:Sensitivity", lambda item: item.sensitivity),
    "item:Body": lambda w, i: element("t:Body", i.item.body, BodyType="Text"),
    "item:DateTimeReceived": lambda w, i: w.time("t:DateTimeReceived", i.stored.created),
    "item:Importance": _text("t:Importance", lambda item: "Normal"),
    "item:IsDraft": _text("t:IsDraft", lambda item: "false"),
    "item:DateTimeCreated": lambda w, i: w.time("t:DateTimeCreated", i.stored.created),
    "item:ReminderIsSet": _text("t:ReminderIsSet", lambda item: "false"),
    "item:DisplayTo": _text("t:DisplayTo", lambda item: "; ".join(who.name or who.address for who in item.required)),
    "item:HasAttachments": _text("t:HasAttachments", lambda item: "false"),
    **{name: _extended(name, of) for name, of in EXTENDED.items()},
    "item:EffectiveRights": lambda w, i: effective(w.right, w.right == Right.FULL),
    "item:LastModifiedTime": lambda w, i: w.time("t:LastModifiedTime", i.stored.modified),
    "calendar:UID": _text("t:UID", lambda item: item.uid),
    "calendar:RecurrenceId": lambda w, i: _planned(w, i),
    "calendar:Start": lambda w, i: w.time("t:Start", i.item.start),
    "calendar:End": lambda w, i: w.time("t:End", i.item.end),
    "calendar:OriginalStart": lambda w, i: w.time("t:OriginalStart", i.original) if i.original else None,
    "calendar:IsAllDayEvent": _text("t:IsAllDayEvent", lambda item: truth(item.all_day)),
    "calendar:LegacyFreeBusyStatus": _text("t:LegacyFreeBusyStatus", lambda item: item.show_as),
    "calendar:Location": lambda w, i: element("t:Location", i.item.location) if i.item.location else None,
    "calendar:IsMeeting": _text("t:IsMeeting", lambda item: truth(item.meeting)),
    "calendar:IsCancelled": _text("t:IsCancelled", lambda item: truth(item.cancelled)),
    "calendar:IsRecurring": lambda w, i: element("t:IsRecurring", truth(i.kind != "Single")),
    "calendar:MeetingRequestWasSent": _text("t:MeetingRequestWasSent", lambda item: truth(item.meeting)),
    "calendar:IsResponseRequested": _text("t:IsResponseRequested", lambda item: "true"),
    "calendar:CalendarItemType": lambda w, i: element("t:CalendarItemType", i.kind),
    "calendar:MyResponseType": lambda w, i: element("t:MyResponseType", _answer(i)),
    "calendar:Organizer": lambda w, i: w.organizer(i),
    "calendar:RequiredAttendees": lambda w, i: _attendees("t:RequiredAttendees", i.item.required),
    "calendar:OptionalAttendees": lambda w, i: _attendees("t:OptionalAttendees", i.item.optional),
    "calendar:AppointmentSequenceNumber": _text("t:AppointmentSequenceNumber", lambda item: "0"),
    "calendar:AppointmentState": _text("t:AppointmentState", _state),
    "calendar:Recurrence": lambda w, i: written(i.item.recurrence, _first(i)) if i.item.recurrence else None,
    "calendar:FirstOccurrence": lambda w, i: w.edge(i, "First"),
    "calendar:LastOccurrence": lambda w, i: w.edge(i, "Last"),
    "calendar:ModifiedOccurrences": lambda w, i: w.occurrences(i),
    "calendar:DeletedOccurrences": lambda w, i: w.removed(i),
    "calendar:MeetingTimeZone": lambda w, i: element("t:MeetingTimeZone", TimeZoneName=i.item.zone),
    "calendar:StartTimeZone": _zone("t:StartTimeZone"),
    "calendar:EndTimeZone": _zone("t:EndTimeZone"),
}
ALL = tuple(name for name in PROPERTIES if name != "item:MimeContent" and name not in EXTENDED)


def wanted(shape: Element) -> list[str]:
    """Return the properties that an ItemShape asks for (Microsoft: "BaseShape", "AdditionalProperties")."""
    base = text(shape, "t:BaseShape")
    return [*({"Default": SHORT, "AllProperties": ALL}.get(base or "", ())), *additional(shape, EXTENDED)]
