"""A transaction that is cancelled, whatever it is doing, leaves the database as it was, and free for others."""

import asyncio
import random
from itertools import count

import pytest

from gateway.store import diversions, mailboxes
from gateway.store.revisions import revisions
from gateway.store.store import Store
from tests.unit.store.made import NOON, diversion, someone


@pytest.mark.parametrize("seed", range(2))
async def test_writes_that_are_cancelled_at_any_moment_lock_nobody_out(store: Store, seed: int) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
    number = count()
    chance = random.Random(seed)

    async def write() -> None:
        asked = [diversion(user.id, key=str(next(number))) for _ in range(2)]
        async with store.read() as rows:
            await mailboxes.progress_of(rows, mailbox.id)
            await revisions(rows.connection)
        async with store.write() as rows:
            await revisions(rows.connection)
            await mailboxes.replace(rows, mailbox.id, asked, None, epoch=0, now=NOON)

    for _ in range(40):
        writing = [asyncio.create_task(write()) for _ in range(12)]
        for _ in range(chance.randrange(200)):
            await asyncio.sleep(0)
        for one in writing:
            if chance.random() < 0.5:
                one.cancel()
        await asyncio.wait(writing)
        # a lock that stays fails who waits for it, however slow the machine is: see store.sqlite.PATIENCE
        assert all(one.cancelled() or one.exception() is None for one in writing)
    await write()
    async with store.read() as rows:
        assert await diversions.count(rows, mailbox.id) == 2


async def test_a_cancellation_passes_and_undoes(store: Store) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with store.write() as rows:
            await someone(rows)
            inside.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    await inside.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with store.read() as rows:
        assert await mailboxes.every(rows) == ()
