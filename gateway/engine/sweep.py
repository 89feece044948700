"""Forgetting: a diversion that is over leaves the store, its free pages and its WAL (CODES.md, "Privacy")."""

import asyncio
from datetime import timedelta
from typing import NoReturn

from gateway.ports import Clock
from gateway.store import diversions
from gateway.store.store import Store

LONGEST = timedelta(seconds=20)  # a third of what users are promised
SOON = timedelta(seconds=1)


async def sweep(store: Store, clock: Clock) -> NoReturn:
    """Remove what is over, at its end; a reader that keeps the WAL from being cut is waited for."""
    never = asyncio.Event()
    while True:
        now = clock.now()
        async with store.read() as rows:
            end = await diversions.next_end(rows)
        if end is not None and end <= now:
            async with store.write() as rows:
                await diversions.forget_over(rows, now)
            continue
        wait = LONGEST if await store.tidy() else SOON
        soonest = now + wait
        await clock.until(soonest if end is None else min(end, soonest), never)
