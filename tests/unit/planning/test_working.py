"""Working time: weekends, public holidays, nights, lunches, DST; and how long "gone for the day" lasts."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given

from gateway.domain.hours import WorkingHours
from gateway.domain.user import User
from gateway.planning.codes import read
from gateway.planning.working import (
    LOOK_BACK,
    gone_until,
    has_public_holidays,
    last_start,
    next_working,
    public_holidays,
    reachable,
)
from tests.unit.planning.given import ANNA, OFFICE, STOCKHOLM, at, instants, item, rules, some_hours, some_users

SPLIT = WorkingHours(week={0: ((time(8), time(12)), (time(13), time(17))), 1: ((time(8), time(17)),)})
NIGHTS = WorkingHours(week={day: ((time(22), time(6)),) for day in range(4)})
NEVER = WorkingHours(week={})
ALWAYS = WorkingHours(week={day: ((time(), time()),) for day in range(7)})


@pytest.mark.parametrize(
    ("after", "hours", "begins"),
    [
        (("07:59", "2026-11-23"), OFFICE, ("08:00", "2026-11-23")),
        (("08:00", "2026-11-23"), OFFICE, ("08:00", "2026-11-24")),
        (("15:00", "2026-11-27"), OFFICE, ("08:00", "2026-11-30")),  # Friday to Monday
        (("15:00", "2027-03-25"), OFFICE, ("08:00", "2027-03-30")),  # Good Friday, DST, Easter Monday
        (("15:00", "2026-12-31"), OFFICE, ("08:00", "2027-01-04")),
        (("15:00", "2027-05-05"), OFFICE, ("08:00", "2027-05-07")),  # Ascension Day
        (("10:00", "2026-11-23"), SPLIT, ("13:00", "2026-11-23")),
        (("23:00", "2026-11-26"), NIGHTS, ("22:00", "2026-11-30")),
        (("00:00", "2026-11-23"), ALWAYS, ("00:00", "2026-11-24")),
    ],
)
def test_work_begins_again(after: tuple[str, str], hours: WorkingHours, begins: tuple[str, str]):
    assert next_working(at(*after), hours, STOCKHOLM) == at(*begins)


@pytest.mark.parametrize(
    "hours",
    [NEVER, WorkingHours(week={0: ()})],
)
def test_a_week_without_working_time_never_begins(hours: WorkingHours):
    assert next_working(at("08:00"), hours, STOCKHOLM) is None
    assert last_start(at("08:00"), hours, STOCKHOLM) is None
    assert reachable(at("03:00"), hours, STOCKHOLM) == at("03:00")
    assert gone_until(at("03:00"), at("04:00"), hours, STOCKHOLM) == at("04:00")


@pytest.mark.parametrize(
    ("end", "hours", "back"),
    [
        (("12:00", "2026-11-23"), OFFICE, ("12:00", "2026-11-23")),
        (("08:00", "2026-11-23"), OFFICE, ("08:00", "2026-11-23")),
        (("17:00", "2026-11-23"), OFFICE, ("17:00", "2026-11-23")),
        (("17:01", "2026-11-23"), OFFICE, ("08:00", "2026-11-24")),
        (("00:00", "2026-11-28"), OFFICE, ("08:00", "2026-11-30")),
        (("12:30", "2026-11-23"), SPLIT, ("13:00", "2026-11-23")),
        (("03:00", "2026-11-27"), NIGHTS, ("03:00", "2026-11-27")),
        (("06:30", "2026-11-27"), NIGHTS, ("22:00", "2026-11-30")),
        (("12:00", "2027-01-06"), OFFICE, ("08:00", "2027-01-07")),  # Epiphany
        (("04:00", "2027-03-28"), ALWAYS, ("04:00", "2027-03-28")),
    ],
)
def test_who_is_back_outside_working_time_is_back_at_the_next(
    end: tuple[str, str], hours: WorkingHours, back: tuple[str, str]
):
    assert reachable(at(*end), hours, STOCKHOLM) == at(*back)


@pytest.mark.parametrize(
    ("start", "end", "hours", "until"),
    [
        (("15:00", "2026-11-23"), ("15:30", "2026-11-23"), OFFICE, ("08:00", "2026-11-24")),
        (("15:00", "2026-11-27"), ("17:00", "2026-11-27"), OFFICE, ("08:00", "2026-11-30")),
        (("15:00", "2026-11-27"), ("15:00", "2026-12-04"), OFFICE, ("08:00", "2026-11-30")),
        (("18:00", "2026-11-27"), ("19:00", "2026-11-27"), OFFICE, ("08:00", "2026-11-30")),
        (("06:00", "2026-11-23"), ("07:00", "2026-11-23"), OFFICE, ("08:00", "2026-11-23")),
        (("00:00", "2026-11-27"), ("00:00", "2026-11-28"), OFFICE, ("08:00", "2026-11-30")),  # all day
        (("08:00", "2026-11-23"), ("08:30", "2026-11-23"), OFFICE, ("08:00", "2026-11-24")),
        (("10:00", "2026-11-23"), ("11:00", "2026-11-23"), SPLIT, ("08:00", "2026-11-24")),
        (("15:00", "2027-03-25"), ("16:00", "2027-03-25"), OFFICE, ("08:00", "2027-03-30")),
        (("15:00", "2027-10-29"), ("16:00", "2027-10-29"), OFFICE, ("08:00", "2027-11-01")),
    ],
)
def test_gone_for_the_day_lasts_until_the_next_working_time_whatever_the_items_end(
    start: tuple[str, str], end: tuple[str, str], hours: WorkingHours, until: tuple[str, str]
):
    assert gone_until(at(*start), at(*end), hours, STOCKHOLM) == at(*until)


def test_gone_for_the_day_in_a_calendar():
    gone = item("GFD:", "15:00", "15:30", "2026-11-27")
    (found,) = read([gone], ANNA, rules()).diversions
    assert (found.start, found.end) == (at("15:00", "2026-11-27"), at("08:00", "2026-11-30"))


def test_an_own_week_comes_before_the_organisations():
    user = User(1, "1001", (), STOCKHOLM, hours=WorkingHours(week={5: ((time(10), time(14)),)}))
    (found,) = read([item("GFD:", "15:00", "16:00", "2026-11-27")], user, rules()).diversions
    assert found.end == at("10:00", "2026-11-28")


def test_public_holidays_are_those_of_the_place():
    assert date(2027, 6, 26) in public_holidays("SE", "", 2027)
    assert date(2027, 8, 15) in public_holidays("DE", "BY", 2027) | public_holidays("DE", "SL", 2027)
    assert date(2027, 8, 15) not in public_holidays("DE", "BE", 2027)
    assert public_holidays("", "", 2027) == public_holidays("XX", "", 2027) == frozenset()


def test_an_ordinary_sunday_is_no_public_holiday():
    sundays = WorkingHours(week={6: ((time(11), time(15)),)}, country="SE")
    assert next_working(at("08:00", "2026-11-23"), sundays, STOCKHOLM) == at("11:00", "2026-11-29")


@pytest.mark.parametrize(
    ("country", "subdivision", "known"),
    [("SE", "", True), ("DE", "BY", True), ("", "", True), ("XX", "", False), ("SE", "QQ", False), ("", "BY", False)],
)
def test_unknown_places_can_be_told(country: str, subdivision: str, known: bool):
    assert has_public_holidays(country, subdivision) is known


@pytest.mark.parametrize(("day", "begins"), [("2027-03-28", 6), ("2027-10-31", 7), ("2027-10-30", 6)])
def test_work_begins_at_the_local_hour_also_on_the_days_of_dst(day: str, begins: int):
    every_day = WorkingHours(week={weekday: ((time(8), time(17)),) for weekday in range(7)})
    found = next_working(at("00:30", day), every_day, STOCKHOLM)
    assert found == datetime.fromisoformat(f"{day}T{begins:02}:00+00:00")


@given(instants(), some_users())
def test_work_begins_later_and_nothing_begins_in_between(after: datetime, user: User):
    hours = user.hours or OFFICE
    begins = next_working(after, hours, user.zone)
    if begins is None:
        assert not any(hours.week.values())
        return
    assert begins > after
    assert begins.utcoffset() == timedelta(0)
    just_before = begins - timedelta(seconds=1)
    assert just_before < after or next_working(just_before, hours, user.zone) == begins
    last = last_start(just_before, hours, user.zone)
    assert last is None or last <= after
    if begins - after < LOOK_BACK:
        assert last_start(begins, hours, user.zone) == begins


@given(instants(), some_hours())
def test_being_reachable_is_never_earlier_and_stays(end: datetime, hours: WorkingHours):
    back = reachable(end, hours, STOCKHOLM)
    assert back >= end
    assert reachable(back, hours, STOCKHOLM) == back


@given(instants(), instants(), some_hours())
def test_an_item_that_means_gone_still_lies_in_a_window_from_the_last_start_of_work(
    start: datetime, now: datetime, hours: WorkingHours
):
    until = gone_until(start, start + timedelta(minutes=1), hours, STOCKHOLM)
    last = last_start(now, hours, STOCKHOLM)
    if start <= now < until and last:
        assert start.astimezone(STOCKHOLM).date() >= last.astimezone(STOCKHOLM).date()
