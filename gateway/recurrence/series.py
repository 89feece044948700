"""When a series occurs: RRULE as local times within a stretch, in bounded work. Pure.

RFC 5545 section 3.3.10. Instead of walking from DTSTART, as dateutil does, each date of the stretch is asked whether it
lies in a period of the rule's rhythm and fits the rule's lists, so what began years ago or never occurs costs nothing
(dateutil goes on to the year 9999 for a 30 February). Only BYSETPOS needs whole periods, and only a COUNT that plain
arithmetic does not turn into an end needs the walk from DTSTART. What would take more than `STEPS` steps, or walks
over more than `WALKED` occurrences, or gives more than `MOST`, is `Unreadable`.
"""

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from gateway.recurrence.effort import Effort
from gateway.recurrence.rule import Rule
from gateway.recurrence.unreadable import Unreadable

STEPS = 20_000
WALKED = 50_000
MOST = 2_000
DATED = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
UNITS = {
    "YEARLY": timedelta(days=366),
    "MONTHLY": timedelta(days=31),
    "WEEKLY": timedelta(days=7),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
AFTER_EVERYTHING = datetime(9999, 12, 31)  # noqa: DTZ001 - a local time


def starts(
    rule: Rule,
    first: datetime,
    since: datetime,
    before: datetime,
    local: Callable[[datetime], datetime],
    effort: Effort | None = None,
) -> list[datetime]:
    """Return the local starts from `since` on and before `before` of a series whose DTSTART is `first`.

    All are naive local times; `local` turns the UTC time of an UNTIL into one. DTSTART itself is in the result only
    if the rule names it. `effort` is what may be spent, None: as much as one rule may cost. Raises `Unreadable`.
    """
    until = last_moment(rule, local)
    end = min(before, until) if until is not None else before
    if end < first or end < since:
        return []
    try:
        return _starts(rule, first, since, before, end, effort or Effort())
    except (ValueError, OverflowError) as error:
        raise Unreadable("a series that cannot be computed") from error


def _starts(
    rule: Rule, first: datetime, since: datetime, before: datetime, end: datetime, effort: Effort
) -> list[datetime]:
    rule, count = _explicit(rule, first), rule.count
    if count is not None and (last := _last(rule, first, count)) is not None:
        count, end = None, min(end, last)
    begin = first if count is not None else max(first, since)
    found: list[datetime] = []
    for number, start in enumerate(_walk(rule, first, begin, end, effort), 1):
        if count is not None and number > count:
            break
        if since <= start < before:
            found.append(start)
            if len(found) > MOST:
                raise Unreadable("a series of too many occurrences")
    return found


def _walk(rule: Rule, first: datetime, begin: datetime, end: datetime, effort: Effort) -> Iterator[datetime]:
    """Yield the starts from `begin` (at or after `first`) to `end`, in order. Raises `Unreadable` beyond `STEPS`."""
    of = _periods if rule.frequency in DATED else _instants
    periods = of(rule, first, begin, end, effort)
    walked = 0
    for period in periods:
        walked += len(period)
        effort.take(len(period) // 4)
        if walked > WALKED:
            raise Unreadable("a series of too many occurrences")
        positions = rule.lists.get("BYSETPOS")
        if positions is not None:
            period = sorted({period[p - 1 if p > 0 else p] for p in positions if abs(p) <= len(period)})
        for start in period:
            if begin <= start <= end:
                yield start


def _periods(rule: Rule, first: datetime, begin: datetime, end: datetime, effort: Effort) -> Iterator[list[datetime]]:
    """Yield what occurs in each period (a year, a month, a week, a day) of the rule's rhythm.

    A period is cut to the stretch, unless BYSETPOS counts in it.
    """
    times = _times(rule, first)
    origin = _period(rule, first.date())
    day, last = begin.date(), end.date()
    if "BYSETPOS" in rule.lists:
        day = _begin(rule, day)
        last = max(last, _begin(rule, last) + UNITS[rule.frequency])
    months = rule.lists.get("BYMONTH")
    period: list[datetime] = []
    number = None
    for _ in range(STEPS):
        effort.take(1)
        if months and day.month not in months and rule.frequency in ("YEARLY", "MONTHLY") and day.day == 1:
            day += timedelta(days=monthrange(day.year, day.month)[1] - 1)
        if day > last:
            break
        if number != (number := _period(rule, day)) and period:
            yield period
            period = []
        if (number - origin) % rule.interval == 0 and _fits(rule, day):
            period.extend(datetime.combine(day, moment) for moment in times)
            if len(period) > WALKED:
                raise Unreadable("a series of too many occurrences")
        day += timedelta(days=1)
    else:
        raise Unreadable("a series of too many steps")
    yield period


def _instants(rule: Rule, first: datetime, begin: datetime, end: datetime, effort: Effort) -> Iterator[list[datetime]]:
    """Yield what occurs in each hour, minute or second of the rule's rhythm."""
    step = UNITS[rule.frequency] * rule.interval
    period = first + step * max(0, (begin - first) // step)
    hours, minutes, seconds = (rule.lists.get(key) for key in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    for _ in range(STEPS):
        effort.take(1)
        if _opened(rule, period) > end:
            return
        fits = _fits(rule, period.date()) and (not hours or period.hour in hours)
        if rule.frequency != "HOURLY":
            fits = fits and (not minutes or period.minute in minutes)
        if rule.frequency == "SECONDLY":
            fits = fits and (not seconds or period.second in seconds)
        if fits:
            of_minutes = minutes if minutes and rule.frequency == "HOURLY" else (period.minute,)
            of_seconds = seconds if seconds and rule.frequency != "SECONDLY" else (period.second,)
            yield [period.replace(minute=m, second=s) for m in sorted(of_minutes) for s in sorted(of_seconds)]
        period += step
    raise Unreadable("a series of too many steps")


def _opened(rule: Rule, period: datetime) -> datetime:
    """Return when the hour or minute of `period` began: BYMINUTE and BYSECOND count from there."""
    if rule.frequency == "SECONDLY":
        return period
    return period.replace(minute=period.minute if rule.frequency == "MINUTELY" else 0, second=0)


def _explicit(rule: Rule, first: datetime) -> Rule:
    """Return the rule with what RFC 5545 takes from DTSTART: the date within its period, as far as it is open."""
    lists, days = dict(rule.lists), rule.days
    if not days and not lists.keys() & {"BYYEARDAY", "BYMONTHDAY"}:
        if "BYWEEKNO" in lists or rule.frequency == "WEEKLY":
            days = ((first.weekday(), 0),)
        elif rule.frequency == "YEARLY":
            lists.setdefault("BYMONTH", (first.month,))
            lists["BYMONTHDAY"] = (first.day,)
        elif rule.frequency == "MONTHLY":
            lists["BYMONTHDAY"] = (first.day,)
    return replace(rule, lists=lists, days=days)


def _times(rule: Rule, first: datetime) -> list[time]:
    """Return the times of day at which a rule by days occurs."""
    hours, minutes, seconds = (
        rule.lists.get(key, (own,))
        for key, own in (("BYHOUR", first.hour), ("BYMINUTE", first.minute), ("BYSECOND", first.second))
    )
    if len(hours) * len(minutes) * len(seconds) > MOST:
        raise Unreadable("a series of too many occurrences")
    return sorted({time(h, m, s) for h in hours for m in minutes for s in seconds})


def _period(rule: Rule, day: date) -> int:
    """Return the number of the period that a date lies in."""
    if rule.frequency == "YEARLY":
        return day.year
    if rule.frequency == "MONTHLY":
        return day.year * 12 + day.month
    if rule.frequency == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.toordinal()


def _begin(rule: Rule, day: date) -> date:
    """Return the first date of the period that a date lies in."""
    if rule.frequency == "YEARLY":
        return day.replace(month=1, day=1)
    if rule.frequency == "MONTHLY":
        return day.replace(day=1)
    if rule.frequency == "WEEKLY":
        return day - timedelta(days=(day.weekday() - rule.week_start) % 7)
    return day


def _fits(rule: Rule, day: date) -> bool:
    """Tell whether a date is in all of a rule's lists."""
    lists = rule.lists
    if (months := lists.get("BYMONTH")) and day.month not in months:
        return False
    if rule.days and not _fits_weekday(rule, day):
        return False
    if dates := lists.get("BYMONTHDAY"):
        length = monthrange(day.year, day.month)[1]
        if day.day not in dates and day.day - length - 1 not in dates:
            return False
    if dates := lists.get("BYYEARDAY"):
        number = day.timetuple().tm_yday
        if number not in dates and number - _length(day.year) - 1 not in dates:
            return False
    if weeks := lists.get("BYWEEKNO"):
        middle = _middle(rule, day)
        week = (middle.timetuple().tm_yday + 6) // 7
        last = (_middle(rule, date(middle.year, 12, 28)).timetuple().tm_yday + 6) // 7
        if week not in weeks and week - last - 1 not in weeks:
            return False
    return True


def _fits_weekday(rule: Rule, day: date) -> bool:
    """Tell whether a date is one of BYDAY, which counts within the year or the month, and in the others not at all."""
    of_month = rule.frequency == "MONTHLY" or (rule.frequency == "YEARLY" and "BYMONTH" in rule.lists)
    counted = of_month or rule.frequency == "YEARLY"
    number, length = (
        (day.day, monthrange(day.year, day.month)[1]) if of_month else (day.timetuple().tm_yday, _length(day.year))
    )
    for weekday, which in rule.days:
        if weekday != day.weekday():
            continue
        if not which or not counted or which == (number + 6) // 7 or -which == (length - number) // 7 + 1:
            return True
    return False


def _middle(rule: Rule, day: date) -> date:
    """Return the fourth day of a date's week, which tells the week's year (ISO 8601)."""
    return _begin(replace(rule, frequency="WEEKLY"), day) + timedelta(days=3)


def _length(year: int) -> int:
    return 366 if isleap(year) else 365


def _last(rule: Rule, first: datetime, count: int) -> datetime | None:
    """Return the last start of a rule with COUNT, where it follows from plain arithmetic; else None."""
    try:
        if rule.frequency == "WEEKLY" and not rule.lists:
            week = first - timedelta(days=(first.weekday() - rule.week_start) % 7)
            days = sorted({(weekday - rule.week_start) % 7 for weekday, _ in rule.days})
            ahead = [day for day in days if week + timedelta(days=day) >= first]
            if count <= len(ahead):
                return week + timedelta(days=ahead[count - 1])
            weeks, day = divmod(count - len(ahead) - 1, len(days))
            return week + timedelta(weeks=(weeks + 1) * rule.interval, days=days[day])
        if rule.frequency in ("DAILY", "HOURLY", "MINUTELY", "SECONDLY") and not rule.lists and not rule.days:
            return first + UNITS[rule.frequency] * rule.interval * (count - 1)
    except OverflowError:
        return AFTER_EVERYTHING
    return None


def last_moment(rule: Rule, local: Callable[[datetime], datetime]) -> datetime | None:
    """Return the local time of UNTIL, after which nothing occurs; None: there is none."""
    if rule.until is None or not rule.until_utc:
        return rule.until
    try:
        return local(rule.until)
    except OverflowError:
        return AFTER_EVERYTHING
