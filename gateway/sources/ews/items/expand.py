"""Series become appointments where a server's view of a calendar does not expand them. Pure.

Exchange expands. gromox 3.10 does not: its view has the masters, with what was moved and deleted (captures 017, 018).
A master tells of a changed occurrence only when it is and what its id is: what else it says has to be asked for by that
id (`changed`). Patterns name a day at most once, so the local date of its planned start tells an occurrence from its
like; gromox gives the midnight of that date as the original start.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem
from exchangelib.items.calendar_item import RECURRING_MASTER
from exchangelib.recurrence import Occurrence

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Window
from gateway.recurrence.effort import Effort
from gateway.recurrence.series import starts
from gateway.recurrence.unreadable import Unreadable
from gateway.sources.ews.items.parse import FIELDS, described, in_order, name, overlaps, uid
from gateway.sources.ews.items.pattern import rule
from gateway.sources.ews.items.when import MIDNIGHT, instant, utc, when

MASTER_FIELDS = (*FIELDS, "recurrence", "modified_occurrences", "deleted_occurrences")  # what masters are asked for
SHIFT = timedelta(days=1)  # a stretch of local times is taken so much wider than that of the instants


@dataclass(frozen=True, slots=True)
class Series:
    """A master: `first` is its start by the clock of `zone`, `length` by the same clock.

    `zone` is the owner's for whole days. `deleted` and `changed` by the dates of their planned starts.
    """

    master: CalendarItem
    owner: ZoneInfo
    zone: ZoneInfo
    first: datetime
    length: timedelta
    deleted: frozenset[date]
    changed: Mapping[date, Occurrence]

    def span(self, local: datetime) -> tuple[datetime, datetime]:
        """Return the instants of what is planned for a local time.

        What would begin in the hour that a change of the clocks leaves out keeps its length instead of its end.
        """
        start, end = instant(local, self.zone), instant(local + self.length, self.zone)
        return start, end if start < end else start + self.length


def changed(masters: Iterable[object], window: Window) -> tuple[str, ...]:
    """Return the ids of the changed occurrences that may overlap `window`: `expanded` needs them as items."""
    return tuple(
        one.id
        for master in masters
        if isinstance(master, CalendarItem)
        for one in master.modified_occurrences or ()
        if one.id and _may_overlap(one, window)
    )


def expanded(
    items: Iterable[object], window: Window, zone: ZoneInfo, addresses: Collection[str]
) -> tuple[tuple[Appointment, ...], int]:
    """Return the appointments of all series among `items` that overlap `window`, in order.

    `items` holds masters, and as items of their own the changed occurrences, told by their ids; all else is passed
    over. And how much was set aside: a series that cannot be understood as a whole, or a changed occurrence that is
    missing. Else as `parse.appointments`; raises `GiveUp` where there are too many.
    """
    own, effort = frozenset(addresses), Effort()
    masters, exceptions = _told_apart(items)
    found: list[Appointment] = []
    set_aside = 0
    for master in masters:
        effort.begin()
        try:
            series = _series(master, zone)
            planned = _planned(series, window, own, effort)
            changes, missing = _changes(series, exceptions, window, own, effort)
        except (ValueError, OverflowError):  # `Unreadable`, and what sums of absurd times raise
            set_aside += 1
            continue
        found += planned + changes
        set_aside += missing
    return in_order(found), set_aside


def _told_apart(items: Iterable[object]) -> tuple[list[CalendarItem], dict[str, CalendarItem]]:
    masters, others = [], {}
    for item in items:
        if isinstance(item, CalendarItem):
            if item.type == RECURRING_MASTER:
                masters.append(item)
            elif item.id:
                others[item.id] = item
    return masters, others


def _series(master: CalendarItem, owner: ZoneInfo) -> Series:
    """Read a master. Raises `Unreadable` where it is not known when something of it was deleted or moved."""
    times = when(master, owner)
    own = times.zone or (owner if times.whole else None)
    if own is None:
        raise Unreadable("a series in an unknown zone")
    zone = owner if times.whole else own
    first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in (times.start, times.end))
    if times.whole:
        first, last = (datetime.combine(moment, MIDNIGHT) for moment in (first, last))
    return Series(
        master=master,
        owner=owner,
        zone=zone,
        first=first,
        length=last - first,
        deleted=frozenset(utc(one.start).astimezone(own).date() for one in master.deleted_occurrences or ()),
        changed={utc(one.original_start).astimezone(own).date(): one for one in master.modified_occurrences or ()},
    )


def _planned(series: Series, window: Window, addresses: frozenset[str], effort: Effort) -> list[Appointment]:
    """Return what is where the pattern has it."""
    wide = (window.start - series.length - SHIFT, window.end + SHIFT)
    since, before = (moment.astimezone(series.zone).replace(tzinfo=None) for moment in wide)
    elsewhere = series.deleted | series.changed.keys()
    found = []
    for local in starts(rule(series.master.recurrence), series.first, since, before, lambda until: until, effort):
        start, end = series.span(local)
        if local.date() not in elsewhere and overlaps(start, end, window):
            effort.take_found()
            found.append(described(series.master, start, end, name(start), addresses))
    return found


def _changes(
    series: Series, items: Mapping[str, CalendarItem], window: Window, addresses: frozenset[str], effort: Effort
) -> tuple[list[Appointment], int]:
    """Return what was moved or said anew, and how many of those are not among `items`."""
    found, missing = [], 0
    for day, one in series.changed.items():
        if day in series.deleted or not _may_overlap(one, window):
            continue
        item = items.get(one.id)
        if item is None:
            missing += 1
            continue
        times = when(item, series.owner)
        if overlaps(times.start, times.end, window):
            effort.take_found()
            planned, _ = series.span(datetime.combine(day, series.first.time()))
            appointment = described(item, times.start, times.end, name(planned), addresses)
            found.append(replace(appointment, uid=uid(series.master)))
    return found, missing


def _may_overlap(one: Occurrence, window: Window) -> bool:
    """Tell whether a changed occurrence overlaps the window, also where its times cannot be read.

    All-day ones are kept in the zone in which they were made: a day more on either side.
    """
    try:
        return utc(one.start) < window.end + SHIFT and window.start - SHIFT < utc(one.end)
    except Unreadable:
        return True
