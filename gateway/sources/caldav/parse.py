"""iCalendar texts become the appointments of a window: series expanded, moved and deleted occurrences heeded. Pure.

RFC 5545; RFC 4791 section 4.1: one text holds one UID, a series with its changed occurrences. A text that cannot be
understood within bounds is set aside whole and counted: half a series would divert at hours that were called off.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Window
from gateway.recurrence.effort import Effort
from gateway.recurrence.rule import Rule
from gateway.recurrence.series import last_moment, starts
from gateway.recurrence.unreadable import Unreadable
from gateway.sources.caldav import event as events
from gateway.sources.caldav import zones as clocks
from gateway.sources.caldav.components import components
from gateway.sources.caldav.event import Event, Length, event
from gateway.sources.caldav.zones import Moment, Zones

WANTED = events.PROPERTIES | clocks.PROPERTIES
LARGEST = 10 * 2**20  # characters of one text
SHIFT = timedelta(days=1)  # a stretch of local times is taken so much wider than that of the instants
FURTHEST = timedelta(days=366)
MOST_FOLLOWING = 100  # changes of an occurrence and all later ones: each start is held against each of them


def parse(
    texts: Iterable[str], window: Window, zone: ZoneInfo, addresses: frozenset[str]
) -> tuple[tuple[Appointment, ...], int]:
    """Return all appointments that overlap `window`, and how many texts were set aside.

    Raises `GiveUp` where there are too many to be somebody's.

    `zone` is the owner's, for what floats and for all-day items; `addresses` the owner's, lower case.
    """
    found: list[Appointment] = []
    set_aside = 0
    effort = Effort()
    for text in texts:
        effort.begin()
        try:
            found.extend(_appointments(text, window, zone, addresses, effort))
        except (ValueError, OverflowError):  # `Unreadable`, and what sums of absurd times raise
            set_aside += 1
    return tuple(sorted(found, key=lambda a: (a.start, a.end, a.uid, a.occurrence))), set_aside


def _appointments(
    text: str, window: Window, zone: ZoneInfo, addresses: frozenset[str], effort: Effort
) -> list[Appointment]:
    if len(text) > LARGEST:
        raise Unreadable("too large")
    calendar = components(text, WANTED)
    zones = Zones(zone, calendar, effort)
    method = calendar.one("METHOD")
    cancelled = method is not None and method.value.strip().upper() == "CANCEL"
    series: dict[str, list[Event]] = defaultdict(list)
    for component in calendar.named("VEVENT"):
        found = event(component, zones, addresses, cancelled)
        series[found.uid].append(found)
    found_here = []
    for items in series.values():
        for appointment in _series(items, window, zones):
            effort.take_found()
            found_here.append(appointment)
    return found_here


def _series(items: list[Event], window: Window, zones: Zones) -> Iterator[Appointment]:
    """Yield what overlaps the window of all that has one UID.

    Of several masters, and of several changes of one occurrence, the greatest SEQUENCE counts. An occurrence that is
    both changed and left out by EXDATE is left out.
    """
    masters = [item for item in items if item.replaces is None]
    master = max(masters, key=lambda item: item.sequence) if masters else None
    whole = master.start.whole if master else False
    changes: dict[str, Event] = {}
    following: list[tuple[datetime, Event]] = []
    for item in sorted(items, key=lambda item: item.sequence):
        if item.replaces is not None:
            changes[_name(item.replaces, whole, zones)] = item
            if item.following:
                following.append((zones.instant(item.replaces), item))
    if len(following) > MOST_FOLLOWING:
        raise Unreadable("a series that was moved too often")
    recurs = master is None or bool(master.rules or master.added or changes)
    left_out = {_name(moment, whole, zones) for moment in master.without} if master else set()
    if master is not None:
        stretch = _stretch([master, *(item for _, item in following)], window)
        for start, length in _planned(master, stretch, zones):
            names = {_name(start, whole, zones), _day(start)}
            if not names & left_out and not names & changes.keys():
                item, begin, lasts = _followed(master, start, length, following, zones)
                name = _name(start, whole, zones) if recurs else ""
                yield from _overlapping(item, begin, lasts, name, window, zones)
    for name, item in changes.items():
        if name not in left_out and (item.replaces is None or _day(item.replaces) not in left_out):
            yield from _overlapping(item, item.start, item.length, name, window, zones)


def _stretch(items: list[Event], window: Window) -> Window:
    """Return the window, wide enough for the planned starts of everything that can overlap it."""
    added = [more.length for item in items for more in item.added if more.length]
    longest = max(length.longest for length in [item.length for item in items] + added)
    shift = max(abs(_shift(item)) for item in items) + SHIFT
    return replace(window, start=window.start - longest - shift, end=window.end + shift)


def _planned(master: Event, stretch: Window, zones: Zones) -> Iterator[tuple[Moment, Length]]:
    """Yield the planned starts within the stretch: DTSTART, RDATE and RRULE, less EXRULE, each once.

    A series whose UNTIL lies before its DTSTART was ended by its owner before it began: DTSTART does not count either.
    """
    zone = master.start.zone
    since, before = (zones.local(instant, zone) for instant in (stretch.start, stretch.end))

    def local(until: datetime) -> datetime:
        return zones.local(until.replace(tzinfo=UTC), zone)

    def of(rules: Iterable[Rule]) -> set[datetime]:
        return {start for rule in rules for start in starts(rule, first, since, before, local, zones.effort)}

    first = master.start.local
    ends = [last_moment(rule, local) for rule in master.rules]
    over = bool(ends) and all(end is not None and end < first for end in ends)
    lengths: dict[datetime, tuple[Moment, Length]] = {}
    for moment in sorted((of(master.rules) | (set() if over else {first})) - of(master.without_rules)):
        start = replace(master.start, local=moment)
        lengths[zones.instant(start)] = (start, master.length)
    for more in master.added:
        start = more.start if not master.start.whole else replace(master.start, local=clocks.midnight(more.start.local))
        lengths[zones.instant(start)] = (start, more.length or master.length)
    yield from lengths.values()


def _followed(
    master: Event, start: Moment, length: Length, following: list[tuple[datetime, Event]], zones: Zones
) -> tuple[Event, Moment, Length]:
    """Apply the last change with RANGE=THISANDFUTURE (RFC 5545 section 3.2.13) before a planned start, if any."""
    instant = zones.instant(start)
    before = [change for change in following if change[0] < instant]
    if not before:
        return master, start, length
    item = max(before, key=lambda change: change[0])[1]
    local = zones.local(instant, item.start.zone) + _shift(item)
    return item, replace(item.start, local=local), item.length


def _shift(item: Event) -> timedelta:
    """Return by how much a change moves later occurrences."""
    if not item.following or item.replaces is None:
        return timedelta()
    shift = item.start.local - item.replaces.local
    if abs(shift) > FURTHEST:
        raise Unreadable("a series that is moved too far")
    return shift


def _overlapping(
    item: Event, start: Moment, length: Length, name: str, window: Window, zones: Zones
) -> Iterator[Appointment]:
    begin, end = zones.instant(start), length.end(start.local, start.zone, zones)
    if begin < end and begin < window.end and window.start < end:
        yield Appointment(
            uid=item.uid,
            occurrence=name,
            subject=item.subject,
            start=begin,
            end=end,
            response=item.response,
            cancelled=item.cancelled,
            private=item.private,
            show_as=item.show_as,
            organiser=item.organiser,
            attendees=item.attendees,
            location=item.location,
        )


def _name(moment: Moment, whole: bool, zones: Zones) -> str:
    """Return what names an occurrence: its planned instant; its date in a series by days, or where a date is meant."""
    return _day(moment) if whole or moment.whole else f"{zones.instant(moment):%Y%m%dT%H%M%SZ}"


def _day(moment: Moment) -> str:
    return f"{moment.local:%Y%m%d}"
