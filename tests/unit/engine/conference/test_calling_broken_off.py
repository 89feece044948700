"""Nobody is called twice and nobody is forgotten, whatever ends in the middle of calling."""

import pytest

from gateway.domain.conference import CallState, Result
from tests.unit.engine.conference.meeting import MINUTE, SECOND, Meetings, meeting
from tests.unit.engine.conference.test_calling import START, at_start, ids, results
from tests.unit.store.made import HOUR


async def test_a_gateway_that_was_down_at_the_start_calls_within_five_minutes(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.settle()
    await held.kill()
    held.clock.turn(START + 4 * MINUTE)
    held.start()
    await held.settle()
    assert held.rung == ["1001", "1002"]


async def test_a_gateway_that_was_down_for_longer_calls_nobody(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(START - MINUTE)
    await held.kill()
    held.clock.turn(START + 5 * MINUTE + SECOND)
    held.start()
    await held.settle()
    assert held.rung == []
    assert {result for _, result in await results(held)} == {Result.LATE}


MOMENTS = [
    turns if turns % 24 == 0 else pytest.param(turns, marks=pytest.mark.soak) for turns in range(0, 120, 4)
]  # of the loop, after which a gateway is killed


@pytest.mark.parametrize("turns", MOMENTS)
@pytest.mark.parametrize("partly", [0, 2])
async def test_a_gateway_that_is_killed_around_the_start_calls_everybody_once(
    held: Meetings, turns: int, partly: int
) -> None:
    held.pbx.telephones.partly, held.pbx.telephones.lag = partly, turns % 7
    held.start()
    await held.read(meeting(others=("1002", "1003")))
    await held.until(START - MINUTE)
    held.clock.turn(START)
    await held.turns(turns)
    await held.kill()
    held.start()
    await held.settle()
    assert sorted(held.rung) == ["1001", "1002", "1003"]
    for number in ("1001", "1002"):
        held.pbx.telephones.pick_up(ids(held, number)[0])
    held.pbx.telephones.end(ids(held, "1003")[0], Result.REJECTED)
    await held.settle()
    assert sorted(await results(held), key=str) == [
        (CallState.OVER, Result.REJECTED),
        (CallState.UP, None),
        (CallState.UP, None),
    ]


async def test_a_result_that_nobody_heard_is_read_back(held: Meetings) -> None:
    await at_start(held)
    await held.kill()
    held.pbx.telephones.end(ids(held, "1002")[0], Result.BUSY)
    held.pbx.telephones.pick_up(ids(held, "1001")[0])
    held.start()
    await held.settle()
    assert {(CallState.OVER, Result.BUSY), (CallState.UP, None)} < set(await results(held))
    await held.until(START + MINUTE)
    assert held.rung == ["1001", "1002", "1002"]


async def test_a_pbx_that_was_killed_calls_nobody_a_second_time(held: Meetings) -> None:
    await at_start(held)
    held.pbx.kill()
    held.pbx.start()
    await held.until(START + 20 * MINUTE)
    assert held.rung == ["1001", "1002"]
    assert {result for _, result in await results(held)} == {Result.RESTARTED}


async def test_a_connection_that_is_cut_in_the_middle_of_calling_calls_everybody_once(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002", "1003", "1004")))
    await held.until(START - MINUTE)
    held.pbx.cut_after = 2
    await held.until(START + MINUTE)
    assert sorted(held.rung) == ["1001", "1002", "1003", "1004"]


async def test_a_telephone_that_signed_in_while_the_connection_was_lost_is_called(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.UNREGISTERED
    await at_start(held)
    held.pbx.lose()
    held.pbx.telephones.sign_in("1002")
    await held.until(START + MINUTE)
    assert held.rung == ["1001", "1002"]


async def test_what_is_over_is_forgotten_by_the_pbx_too(held: Meetings) -> None:
    await at_start(held)
    for call in held.pbx.telephones.rung:
        held.pbx.telephones.end(call.id, Result.REJECTED)
    await held.until(START + HOUR + 5 * MINUTE - SECOND)
    assert len(held.pbx.telephones.marks) == 2
    await held.until(START + HOUR + 6 * MINUTE)
    assert held.pbx.telephones.marks == {}
    assert await held.attempts() == ()


async def test_what_was_forgotten_while_the_pbx_was_away_is_forgotten_when_it_comes(held: Meetings) -> None:
    await at_start(held)
    for call in held.pbx.telephones.rung:
        held.pbx.telephones.end(call.id, Result.REJECTED)
    await held.settle()
    held.pbx.lose()
    held.pbx.is_up = False
    await held.until(START + HOUR + 6 * MINUTE)
    held.pbx.is_up = True
    await held.until(START + HOUR + 10 * MINUTE)
    assert held.pbx.telephones.marks == {}
