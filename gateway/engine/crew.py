"""One task per thing that needs one, while it does."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

Work = Callable[[], Coroutine[Any, Any, None]]


class Crew(Generic[Key]):
    """Tasks of a TaskGroup by key; what fails in one ends the group."""

    def __init__(self, tasks: asyncio.TaskGroup, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._working: dict[Key, asyncio.Task[None]] = {}

    async def keep(self, wanted: Mapping[Key, Work]) -> None:
        """Let there be a task for exactly these keys: others are ended, missing ones are started, the rest go on."""
        surplus = [self._working.pop(key) for key in list(self._working) if key not in wanted]
        for task in surplus:
            task.cancel()
        if surplus:
            await asyncio.wait(surplus)
        for key, work in wanted.items():
            if key not in self._working or self._working[key].done():
                self._working[key] = self._tasks.create_task(work(), name=self._name)
