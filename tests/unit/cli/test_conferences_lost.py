"""Calls that were lost with a run of the PBX are counted where conferences are told of."""

from datetime import UTC, datetime

from gateway.cli.conferences import _note
from gateway.deciding.planned import Told, in_short
from gateway.domain.conference import CallState, Result
from tests.unit.cli.test_conferences import attempt, conference

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def told(first: Result, *, collided: bool = False) -> Told:
    """A conference to which three were called; `first`: how that ended for the organiser."""
    runs = conference("a", NOW, collided=collided)
    results = {0: first, 1: Result.BUSY, 3: Result.RESTARTED}
    made = tuple(attempt(runs, rank, 1, CallState.OVER, result, NOW) for rank, result in results.items())
    return Told(runs, None, made, (), NOW)


def test_calls_that_were_lost_with_the_pbx_are_counted():
    both = told(Result.RESTARTED)
    assert in_short(both)["lost"] == 2
    assert _note(both) == "calls lost when the PBX was started anew: 2"
    assert in_short(told(Result.LEFT))["lost"] == 1


def test_a_room_that_was_taken_is_told_beside_them():
    said = _note(told(Result.LEFT, collided=True))
    assert said == "the organiser's room was taken; calls lost when the PBX was started anew: 1"
