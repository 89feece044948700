"""A clock that tests turn by hand (`ports.Clock`)."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta


class HandClock:
    """Stands still until `turn`; waits end when the hand passes them, in their order."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._waits: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    async def until(self, when: datetime, wake: asyncio.Event) -> None:
        if when <= self._now or wake.is_set():
            return
        passed = asyncio.Event()
        wait = (when, passed)
        self._waits.append(wait)
        tasks = [asyncio.ensure_future(passed.wait()), asyncio.ensure_future(wake.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            if wait in self._waits:
                self._waits.remove(wait)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waits)

    @property
    def next(self) -> datetime | None:
        """The earliest instant that somebody waits for."""
        return min((when for when, _ in self._waits), default=None)

    def turn(self, to: datetime | timedelta) -> None:
        """Set the hand; set back, it wakes everybody, as the wall clock does."""
        before = self._now
        self._now = self._now + to if isinstance(to, timedelta) else to
        for wait in list(self._waits):
            if wait[0] <= self._now or self._now < before:
                self._waits.remove(wait)
                wait[1].set()


async def comes(condition: Callable[[], bool], within: float = 120) -> None:
    """Wait until `condition` holds; what is awaited runs in this process, so a turn of the loop is a long pause."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0)
