"""When an item is: instants, and for a series the zone that it follows. Pure.

An all-day item runs between midnights in its owner's zone, though a server keeps the midnights of the zone in which it
was made ("Create all-day events by using EWS in Exchange" by Microsoft). What says that an item is all-day is that it
runs from midnight to midnight in its own zone. `IsAllDayEvent` is not asked for: exchangelib 5.6 then turns start and
end into dates, in the zone of this machine where it knows none (always on Exchange 2007), and takes 24 hours off the
end, which loses a day where the clocks are put forward. Dates that come nevertheless are taken as they are.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem

from gateway.recurrence.unreadable import Unreadable
from gateway.sources.ews.connection.dialect import UNKNOWN

LONGEST = timedelta(days=3660)  # ten years
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class When:
    """`start` and `end` in UTC; `zone` is the item's own, None where nobody knows its name; `whole`: it is all-day."""

    start: datetime
    end: datetime
    zone: ZoneInfo | None
    whole: bool


def when(item: CalendarItem, owner: ZoneInfo) -> When:
    """Read an item's times. Raises `Unreadable`, or `OverflowError` at the ends of time."""
    zone = _zone(item, owner)
    start, end = item.start, item.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        start, end = utc(start), utc(end)
        found = _by_instants(start, end, zone, owner)
    elif _is_day(start) and _is_day(end):
        found = _whole(start, max(start, end) + timedelta(days=1), zone, owner)
    else:
        raise Unreadable("an item without its times")
    if found.end < found.start:
        raise Unreadable("an item that ends before it begins")
    if found.end - found.start > LONGEST:
        raise Unreadable("an item of more than ten years")
    return found


def utc(moment: object) -> datetime:
    """Return a time of exchangelib's as one of ours, in UTC. Raises `Unreadable`."""
    if not isinstance(moment, datetime) or (offset := moment.utcoffset()) is None:
        raise Unreadable("a time without a zone, or none at all")
    local = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return datetime(*local, tzinfo=UTC) - offset


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time in UTC."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def _is_day(moment: object) -> bool:
    return isinstance(moment, date) and not isinstance(moment, datetime)


def _by_instants(start: datetime, end: datetime, zone: ZoneInfo | None, owner: ZoneInfo) -> When:
    first, last = start.astimezone(zone or owner), end.astimezone(zone or owner)
    if start < end and first.time() == last.time() == MIDNIGHT:
        return _whole(first.date(), last.date(), zone, owner)
    return When(start, end, zone, whole=False)


def _whole(first: date, after: date, zone: ZoneInfo | None, owner: ZoneInfo) -> When:
    start, end = (instant(datetime.combine(day, MIDNIGHT), owner) for day in (first, after))
    return When(start, end, zone, whole=True)


def _zone(item: CalendarItem, owner: ZoneInfo) -> ZoneInfo | None:
    """Return the zone of an item; the owner's where it has none, None where it has one that nobody knows."""
    zone = item._start_timezone or item._meeting_timezone  # noqa: SLF001 - the only names that exchangelib has for them
    if zone is None:
        return owner
    return None if zone.key == UNKNOWN else ZoneInfo(zone.key)
