"""Who is read only on demand is told why that failed, once they have asked."""

import asyncio
from contextlib import AbstractAsyncContextManager

from gateway.domain.mailbox import Account
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.sync import Sync
from gateway.errors import Unreachable
from gateway.ports import Opened
from gateway.store import mailboxes, wishes
from gateway.store.mailboxes import Progress
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.fakes.clock import HandClock
from tests.unit.engine.syncing import read_by_one


async def test_a_server_that_cannot_be_reached_is_noted_for_who_has_asked(store: Store, clock: HandClock):
    async with store.write() as rows:
        _, (asks, silent) = await read_by_one(rows, "1001", "1002")
        for box in (asks, silent):
            await mailboxes.pace(rows, box.user, None)
    tries = 0

    def connect(_: Account) -> AbstractAsyncContextManager[Opened]:
        nonlocal tries
        tries += 1
        raise Unreachable("nobody answers")

    async def told() -> tuple[Progress | None, Progress | None]:
        async with store.read() as rows:
            return await mailboxes.progress_of(rows, asks.id), await mailboxes.progress_of(rows, silent.id)

    sync = asyncio.create_task(
        Sync(store, Decided(), {"office": connect}, lambda _: True, clock, Pulse(store, clock)).run()
    )
    try:
        async with asyncio.timeout(60):
            while not tries:
                await asyncio.sleep(0)
            async with store.write() as rows:
                await wishes.ask(rows, Wish(Kind.SYNC, asks.user, clock.now()))
            while (mine := (await told())[0]) is None or mine.tried is None:
                if clock.next is not None:
                    clock.turn(clock.next)
                await asyncio.sleep(0)
    finally:
        sync.cancel()
        await asyncio.wait((sync,))
    assert mine.error == "Unreachable"
    _, others = await told()
    assert others is not None
    assert others.tried is None
