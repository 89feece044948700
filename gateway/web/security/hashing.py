"""Passwords hashed beside the loop: two at a time, and only so many who wait for it.

One takes a tenth of a second of a processor and 64 MiB; calls must not wait for people who sign in.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.errors import RetryLater

AT_ONCE = 2
MOST = 50  # who wait or are served: five seconds' worth

T = TypeVar("T")


@dataclass(slots=True)
class Hashing:
    """Both raise `RetryLater` when too many want it at once."""

    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), repr=False)
    _wanted: int = 0

    async def fits(self, password: Secret, hashed: str | None) -> bool:
        """Say whether it is the one that was kept (`passwords.fits`)."""
        return await self._done(lambda: passwords.fits(password, hashed))

    async def kept(self, password: Secret) -> str:
        """Return what is kept of a password (`passwords.kept`)."""
        return await self._done(lambda: passwords.kept(password))

    async def _done(self, work: Callable[[], T]) -> T:
        if self._wanted >= MOST:
            raise RetryLater("Too many people want to sign in at this moment.", "Try again in some seconds.")
        self._wanted += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._wanted -= 1
