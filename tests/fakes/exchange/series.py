"""On which days a series occurs, as Exchange computes it, and the series as EWS writes it.

Microsoft: "Recurrence (RecurrenceType)", "AbsoluteMonthlyRecurrence" and its neighbours: a day that a month does not
have is its last; [MS-OXOCAL] 2.2.1.44 has the same. At most one occurrence a day. Written without any library for
recurrence, so that those who use one are checked.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice, takewhile
from xml.etree.ElementTree import Element

from tests.fakes.exchange.soap import element

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SETS = {"Day": DAYS, "Weekday": DAYS[:5], "WeekendDay": DAYS[5:]}
WHICH = {"First": 0, "Second": 1, "Third": 2, "Fourth": 3, "Last": -1}


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """`kind`: Daily, Weekly, AbsoluteMonthly, RelativeMonthly, AbsoluteYearly, RelativeYearly.

    `days`: names of weekdays (Weekly), or one name, Day, Weekday or WeekendDay (Relative…); `which`: First … Last;
    `day` of the month; `month` 1 to 12. It ends after `number` occurrences, or with the day `until`, or never.
    """

    kind: str
    interval: int = 1
    days: tuple[str, ...] = ()
    first_day: str = "Monday"
    which: str = "First"
    day: int = 1
    month: int = 1
    number: int | None = None
    until: date | None = None


def days(recurrence: Recurrence, first: date) -> Iterator[date]:
    """Yield the days of a series that begins on `first`, in order."""
    every = (day for day in _endless(recurrence, first) if day >= first)
    if recurrence.number is not None:
        return islice(every, recurrence.number)
    until = recurrence.until
    return every if until is None else takewhile(lambda day: day <= until, every)


def _endless(recurrence: Recurrence, first: date) -> Iterator[date]:
    step = recurrence.interval
    if recurrence.kind == "Daily":
        yield from (first + timedelta(days=step * number) for number in count())
    elif recurrence.kind == "Weekly":
        begin = DAYS.index(recurrence.first_day)
        week = first - timedelta(days=(first.weekday() - begin) % 7)
        offsets = sorted((DAYS.index(day) - begin) % 7 for day in recurrence.days)
        yield from (week + timedelta(days=7 * step * number + offset) for number in count() for offset in offsets)
    elif recurrence.kind.endswith("Monthly"):
        months = (first.year * 12 + first.month - 1 + step * number for number in count())
        yield from (_day(recurrence, month // 12, month % 12 + 1) for month in months)
    else:
        yield from (_day(recurrence, first.year + step * number, recurrence.month) for number in count())


def _day(recurrence: Recurrence, year: int, month: int) -> date:
    last = monthrange(year, month)[1]
    if recurrence.kind.startswith("Absolute"):
        return date(year, month, min(recurrence.day, last))
    names = SETS.get(recurrence.days[0], recurrence.days)
    fitting = [day for day in range(1, last + 1) if DAYS[date(year, month, day).weekday()] in names]
    return date(year, month, fitting[WHICH[recurrence.which]])


def written(recurrence: Recurrence, first: date) -> Element:
    """Return the Recurrence element: pattern, then range (capture 017); StartDate is a date without a zone."""
    start = element("t:StartDate", first.isoformat())
    if recurrence.number is not None:
        ends = element("t:NumberedRecurrence", start, element("t:NumberOfOccurrences", str(recurrence.number)))
    elif recurrence.until is not None:
        ends = element("t:EndDateRecurrence", start, element("t:EndDate", recurrence.until.isoformat()))
    else:
        ends = element("t:NoEndRecurrence", start)
    return element("t:Recurrence", element(f"t:{recurrence.kind}Recurrence", *_pattern(recurrence)), ends)


def _pattern(recurrence: Recurrence) -> Iterator[Element]:
    kind = recurrence.kind
    if not kind.endswith("Yearly"):
        yield element("t:Interval", str(recurrence.interval))
    if kind == "Weekly":
        yield element("t:DaysOfWeek", " ".join(recurrence.days))
        yield element("t:FirstDayOfWeek", recurrence.first_day)
    elif kind.startswith("Relative"):
        yield element("t:DaysOfWeek", recurrence.days[0])
        yield element("t:DayOfWeekIndex", recurrence.which)
    elif kind.startswith("Absolute"):
        yield element("t:DayOfMonth", str(recurrence.day))
    if kind.endswith("Yearly"):
        yield element("t:Month", MONTHS[recurrence.month - 1])
