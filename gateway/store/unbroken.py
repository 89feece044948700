"""Work that a cancellation must not break off in the middle.

A statement runs in a thread, which nobody can stop. Cancelled while it runs, SQLAlchemy (2.1) and aiosqlite (0.22)
close its connection with the statement still open; SQLite then keeps the transaction and its lock, and nobody can
write any more.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; a cancellation is raised once it has ended."""
    task = asyncio.create_task(work, name="store")
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # it is not what ends the caller
        raise cancelled
    return task.result()
