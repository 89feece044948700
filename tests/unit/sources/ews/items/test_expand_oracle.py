"""Exchange's patterns against an independent reading of them: `dateutil` for rhythms, plain lists of days for months.

The first occurrence is always one of the pattern, as Exchange gives it ("Start" of a recurring master).
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, WEEKLY, rrule
from exchangelib import EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    DeletedOccurrence,
    EndDatePattern,
    NoEndPattern,
    NumberedPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.mailbox import Window
from gateway.sources.ews.items.expand import expanded
from tests.unit.sources.ews.items.items import item

ZONES = ("Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Etc/UTC")
OWNER = ZoneInfo("Europe/Stockholm")
WINDOW = Window(datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC), date(2026, 3, 21))
UNTIL = date(2026, 4, 10)  # no start after it matters

DAYS = st.dates(date(2023, 1, 1), date(2026, 4, 3))
WEEKDAYS, WEEKS, MONTHS = st.integers(1, 10), st.integers(1, 5), st.integers(1, 12)
PATTERNS = st.one_of(
    st.builds(DailyPattern, interval=st.integers(1, 20)),
    st.builds(
        WeeklyPattern,
        interval=st.integers(1, 5),
        weekdays=st.lists(st.integers(1, 7), min_size=1, unique=True),
        first_day_of_week=st.integers(1, 7),
    ),
    st.builds(AbsoluteMonthlyPattern, interval=st.integers(1, 13), day_of_month=st.integers(1, 31)),
    st.builds(RelativeMonthlyPattern, interval=st.integers(1, 13), weekday=WEEKDAYS, week_number=WEEKS),
    st.builds(AbsoluteYearlyPattern, month=MONTHS, day_of_month=st.integers(1, 31)),
    st.builds(RelativeYearlyPattern, month=MONTHS, weekday=WEEKDAYS, week_number=WEEKS),
)


def occurs(pattern, begin: date) -> list[date]:
    """Return the days of a pattern from `begin` on, by what Microsoft's pages say of it."""
    if isinstance(pattern, DailyPattern | WeeklyPattern):
        at = datetime.combine(begin, datetime.min.time())
        rhythm = {"dtstart": at, "interval": pattern.interval, "until": datetime.combine(UNTIL, datetime.max.time())}
        if isinstance(pattern, DailyPattern):
            return [moment.date() for moment in rrule(DAILY, **rhythm)]
        week = {"byweekday": [day - 1 for day in pattern.weekdays], "wkst": pattern.first_day_of_week - 1}
        return [moment.date() for moment in rrule(WEEKLY, **rhythm, **week)]
    yearly = isinstance(pattern, AbsoluteYearlyPattern | RelativeYearlyPattern)
    year, month = begin.year, pattern.month if yearly else begin.month
    found: list[date] = []
    for _ in count():
        day = named(pattern, year, month)
        if day > UNTIL:
            return [day for day in found if day >= begin]
        found.append(day)
        months = year * 12 + month - 1 + (12 if yearly else pattern.interval)
        year, month = months // 12, months % 12 + 1
    raise AssertionError


def named(pattern, year: int, month: int) -> date:
    """Return the day that a monthly or yearly pattern names in a month."""
    last = monthrange(year, month)[1]
    if isinstance(pattern, AbsoluteMonthlyPattern | AbsoluteYearlyPattern):
        return date(year, month, min(pattern.day_of_month, last))
    days = [date(year, month, day) for day in range(1, last + 1)]
    fitting = [
        day
        for day in days
        if pattern.weekday == 8
        or (pattern.weekday == 9 and day.weekday() < 5)
        or (pattern.weekday == 10 and day.weekday() >= 5)
        or pattern.weekday == day.weekday() + 1
    ]
    return fitting[-1] if pattern.week_number == 5 else fitting[pattern.week_number - 1]


@st.composite
def series(draw: st.DrawFn):
    """A pattern, the local time of its first occurrence, its length, its zone, and how it ends."""
    pattern = draw(PATTERNS)
    days = occurs(pattern, draw(DAYS))
    if not days:
        pattern, days = DailyPattern(interval=1), [date(2026, 3, 1)]
        days = occurs(pattern, days[0])
    minutes = draw(st.integers(0, 95).map(lambda quarter: quarter * 15))
    first = datetime.combine(days[0], datetime.min.time()) + timedelta(minutes=minutes)
    length = timedelta(minutes=draw(st.sampled_from([15, 60, 600, 1440, 3000])))
    number = draw(st.one_of(st.none(), st.integers(1, 40)))
    end = draw(st.one_of(st.none(), st.dates(days[0], UNTIL)))
    return pattern, first, length, draw(st.sampled_from(ZONES)), number, end


def utc(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ews(moment: datetime) -> EWSDateTime:
    return EWSDateTime.from_datetime(moment)


@given(series(), st.sets(st.integers(0, 5), max_size=3))
def test_a_series_occurs_when_its_pattern_says(made, gone):
    pattern, first, length, zone, number, end = made
    days = occurs(pattern, first.date())
    if number is not None:
        days, boundary = days[:number], NumberedPattern(start=EWSDate(2023, 1, 1), number=number)
    elif end is not None:
        days = [day for day in days if day <= end]
        boundary = EndDatePattern(start=EWSDate(2023, 1, 1), end=EWSDate(end.year, end.month, end.day))
    else:
        boundary = NoEndPattern(start=EWSDate(2023, 1, 1))
    planned = [datetime.combine(day, first.time()) for day in days]
    near = [local for local in planned if abs(local - datetime(2026, 3, 28)) < timedelta(days=9)]  # noqa: DTZ001
    deleted = [local for index, local in enumerate(near) if index in gone]
    begin, finish = utc(first, zone), utc(first + length, zone)
    master = item(
        ews(begin),
        ews(finish),
        type="RecurringMaster",
        _start_timezone=EWSTimeZone(zone),
        recurrence=Recurrence(pattern=pattern, boundary=boundary),
        deleted_occurrences=[DeletedOccurrence(start=ews(utc(local, zone))) for local in deleted],
    )
    shown = begin.astimezone(ZoneInfo(zone)).replace(tzinfo=None)  # not `first` in the hour that is left out
    until = finish.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    whole = shown.time() == until.time() == datetime.min.time()
    expected = set()
    for local in planned:
        if local not in deleted:
            local = datetime.combine(local.date(), shown.time())
            start, stop = (utc(moment, OWNER.key if whole else zone) for moment in (local, local + (until - shown)))
            stop = stop if start < stop else start + (until - shown)
            if start < WINDOW.end and WINDOW.start < stop:
                expected.add((start, stop))
    found, set_aside = expanded([master], WINDOW, OWNER, ())
    assert set_aside == 0
    assert {(appointment.start, appointment.end) for appointment in found} == expected
    assert len(found) == len(expected) == len({appointment.occurrence for appointment in found})
