"""Bringing a PBX to what is planned."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from gateway.domain.diversion import Diversion
from gateway.domain.held import Held, Lamp
from gateway.domain.mailbox import Mailbox
from gateway.domain.user import User
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.reconcile import Reconcile
from gateway.engine.supervise import supervise
from gateway.planning.schedule import parse
from gateway.store import absences, diversions, health, mailboxes, switches, users
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.switch import FakePbx
from tests.unit.engine.alone import alone
from tests.unit.store.made import HOUR, NOON, diversion, someone


@asynccontextmanager
async def running(
    store: Store, pbx: FakePbx, clock: HandClock, takes_part: Callable[[User], bool] = lambda _: True, **how: bool
) -> AsyncIterator[None]:
    pulse = Pulse(store, clock)
    reconcile = Reconcile("main", store, Decided(), takes_part, clock, pulse, **how)
    keeper = asyncio.create_task(supervise(pbx.connect, alone(reconcile), partial(pulse.say, "pbx:main"), clock))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))
        if not keeper.cancelled():
            keeper.result()


async def ask(store: Store, mailbox: Mailbox, *asked: Diversion) -> None:
    async with store.write() as rows:
        await mailboxes.replace(rows, mailbox.id, asked, None, epoch=0, now=NOON)


async def planned(store: Store, extension: str = "1001", **values: object) -> tuple[User, Mailbox]:
    async with store.write() as rows:
        user, mailbox = await someone(rows, extension)
        if values:
            user = replace(user, **values)  # type: ignore[arg-type]
            await users.put(rows, user)
    await ask(store, mailbox, diversion(user.id, code="meeting", start=NOON + HOUR / 2, end=NOON + 3 * HOUR))
    return user, mailbox


def lit(pbx: FakePbx, *places: str) -> bool:
    return all(place in pbx.holds and pbx.holds[place].lamp is Lamp.ON for place in places)


def dark(pbx: FakePbx, *places: str) -> bool:
    return all(place in pbx.holds and pbx.holds[place].lamp is Lamp.OFF for place in places)


async def test_a_schedule_is_there_before_its_time_and_the_lamp_at_its_time(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001"))
        written = pbx.holds["1001"].schedule
        assert written
        assert parse(written).at(NOON + HOUR)
        await comes(lambda: clock.next == NOON + HOUR / 2)
        clock.turn(HOUR / 2)
        await comes(lambda: lit(pbx, "1001"))
        clock.turn(3 * HOUR)
        await comes(lambda: dark(pbx, "1001") and pbx.holds["1001"].schedule is None)


async def test_all_phones_of_a_user_follow_together(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store, phones=("2001", "3001"))
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001", "2001", "3001"))
        assert len(set(pbx.holds.values())) == 1


async def test_after_a_lost_connection_what_the_pbx_says_counts(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001"))
        before = dict(pbx.holds)
        pbx.holds = {"1099": Held(schedule="old")}  # the PBX lost everything, and has somebody else's
        pbx.lose()
        await comes(lambda: clock.next is not None)
        while pbx.connections < 2:
            clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0)
        await comes(lambda: pbx.holds == before)


async def test_drift_is_mended_at_the_full_hour(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001"))
        pbx.holds.clear()
        await comes(lambda: clock.next is not None)
        clock.turn(HOUR)
        await comes(lambda: lit(pbx, "1001"))


async def test_a_clock_that_is_set_back_brings_the_earlier_plan_back(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001") and clock.next is not None)
        clock.turn(NOON)
        await comes(lambda: dark(pbx, "1001"))


async def test_a_removed_and_a_disabled_user_are_cleared_at_once(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    first, _ = await planned(store, "1001")
    second, _ = await planned(store, "1002")
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001", "1002"))
        async with store.write() as rows:
            await users.remove(rows, first.id)
            await users.put(rows, replace(second, enabled=False))
        await comes(lambda: pbx.holds == {})


async def test_off_releases_everything_and_on_brings_it_back(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001"))
        async with store.write() as rows:
            await switches.turn_off(rows, clock.now())
        await comes(lambda: pbx.holds == {})
        async with store.write() as rows:
            await switches.turn_on(rows)
        await comes(lambda: lit(pbx, "1001"))


async def test_nothing_is_written_when_nothing_changed(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001") and clock.next is not None)
        many = len(pbx.writes)
        async with store.write() as rows:
            rows.touch("users")
        clock.turn(HOUR / 4)
        await comes(lambda: clock.next is not None and clock.next > clock.now())
        assert len(pbx.writes) == many


async def test_a_dry_run_writes_nothing(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock, dry_run=True):
        await comes(lambda: clock.next is not None)
        async with store.read() as rows:
            told = await health.get(rows, "pbx:main")
        assert told
        assert (told.facts["would_hold"], told.facts["held"]) == (1, 0)
        assert pbx.writes == []


async def test_a_dry_run_does_not_call_released_what_an_earlier_run_wrote(
    store: Store, pbx: FakePbx, clock: HandClock
) -> None:
    await planned(store)
    clock.turn(HOUR)
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1001") and clock.next is not None)
    async with store.write() as rows:
        await switches.turn_off(rows, clock.now())
    async with running(store, pbx, clock, dry_run=True):
        await comes(lambda: clock.next is not None)
        async with store.read() as rows:
            told = await health.get(rows, "pbx:main")
    assert told
    assert (told.facts["would_hold"], told.facts["held"]) == (0, 1)


async def test_only_the_pilot_group_takes_part(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store, "1001")
    await planned(store, "1002")
    async with running(store, pbx, clock, lambda user: user.extension == "1002"):
        await comes(lambda: "1002" in pbx.holds and clock.next is not None)
        assert set(pbx.holds) == {"1002"}


async def test_what_the_pbx_refuses_is_told_and_the_rest_is_held(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store, "1001")
    await planned(store, "1002")
    clock.turn(HOUR)
    pbx.refuses = frozenset({"1001"})
    async with running(store, pbx, clock):
        await comes(lambda: lit(pbx, "1002") and clock.next is not None)
        async with store.read() as rows:
            told = await health.get(rows, "pbx:main")
        assert told
        assert told.facts["refused"] == ["1001"]
        pbx.refuses = frozenset()
        clock.turn(timedelta(seconds=31))
        await comes(lambda: lit(pbx, "1001"))


async def test_another_pbx_is_not_ours_to_hold(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    await planned(store, "1001", pbx="branch")
    await planned(store, "1002")
    async with running(store, pbx, clock):
        await comes(lambda: "1002" in pbx.holds and clock.next is not None)
        assert set(pbx.holds) == {"1002"}


async def test_what_is_set_by_hand_waits_for_no_calendar_to_be_read_from_the_store(
    store: Store, pbx: FakePbx, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, _ = await planned(store)
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001"))
        monkeypatch.delattr(diversions, "every")
        async with store.write() as rows:
            await absences.put(rows, diversion(user.id, code="lunch", start=clock.now(), end=clock.now() + HOUR / 4))
        await comes(lambda: lit(pbx, "1001"))
        assert pbx.holds["1001"].schedule
