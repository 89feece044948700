"""Streams of events that are open: how many one person and all together may have, and how many look at once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST = 6  # of one person: as many as browsers open to one host
MOST_OF_ALL = 500
EACH = 0.02  # seconds that the looks of all are apart at least; one takes 2 to 6 ms of a processor
AT_ONCE = 2  # that ask the database: all are woken together, and calls must not wait for them


@dataclass(frozen=True, slots=True)
class Streams:
    """`looking` is held by a stream that asks the database what its user may see."""

    looking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), repr=False)
    _open: Counter[int] = field(default_factory=Counter, repr=False)

    def are_enough(self, signin: int) -> bool:
        """Say whether somebody may open no further one."""
        return self._open[signin] >= MOST or self._open.total() >= MOST_OF_ALL

    def apart(self, least: float) -> float:
        """Return how many seconds two looks of one stream are apart, `least` or, where there are many, more."""
        return max(least, self._open.total() * EACH)

    @contextmanager
    def one(self, signin: int) -> Iterator[None]:
        """Count one of somebody's as open."""
        self._open[signin] += 1
        try:
            yield
        finally:
            self._open[signin] -= 1
            if not self._open[signin]:
                del self._open[signin]
