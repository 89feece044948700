"""Forgetting what is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from gateway.domain.mailbox import Cursor, Mailbox
from gateway.engine.sweep import sweep
from gateway.store import absences, diversions, mailboxes
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.unit.store.made import HOUR, NOON, diversion, someone

CURSOR = Cursor("token", NOON.date())


@asynccontextmanager
async def running(store: Store, clock: HandClock) -> AsyncIterator[None]:
    keeper = asyncio.create_task(sweep(store, clock))
    try:
        await comes(lambda: clock.waiting == 1)
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))
        if not keeper.cancelled():
            keeper.result()


async def planned(store: Store) -> Mailbox:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        asked = [diversion(user.id, start=NOON + HOUR, end=NOON + 2 * HOUR)]
        await mailboxes.replace(rows, mailbox.id, asked, CURSOR, epoch=0, now=NOON)
    return mailbox


async def kept(store: Store, mailbox: Mailbox) -> tuple[int, Cursor | None]:
    async with store.read() as rows:
        progress = await mailboxes.progress_of(rows, mailbox.id)
        assert progress is not None
        return await diversions.count(rows, mailbox.id), progress.cursor


async def turned(clock: HandClock, to: timedelta) -> None:
    clock.turn(to)
    await comes(lambda: clock.waiting == 1)


async def test_what_is_over_is_forgotten_at_its_end(store: Store, clock: HandClock) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 2 * HOUR - timedelta(seconds=1))
        assert await kept(store, mailbox) == (1, CURSOR)
        await turned(clock, timedelta(seconds=1))
        assert await kept(store, mailbox) == (0, CURSOR)


async def test_an_absence_by_hand_is_forgotten_at_its_end(store: Store, clock: HandClock) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        await absences.put(rows, replace(diversion(user.id, start=NOON, end=NOON + HOUR), by_hand=True))
    async with running(store, clock):
        await turned(clock, HOUR - timedelta(seconds=1))
        async with store.read() as rows:
            assert await absences.of(rows, user.id)
        await turned(clock, timedelta(seconds=1))
        async with store.read() as rows:
            assert await absences.of(rows, user.id) is None


async def test_after_a_clock_that_was_ahead_for_a_while_calendars_are_read_whole(
    store: Store, clock: HandClock
) -> None:
    """What is not over yet may have been taken for over, and an unchanged calendar would not bring it back."""
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 5 * HOUR)
        assert await kept(store, mailbox) == (0, CURSOR)
        await turned(clock, -5 * HOUR)
        assert await kept(store, mailbox) == (0, None)


async def test_after_a_clock_that_was_set_back_while_no_gateway_ran_calendars_are_read_whole(
    store: Store, clock: HandClock
) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 5 * HOUR)
    async with store.write() as rows:
        await mailboxes.unchanged(rows, (mailbox.id,), clock.now())
    clock.turn(-5 * HOUR)
    async with running(store, clock):
        assert await kept(store, mailbox) == (0, None)


async def test_a_clock_that_is_set_back_a_little_changes_nothing(store: Store, clock: HandClock) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, -timedelta(seconds=0.5))
        assert await kept(store, mailbox) == (1, CURSOR)
