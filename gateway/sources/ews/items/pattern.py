"""Exchange's recurrence patterns as rules of RFC 5545. Pure.

By the pages "WeeklyRecurrence", "AbsoluteMonthlyRecurrence", "RelativeYearlyRecurrence" and their like in Microsoft's
reference of EWS elements. Where a month has no such day, its last one is meant ("DayOfMonth"): said with BYSETPOS.
exchangelib 5.6 counts weekdays from 1, Monday; 8 is any day, 9 a working day, 10 a day of the weekend.
"""

from datetime import date, datetime, time
from typing import Any  # what exchangelib has no types for

from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    EndDatePattern,
    NoEndPattern,
    NumberedPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)

from gateway.recurrence.rule import Rule
from gateway.recurrence.unreadable import Unreadable

MOST = 100_000_000  # of an interval or a count: what an RRULE may have
LAST = 5
ANY, WORKING, WEEKEND = 8, 9, 10
SEVERAL = {WORKING: (0, 1, 2, 3, 4), WEEKEND: (5, 6)}
EVERY_MONTH_HAS = 28
DAY_ENDS = time(23, 59, 59)

Lists = dict[str, tuple[int, ...]]
Days = tuple[tuple[int, int], ...]


def rule(recurrence: Recurrence | None) -> Rule:
    """Return the rule that a recurrence means. Raises `Unreadable`."""
    pattern = recurrence.pattern if recurrence is not None else None
    match pattern:
        case DailyPattern():
            found = _rule(recurrence, "DAILY", pattern.interval, (), {})
        case WeeklyPattern():
            weekdays = tuple((_number(day, 1, 7) - 1, 0) for day in pattern.weekdays or (None,))
            found = _rule(recurrence, "WEEKLY", pattern.interval, weekdays, {}, pattern.first_day_of_week)
        case AbsoluteMonthlyPattern():
            found = _rule(recurrence, "MONTHLY", pattern.interval, (), _day(pattern))
        case RelativeMonthlyPattern():
            found = _rule(recurrence, "MONTHLY", pattern.interval, *_counted(pattern))
        case AbsoluteYearlyPattern():
            found = _rule(recurrence, "YEARLY", 1, (), _month(pattern) | _day(pattern))
        case RelativeYearlyPattern():
            days, lists = _counted(pattern)
            found = _rule(recurrence, "YEARLY", 1, days, _month(pattern) | lists)
        case _:
            raise Unreadable("a series without a pattern")
    return found


def _rule(
    recurrence: Recurrence, frequency: str, interval: object, days: Days, lists: Lists, week_start: object = 1
) -> Rule:
    count, until = _end(recurrence.boundary)
    return Rule(
        frequency=frequency,
        interval=_number(interval, 1, MOST),
        count=count,
        until=until,
        until_utc=False,
        week_start=_number(week_start, 1, 7) - 1,
        days=days,
        lists=lists,
    )


def _end(boundary: object) -> tuple[int | None, datetime | None]:
    """Return how often it occurs, and the last moment at which it may, by its own clock."""
    match boundary:
        case NoEndPattern():
            return None, None
        case NumberedPattern():
            return _number(boundary.number, 1, MOST), None
        case EndDatePattern():
            last = boundary.end
            if not isinstance(last, date):
                raise Unreadable("a series with a broken end")
            return None, datetime.combine(date(last.year, last.month, last.day), DAY_ENDS)
    raise Unreadable("a series that does not say whether it ends")


def _day(pattern: Any) -> Lists:
    """Return the day of the month, or the last one where a month is shorter."""
    day = _number(pattern.day_of_month, 1, 31)
    if day <= EVERY_MONTH_HAS:
        return {"BYMONTHDAY": (day,)}
    return {"BYMONTHDAY": tuple(range(EVERY_MONTH_HAS, day + 1)), "BYSETPOS": (-1,)}


def _counted(pattern: Any) -> tuple[Days, Lists]:
    """Return "the first Monday", "the last working day", "the second day" of a month."""
    which = _number(pattern.week_number, 1, LAST)
    which = -1 if which == LAST else which
    weekday = _number(pattern.weekday, 1, WEEKEND)
    if weekday == ANY:
        return (), {"BYMONTHDAY": (which,)}
    if weekday in SEVERAL:
        return tuple((day, 0) for day in SEVERAL[weekday]), {"BYSETPOS": (which,)}
    return ((weekday - 1, which),), {}


def _month(pattern: Any) -> Lists:
    return {"BYMONTH": (_number(pattern.month, 1, 12),)}


def _number(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or not low <= value <= high:
        raise Unreadable("a series with a broken number")
    return value
