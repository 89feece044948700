"""Keeping a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gateway.engine.supervise import LONGEST_WAIT, SLOW_WAIT, supervise, wait_after
from gateway.errors import Misconfigured, OurFault, RetryLater, RingplanError, SignInAgain, Unreachable
from tests.fakes.clock import HandClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_time_heals_ever_more_slowly_but_within_a_minute() -> None:
    waits = [wait_after(Unreachable("gone"), failures) for failures in range(40)]
    assert waits[0] <= timedelta(seconds=1)
    assert max(waits) <= LONGEST_WAIT
    assert min(waits[10:]) >= LONGEST_WAIT / 2


@pytest.mark.parametrize("error", [SignInAgain("no"), Misconfigured("no")])
def test_what_somebody_must_change_is_tried_slowly(error: RingplanError) -> None:
    assert wait_after(error, 0) == SLOW_WAIT


async def test_a_lost_connection_is_opened_again_and_each_error_is_said() -> None:
    clock, said, opened = HandClock(NOON), list[str](), 0
    third = asyncio.Event()

    @asynccontextmanager
    async def connect() -> AsyncIterator[int]:
        nonlocal opened
        opened += 1
        if opened == 2:
            raise SignInAgain("wrong password")
        yield opened

    async def use(connection: int) -> None:
        if connection == 3:
            third.set()
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as tasks:  # the tasks of a connection end together
            tasks.create_task(asyncio.Event().wait())
            tasks.create_task(lose())

    async def lose() -> None:
        raise Unreachable("lost")

    async def say(error: RingplanError) -> None:
        said.append(str(error))

    async with asyncio.timeout(60):
        keeper = asyncio.create_task(supervise(connect, use, say, clock))
        while not third.is_set():
            await asyncio.sleep(0)
            if clock.next:
                clock.turn(clock.next)
        keeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeper
    assert said == ["lost", "wrong password"]


@pytest.mark.parametrize("defect", [OurFault("bug"), ZeroDivisionError()])
async def test_a_defect_is_not_hidden(defect: Exception) -> None:
    @asynccontextmanager
    async def connect() -> AsyncIterator[None]:
        yield

    async def use(_: None) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    async def fail() -> None:
        raise defect

    async def say(_: RingplanError) -> None:
        pass

    with pytest.raises((OurFault, ExceptionGroup)):
        await supervise(connect, use, say, HandClock(NOON))


async def test_cancelling_is_not_swallowed() -> None:
    started = asyncio.Event()

    @asynccontextmanager
    async def connect() -> AsyncIterator[None]:
        yield

    async def use(_: None) -> None:
        started.set()
        await asyncio.Event().wait()

    async def say(_: RingplanError) -> None:
        pass

    keeper = asyncio.create_task(supervise(connect, use, say, HandClock(NOON)))
    await started.wait()
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_cancelling_is_not_swallowed_when_the_connection_is_lost_at_the_same_time() -> None:
    lost = asyncio.Event()

    @asynccontextmanager
    async def connect() -> AsyncIterator[None]:
        yield

    async def use(_: None) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lose())

    async def lose() -> None:
        await lost.wait()
        raise Unreachable("lost")

    async def say(_: RingplanError) -> None:
        pass

    keeper = asyncio.create_task(supervise(connect, use, say, HandClock(NOON)))
    for _ in range(5):
        await asyncio.sleep(0)
    lost.set()
    for _ in range(2):  # the group is about to raise what its task has raised
        await asyncio.sleep(0)
    keeper.cancel()
    await asyncio.wait((keeper,), timeout=60)
    assert keeper.cancelled()


def test_the_healed_kind_is_a_kind_of_its_own() -> None:
    assert issubclass(Unreachable, RetryLater)
