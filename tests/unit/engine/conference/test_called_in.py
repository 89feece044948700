"""Who is called in by hand: now, once, whatever is planned anew or dies meanwhile."""

from dataclasses import replace

import pytest

from gateway.domain.appointment import Response
from gateway.domain.conference import Attempt, CallState, Result
from gateway.errors import Refused
from gateway.planning.conference.calling import MOST_BY_HAND, is_by_hand
from tests.fakes.switch_calls import Phone
from tests.unit.engine.conference.meeting import MINUTE, SECOND, Meetings, meeting
from tests.unit.store.made import HOUR, NOON

START = NOON + HOUR
OPENS = START - 10 * MINUTE


async def held_without_calls(held: Meetings, others: tuple[str, ...] = ("1002",)) -> None:
    """Hold one meeting without AUTOCALL, and come to its start."""
    held.start()
    await held.read(meeting(others=others, location="PBX"))
    await held.until(START)


async def by_hand(held: Meetings) -> list[Attempt]:
    return [one for one in await held.attempts() if is_by_hand(one)]


async def test_somebody_who_is_asked_is_called_at_once_and_once(held: Meetings) -> None:
    await held_without_calls(held)
    assert await held.call_in("1002")
    assert not await held.call_in("1002")
    await held.settle()
    assert held.rung == ["1002"]
    assert not await held.call_in("1002")
    (call,) = held.pbx.telephones.rung
    assert (call.room, call.confirmed, call.is_moderator, call.before) == ("8001", False, False, START + 5 * MINUTE)
    held.pbx.telephones.pick_up(call.id)
    await held.settle()
    with pytest.raises(Refused):
        await held.call_in("1002")
    await held.until(START + 20 * MINUTE)
    assert held.rung == ["1002"]


async def test_a_colleague_who_is_not_asked_comes_in_by_the_call(held: Meetings) -> None:
    held.pbx.telephones.phones["1004"] = Phone.ANSWERS
    await held_without_calls(held)
    await held.call_in("1004")
    await held.settle()
    assert held.rung == ["1004"]
    (stay,) = await held.attendances()
    assert (stay.who, stay.left) == (f"user:{held.people['1004'][0].id}", None)
    with pytest.raises(Refused):
        await held.call_in("1004")


@pytest.mark.parametrize("result", [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.UNREGISTERED])
async def test_nothing_follows_but_another_press(held: Meetings, result: Result) -> None:
    held.pbx.telephones.phones["1002"] = result
    await held_without_calls(held)
    for times in (1, 2):
        await held.call_in("1002")
        await held.until(held.clock.now() + 15 * MINUTE)
        assert [(one.state, one.result) for one in await by_hand(held)] == [(CallState.OVER, result)] * times
    assert len(held.pbx.telephones.asked) == 2


