"""Who is called, when, and when again."""

from dataclasses import replace

import pytest

from gateway.domain.conference import CallState, Result, RoomOf
from gateway.domain.diversion import Diversion
from gateway.domain.held import PbxEvent
from gateway.engine.conference import calling
from gateway.engine.conference.calling import Limits
from gateway.store import absences, health, rooms, switches, users
from tests.fakes.switch_calls import Phone
from tests.unit.engine.conference.meeting import MINUTE, SECOND, Meetings, meeting
from tests.unit.store.made import HOUR, NOON

START = NOON + HOUR


async def at_start(held: Meetings, *, others: tuple[str, ...] = ("1002",), **values: object) -> None:
    """Hold one meeting, and come to its start."""
    held.start()
    await held.read(meeting(others=others, **values))  # type: ignore[arg-type]
    await held.until(START)


async def results(held: Meetings) -> list[tuple[CallState, Result | None]]:
    return [(one.state, one.result) for one in await held.attempts()]


def ids(held: Meetings, number: str) -> list[str]:
    """The calls that have rung at a telephone."""
    return [call.id for call in held.pbx.telephones.rung if call.to == number]


async def test_what_the_pbx_is_asked(held: Meetings) -> None:
    async with held.store.write() as rows:
        await rooms.put(rows, RoomOf("8001", owner=held.people["1001"][0].id, recorded=True))
    await at_start(held)
    first, second = held.pbx.telephones.rung
    [conference] = await held.conferences()
    assert (first.room, first.name, first.to, first.shown) == ("8001", conference.name, "1001", "Styrgrupp")
    assert (first.is_moderator, second.is_moderator) == (True, False)
    assert (first.recorded, first.forced, first.confirmed, first.language) == (True, False, False, "sv")
    assert first.before == START + 5 * MINUTE


async def test_a_location_without_autocall_calls_nobody(held: Meetings) -> None:
    await at_start(held, location="PBX")
    assert held.rung == []
    assert await held.attempts() == ()


@pytest.mark.parametrize(("result", "wait"), [(Result.BUSY, 60), (Result.NO_ANSWER, 30), (Result.FAILED, 30)])
async def test_who_was_not_reached_is_called_again_at_most_three_times(
    held: Meetings, result: Result, wait: int
) -> None:
    held.pbx.telephones.phones["1002"] = result
    await at_start(held)
    for again in (1, 2):
        await held.until(START + again * wait * SECOND - SECOND)
        assert len(ids(held, "1002")) == again
        await held.until(START + again * wait * SECOND)
        assert len(ids(held, "1002")) == again + 1
    await held.until(START + 20 * MINUTE)
    assert len(ids(held, "1002")) == 3


@pytest.mark.parametrize("result", [Result.REJECTED, Result.UNCONFIRMED, Result.DND, Result.AWAY])
async def test_who_does_not_want_to_is_not_called_again(held: Meetings, result: Result) -> None:
    held.pbx.telephones.phones["1002"] = result
    await at_start(held)
    await held.until(START + 20 * MINUTE)
    assert len(held.pbx.telephones.asked) == 2
    assert (CallState.OVER, result) in await results(held)


