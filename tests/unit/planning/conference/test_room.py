"""What a PBX holds for a conference room: nothing but its own grammar gets in or out (dialplan/README.md)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.conference import room
from gateway.planning.conference.room import Openings, Window, parse, write
from tests.unit.planning.given import at, rules
from tests.unit.planning.planned import BERTA, MINUTES, PEOPLE, ROOM, conference, some_conferences

BASE = datetime(2026, 11, 23, 7, tzinfo=UTC)
ONE = Window(BASE + 10 * MINUTES, BASE + 20 * MINUTES, BASE + 80 * MINUTES, BASE + 95 * MINUTES, "00ff11ee22dd", "1001")
HELD = Openings("Europe/Stockholm", BASE, BASE + timedelta(days=1), "sv", "4711", (ONE,))
VALUE = "1|Europe/Stockholm|1795417200-86400-sv-4711|600-1200-4800-5700-00ff11ee22dd-1001-"
ALLOWED = re.compile(r"[A-Za-z0-9_+/|-]*", re.ASCII)
NOW = at("08:30")


def held(*conferences, now=NOW, limit=1000, of=ROOM, people=PEOPLE):
    value, left_out = room.of(of, conferences, people, rules(), now, limit)
    return parse(value) if value else None, left_out


@st.composite
def some_openings(draw):
    ends, windows = BASE, []
    for _ in range(draw(st.integers(0, 6))):
        start = ends + draw(st.integers(0, 9000)) * MINUTES
        ends = start + draw(st.integers(1, 9000)) * MINUTES
        opens = BASE + draw(st.integers(0, int((start - BASE) / MINUTES))) * MINUTES
        closes = ends + draw(st.integers(0, 600)) * MINUTES
        name = draw(st.from_regex(r"[0-9a-f]{12}", fullmatch=True))
        moderator = draw(st.none() | st.from_regex(r"[0-9]{1,20}", fullmatch=True))
        windows.append(Window(opens, start, ends, closes, name, moderator, draw(st.sampled_from(("", "r", "ra")))))
    pin = draw(st.sampled_from(("", "0", "4711")))
    return replace(HELD, pin=pin, language=draw(st.sampled_from(("sv", "de", "en"))), windows=tuple(windows))


def test_this_is_how_it_is_written():
    assert write(HELD) == VALUE
    assert parse(VALUE) == HELD


@given(some_openings())
def test_what_is_written_is_read_back(openings):
    assert parse(write(openings)) == openings
    assert ALLOWED.fullmatch(write(openings))


@given(st.text(max_size=60) | st.text(alphabet="0123456789-|svr", max_size=60).map("1|Europe/Stockholm|{}".format))
def test_nothing_is_read_that_would_not_have_been_written(text):
    try:
        openings = parse(text)
    except ValueError:
        return
    assert write(openings) == text


@pytest.mark.parametrize(
    "bad",
    [
        replace(HELD, pin="47-11"),
        replace(HELD, pin="4${1}"),
        replace(HELD, zone="Europe|Stockholm"),
        replace(HELD, language="fi"),
        replace(HELD, windows=(ONE, ONE)),
        replace(HELD, windows=(replace(ONE, name="styrelsemöte"),)),
        replace(HELD, windows=(replace(ONE, name="00FF11EE22DD"),)),
        replace(HELD, windows=(replace(ONE, moderator="anna"),)),
        replace(HELD, windows=(replace(ONE, flags="-"),)),
        replace(HELD, windows=(replace(ONE, opens=ONE.end),)),
        replace(HELD, windows=(replace(ONE, closes=ONE.start),)),
        replace(HELD, windows=(replace(ONE, opens=BASE - MINUTES),)),
        replace(HELD, windows=(replace(ONE, start=ONE.start + timedelta(microseconds=1)),)),
    ],
)
def test_what_the_format_has_no_room_for_is_refused(bad):
    with pytest.raises(ValueError, match="has no room"):
        write(bad)


def test_a_conference_opens_before_its_start_and_its_organiser_moderates():
    openings, left_out = held(conference())
    assert (openings.zone, openings.language, openings.pin, left_out) == ("Europe/Stockholm", "sv", "4711", 0)
    assert openings.cover == at("08:00") + timedelta(days=1)
    (window,) = openings.windows
    assert (window.opens, window.start, window.end) == (at("08:50"), at("09:00"), at("10:00"))
    assert (window.closes, window.name, window.moderator) == (at("10:15"), conference().key[:12], "1001")


def test_a_room_without_conferences_holds_nothing():
    assert held() == (None, 0)


def test_the_language_and_the_clock_are_those_of_the_first_organiser():
    second = conference("later", at("11:00"))
    assert held(second, conference(organiser=BERTA.id))[0].language == "de"


def test_a_conference_whose_organiser_is_gone_has_no_moderator():
    (window,) = held(conference(organiser=77))[0].windows
    assert window.moderator is None


def test_a_recorded_room_says_so():
    assert held(conference(), of=replace(ROOM, recorded=True))[0].windows[0].flags == "r"


def test_the_value_is_the_same_for_an_hour():
    some = (conference(), conference("evening", at("20:00")))
    assert held(*some, now=at("08:00")) == held(*some, now=at("08:59:59"))
    assert held(*some, now=at("08:00")) != held(*some, now=at("09:00"))


def test_after_the_day_the_next_conference_is_told_and_no_more():
    some = [conference(day, at("12:00", day)) for day in ("2026-11-26", "2026-11-25", "2026-11-27")]
    openings, left_out = held(*some)
    assert [window.start for window in openings.windows] == [at("12:00", "2026-11-25")]
    assert left_out == 0
    openings, _ = held(conference(), *some)
    assert [window.start for window in openings.windows] == [at("09:00"), at("12:00", "2026-11-25")]


def test_one_that_opens_long_before_its_start_does_not_stand_for_the_next():
    """A conference that was moved while people were in it opens as early as before."""
    moved = conference("moved", at("12:00", "2026-11-26"), opens=at("08:00"))
    after_it = [conference(day, at("12:00", day)) for day in ("2026-11-25", "2026-11-27")]
    openings, left_out = held(moved, *after_it)
    assert [window.start for window in openings.windows] == [at("12:00", day) for day in ("2026-11-25", "2026-11-26")]
    assert left_out == 0


def test_what_is_over_or_cancelled_is_not_held():
    gone = conference("gone", at("06:00"), last=60)
    assert held(gone, now=at("07:15") - MINUTES)[0] is not None  # those who are in may stay
    assert held(gone, now=at("07:15")) == (None, 0)
    assert held(conference(cancelled=True)) == (None, 0)


def test_of_two_that_overlap_the_earlier_is_held():
    openings, left_out = held(conference("second", at("09:30")), conference())
    assert [window.start for window in openings.windows] == [at("09:00")]
    assert left_out == 1


def test_what_does_not_fit_is_left_out_from_the_end_and_then_nothing_is_known():
    some = [conference(str(minute), at("12:00") + 5 * minute * MINUTES, last=5) for minute in range(60)]
    openings, left_out = held(*some)
    assert len(openings.windows) + left_out == 60
    assert left_out > 0
    assert [window.start for window in openings.windows] == [one.start for one in some[: len(openings.windows)]]
    assert openings.cover == some[len(openings.windows)].opens


@given(some_conferences(), st.integers(0, 48 * 60), st.sampled_from((60, 100, 300, 1000)))
def test_whatever_is_planned_the_value_can_be_read_and_is_not_too_long(some, minute, limit):
    now = datetime(2026, 11, 22, 12, tzinfo=UTC) + minute * MINUTES
    value, left_out = room.of(ROOM, some, PEOPLE, rules(), now, limit)
    asked = [one for one in some if not one.cancelled and one.closes > now and one.opens < now + timedelta(hours=23)]
    if value is None:
        assert len(asked) <= left_out
        return
    assert len(value) <= limit
    openings = parse(value)
    assert len(asked) <= len(openings.windows) + left_out
    assert write(openings) == value
