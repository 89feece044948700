"""One VEVENT in our terms: when, how long, whose, and what its owner said about it. Pure.

RFC 5545 sections 3.6.1 and 3.8; `X-MICROSOFT-CDO-BUSYSTATUS` is Microsoft's ([MS-OXCICAL] 2.1.3.1.1.20.31).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from gateway.domain.appointment import Attendee, Response, ShowAs
from gateway.recurrence.rule import Rule
from gateway.recurrence.unreadable import Unreadable
from gateway.sources.caldav import people
from gateway.sources.caldav.components import Component, Property
from gateway.sources.caldav.zones import Moment, Zones

PROPERTIES = frozenset(
    {"UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
    | {"SEQUENCE", "STATUS", "CLASS", "TRANSP", "METHOD", "ORGANIZER", "ATTENDEE", "X-MICROSOFT-CDO-BUSYSTATUS"}
    | {"LOCATION"}
)
LONGEST = timedelta(days=3660)  # ten years
LONGEST_SUBJECT = 10_000  # characters
LONGEST_LOCATION = 1_000  # characters; what is longer is no place
DURATION = re.compile(r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
BUSY = {
    "FREE": ShowAs.FREE,
    "TENTATIVE": ShowAs.TENTATIVE,
    "BUSY": ShowAs.BUSY,
    "OOF": ShowAs.OUT,
    "WORKINGELSEWHERE": ShowAs.ELSEWHERE,
}


@dataclass(frozen=True, slots=True)
class Length:
    """How long an occurrence is: `wall` by the clock on the wall (days of 23 or 25 hours), then `exact` time."""

    wall: timedelta = timedelta()
    exact: timedelta = timedelta()

    def end(self, local: datetime, zone: tzinfo | None, zones: Zones) -> datetime:
        """Return the instant at which what begins at `local` ends.

        What would begin in the hour that a change of the clocks leaves out keeps its length instead of its end.
        """
        begin, end = zones.at(local, zone), zones.at(local + self.wall, zone)
        return (end if begin < end else begin + self.wall) + self.exact

    @property
    def longest(self) -> timedelta:
        """Return no less than it takes on any day."""
        return self.wall + self.exact + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Added:
    """An RDATE: a moment, with a length of its own if it is a period."""

    start: Moment
    length: Length | None


@dataclass(frozen=True, slots=True)
class Event:
    """A VEVENT. `replaces`: the planned start of the occurrence that it stands for (`following`: and of all later)."""

    uid: str = field(repr=False)
    sequence: int
    start: Moment
    length: Length
    replaces: Moment | None
    following: bool
    rules: tuple[Rule, ...]
    without_rules: tuple[Rule, ...]
    added: tuple[Added, ...]
    without: tuple[Moment, ...]
    subject: str | None = field(repr=False)
    response: Response
    cancelled: bool
    private: bool
    show_as: ShowAs
    organiser: str = field(repr=False)
    attendees: tuple[Attendee, ...] = field(repr=False)
    location: str = field(repr=False)


def event(component: Component, zones: Zones, addresses: frozenset[str], cancelled: bool) -> Event:
    """Read a VEVENT of the owner of `addresses`; `cancelled`: its calendar says so. Raises `Unreadable`."""
    uid, begin, replaces = component.one("UID"), component.one("DTSTART"), component.one("RECURRENCE-ID")
    if uid is None or not uid.value.strip() or begin is None:
        raise Unreadable("an event without UID or DTSTART")
    start = _moment(begin, zones)
    return Event(
        uid=uid.value.strip(),
        sequence=_number(_upper(component, "SEQUENCE")),
        start=start,
        length=_length(component, start, zones),
        replaces=_moment(replaces, zones) if replaces is not None else None,
        following=replaces is not None and replaces.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
        rules=tuple(Rule.parse(rule.value) for rule in component.all("RRULE")),
        without_rules=tuple(Rule.parse(rule.value) for rule in component.all("EXRULE")),
        added=tuple(_added(component.all("RDATE"), zones)),
        without=tuple(
            zones.moment(value, found.parameters.get("TZID"))
            for found in component.all("EXDATE")
            for value in _values(found)
        ),
        subject=_subject(component),
        response=people.response(component, addresses),
        cancelled=cancelled or _upper(component, "STATUS") == "CANCELLED",
        private=_upper(component, "CLASS") not in ("", "PUBLIC"),
        show_as=_show_as(component),
        organiser=people.organiser(component),
        attendees=people.attendees(component),
        location=_location(component),
    )


def _length(component: Component, start: Moment, zones: Zones) -> Length:
    """Return DTEND less DTSTART, DURATION, or what RFC 5545 section 3.6.1 says where there is neither."""
    end, duration = component.one("DTEND"), component.one("DURATION")
    if end is not None:
        length = _until(start, _moment(end, zones), zones)
    elif duration is not None:
        length = _duration(duration.value)
    else:
        length = Length(wall=timedelta(days=1 if start.whole else 0))
    total = length.wall + length.exact
    if total < timedelta() or (start.whole and length.exact):
        raise Unreadable("an event that ends before it begins")
    if total > LONGEST:
        raise Unreadable("an event of more than ten years")
    return length


def _until(start: Moment, end: Moment, zones: Zones) -> Length:
    if start.whole != end.whole:
        raise Unreadable("an event that is half all-day")
    if start.zone == end.zone:
        return Length(wall=end.local - start.local)
    return Length(exact=zones.instant(end) - zones.instant(start))


def _duration(text: str) -> Length:
    """Read a DURATION: its days follow the calendar, its hours the time that passes (RFC 5545 section 3.8.5.3)."""
    match = DURATION.fullmatch(text.strip().upper())
    if match is None or not any(match.groups()[1:]):
        raise Unreadable("a broken duration")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in match.groups()[1:])
    if match[1] == "-" and any((weeks, days, hours, minutes, seconds)):
        raise Unreadable("an event that ends before it begins")
    return Length(timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds))


def _added(properties: Iterable[Property], zones: Zones) -> Iterable[Added]:
    for found in properties:
        tzid = found.parameters.get("TZID")
        for value in _values(found):
            begin, period, rest = value.partition("/")
            start = zones.moment(begin, tzid)
            if not period:
                yield Added(start, None)
            elif rest.strip().upper().startswith(("P", "+P")):
                yield Added(start, _duration(rest))
            else:
                length = _until(start, zones.moment(rest, tzid), zones)
                if not timedelta() <= length.wall + length.exact <= LONGEST:
                    raise Unreadable("a period that ends before it begins, or never")
                yield Added(start, length)


def _values(found: Property) -> list[str]:
    return [value for value in found.value.split(",") if value.strip()]


def _moment(found: Property, zones: Zones) -> Moment:
    return zones.moment(found.value, found.parameters.get("TZID"))


def _subject(component: Component) -> str | None:
    """Return SUMMARY; None for a private item without one: the server withholds it."""
    found = component.one("SUMMARY")
    if found is None:
        return None if _upper(component, "CLASS") not in ("", "PUBLIC") else ""
    if len(found.value) > LONGEST_SUBJECT:
        raise Unreadable("a subject of absurd length")
    return _text(found)


def _location(component: Component) -> str:
    """Return LOCATION; one that is too long is left out, so that no half of a word asks for anything."""
    found = component.one("LOCATION")
    return _text(found) if found is not None and len(found.value) <= LONGEST_LOCATION else ""


def _text(found: Property) -> str:
    """Return a value of the type TEXT (RFC 5545 section 3.3.11) as it was meant."""
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], found.value)


def _show_as(component: Component) -> ShowAs:
    said = BUSY.get(_upper(component, "X-MICROSOFT-CDO-BUSYSTATUS"))
    if said is not None:
        return said
    if _upper(component, "TRANSP") == "TRANSPARENT":
        return ShowAs.FREE
    return ShowAs.TENTATIVE if _upper(component, "STATUS") == "TENTATIVE" else ShowAs.BUSY


def _upper(component: Component, name: str) -> str:
    found = component.one(name)
    return found.value.strip().upper() if found is not None else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
