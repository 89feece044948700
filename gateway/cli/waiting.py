"""Waiting until the running gateway has done what was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from gateway.store.rows import Rows
from gateway.store.store import Store


async def until(store: Store, *nouns: str, done: Callable[[Rows], Awaitable[bool]], seconds: float) -> bool:
    """Wait until `done`, looking whenever one of `nouns` changes; False: it was not within `seconds`."""
    try:
        async with asyncio.timeout(seconds), aclosing(store.watch(*nouns)) as changes:
            async for _ in changes:
                async with store.read() as rows:
                    if await done(rows):
                        return True
    except TimeoutError:
        pass
    return False
