"""The value that a PBX holds: nothing but its own grammar gets in or out (dialplan/README.md)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.code import Behaviour, Treatment
from gateway.planning.schedule import Schedule, Window, is_zone, parse, write

BASE = datetime(2026, 11, 23, 7, tzinfo=UTC)
ANNOUNCED = Treatment(announce=True, then=Behaviour.TARGET)
QUIET = Treatment(announce=False, then=Behaviour.RING)
TRIP = Window(BASE, BASE + timedelta(hours=9), BASE + timedelta(hours=24), ANNOUNCED, QUIET, "trip", "1004")
ONE = Schedule("America/Port-au-Prince", BASE, BASE + timedelta(days=1), "sv", "9", (TRIP,))
VALUE = "2|America/Port-au-Prince|1795417200-86400-sv-9|0-32400-86400-0-at-qr-trip-1004-"

ALLOWED = re.compile(r"[A-Za-z0-9_+/|-]*", re.ASCII)

treatments = st.builds(Treatment, st.booleans(), st.sampled_from(Behaviour))
numbers = st.none() | st.from_regex(r"[0-9]{1,20}", fullmatch=True)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    base = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 5 * 10**9)))
    windows, start = [], base
    for _ in range(draw(st.integers(0, 5))):
        start += timedelta(seconds=draw(st.integers(0, 10**6)))
        end = start + timedelta(seconds=draw(st.integers(1, 10**6)))
        back = end + timedelta(seconds=draw(st.integers(0, 10**6)))
        reason = draw(st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True))
        flags = draw(st.from_regex(r"[a-z]{0,3}", fullmatch=True))
        begun = draw(st.none() | st.integers(1, 10**9).map(lambda ago, at=start: at - timedelta(seconds=ago)))  # type: ignore[misc]
        meets = (draw(treatments), draw(treatments), reason, draw(numbers), flags, begun)
        windows.append(Window(start, end, back, *meets))
        start = end
    zone = draw(st.sampled_from(sorted(available_timezones())))
    cover = base + timedelta(seconds=draw(st.integers(0, 10**6)))
    return Schedule(zone, base, cover, draw(st.sampled_from(("sv", "de", "en"))), draw(numbers), tuple(windows))


def test_the_value_reads_as_the_table_says():
    assert write(ONE) == VALUE
    assert parse(VALUE) == ONE


@given(schedules())
def test_what_is_written_is_parsed_back(schedule: Schedule):
    value = write(schedule)
    assert ALLOWED.fullmatch(value)
    assert parse(value) == schedule


@given(st.one_of(st.text(), st.from_regex(r"2\|[A-Z/]+\|[0-9]+-[0-9]+-sv-[0-9]*(\|[0-9a-z-]{0,30})?", fullmatch=True)))
def test_only_what_would_be_written_can_be_parsed(text: str):
    try:
        schedule = parse(text)
    except ValueError:
        return
    assert write(schedule) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        VALUE.replace("2|", "1|", 1),
        VALUE.replace("2|", "3|", 1),
        VALUE + "|",
        VALUE + "\n",
        VALUE.replace("-at-", "-xt-"),
        VALUE.replace("-at-", "-ax-"),
        VALUE.replace("-at-", "-at-at-"),
        VALUE.replace("trip", "Trip"),
        VALUE.replace("trip", ""),
        VALUE.replace("-0-", "-00-").replace("|0-", "|00-"),
        VALUE.replace("1004", "1004 "),
        VALUE.replace("1004", "１００４"),
        VALUE.replace("-sv-", "-fr-"),
        VALUE.replace("32400-86400", "86400-32400"),
        VALUE.replace("0-32400-86400", "5-5-9"),
        VALUE + "|100-200-300-0-at-at-trip--",
        VALUE.replace("86400-sv", "999999999999-sv"),
        VALUE.replace("-86400-0-at-", "-86400-at-"),
        VALUE.replace("-86400-0-at-", "-86400--at-"),
        VALUE.replace("-86400-0-at-", "-86400-999999999999-at-"),
    ],
)
def test_anything_else_is_refused(value: str):
    with pytest.raises(ValueError, match=r"a PBX's value has no room for|is not a valid Behaviour"):
        parse(value)


@pytest.mark.parametrize(
    "foreign",
    [
        replace(ONE, zone="Europe/${X}"),
        replace(ONE, zone="Malmö"),
        replace(ONE, zone=""),
        replace(ONE, language="fr"),
        replace(ONE, operator="9&SIP/x"),
        replace(ONE, base=BASE + timedelta(microseconds=1)),
        replace(ONE, cover=BASE - timedelta(seconds=1)),
        replace(ONE, cover=BASE + timedelta(microseconds=1)),
        replace(ONE, base=BASE + timedelta(hours=1)),
        replace(ONE, windows=(TRIP, TRIP)),
        replace(ONE, windows=(replace(TRIP, reason="lön"),)),
        replace(ONE, windows=(replace(TRIP, reason="a-b"),)),
        replace(ONE, windows=(replace(TRIP, target="1004|"),)),
        replace(ONE, windows=(replace(TRIP, target="1004\n"),)),
        replace(ONE, windows=(replace(TRIP, flags="-"),)),
        replace(ONE, windows=(replace(TRIP, end=TRIP.start),)),
        replace(ONE, windows=(replace(TRIP, back=TRIP.start),)),
        replace(ONE, windows=(replace(TRIP, begun=TRIP.start + timedelta(seconds=1)),)),
    ],
)
def test_nothing_foreign_can_be_written(foreign: Schedule):
    with pytest.raises(ValueError, match="a PBX's value has no room for"):
        write(foreign)


def test_what_comes_back_after_something_else_says_since_when_it_runs():
    again = replace(ONE, windows=(replace(TRIP, begun=BASE - timedelta(hours=2)),))
    assert write(again) == VALUE.replace("-86400-0-at-", "-86400-7200-at-")
    assert parse(write(again)) == again
    assert write(replace(ONE, windows=(replace(TRIP, begun=BASE),))) == VALUE


def test_every_zone_of_the_world_fits():
    assert all(is_zone(zone) for zone in available_timezones())


def test_a_window_is_half_open():
    assert ONE.at(TRIP.start) == ONE.at(TRIP.end - timedelta(seconds=1)) == TRIP
    assert ONE.at(TRIP.end) is None
    assert ONE.at(TRIP.start - timedelta(seconds=1)) is None
