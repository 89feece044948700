"""Working time: when somebody who is away can be expected again. Pure.

Hours are local time in the owner's zone; public holidays come from the `holidays` library and are free. A span whose
end is not after its start runs into the next day (22:00 to 06:00; until 00:00 is until midnight) and belongs to the
day on which it starts. All results are UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from gateway.domain.hours import WorkingHours

LOOK_AHEAD = timedelta(days=366)
LOOK_BACK = timedelta(days=21)
_DAY = timedelta(days=1)


def next_working(after: datetime, hours: WorkingHours, zone: ZoneInfo) -> datetime | None:
    """Return when work next begins, strictly later than `after`; None: not within a year."""
    return _next_begin(after, after.astimezone(zone).date(), hours, zone)


def reachable(end: datetime, hours: WorkingHours, zone: ZoneInfo) -> datetime:
    """Return when somebody whose absence ends at `end` can be reached again.

    That is `end` itself during working time and at its very end (a trip until five, with work until five, is "until
    five"), otherwise when work next begins; `end` again for somebody who has no working time.
    """
    day = end.astimezone(zone).date()
    for near in (day - _DAY, day):
        if any(begin <= end <= finish for begin, finish in spans(near, hours, zone)):
            return end
    return next_working(end, hours, zone) or end


def gone_until(start: datetime, end: datetime, hours: WorkingHours, zone: ZoneInfo) -> datetime:
    """Return when an item that means "gone for the day" is over: when work next begins, whatever the item's end.

    A day is gone once its work has begun, so after a split lunch the same day does not count; an all-day item takes
    its whole first day. Somebody without working time is back at `end`.
    """
    day = start.astimezone(zone).date()
    begun = any(begin <= start for begin, _ in spans(day, hours, zone))
    if begun or _is_whole_days(start, end, zone):
        return _next_begin(start, day + _DAY, hours, zone) or end
    return next_working(start, hours, zone) or end


def last_start(before: datetime, hours: WorkingHours, zone: ZoneInfo) -> datetime | None:
    """Return when work last began, not later than `before`; None: not within three weeks.

    An item that is still "gone for the day" at `before` lies on the local day of this instant, or later.
    """
    day = before.astimezone(zone).date()
    for back in range(LOOK_BACK.days + 1):
        begun = [begin for begin, _ in spans(day - back * _DAY, hours, zone) if begin <= before]
        if begun:
            return max(begun)
    return None


def has_public_holidays(country: str, subdivision: str = "") -> bool:
    """Say whether the public holidays of this country and subdivision (ISO 3166) are known; "" needs none."""
    if not country:
        return not subdivision
    known = holidays.list_supported_countries()
    return country in known and (not subdivision or subdivision in known[country])


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """Return the public holidays of one year; none for a place that is not known."""
    if not country or not has_public_holidays(country, subdivision):
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def spans(day: date, hours: WorkingHours, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans of working time that begin on `day`, in UTC; the last may end on the next day."""
    week = hours.week.get(day.weekday(), ())
    if not week or day in public_holidays(hours.country, hours.subdivision, day.year):
        return
    for begin, finish in week:
        last = day if begin < finish else day + _DAY
        yield (
            datetime.combine(day, begin, zone).astimezone(UTC),
            datetime.combine(last, finish, zone).astimezone(UTC),
        )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which `day` begins in `zone`, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _next_begin(after: datetime, first_day: date, hours: WorkingHours, zone: ZoneInfo) -> datetime | None:
    if not any(hours.week.values()):
        return None
    for ahead in range(LOOK_AHEAD.days):
        begins = [begin for begin, _ in spans(first_day + ahead * _DAY, hours, zone) if begin > after]
        if begins:
            return min(begins)
    return None


def _is_whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    return start.astimezone(zone).time() == end.astimezone(zone).time() == time()
