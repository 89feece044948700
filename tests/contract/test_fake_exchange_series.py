"""On which days the scripted Exchange's series fall, by the words of Microsoft's pages on each pattern."""

from datetime import date
from itertools import islice
from xml.etree.ElementTree import tostring

import pytest

from tests.fakes.exchange.series import Recurrence, days, written

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("recurrence", "first", "expected"),
    [
        (Recurrence(kind="Daily", interval=3), MONDAY, ["2026-11-23", "2026-11-26", "2026-11-29"]),
        (Recurrence(kind="Daily", number=2), MONDAY, ["2026-11-23", "2026-11-24"]),
        (Recurrence(kind="Daily", until=date(2026, 11, 24)), MONDAY, ["2026-11-23", "2026-11-24"]),
        (
            Recurrence(kind="Weekly", interval=2, days=("Sunday", "Tuesday")),
            MONDAY,
            ["2026-11-24", "2026-11-29", "2026-12-08"],
        ),
        (
            Recurrence(kind="Weekly", interval=2, days=("Sunday", "Tuesday"), first_day="Sunday"),
            MONDAY,
            ["2026-11-24", "2026-12-06", "2026-12-08"],
        ),
        (
            Recurrence(kind="AbsoluteMonthly", day=31),
            date(2026, 12, 31),
            ["2026-12-31", "2027-01-31", "2027-02-28"],  # a day that a month does not have is its last
        ),
        (
            Recurrence(kind="RelativeMonthly", days=("Friday",), which="Last"),
            MONDAY,
            ["2026-11-27", "2026-12-25", "2027-01-29"],
        ),
        (
            Recurrence(kind="RelativeMonthly", days=("Weekday",), which="First", interval=2),
            date(2026, 11, 2),
            ["2026-11-02", "2027-01-01", "2027-03-01"],
        ),
        (Recurrence(kind="AbsoluteYearly", day=29, month=2), MONDAY, ["2027-02-28", "2028-02-29", "2029-02-28"]),
        (
            Recurrence(kind="RelativeYearly", days=("Thursday",), which="Fourth", month=11),
            MONDAY,
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
    ],
)
def test_a_series_falls_on_the_days_of_its_pattern(recurrence, first, expected):
    assert [day.isoformat() for day in islice(days(recurrence, first), 3)] == expected


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (
            Recurrence(kind="Weekly", days=("Tuesday",), number=6),  # capture 017
            (
                "<t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Tuesday</t:DaysOfWeek><t:FirstDayOfWeek>"
                "Monday</t:FirstDayOfWeek></t:WeeklyRecurrence><t:NumberedRecurrence><t:StartDate>2026-11-23</t:StartDate>"
                "<t:NumberOfOccurrences>6</t:NumberOfOccurrences></t:NumberedRecurrence>"
            ),
        ),
        (
            Recurrence(kind="RelativeYearly", days=("Thursday",), which="Fourth", month=11, until=date(2028, 1, 1)),
            (
                "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek><t:DayOfWeekIndex>Fourth"
                "</t:DayOfWeekIndex><t:Month>November</t:Month></t:RelativeYearlyRecurrence><t:EndDateRecurrence>"
                "<t:StartDate>2026-11-23</t:StartDate><t:EndDate>2028-01-01</t:EndDate></t:EndDateRecurrence>"
            ),
        ),
        (
            Recurrence(kind="AbsoluteMonthly", day=31),
            (
                "<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>31</t:DayOfMonth>"
                "</t:AbsoluteMonthlyRecurrence><t:NoEndRecurrence><t:StartDate>2026-11-23</t:StartDate>"
                "</t:NoEndRecurrence>"
            ),
        ),
    ],
)
def test_a_series_is_written_as_its_pattern_and_its_range(recurrence, expected):
    assert tostring(written(recurrence, MONDAY), "unicode") == f"<t:Recurrence>{expected}</t:Recurrence>"
