"""The wall clock: waiting for it."""

import asyncio
from datetime import timedelta

import pytest

from gateway.engine.clock import WallClock

LONG = timedelta(hours=1)


@pytest.mark.parametrize("turns", range(6))
async def test_a_wait_that_is_cancelled_as_it_is_woken_is_cancelled(turns: int) -> None:
    """Whatever happened first: a task that lost its cancellation would never end, nor who waits for that."""
    clock, wake = WallClock(), asyncio.Event()

    async def wait_on() -> None:
        while True:
            await clock.until(clock.now() + LONG, wake)
            wake.clear()

    waiting = asyncio.create_task(wait_on())
    for _ in range(5):
        await asyncio.sleep(0)
    wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait((waiting,), timeout=60)
    assert waiting.cancelled()


async def test_a_wait_ends_when_it_is_woken_and_at_its_time() -> None:
    clock, wake = WallClock(), asyncio.Event()
    async with asyncio.timeout(60):
        when = clock.now() + timedelta(milliseconds=20)
        await clock.until(when, wake)
        assert clock.now() >= when
        wake.set()
        await clock.until(clock.now() + LONG, wake)
