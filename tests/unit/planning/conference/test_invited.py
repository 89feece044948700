"""What a PBX holds of the conferences that somebody is asked to: nothing but its own grammar gets in or out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.conference import invited
from gateway.planning.conference.invited import Invitations, Window, parse, write
from tests.unit.planning.given import at
from tests.unit.planning.planned import MINUTES, conference, some_conferences

BASE = datetime(2026, 11, 23, 7, tzinfo=UTC)
ONE = Window(BASE + 10 * MINUTES, BASE + 95 * MINUTES, "8001", "00ff11ee22dd")
HELD = Invitations(BASE, (ONE,))
VALUE = "1|1795417200|600-5700-8001-00ff11ee22dd"
NOW = at("08:30")


@st.composite
def some_invitations(draw):
    opens, windows = BASE, []
    for _ in range(draw(st.integers(0, 6))):
        opens += draw(st.integers(0, 9000)) * MINUTES
        closes = opens + draw(st.integers(1, 9000)) * MINUTES
        number = draw(st.from_regex(r"[0-9]{1,20}", fullmatch=True))
        windows.append(Window(opens, closes, number, draw(st.from_regex(r"[0-9a-f]{12}", fullmatch=True))))
    return Invitations(BASE, tuple(windows))


def test_this_is_how_it_is_written():
    assert write(HELD) == VALUE
    assert parse(VALUE) == HELD


@given(some_invitations())
def test_what_is_written_is_read_back(invitations):
    assert parse(write(invitations)) == invitations


@given(st.text(max_size=60) | st.text(alphabet="0123456789-|ab", max_size=60).map("1|{}".format))
def test_nothing_is_read_that_would_not_have_been_written(text):
    try:
        invitations = parse(text)
    except ValueError:
        return
    assert write(invitations) == text


@pytest.mark.parametrize(
    "bad",
    [
        replace(HELD, windows=(replace(ONE, room=""),)),
        replace(HELD, windows=(replace(ONE, room="8001,1"),)),
        replace(HELD, windows=(replace(ONE, name="0"),)),
        replace(HELD, windows=(replace(ONE, closes=ONE.opens),)),
        replace(HELD, windows=(replace(ONE, opens=ONE.opens + MINUTES), ONE)),
        replace(HELD, base=ONE.closes),
    ],
)
def test_what_the_format_has_no_room_for_is_refused(bad):
    with pytest.raises(ValueError, match="has no room"):
        write(bad)


def test_who_is_asked_may_come_in_from_the_opening_until_it_closes():
    value, left_out = invited.of([conference()], NOW)
    assert parse(value or "").windows == (Window(at("08:50"), at("10:15"), "8001", conference().name),)
    assert left_out == 0


def test_those_that_overlap_are_all_held_the_first_to_open_first():
    some = [conference("second", at("09:30"), room="8002"), conference()]
    value, _ = invited.of(some, NOW)
    assert [window.room for window in parse(value or "").windows] == ["8001", "8002"]


@pytest.mark.parametrize(
    "one",
    [
        conference(cancelled=True),
        conference(room=None),
        conference(start=at("06:00")),
        conference(start=at("12:00", "2026-11-24")),
    ],
)
def test_what_nobody_can_join_is_not_held(one):
    assert invited.of([one], NOW) == (None, 0)


def test_what_does_not_fit_is_left_out_from_the_end():
    some = [conference(str(minute), at("12:00") + 5 * minute * MINUTES, last=5) for minute in range(60)]
    value, left_out = invited.of(reversed(some), NOW)
    kept = parse(value or "").windows
    assert [window.name for window in kept] == [one.name for one in some[: len(kept)]]
    assert len(kept) + left_out == 60 > len(kept)


@given(some_conferences(), st.integers(0, 48 * 60), st.sampled_from((20, 100, 300, 1000)))
def test_whatever_is_planned_the_value_can_be_read_and_is_not_too_long(some, minute, limit):
    now = datetime(2026, 11, 22, 12, tzinfo=UTC) + minute * MINUTES
    value, left_out = invited.of(some, now, limit)
    asked = [one for one in some if not one.cancelled and one.closes > now and one.opens < now + timedelta(hours=23)]
    assert len(asked) <= left_out + (len(parse(value).windows) if value else 0)
    assert value is None or len(value) <= limit
