"""Long work that is done a step at a time (`steps`), with others having their turn in between."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


async def in_turns(steps: Generator[None, None, T], turn: float) -> T:
    """Do all of it, giving way to others every `turn` seconds, and return what it returns."""
    time = asyncio.get_running_loop().time
    began = time()
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            result: T = ended.value
            return result
        if time() > began + turn:
            await asyncio.sleep(0)
            began = time()
