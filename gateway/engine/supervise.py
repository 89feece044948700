"""Keeping a connection: open it, use it, and open it again when it is lost.

How long to wait is decided by the error (gateway/errors.py): what time heals is tried again soon and then ever more
slowly; refused credentials and everything that somebody must change are said once and tried again slowly. Any other
error is a defect, and ends the process with its message.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from gateway.errors import GiveUp, RetryLater, RingplanError, SignInAgain
from gateway.ports import Clock

T = TypeVar("T")

Say = Callable[[RingplanError], Awaitable[None]]

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=60)
SLOW_WAIT = timedelta(minutes=5)


async def supervise(
    connect: Callable[[], AbstractAsyncContextManager[T]],
    use: Callable[[T], Awaitable[None]],
    say: Say,
    clock: Clock,
) -> NoReturn:
    """Keep `use` running on what `connect` opens; `use` returns or raises only when the connection is lost.

    Errors go to `say`; that something works is for `use` to say, once it has seen it work.
    """
    never = asyncio.Event()
    failures = 0

    async def using() -> None:
        nonlocal failures
        async with connect() as opened:
            failures = 0
            await use(opened)

    while True:
        try:
            await apart(using())
        except (RingplanError, ExceptionGroup) as caught:
            error = only(caught)
            await say(error)
            await clock.until(clock.now() + wait_after(error, failures), never)
            failures += 1


async def apart(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` as a task of its own, so that a cancellation is raised whatever `work` makes of it.

    Python 3.11's TaskGroup raises nothing but its tasks' errors where one of them comes together with a cancellation.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # it is not what ends the caller
        raise
    task.result()


def wait_after(error: RingplanError, failures: int) -> timedelta:
    """Return how long to wait after `error`, which followed `failures` others in a row; raise what is a defect."""
    match error:
        case RetryLater() as later:
            longest = min(LONGEST_WAIT, FIRST_WAIT * float(2 ** min(failures, 10)))
            wait = longest * random.uniform(0.5, 1)  # noqa: S311 - spreads gateways, decides nothing secret
            return max(wait, timedelta(seconds=later.after or 0))
        case SignInAgain() | GiveUp():
            return SLOW_WAIT
        case _:
            raise error


def only(caught: RingplanError | ExceptionGroup[Exception]) -> RingplanError:
    """Return the one expected error in `caught`, where the tasks of a connection end together; raise what is not."""
    if isinstance(caught, RingplanError):
        return caught
    expected, other = caught.split(RingplanError)
    if other is not None or expected is None:
        raise caught
    first = expected.exceptions[0]
    return only(first) if isinstance(first, RingplanError | ExceptionGroup) else only(expected)