async def test_who_has_left_is_not_called_again(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Phone.ANSWERS
    await at_start(held)
    await held.until(START + MINUTE)
    held.pbx.telephones.end(ids(held, "1002")[0], Result.LEFT)
    await held.until(START + 20 * MINUTE)
    assert held.rung.count("1002") == 1


async def test_who_has_no_telephone_is_called_when_it_signs_in(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.UNREGISTERED
    await at_start(held)
    await held.until(START + 4 * MINUTE)
    assert held.rung == ["1001"]
    held.pbx.telephones.sign_in("1002")
    await held.settle()
    assert held.rung == ["1001", "1002"]


async def test_a_telephone_that_signs_in_after_ten_minutes_is_not_called(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Result.UNREGISTERED
    await at_start(held)
    await held.until(START + 10 * MINUTE + SECOND)
    held.pbx.telephones.sign_in("1002")
    await held.settle()
    assert "1002" not in held.rung
    assert (CallState.VOID, Result.LATE) in await results(held)


async def test_who_dials_in_while_the_telephone_rings_is_not_rung_any_more(held: Meetings) -> None:
    await at_start(held)
    [conference] = await held.conferences()
    held.pbx.telephones.dial_in(conference.name, "1002")
    await held.settle()
    assert not set(ids(held, "1002")) & held.pbx.telephones.live.keys()
    await held.until(START + 20 * MINUTE)
    assert held.rung.count("1002") == 1
    assert (CallState.OVER, Result.CAME) in await results(held)


async def test_who_has_dialled_in_before_the_start_is_not_called_also_after_leaving(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START - 5 * MINUTE)
    [conference] = await held.conferences()
    channel = held.pbx.telephones.dial_in(conference.name, "1002")
    await held.until(START - MINUTE)
    held.pbx.telephones.leave(channel)
    await held.until(START + 10 * MINUTE)
    assert "1002" not in held.rung


async def test_who_dialled_in_while_no_gateway_was_there_is_not_called(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START - 5 * MINUTE)
    [conference] = await held.conferences()
    await held.kill()
    held.pbx.telephones.dial_in(conference.name, "1002")
    held.clock.turn(START)
    held.start()
    await held.settle()
    assert held.rung == ["1001", "1003"]


async def test_who_was_brought_in_by_a_call_stays(held: Meetings) -> None:
    for number in ("1001", "1002"):
        held.pbx.telephones.phones[number] = Phone.ANSWERS
    await at_start(held)
    await held.until(START + 20 * MINUTE)
    assert len(held.pbx.telephones.inside) == 2
    assert await results(held) == [(CallState.UP, None)] * 2


async def test_who_is_diverted_by_this_very_meeting_is_called_and_has_to_confirm(held: Meetings) -> None:
    held.start()
    asked = meeting(others=("1002",), subject="M: Styrgrupp")
    await held.read(asked)
    await held.read(asked, whose="1002")
    await held.until(START)
    assert [(call.to, call.forced, call.confirmed) for call in held.pbx.telephones.rung] == [
        ("1001", True, True),
        ("1002", True, True),
    ]


async def test_who_is_away_for_something_else_is_not_called(held: Meetings) -> None:
    held.start()
    await held.read(meeting(others=("1002",), subject="M: Styrgrupp"))
    await held.read(meeting(START - MINUTE, uid="2", subject="L: lunch", location="", others=()), whose="1002")
    await held.until(START)
    assert held.rung == ["1001"]
    assert (CallState.VOID, Result.AWAY) in await results(held)


async def test_who_is_away_by_hand_is_not_called(held: Meetings) -> None:
    user, _ = held.people["1002"]
    await at_start(held, subject="Styrgrupp", others=())
    async with held.store.write() as rows:
        key = "by-hand"
        await absences.put(rows, Diversion(user.id, key, "meeting", NOON, NOON + 9 * HOUR, by_hand=True))
    await held.read(meeting(others=("1002",)))
    await held.settle()
    assert held.rung == ["1001"]


async def test_a_late_guest_is_called_at_once(held: Meetings) -> None:
    await at_start(held)
    await held.until(START + 20 * MINUTE)
    await held.read(meeting(others=("1002", "1004")))
    await held.settle()
    assert held.rung == ["1001", "1002", "1004"]


async def test_a_meeting_that_is_cancelled_while_telephones_ring_lets_them_be_silent(held: Meetings) -> None:
    await at_start(held)
    await held.read()
    await held.settle()
    assert not held.pbx.telephones.live
    await held.until(START + 20 * MINUTE)
    assert len(held.rung) == 2
    assert {result for _, result in await results(held)} == {Result.DROPPED}


async def test_a_meeting_cancelled_before_its_start_calls_nobody(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START - MINUTE)
    await held.read()
    await held.until(START + 20 * MINUTE)
    assert held.rung == []


async def test_who_is_not_asked_any_more_is_not_rung_any_more(held: Meetings) -> None:
    await at_start(held, others=("1002", "1003"))
    await held.read(meeting(others=("1003",)))
    await held.settle()
    assert {call.to for call in held.pbx.telephones.live.values()} == {"1001", "1003"}


async def test_what_the_pbx_refuses_is_told_and_tried_again(held: Meetings) -> None:
    held.pbx.telephones.refuses = frozenset({"1002"})
    await at_start(held)
    async with held.store.read() as rows:
        told = await health.get(rows, "pbx:main")
    assert told
    assert told.facts["calls_refused"] == "it would not"
    held.pbx.telephones.refuses = frozenset()
    await held.until(START + 30 * SECOND)
    assert held.rung == ["1001", "1002"]


async def test_organisers_come_first(held: Meetings) -> None:
    held.start()
    async with held.store.write() as rows:
        await rooms.put(rows, RoomOf("8002", owner=held.people["1002"][0].id))
    await held.read(meeting(others=("1003", "1004")))
    second = replace(meeting(uid="2", others=("1003", "1004")), organiser="u1002@example.org")
    await held.read(second, whose="1002")
    await held.until(START)
    assert sorted(held.rung[:2]) == ["1001", "1002"]
    assert len(held.rung) == 6


async def test_everybody_else_waits_until_organisers_are_being_called(
    held: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "AT_A_TIME", 1)
    monkeypatch.setattr(calling, "AWAITED", 0)
    untold: list[PbxEvent] = []
    tell = held.pbx.telephones.tell
    held.pbx.telephones.tell = untold.append
    await at_start(held, others=("1002", "1003"))
    assert held.rung == ["1001"]
    held.pbx.telephones.tell = tell
    for event in untold:
        tell(event)
    await held.until(START + SECOND)
    assert sorted(held.rung) == ["1001", "1002", "1003"]


async def test_no_more_calls_a_second_than_are_allowed(held: Meetings) -> None:
    held.limits = Limits(per_second=2)
    await at_start(held, others=("1002", "1003", "1004"))
    assert len(held.rung) == 1
    await held.until(START + SECOND)
    assert len(held.rung) == 3
    await held.until(START + 2 * SECOND)
    assert len(held.rung) == 4


async def test_no_more_calls_at_once_than_are_allowed(held: Meetings) -> None:
    held.limits = Limits(per_second=1000, at_once=2)
    await at_start(held, others=("1002", "1003", "1004"))
    await held.until(START + MINUTE)
    assert len(held.rung) == 2
    held.pbx.telephones.pick_up(ids(held, "1001")[0])
    await held.until(START + MINUTE + SECOND)
    assert len(held.rung) == 3


async def test_telephones_do_not_show_what_the_meeting_is_called_where_they_shall_not(held: Meetings) -> None:
    held.limits = replace(held.limits, subjects=False)
    await at_start(held)
    assert {call.shown for call in held.pbx.telephones.rung} == {""}


async def test_a_dry_run_calls_nobody_and_plans(held: Meetings) -> None:
    held.dry_run = True
    await at_start(held)
    assert len(await held.conferences()) == 1
    assert len(await held.attempts()) == 2
    assert held.pbx.telephones.asked == []


async def test_off_calls_nobody_and_on_calls_who_is_not_late(held: Meetings) -> None:
    async with held.store.write() as rows:
        await switches.turn_off(rows, held.clock.now())
    await at_start(held)
    await held.until(START + 2 * MINUTE)
    assert held.rung == []
    async with held.store.write() as rows:
        await switches.turn_on(rows)
    await held.settle()
    assert held.rung == ["1001", "1002"]


async def test_a_disabled_user_is_not_called(held: Meetings) -> None:
    async with held.store.write() as rows:
        await users.put(rows, replace(held.people["1002"][0], enabled=False))
    await at_start(held)
    assert held.rung == ["1001"]
