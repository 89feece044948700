"""From an appointment in a calendar to a conference that the PBX knows."""

from dataclasses import replace

import pytest

from gateway.domain.conference import CallState, Meeting, Result
from gateway.engine.conference.conferences import Conferences
from gateway.store import conferences, meetings, users
from gateway.store.rows import Rows
from tests.unit.engine.conference.meeting import MINUTE, SECOND, Meetings, everybody, meeting
from tests.unit.store.made import HOUR, NOON

START = NOON + HOUR


async def test_a_meeting_with_pbx_in_its_place_becomes_a_conference_that_everybody_is_called_into(
    held: Meetings,
) -> None:
    held.start()
    await held.read(meeting())
    await held.settle()
    [conference] = await held.conferences()
    assert (conference.room, conference.start) == ("8001", START)
    assert held.pbx.holds["8001"].room
    assert held.pbx.holds["1002"].invited
    await held.until(START - SECOND)
    assert held.rung == []
    await held.until(START)
    assert held.rung == ["1001", "1002", "1003"]


async def test_whom_to_call_is_written_an_hour_before(held: Meetings) -> None:
    held.start()
    await held.read(meeting(NOON + 3 * HOUR))
    await held.until(NOON + 2 * HOUR - SECOND)
    assert await held.attempts() == ()
    await held.until(NOON + 2 * HOUR)
    assert [one.state for one in await held.attempts()] == [CallState.DUE] * 3


async def test_a_meeting_that_moves_before_its_start_moves_its_calls(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START - MINUTE)
    await held.read(meeting(START + 30 * MINUTE))
    await held.until(START + 29 * MINUTE)
    assert held.rung == []
    await held.until(START + 30 * MINUTE)
    assert held.rung == ["1001", "1002", "1003"]
    [conference] = await held.conferences()
    assert conference.start == START + 30 * MINUTE


async def test_a_meeting_that_moves_while_somebody_is_in_keeps_its_conference_and_calls_nobody_again(
    held: Meetings,
) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START)
    [before] = await held.conferences()
    held.pbx.telephones.pick_up(held.pbx.telephones.rung[0].id)
    await held.until(START + 5 * MINUTE)
    await held.read(meeting(START + 30 * MINUTE))
    await held.until(START + HOUR)
    [after] = await held.conferences()
    assert (after.key, after.room, after.start) == (before.key, before.room, START + 30 * MINUTE)
    assert held.rung == ["1001", "1002", "1003"]


async def test_two_meetings_of_one_organiser_at_once_have_two_rooms(held: Meetings) -> None:
    held.start()
    await held.read(meeting(), meeting(uid="2", others=("1004",)))
    await held.settle()
    assert sorted((one.room, one.collided) for one in await held.conferences()) == [("8001", False), ("8009", True)]


async def test_a_cancelled_conference_leaves_nothing(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.settle()
    await held.read()
    await held.settle()
    assert await held.conferences() == ()
    assert "8001" not in held.pbx.holds
    assert {(one.state, one.result) for one in await held.attempts()} == {(CallState.VOID, Result.DROPPED)}


async def test_a_meeting_that_comes_back_calls_everybody_once(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START - 5 * MINUTE)
    await held.read()
    await held.settle()
    await held.read(meeting())
    await held.until(START + MINUTE)
    assert held.rung == ["1001", "1002", "1003"]


async def test_a_meeting_that_comes_back_while_it_goes_on_calls_nobody_a_second_time(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START + SECOND)
    await held.read()
    await held.settle()
    await held.read(meeting())
    await held.until(START + 20 * MINUTE)
    assert len(held.pbx.telephones.asked) == 3
    assert {(one.state, one.result) for one in await held.attempts()} == {(CallState.OVER, Result.DROPPED)}


async def test_a_cancelled_conference_waits_until_its_organiser_is_told(held: Meetings) -> None:
    planner = Conferences(held.store, held.decided, everybody, held.clock, is_told=True)
    held.with_part(planner.run())
    await held.read(meeting())
    await held.settle()
    [one] = await held.conferences()
    await held.read()
    await held.settle()
    [one] = await held.conferences()
    assert one.cancelled
    async with held.store.write() as rows:
        await conferences.told(rows, one.key, "cancelled")
    await held.settle()
    assert await held.conferences() == ()


async def test_a_cancelled_conference_does_not_wait_for_a_letter_that_cannot_be_sent(held: Meetings) -> None:
    planner = Conferences(held.store, held.decided, everybody, held.clock, is_told=True)
    held.with_part(planner.run())
    await held.read(meeting())
    await held.settle()
    await held.read()
    await held.until(NOON + 49 * SECOND)
    assert len(await held.conferences()) == 1
    await held.until(NOON + 50 * SECOND)
    assert await held.conferences() == ()


async def test_an_organiser_who_is_removed_cancels_what_is_planned(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.settle()
    async with held.store.write() as rows:
        await users.remove(rows, held.people["1001"][0].id)
    await held.settle()
    assert await held.conferences() == ()


async def test_an_organiser_who_is_removed_while_somebody_is_in_ends_nothing(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START)
    held.pbx.telephones.pick_up(held.pbx.telephones.rung[1].id)
    await held.settle()
    async with held.store.write() as rows:
        await users.remove(rows, held.people["1001"][0].id)
    await held.until(START + HOUR - SECOND)
    assert len(held.pbx.telephones.inside) == 1
    await held.until(START + HOUR + 16 * MINUTE)
    assert not held.pbx.telephones.inside
    assert await held.conferences() == ()


async def test_a_participant_who_is_disabled_is_left_out(held: Meetings) -> None:
    async with held.store.write() as rows:
        await users.put(rows, replace(held.people["1003"][0], enabled=False))
    held.start()
    await held.read(meeting())
    await held.until(START)
    assert held.rung == ["1001", "1002"]


async def test_all_is_gone_when_all_is_over(held: Meetings) -> None:
    held.start()
    await held.read(meeting())
    await held.until(START + 2 * HOUR)
    assert (await held.conferences(), await held.attempts(), await held.attendances()) == ((), (), ())
    assert held.pbx.telephones.marks == {}
    assert {(one.room, one.invited) for one in held.pbx.holds.values()} == {(None, None)}


async def test_what_it_has_written_itself_is_not_looked_at_again(
    held: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, every = [], meetings.every

    async def counted(rows: Rows) -> tuple[Meeting, ...]:
        looks.append(held.clock.now())
        return await every(rows)

    held.start()
    await held.settle()
    monkeypatch.setattr(meetings, "every", counted)
    await held.read(meeting())
    await held.settle()
    assert len(await held.conferences()) == 1
    assert len(looks) == 2  # whether anything differs, and what is to be written
