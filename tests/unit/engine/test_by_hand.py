"""What is dialled is taken over, once, and what is set by command is held by the PBX."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.diversion import Diversion
from gateway.domain.held import Dialled, Held, Lamp
from gateway.planning.hand import parse
from gateway.store import absences, diversions, health, switches
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.switch import FakePbx
from tests.unit.engine.test_reconcile import dark, lit, planned, running
from tests.unit.store.made import HOUR, NOON, diversion

FOUR = "*23*1*1600"  # a meeting until four, in Stockholm


async def absence(store: Store, user: int) -> Diversion | None:
    async with store.read() as rows:
        return await absences.of(rows, user)


async def turn(store: Store, number: str) -> int:
    async with store.read() as rows:
        return (await absences.turns(rows)).get(number, 0)


def is_known(pbx: FakePbx, place: str) -> bool:
    return place in pbx.holds and pbx.holds[place].phone is not None


def turn_at(pbx: FakePbx, place: str) -> int:
    return int((pbx.holds[place].phone or "").split("|")[2].split("-")[3])


async def test_what_is_dialled_is_kept_and_held(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    user, _ = await planned(store, phones=("1501",))
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1501"))
        pbx.dial("1501", FOUR, clock.now())
        await comes(lambda: turn_at(pbx, "1501") == 1 and pbx.paused == {"1001", "1501"})
        kept = await absence(store, user.id)
        assert kept
        assert (kept.code, kept.start, kept.end) == ("meeting", NOON, NOON + timedelta(hours=3))
        held = pbx.holds["1001"]
        assert lit(pbx, "1001", "1501")
        assert held.presence
        assert held.presence.reason == "meeting"
        assert held.hand
        assert parse(held.hand).turn == 1
        assert pbx.holds["1501"].hand is None
        pbx.dial("1001", "#23#", clock.now())
        await comes(lambda: turn_at(pbx, "1001") == 2 and not pbx.paused)
        assert dark(pbx, "1001", "1501")
        assert pbx.holds["1001"].hand is None
    assert await absence(store, user.id) is None


async def test_what_was_dialled_while_nobody_listened_is_read_back(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
    for _ in range(3):
        pbx.dial("1001", FOUR, clock.now())
        pbx.dial("1001", "#23#", clock.now())
    pbx.dial("1001", FOUR, clock.now())
    async with running(store, pbx, clock):
        await comes(lambda: turn_at(pbx, "1001") == 7)
    assert await absence(store, user.id)
    assert await turn(store, user.extension) == 7


async def test_a_meeting_that_was_ended_while_nobody_listened_stays_away(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001"))
    pbx.dial("1001", "#23#", clock.now())
    async with running(store, pbx, clock):
        await comes(lambda: turn_at(pbx, "1001") == 1 and pbx.holds["1001"].schedule is None)
        assert dark(pbx, "1001")
    async with store.read() as rows:
        assert [one.dismissed for one in await diversions.of(rows, user.id)] == [True]


async def test_an_old_copy_of_what_was_dialled_does_not_come_back(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
        pbx.dial("1001", FOUR, clock.now())
        old = pbx.holds["1001"].hand
        await comes(lambda: turn_at(pbx, "1001") == 1)
        async with store.write() as rows:
            assert await absences.end(rows, user.id, clock.now())
        await comes(lambda: pbx.holds["1001"].hand is None)
    pbx.put("1001", "hand", old)  # as AstDB has it again after a hard kill
    async with running(store, pbx, clock):
        await comes(lambda: pbx.holds["1001"].hand is None)
    assert await absence(store, user.id) is None


async def test_what_is_set_by_command_is_held_and_ended_on_the_telephone(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
        async with store.write() as rows:
            await absences.put(rows, diversion(user.id, code="lunch", start=clock.now(), end=clock.now() + HOUR))
        await comes(lambda: lit(pbx, "1001") and pbx.holds["1001"].hand is not None)
        pbx.dial("1001", "#23#", clock.now())
        await comes(lambda: turn_at(pbx, "1001") == 1 and dark(pbx, "1001"))
    assert await absence(store, user.id) is None


async def test_garbage_in_the_register_is_removed_and_changes_nothing(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    pbx.holds["1001"] = Held(hand="1|07-0-|''; DROP")
    pbx.holds["9999"] = Held(hand="1|8-0-")
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001") and "9999" not in pbx.holds)
        assert pbx.holds["1001"].hand is None
    assert await turn(store, user.extension) == 0


async def test_a_code_that_nobody_has_any_more_sets_nothing(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    user, _ = await planned(store)
    until = int((NOON + HOUR).timestamp())
    start = int(NOON.timestamp())
    pbx.holds["1001"] = Held(hand=f"1|1-0-77|{start}-{until}-{until}-0-av-av-away--")
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001") and pbx.holds["1001"].hand is None)
        assert turn_at(pbx, "1001") == 1
    assert await absence(store, user.id) is None


async def test_a_dry_run_takes_nothing_over(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    user, _ = await planned(store)
    before = Held(hand="1|1-0-")
    pbx.holds["1001"] = before
    async with running(store, pbx, clock, dry_run=True):
        await comes(lambda: pbx.is_connected and clock.waiting >= 1)
        assert pbx.holds == {"1001": before}
    assert await turn(store, user.extension) == 0


async def test_what_is_dialled_is_taken_over_while_ringplan_is_off(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
    pbx.dial("1001", FOUR, clock.now())
    async with store.write() as rows:
        await switches.turn_off(rows, clock.now())
    async with running(store, pbx, clock):
        await comes(lambda: not pbx.holds)
    assert await absence(store, user.id)


async def test_queues_pass_over_who_is_diverted_and_over_nobody_else(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    await planned(store)
    await planned(store, "1002")
    pbx.members = {"1001", "1002"}
    pbx.pause_by("1002")
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
        assert pbx.paused == set()
        clock.turn(HOUR)
        await comes(lambda: pbx.paused == {"1001"})
        pbx.pauses.clear()  # as a queue that was reloaded
        pbx.join("1003")
        await comes(lambda: pbx.paused == {"1001", "1002"})
        clock.turn(3 * HOUR)
        await comes(lambda: not pbx.paused)
    async with store.read() as rows:
        told = await health.get(rows, "pbx:main")
    assert told
    assert told.facts["queues"] == ""


async def test_each_thing_that_was_dialled_counts_though_the_last_one_does_not_know_of_it(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    user, _ = await planned(store)
    clock.turn(HOUR)
    now, until = int(clock.now().timestamp()), int((clock.now() + HOUR / 2).timestamp())
    later = f"1|2-0-1|{now}-{until}-{until}-0-av-av-meeting--"  # our writing had taken the end out of the register
    pbx.holds["1001"] = Held(hand=later)
    pbx.told = [Dialled("1001", hand, Lamp.ON, ("1001",)) for hand in (f"1|1-{now}-", later)]
    pbx.slow = 20
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001") and turn_at(pbx, "1001") == 2)
    assert await absence(store, user.id)
    async with store.read() as rows:
        assert [one.dismissed for one in await diversions.of(rows, user.id)] == [True]


@pytest.mark.parametrize("told", ["1|1-0-", "1|07-0-|''; DROP"], ids=["earlier", "garbage"])
async def test_what_is_told_does_not_hide_what_the_register_holds(
    store: Store, pbx: FakePbx, clock: HandClock, told: str
) -> None:
    user, _ = await planned(store)
    now, until = int(NOON.timestamp()), int((NOON + HOUR).timestamp())
    pbx.holds["1001"] = Held(hand=f"1|2-0-1|{now}-{until}-{until}-0-av-av-meeting--")
    pbx.told = [Dialled("1001", told, Lamp.OFF, ("1001",))]
    pbx.slow = 20
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001") and turn_at(pbx, "1001") == 2)
    assert await absence(store, user.id)


async def test_what_was_heard_before_the_connection_was_lost_is_taken_over_on_the_next_one(
    store: Store, pbx: FakePbx, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, _ = await planned(store)
    put, cutting = pbx.put, list[asyncio.Task[None]]()

    async def cut() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        pbx.lose()

    def crossed(place: str, part: str, value: Any) -> None:
        if part == "hand" and not cutting:
            cutting.append(asyncio.create_task(cut()))
            pbx.dial(place, "*23*1*1700", clock.now())
        put(place, part, value)

    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
        monkeypatch.setattr(pbx, "put", crossed)
        pbx.slow = 50
        async with store.write() as rows:
            await absences.put(rows, diversion(user.id, code="lunch", start=clock.now(), end=clock.now() + HOUR))
        await comes(lambda: bool(cutting) and not pbx.is_connected)
        await comes(lambda: clock.waiting == 1)
        assert await turn(store, user.extension) == 0
        clock.turn(timedelta(seconds=1))
        await comes(lambda: turn_at(pbx, "1001") == 1)
    kept = await absence(store, user.id)
    assert kept
    assert kept.code == "meeting"


async def test_what_was_ended_by_a_clock_that_is_ahead_stays_away(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    user, _ = await planned(store)
    begins, ahead = NOON + HOUR / 2, timedelta(minutes=2)
    clock.turn(begins - timedelta(seconds=30))
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001") and pbx.holds["1001"].schedule is not None)
        assert pbx.dial("1001", "#23#", clock.now() + ahead).says == "hand-ended"
        await comes(lambda: turn_at(pbx, "1001") == 1 and pbx.holds["1001"].schedule is None)
    async with store.read() as rows:
        assert [one.dismissed for one in await diversions.of(rows, user.id)] == [True]


async def test_a_pbx_that_refuses_is_not_said_to_hold_garbage(
    store: Store, pbx: FakePbx, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: is_known(pbx, "1001"))
        pbx.refuses = frozenset({"1001"})
        pbx.dial("1001", FOUR, clock.now())
        await comes(lambda: len(pbx.writes) == 2)
        clock.turn(timedelta(seconds=31))
        await comes(lambda: len(pbx.writes) == 3)
        assert await turn(store, user.extension) == 1
    assert "cannot be read" not in caplog.text