async def test_nobody_is_called_by_hand_without_end(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.REJECTED
    await held_without_calls(held)
    for _ in range(MOST_BY_HAND):
        await held.call_in("1002")
        await held.settle()
    with pytest.raises(Refused):
        await held.call_in("1002")
    assert len(held.rung) == MOST_BY_HAND


async def test_it_outlives_the_meeting_being_changed_and_a_gateway_that_dies(held: Meetings) -> None:
    await held_without_calls(held)
    await held.kill()
    await held.call_in("1003")
    held.start()
    await held.read(meeting(others=("1004",), location="PBX"))
    await held.settle()
    assert held.rung == ["1003"]
    await held.kill()
    held.start()
    await held.read(meeting(others=("1002",), location="PBX"))
    await held.until(START + MINUTE)
    assert held.rung == ["1003"]
    assert len(held.pbx.telephones.live) == 1


async def test_nobody_is_called_later_when_the_gateway_was_not_there(held: Meetings) -> None:
    await held_without_calls(held)
    await held.kill()
    await held.call_in("1002")
    held.clock.turn(6 * MINUTE)
    held.start()
    await held.settle()
    assert held.rung == []
    assert [(one.state, one.result) for one in await by_hand(held)] == [(CallState.VOID, Result.LATE)]


async def test_nobody_is_called_an_hour_later_when_the_clock_was_set_back(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",), location="PBX", length=3 * HOUR))
    await held.until(START + HOUR)
    await held.kill()
    await held.call_in("1002")
    held.clock.turn(-HOUR)
    held.start()
    await held.settle()
    assert [(one.state, one.result) for one in await by_hand(held)] == [(CallState.VOID, Result.LATE)]
    assert await held.call_in("1002")
    await held.until(START + 2 * HOUR)
    assert held.rung == ["1002"]


async def test_a_meeting_that_is_cancelled_lets_the_telephone_be_silent(held: Meetings) -> None:
    await held_without_calls(held)
    await held.call_in("1004")
    await held.settle()
    await held.read()
    await held.settle()
    assert not held.pbx.telephones.live


async def test_who_comes_by_themselves_is_not_rung_any_more(held: Meetings) -> None:
    await held_without_calls(held)
    await held.call_in("1002")
    await held.settle()
    [conference] = await held.conferences()
    channel = held.pbx.telephones.dial_in(conference.name, "1002")
    await held.settle()
    assert not held.pbx.telephones.live
    held.pbx.telephones.leave(channel)
    await held.settle()
    assert await held.call_in("1002")
    await held.settle()
    assert held.rung == ["1002", "1002"]


async def test_what_the_rules_would_try_again_later_is_tried_now_and_not_twice(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.BUSY
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(START + 10 * SECOND)
    del held.pbx.telephones.phones["1002"]
    assert await held.call_in("1002")
    assert not await held.call_in("1002")
    await held.settle()
    await held.until(START + 2 * MINUTE)
    assert held.rung.count("1002") == 2
    assert await by_hand(held) == []


async def test_who_waits_for_a_telephone_is_tried_now(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.UNREGISTERED
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(START + MINUTE)
    held.pbx.telephones.phones["1002"] = Phone.RINGS
    await held.call_in("1002")
    await held.settle()
    assert held.rung == ["1001", "1002"]


async def test_before_the_start_it_takes_nobody_out_of_the_calls_at_the_start(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.NO_ANSWER
    held.start()
    await held.read(meeting(others=("1002", "1003")))
    await held.until(START - MINUTE)
    for number in ("1002", "1003"):
        await held.call_in(number)
    await held.settle()
    held.pbx.telephones.pick_up(held.pbx.telephones.rung[-1].id)
    await held.until(START)
    assert sorted(held.rung) == ["1001", "1002", "1002", "1003"]


async def test_a_telephone_that_rings_by_hand_at_the_start_is_not_called_a_second_time(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(START - 5 * SECOND)
    await held.call_in("1002")
    await held.until(START + 10 * SECOND)
    assert held.rung == ["1002", "1001"]
    held.pbx.telephones.end(held.pbx.telephones.rung[0].id, Result.NO_ANSWER)
    await held.settle()
    assert held.rung == ["1002", "1001", "1002"]


async def test_who_has_declined_is_called_by_hand_only(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",), answers=Response.DECLINED))
    await held.until(START)
    assert held.rung == ["1001"]
    await held.call_in("1002")
    await held.settle()
    assert held.rung == ["1001", "1002"]


async def test_who_is_away_for_something_else_is_not_called_and_whoever_asked_sees_it(held: Meetings) -> None:
    await held_without_calls(held)
    trip = replace(meeting(uid="2", location="", others=()), subject="M: Resa", organiser="u1002@example.org")
    await held.read(trip, whose="1002")
    await held.settle()
    await held.call_in("1002")
    await held.settle()
    assert held.rung == []
    assert [one.result for one in await by_hand(held)] == [Result.AWAY]


async def test_no_more_calls_at_once_than_are_allowed(held: Meetings) -> None:
    held.limits = replace(held.limits, at_once=1)
    await held_without_calls(held)
    for number in ("1002", "1003"):
        await held.call_in(number)
    await held.settle()
    assert held.rung == ["1002"]
    held.pbx.telephones.pick_up(held.pbx.telephones.rung[0].id)
    await held.until(START + MINUTE)
    assert held.rung == ["1002", "1003"]


async def test_it_opens_ten_minutes_before(held: Meetings) -> None:
    held.start()
    await held.read(meeting(location="PBX"))
    await held.until(OPENS - SECOND)
    with pytest.raises(Refused):
        await held.call_in("1002")
    await held.until(OPENS)
    assert await held.call_in("1002")


async def test_a_telephone_that_rang_when_the_pbx_died_keeps_nobody_from_being_called_again(held: Meetings) -> None:
    await held_without_calls(held)
    await held.call_in("1002")
    await held.settle()
    held.pbx.keep()
    held.pbx.kill(0)
    held.pbx.start()
    await held.until(START + MINUTE)
    assert [one.result for one in await by_hand(held)] == [Result.RESTARTED]
    assert await held.call_in("1002")
    await held.settle()
    assert held.rung == ["1002", "1002"]
