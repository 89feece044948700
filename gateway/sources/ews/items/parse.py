"""Items of an Exchange calendar become appointments. Pure.

An item is what exchangelib 5.6 made of an answer: any field of it may be None. One that cannot be understood is set
aside and counted. Series are told apart here and expanded in `expand`, where the server did not do it.
By the pages "CalendarItem", "Sensitivity" and "LegacyFreeBusyStatus" of Microsoft's reference of EWS elements.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem
from exchangelib.fields import AppointmentStateField
from exchangelib.items.calendar_item import EXCEPTION, OCCURRENCE, RECURRING_MASTER

from gateway.domain.appointment import Appointment, ShowAs
from gateway.domain.mailbox import Window
from gateway.recurrence.effort import Effort
from gateway.recurrence.unreadable import Unreadable
from gateway.sources.ews.items import people
from gateway.sources.ews.items.uid import shared
from gateway.sources.ews.items.when import utc, when

# What a view or GetItem has to ask for; exchangelib adds the zones of `start` and `end` by itself.
FIELDS = (
    "subject",
    "sensitivity",
    "uid",
    "recurrence_id",
    "start",
    "end",
    "original_start",
    "legacy_free_busy_status",
    "is_meeting",
    "is_cancelled",
    "type",
    "my_response_type",
    "organizer",
    "required_attendees",
    "optional_attendees",
    "appointment_state",
    "location",
)
LONGEST_SUBJECT = 10_000  # characters
LONGEST_LOCATION = 1_000  # characters; what is longer is no place
WITHHELD = "Private Appointment"  # what is shown of a private item to who may not see it
SHOWN = {
    "Free": ShowAs.FREE,
    "Tentative": ShowAs.TENTATIVE,
    "Busy": ShowAs.BUSY,
    "OOF": ShowAs.OUT,
    "WorkingElsewhere": ShowAs.ELSEWHERE,
}


def appointments(
    items: Iterable[object], window: Window, zone: ZoneInfo, addresses: Collection[str]
) -> tuple[tuple[Appointment, ...], int]:
    """Return the appointments of all single items, occurrences and exceptions that overlap `window`, in order.

    And how many items were set aside. Masters of series, and what is no calendar item, are passed over. `zone` is the
    owner's, for all-day items; `addresses` the owner's, lower case. Raises `GiveUp` where there are too many.
    """
    own, effort = frozenset(addresses), Effort()
    found: list[Appointment] = []
    set_aside = 0
    for item in items:
        if not isinstance(item, CalendarItem) or item.type == RECURRING_MASTER:
            continue
        effort.begin()
        try:
            times = when(item, zone)
            appointment = described(item, times.start, times.end, occurrence(item, times.start), own)
        except (ValueError, OverflowError):  # `Unreadable`, and what sums of absurd times raise
            set_aside += 1
            continue
        if overlaps(appointment.start, appointment.end, window):
            effort.take_found()
            found.append(appointment)
    return in_order(found), set_aside


def described(
    item: CalendarItem, start: datetime, end: datetime, occurrence: str, addresses: frozenset[str]
) -> Appointment:
    """Return what an item says, at the times and with the name of the occurrence that are given. Raises `Unreadable`.

    Everything but `Normal` is private: `Personal` is for what is not about work, `Confidential` for what the firm keeps
    to itself. Nobody is diverted for `NoData`, or for a word that is not known here.
    """
    private = is_private(item)
    state = item.appointment_state or ()
    return Appointment(
        uid=uid(item),
        occurrence=occurrence,
        subject=_subject(item, private),
        start=start,
        end=end,
        response=people.response(item, addresses),
        cancelled=bool(item.is_cancelled) or AppointmentStateField.CANCELLED in state,
        private=private,
        show_as=SHOWN.get(item.legacy_free_busy_status or "Busy", ShowAs.FREE),
        organiser=people.organiser(item),
        attendees=people.attendees(item),
        location=_location(item),
    )


def is_private(item: CalendarItem) -> bool:
    """Tell whether an item is anything but `Normal`."""
    return (item.sensitivity or "Normal") != "Normal"


def occurrence(item: CalendarItem, start: datetime) -> str:
    """Return what names an occurrence: the time for which it was planned; "" for a single item.

    Who was asked to one occurrence alone has a single item with a RecurrenceId.
    """
    recurs = item.type in (OCCURRENCE, EXCEPTION)
    planned = item.recurrence_id or (item.original_start if recurs else None)
    if planned is not None:
        return name(utc(planned))
    return name(start) if recurs else ""


def name(planned: datetime) -> str:
    """Return the name of an occurrence that was planned for an instant."""
    return f"{planned:%Y%m%dT%H%M%SZ}"


def overlaps(start: datetime, end: datetime, window: Window) -> bool:
    """Tell whether something lasts, and some of it lies in the window."""
    return start < end and start < window.end and window.start < end


def in_order(found: Iterable[Appointment]) -> tuple[Appointment, ...]:
    """Return appointments in the order of their times."""
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.uid, one.occurrence)))


def uid(item: CalendarItem) -> str:
    """Return the UID that all copies of a meeting share; where a server gives none, one made of the item's id."""
    if given := (item.uid or "").strip():
        return shared(str(given), occurs=item.recurrence_id is not None or item.type in (OCCURRENCE, EXCEPTION))
    if not item.id:
        raise Unreadable("an item without UID and id")
    return sha256(item.id.encode()).hexdigest()


def _subject(item: CalendarItem, private: bool) -> str | None:
    """Return the subject; None for a private item that has none, or only what stands for it: the server withholds it.

    What stands for it has no code in any language, so that in one that is not known here it changes nothing either.
    """
    subject = item.subject or ""
    if private and subject in ("", WITHHELD):
        return None
    if len(subject) > LONGEST_SUBJECT:
        raise Unreadable("a subject of absurd length")
    return str(subject)


def _location(item: CalendarItem) -> str:
    """Return the location; one that is too long is left out, so that no half of a word asks for anything."""
    location = str(item.location or "")
    return location if len(location) <= LONGEST_LOCATION else ""
