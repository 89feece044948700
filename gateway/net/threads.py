"""Work that blocks, in threads that live as long as it does: none is kept for the next one.

Python's pools keep their threads, one pool per account would keep one each; and the loop's own pool is shared with work
that computes, which must not wait for a server that hangs.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs at most `most` at once; a thread whose caller has gone counts until it ends."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, work: Callable[[], T], seconds: float) -> T:
        """Return what `work` returns, or raise what it raises; `TimeoutError` so long after it began.

        Cancelled or too late, it returns at once and `work` goes on: the caller has to end it.
        """
        await self._free.acquire()
        async with asyncio.timeout(seconds):
            return await started(work, self._free.release)


async def started(work: Callable[[], T], ended: Callable[[], None] = lambda: None) -> T:
    """Run `work` in a thread of its own; `ended` is called on the loop once the thread has nothing left to do."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        ended()
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def body() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = work()
        except StopIteration:  # no future takes one
            error = RuntimeError("the work ran out of items")
        except BaseException as raised:  # noqa: BLE001 - it is raised again where the work is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=body, name="blocking", daemon=True).start()
    return await future
