"""Long work that is done a step at a time, as generators. Pure."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def run(steps: Generator[None, None, T]) -> T:
    """Do all of it now, and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            result: T = ended.value
            return result
