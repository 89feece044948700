"""Who is called in by hand: which row that is, and that planning anew leaves it alone."""

from dataclasses import replace

import pytest

from gateway.domain.conference import Attempt, CallState, Conference, Participant, Result
from gateway.planning.conference.calling import (
    MOST_ATTEMPTS,
    after,
    at_once,
    guest_of,
    void,
    wanted,
    who_of,
)  # fmt: skip
from tests.unit.planning.conference.test_calling import ANNA, BERTA, CARL, STYRELSE, Rows, due, looked
from tests.unit.planning.given import at
from tests.unit.planning.planned import conference

DUE, SENT, UP, OVER = CallState.DUE, CallState.SENT, CallState.UP, CallState.OVER


def by_hand(one: Participant, rows: Rows, clock: str, of: Conference = STYRELSE) -> Attempt | None:
    return at_once(of, one, rows.by_id.values(), at(clock))


@pytest.mark.parametrize("of", [STYRELSE, replace(STYRELSE, autocall=False)])
def test_by_hand_somebody_is_called_now_and_not_again_while_that_is_underway(of: Conference):
    rows = Rows()
    pressed = by_hand(BERTA, rows, "09:05", of)
    assert pressed is not None
    assert (pressed.number, pressed.state, pressed.at, pressed.ends) == (MOST_ATTEMPTS + 1, DUE, at("09:05"), of.end)
    for state in (DUE, SENT, UP):
        rows.put([replace(pressed, state=state)])
        assert by_hand(BERTA, rows, "09:06", of) is None
    assert by_hand(ANNA, rows, "09:06", of) is not None
    rows.put([replace(pressed, state=OVER, result=Result.REJECTED)])
    again = by_hand(BERTA, rows, "09:06", of)
    assert again is not None
    assert (again.number, again.id == pressed.id) == (MOST_ATTEMPTS + 2, False)


@pytest.mark.parametrize(
    "of",
    [
        replace(STYRELSE, autocall=False),
        replace(STYRELSE, participants=(ANNA,)),
        replace(STYRELSE, participants=(ANNA, replace(BERTA, declined=True))),
    ],
)
def test_a_call_by_hand_stays_whoever_is_asked(of: Conference):
    pressed = by_hand(BERTA, Rows(), "09:05")
    assert pressed is not None
    assert [row for row in wanted(of, [pressed], True, at("09:06"), {BERTA.who}) if row.id == pressed.id] == []


@pytest.mark.parametrize(
    ("of", "clock", "result"),
    [
        (replace(STYRELSE, cancelled=True), "09:06", Result.DROPPED),
        (replace(STYRELSE, room=None), "09:06", Result.DROPPED),
        (STYRELSE, "10:00", Result.DROPPED),
        (replace(STYRELSE, start=at("09:30"), opens=at("09:20")), "09:06", Result.DROPPED),
        (STYRELSE, "09:10:01", Result.LATE),
        (replace(STYRELSE, opens=at("07:00")), "08:05", Result.LATE),  # the clock was set back
    ],
)
def test_a_call_by_hand_is_not_made_into_what_is_over_or_late(of: Conference, clock: str, result: Result):
    pressed = by_hand(BERTA, Rows(), "09:05")
    assert pressed is not None
    assert void(pressed, result, at(clock)) in wanted(of, [pressed], True, at(clock))


def test_a_call_by_hand_ends_with_its_conference_and_nothing_follows_it():
    pressed = by_hand(BERTA, Rows(), "09:05")
    assert pressed is not None
    shorter = replace(STYRELSE, autocall=False, end=at("09:30"))
    assert wanted(shorter, [pressed], True, at("09:06")) == (replace(pressed, ends=at("09:30")),)
    for result in Result:
        assert after(pressed, result, at("09:06"))[1] is None


def test_what_the_rules_would_try_again_after_the_start_is_tried_now():
    rows = looked(STYRELSE, "08:30")
    rows.tell(BERTA, Result.BUSY, "09:00:10")
    (_, later) = rows.of(BERTA)
    assert by_hand(BERTA, rows, "09:00:20") == replace(later, at=at("09:00:20"))
    rows.tell(BERTA, Result.UNREGISTERED, "09:02")
    (*_, waits) = rows.of(BERTA)
    assert by_hand(BERTA, rows, "09:03") == replace(waits, at=at("09:03"), waits=False)
    rows.put([replace(waits, at=at("09:03"), waits=False)])
    rows.look(STYRELSE, "09:03")
    assert rows.of(BERTA)[-1].at == at("09:03")


def test_what_is_too_late_for_the_rules_keeps_nobody_from_being_called():
    rows = looked(STYRELSE, "08:30")
    assert by_hand(BERTA, rows, "09:04") is None
    anew = by_hand(BERTA, rows, "09:05:01")
    assert anew is not None
    assert (anew.number, anew.at) == (1, at("09:05:01"))
    rows.tell(BERTA, Result.UNREGISTERED, "09:02")
    pressed = by_hand(BERTA, rows, "09:10")
    assert pressed is not None
    assert (pressed.number, pressed.at, pressed.waits) == (MOST_ATTEMPTS + 1, at("09:10"), False)


@pytest.mark.parametrize("clock", ["09:10:01", "08:30"])
def test_what_was_pressed_and_is_made_no_more_keeps_nobody_from_pressing(clock: str):
    rows, of = Rows(), replace(STYRELSE, autocall=False)
    pressed = by_hand(BERTA, rows, "09:05", of)
    assert pressed is not None
    rows.put([pressed])
    again = by_hand(BERTA, rows, clock, of)
    assert again is not None
    assert again.number == pressed.number + 1


def test_before_the_start_the_call_at_the_start_stays():
    rows = looked(STYRELSE, "08:30")
    pressed = by_hand(BERTA, rows, "08:55")
    assert pressed is not None
    rows.put([pressed])
    rows.look(STYRELSE, "08:56")
    assert rows.said(BERTA) == [due(), due("08:55", MOST_ATTEMPTS + 1)]


def test_a_colleague_who_is_not_asked_is_found_by_what_names_them():
    who = who_of(STYRELSE, CARL)
    assert guest_of(STYRELSE, who, (1, 2, 3)) == Participant("", 3)
    assert guest_of(STYRELSE, who, (1, 2)) is None
    assert guest_of(conference("other"), who, (1, 2, 3)) is None
