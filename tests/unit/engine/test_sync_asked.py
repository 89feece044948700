"""Who asks is heard, few at a time; who is read only on demand is told why that failed, once they have asked."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from gateway.domain.mailbox import Account
from gateway.engine import turns
from gateway.engine.account import AT_ONCE
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.sync import WHOLE_AT_ONCE, Sync
from gateway.errors import Unreachable
from gateway.ports import Opened
from gateway.store import mailboxes, wishes
from gateway.store.mailboxes import Progress
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.unit.engine.syncing import FLUSH, read_by_one, running, turning


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


async def test_of_many_who_ask_few_are_read_at_once_and_others_have_their_turn(
    store: Store, calendar: FakeCalendar, clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "LENT", 3600.0)
    async with store.write() as rows:
        _, (*ask, silent) = await read_by_one(rows, *(str(number) for number in range(1001, 1001 + AT_ONCE + 3)))
    everybody = len(ask) + 1
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == everybody, FLUSH + everybody)
        calendar.answers.clear()
        async with store.write() as rows:
            for box in ask:
                await wishes.ask(rows, Wish(Kind.SYNC, box.user, clock.now()))
        await comes(lambda: len(calendar.reads) == everybody + WHOLE_AT_ONCE)
        await calendar.pushed.put(silent)
        await comes(lambda: len(calendar.reads) == everybody + WHOLE_AT_ONCE + 1)
        assert calendar.reads[-1] == (silent.id, False)
        calendar.answers.set()
        await comes(lambda: len(calendar.reads) == 2 * everybody)
    assert sorted(calendar.reads[everybody:]) == sorted([*((box.id, True) for box in ask), (silent.id, False)])
