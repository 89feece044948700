"""Series become appointments where a server does not expand them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from exchangelib import CalendarItem, EWSDate, EWSTimeZone
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    DailyRegeneration,
    DeletedOccurrence,
    EndDatePattern,
    NoEndPattern,
    NumberedPattern,
    Occurrence,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)

from gateway.domain.appointment import Response
from gateway.domain.mailbox import Window
from gateway.sources.ews.connection.dialect import UNKNOWN
from gateway.sources.ews.items.expand import MASTER_FIELDS, changed, expanded
from tests.unit.sources.ews.items.items import ANNA, STOCKHOLM, WINDOW, captured, item, moment

DAILY, WEEKLY = DailyPattern(interval=1), WeeklyPattern(interval=1, weekdays=[2], first_day_of_week=1)
ENDLESS = NoEndPattern(start=EWSDate(2026, 11, 24))
YEARS = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC), date(2026, 11, 21))


def master(pattern: object = WEEKLY, boundary: object = ENDLESS, *times: str, **fields: object) -> CalendarItem:
    """A weekly series, on Tuesdays from ten to eleven in Berlin, or whatever is said of it."""
    said = {"type": "RecurringMaster", "recurrence": Recurrence(pattern=pattern, boundary=boundary), **fields}
    start, end = times or ("2026-11-24 09:00", "2026-11-24 10:00")
    return item(start, end, **said)


def moved(to: str | None, end: str | None, planned: str | None, id: str = "moved") -> Occurrence:  # noqa: A002
    times = {"start": to, "end": end, "original_start": planned}
    return Occurrence(id=id, **{key: moment(text) if text else None for key, text in times.items()})


def deleted(*starts: str) -> list[DeletedOccurrence]:
    return [DeletedOccurrence(start=moment(start)) for start in starts]


def read(*items: object, window: Window = WINDOW, zone: ZoneInfo = STOCKHOLM):
    return expanded(items, window, zone, {ANNA})


def days(*items: object, window: Window = WINDOW, zone: ZoneInfo = STOCKHOLM) -> list[str]:
    found, set_aside = read(*items, window=window, zone=zone)
    assert set_aside == 0
    return [f"{appointment.start:%Y-%m-%d %H:%M}" for appointment in found]


def test_a_captured_series_is_expanded_with_what_was_moved_and_without_what_was_deleted():
    [series], [change] = captured("017"), captured("015")
    found, set_aside = read(series, change)
    assert set_aside == 0
    assert [(a.subject, f"{a.start:%m-%d %H:%M}", f"{a.end:%H:%M}", a.occurrence) for a in found] == [
        ("M: Veckomöte", "11-24 09:00", "10:00", "20261124T090000Z"),
        ("M: Veckomöte FLYTTAT", "12-01 13:00", "14:00", "20261201T090000Z"),
        ("M: Veckomöte", "12-08 09:00", "10:00", "20261208T090000Z"),
        ("M: Veckomöte", "12-22 09:00", "10:00", "20261222T090000Z"),
        ("M: Veckomöte", "12-29 09:00", "10:00", "20261229T090000Z"),
    ]
    assert {a.uid for a in found} == {series.uid.upper()}


def test_a_captured_change_that_is_missing_is_set_aside_alone_and_known_by_its_id():
    [series] = captured("017")
    found, set_aside = read(series)
    assert (len(found), set_aside) == (4, 1)
    assert changed([series], WINDOW) == (captured("015")[0].id,)


def test_an_unending_captured_series_goes_on():
    [lunch] = [one for one in captured("018") if one.subject == "L: Daglig lunch"]
    assert days(lunch)[:3] == ["2026-11-24 10:30", "2026-11-25 10:30", "2026-11-26 10:30"]
    later = Window(datetime(2036, 6, 2, tzinfo=UTC), datetime(2036, 6, 4, tzinfo=UTC), date(2036, 6, 2))
    assert days(lunch, window=later) == ["2036-06-02 09:30", "2036-06-03 09:30"]  # the same hour by its own clock


def test_a_second_captured_series_is_expanded_before_and_after_its_changes():
    [before] = captured("155")
    assert days(before) == ["2026-11-24 11:00", "2026-12-01 11:00", "2026-12-08 11:00", "2026-12-15 11:00"]
    [after] = captured("161")
    [change] = after.modified_occurrences
    assert days(after, item("2026-12-02 11:00", "2026-12-02 12:00", id=change.id)) == [
        "2026-11-24 11:00",
        "2026-12-02 11:00",
        "2026-12-15 11:00",
    ]


def test_what_masters_are_asked_for_are_fields_that_there_are():
    assert set(MASTER_FIELDS) <= {field.name for field in CalendarItem.FIELDS}


def test_each_occurrence_says_what_its_master_says():
    found, _ = read(master(subject="M: privat", sensitivity="Private", my_response_type="Accept"))
    assert {(a.subject, a.private, a.response) for a in found} == {("M: privat", True, Response.ACCEPTED)}


TWICE = NumberedPattern(start=EWSDate(2026, 1, 1), number=2)
FOUR_TIMES = NumberedPattern(start=EWSDate(2026, 1, 1), number=4)


def in_month(weekday: int, week: int) -> RelativeMonthlyPattern:
    """Weekdays from 1, Monday; 8 any day, 9 a working day, 10 one of the weekend; weeks to 5, the last one."""
    return RelativeMonthlyPattern(interval=1, weekday=weekday, week_number=week)


@pytest.mark.parametrize(
    ("pattern", "boundary", "start", "expected"),
    [
        (DailyPattern(interval=3), TWICE, "2026-01-05", ["2026-01-05", "2026-01-08"]),
        (WeeklyPattern(interval=2, weekdays=[1, 7], first_day_of_week=1), FOUR_TIMES, "2026-01-05",
            ["2026-01-05", "2026-01-11", "2026-01-19", "2026-01-25"]),
        (WeeklyPattern(interval=2, weekdays=[1, 7], first_day_of_week=7), FOUR_TIMES, "2026-01-05",
            ["2026-01-05", "2026-01-18", "2026-01-19", "2026-02-01"]),
        # a month without such a day has it on its last one
        (AbsoluteMonthlyPattern(interval=1, day_of_month=31), FOUR_TIMES, "2026-01-31",
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (AbsoluteMonthlyPattern(interval=1, day_of_month=30), FOUR_TIMES, "2026-01-30",
            ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30"]),
        (AbsoluteMonthlyPattern(interval=2, day_of_month=5), TWICE, "2026-01-05", ["2026-01-05", "2026-03-05"]),
        (AbsoluteYearlyPattern(month=2, day_of_month=29), FOUR_TIMES, "2024-02-29",
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
        (in_month(5, 5), TWICE, "2026-01-30", ["2026-01-30", "2026-02-27"]),
        (in_month(2, 4), TWICE, "2026-01-27", ["2026-01-27", "2026-02-24"]),
        (in_month(8, 5), TWICE, "2026-01-31", ["2026-01-31", "2026-02-28"]),
        (in_month(8, 2), TWICE, "2026-01-02", ["2026-01-02", "2026-02-02"]),
        (in_month(9, 5), TWICE, "2026-01-30", ["2026-01-30", "2026-02-27"]),
        (in_month(9, 1), TWICE, "2026-01-01", ["2026-01-01", "2026-02-02"]),
        (in_month(10, 1), TWICE, "2026-01-03", ["2026-01-03", "2026-02-01"]),
        (RelativeYearlyPattern(month=3, weekday=7, week_number=5), TWICE, "2026-03-29", ["2026-03-29", "2027-03-28"]),
        (RelativeYearlyPattern(month=12, weekday=9, week_number=5), TWICE, "2026-12-31", ["2026-12-31", "2027-12-31"]),
    ],
)  # fmt: skip
def test_what_a_pattern_means(pattern, boundary, start, expected):
    found = days(master(pattern, boundary, f"{start} 09:00", f"{start} 10:00"), window=YEARS)
    assert [day.removesuffix(" 09:00").removesuffix(" 08:00") for day in found] == expected


@pytest.mark.parametrize("end", [EWSDate(2026, 12, 8), moment("2026-12-08 00:00")])
def test_the_last_day_of_a_series_is_one_of_its_days(end):
    boundary = EndDatePattern(start=EWSDate(2026, 11, 24), end=end)
    assert days(master(boundary=boundary)) == ["2026-11-24 09:00", "2026-12-01 09:00", "2026-12-08 09:00"]


def test_a_series_keeps_the_hour_of_its_own_zone():
    new_york = EWSTimeZone("America/New_York")
    window = Window(datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC), date(2026, 10, 20))
    series = master(WEEKLY, ENDLESS, "2026-10-20 13:00", "2026-10-20 14:00", _start_timezone=new_york)
    assert days(series, window=window) == ["2026-10-20 13:00", "2026-10-27 13:00", "2026-11-03 14:00"]


def test_a_deleted_occurrence_is_told_by_its_day_in_the_zone_of_the_series():
    tokyo = EWSTimeZone("Asia/Tokyo")  # Wednesdays from six to seven in the morning there
    pattern = WeeklyPattern(interval=1, weekdays=[3], first_day_of_week=1)
    series = master(
        pattern,
        ENDLESS,
        "2026-11-24 21:00",
        "2026-11-24 22:00",
        _start_timezone=tokyo,
        deleted_occurrences=deleted("2026-12-01 21:00", "2026-12-15 21:00"),
    )
    assert days(series) == ["2026-11-24 21:00", "2026-12-08 21:00", "2026-12-22 21:00", "2026-12-29 21:00"]


def test_whole_days_recur_between_the_midnights_of_their_owner():
    series = master(WEEKLY, ENDLESS, "2026-10-20 00:00", "2026-10-21 00:00", _start_timezone=EWSTimeZone("UTC"),
        deleted_occurrences=deleted("2026-11-03 00:00"))  # fmt: skip
    window = Window(datetime(2026, 10, 19, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC), date(2026, 10, 20))
    found, _ = read(series, window=window)
    assert [(f"{a.start:%m-%d %H:%M}", f"{a.end:%m-%d %H:%M}") for a in found] == [
        ("10-19 22:00", "10-20 22:00"),
        ("10-26 23:00", "10-27 23:00"),
        ("11-09 23:00", "11-10 23:00"),
    ]


def test_what_was_moved_out_of_the_window_or_into_it_is_where_it_was_moved_to():
    out = moved("2027-02-01 09:00", "2027-02-01 10:00", "2026-11-24 09:00", "out")
    into = moved("2026-11-26 15:00", "2026-11-26 16:00", "2027-02-02 09:00", "in")
    boundary = NumberedPattern(start=EWSDate(2026, 11, 24), number=2)
    series = master(boundary=boundary, modified_occurrences=[out, into])
    there = item("2026-11-26 15:00", "2026-11-26 16:00", id="in", uid=None, type="Exception")
    found, set_aside = read(series, there)
    assert [(f"{a.start:%m-%d %H:%M}", a.occurrence, a.uid) for a in found] == [
        ("11-26 15:00", "20270202T090000Z", "uid-1"),
        ("12-01 09:00", "20261201T090000Z", "uid-1"),
    ]
    assert set_aside == 0
    assert changed([series], WINDOW) == ("in",)


def test_what_is_moved_and_then_deleted_is_deleted():
    series = master(
        boundary=TWICE, modified_occurrences=[moved("2026-11-25 09:00", "2026-11-25 10:00", "2026-11-24 09:00")],
        deleted_occurrences=deleted("2026-11-24 09:00"),
    )  # fmt: skip
    assert days(series, item("2026-11-25 09:00", "2026-11-25 10:00", id="moved")) == ["2026-12-01 09:00"]


def test_an_occurrence_in_the_hour_that_is_left_out_keeps_its_length():
    window = Window(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), date(2026, 3, 28))
    series = master(DAILY, ENDLESS, "2026-03-20 01:30", "2026-03-20 02:00")  # 02:30 to 03:00
    found, _ = read(series, window=window)
    assert [(f"{a.start:%d %H:%M}", f"{a.end:%H:%M}") for a in found] == [("28 01:30", "02:00"), ("29 01:30", "02:00")]


def test_a_night_shift_ends_by_the_clock_on_the_wall():
    window = Window(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), date(2026, 3, 28))
    series = master(DAILY, NumberedPattern(number=9), "2026-03-20 21:00", "2026-03-21 05:00")  # 22 to 6
    found, _ = read(series, window=window)
    assert [(f"{a.start:%d %H:%M}", f"{a.end:%d %H:%M}") for a in found] == [
        ("27 21:00", "28 05:00"),
        ("28 21:00", "29 04:00"),
    ]


BAD = {
    "no recurrence": item(type="RecurringMaster"),
    "no pattern": master(None),
    "no boundary": master(WEEKLY, None),
    "of a task": master(DailyRegeneration(interval=1)),
    "no interval": master(DailyPattern(interval=None)),
    "interval of nothing": master(DailyPattern(interval=0)),
    "no weekdays": master(WeeklyPattern(interval=1, weekdays=None)),
    "a weekday that there is not": master(WeeklyPattern(interval=1, weekdays=[8])),
    "no day": master(AbsoluteMonthlyPattern(interval=1, day_of_month=None)),
    "day 32": master(AbsoluteMonthlyPattern(interval=1, day_of_month=32)),
    "no month": master(AbsoluteYearlyPattern(day_of_month=1, month=None)),
    "no week": master(RelativeMonthlyPattern(interval=1, weekday=1, week_number=None)),
    "no number": master(WEEKLY, NumberedPattern(number=None)),
    "no end": master(WEEKLY, EndDatePattern(end=None)),
    "a zone that nobody knows": master(_start_timezone=EWSTimeZone(UNKNOWN)),
    "deleted at no time": master(deleted_occurrences=[DeletedOccurrence(start=None)]),
    "moved from no time": master(modified_occurrences=[moved("2026-12-01 09:00", "2026-12-01 10:00", None)]),
    "no times": item(None, None, type="RecurringMaster", recurrence=Recurrence(pattern=WEEKLY, boundary=ENDLESS)),
    "ends before it begins": master(WEEKLY, ENDLESS, "2026-11-24 10:00", "2026-11-24 09:00"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_series_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(bad):
    found, set_aside = read(bad, master(boundary=NumberedPattern(number=2), uid="good"))
    assert ([a.uid for a in found], set_aside) == (["good", "good"], 1)


def test_a_change_whose_times_are_missing_is_asked_for():
    series = master(boundary=TWICE, modified_occurrences=[moved(None, None, "2026-11-24 09:00")])
    assert changed([series, "x"], WINDOW) == ("moved",)
    assert days(series, item("2026-11-25 09:00", "2026-11-25 10:00", id="moved")) == [
        "2026-11-25 09:00",
        "2026-12-01 09:00",
    ]


def test_what_is_no_master_is_passed_over():
    assert read(item(), None, item(type="Exception"), ValueError("x")) == ((), 0)


def test_whole_days_of_an_unknown_zone_are_the_owners():
    series = master(WEEKLY, TWICE, "2026-11-23 23:00", "2026-11-24 23:00", _start_timezone=EWSTimeZone(UNKNOWN))
    assert days(series) == ["2026-11-23 23:00", "2026-11-30 23:00"]
