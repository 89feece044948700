"""An account's first request is alone: many at once with a password that has expired would lock the account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from gateway.ports import Clock

ALONE = timedelta(seconds=5)  # the first request, before another one is made beside it
BESIDE = 2  # so many, while none has been answered: what hangs may be the mailbox's own trouble


class Door:
    """Lets one in at a time until somebody was answered, and everybody from then on.

    `is_strict`: also where the answer is long in coming, or is not that the credentials work: they were refused before.
    """

    def __init__(self, clock: Clock, *, is_strict: bool) -> None:
        self.answered = asyncio.Event()
        self._clock = clock
        self._is_strict = is_strict
        self._one = asyncio.Semaphore(1)
        self._tried = asyncio.Event()
        self._never = asyncio.Event()
        self._is_shut = False

    def open(self, *, accepted: bool) -> None:
        """Let everybody in: the account was answered; `accepted`: its credentials work."""
        if accepted or not self._is_strict:
            self.answered.set()

    def shut(self) -> None:
        """Let nobody in any more: the credentials were refused, and the account is about to be closed."""
        self._is_shut = True

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[bool]:
        """Wait to be let in; False: it opened meanwhile, for all who waited: come again, not all at once."""
        if self.answered.is_set():
            await self._unless_shut()
            yield True
            return
        async with self._one:
            await self._unless_shut()
            self._tried.set()
            yield not self.answered.is_set()

    async def widen(self) -> None:
        """Let a few more in beside the first where it is not answered for long."""
        if self._is_strict:
            return
        await self._tried.wait()
        for _ in range(BESIDE):
            await self._clock.until(self._clock.now() + ALONE, self.answered)
            if self.answered.is_set():
                return
            self._one.release()

    async def _unless_shut(self) -> None:
        if self._is_shut:
            await self._never.wait()
