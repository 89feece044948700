"""How fast calls leave."""

from bisect import bisect_left
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.conference.pace import Pace
from tests.unit.store.made import NOON

SECOND = timedelta(seconds=1)


def left(pace: Pace, wakes: list[float]) -> list[float]:
    """Return when calls left, where as many wait as may leave."""
    found = []
    for wake in wakes:
        now = NOON + timedelta(seconds=wake)
        free = pace.free(now)
        pace.take(free, now)
        found += [wake] * free
    return found


@pytest.mark.parametrize("per_second", [1.0, 20.0, 333.0, 1000.0])
@settings(max_examples=20, deadline=None)
@given(late=st.lists(st.floats(0.0001, 0.04), min_size=300, max_size=300))
def test_a_limit_is_held_within_a_twentieth_in_every_second_however_late_one_wakes(
    per_second: float, late: list[float]
) -> None:
    wakes, now = [], 0.0
    for one in late:
        wakes.append(now)
        now += max(one, 1 / per_second)
    times = left(Pace(per_second), wakes)
    assert all(bisect_left(times, one + 1) - at <= per_second * 1.05 + 1 for at, one in enumerate(times))


@pytest.mark.parametrize("per_second", [20.0, 100.0])
def test_what_is_lost_by_waking_late_is_made_up_for(per_second: float) -> None:
    times = left(Pace(per_second), [at / 33 for at in range(330)])
    assert len(times) >= per_second * 10 * 0.95


def test_after_a_pause_calls_do_not_leave_all_at_once() -> None:
    pace = Pace(20)
    assert len(left(pace, [0, 100, 100.001])) <= 5


def test_a_clock_that_was_set_back_does_not_stop_it() -> None:
    pace = Pace(20)
    pace.take(pace.free(NOON), NOON)
    assert pace.free(NOON - timedelta(hours=1)) > 0
