"""Word of what changed in the database, whoever changed it.

Every noun has a revision in the table `changes`, counted up in the transaction that changes the noun. A commit of this
process is told to its watchers at once; one task asks each second whether SQLite's `data_version` moved, and tells what
other processes committed. However many watchers there are, the database is asked once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.store.later import later
from gateway.store.revisions import revisions
from gateway.store.rows import NOUNS
from gateway.store.sqlite import data_version

LOOK = 1.0  # seconds between looks at what other processes did


@dataclass(slots=True, eq=False)
class _Watcher:
    nouns: frozenset[str]
    changed: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class News:
    """`watch` listens, `tell` is called after each commit of this process, `close` ends the task.

    `heard` is called with the nouns that others changed.
    """

    def __init__(self, engine: AsyncEngine, heard: Callable[[frozenset[str]], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._watchers: set[_Watcher] = set()
        self._known: dict[str, int] = {}
        self._looking: asyncio.Task[None] | None = None
        self._has_looked = asyncio.Event()

    async def watch(self, *nouns: str) -> AsyncGenerator[frozenset[str], None]:
        """Yield the nouns that changed, of `nouns` (none given: of all); at first all of them, at once.

        Raises `RetryLater` when the database cannot be asked any more; watching again asks it again.
        """
        wanted = frozenset(nouns or NOUNS)
        if unknown := wanted - set(NOUNS):
            raise ValueError(f"no such noun: {sorted(unknown)}")
        watcher = _Watcher(wanted)
        self._watchers.add(watcher)
        try:
            if self._looking is None or self._looking.done():
                self._has_looked.clear()
                self._looking = asyncio.create_task(self._look(), name="store news")
                self._looking.add_done_callback(self._wake_all)
            await self._has_looked.wait()  # so that what changes from here on is noticed
            yield wanted
            while True:
                await watcher.woken.wait()
                if self._looking.done():
                    if not self._looking.cancelled():
                        self._looking.result()
                    return
                changed, watcher.changed = frozenset(watcher.changed), set()
                watcher.woken.clear()
                yield changed
        finally:
            self._watchers.discard(watcher)

    def tell(self, revisions: Mapping[str, int]) -> frozenset[str]:
        """Wake whoever watches a noun whose revision is a new one, and return these nouns."""
        news = {noun for noun, revision in revisions.items() if revision > self._known.get(noun, -1)}
        self._known.update({noun: revisions[noun] for noun in news})
        for watcher in self._watchers:
            if mine := news & watcher.nouns:
                watcher.changed |= mine
                watcher.woken.set()
        return frozenset(news)

    async def close(self) -> None:
        """End the task; watchers end too."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))

    async def _look(self) -> None:
        never = asyncio.Event()
        with later():
            async with self._engine.connect() as connection:
                version = await data_version(connection)
                found = await _committed(connection)
                self._known = {noun: max(found[noun], self._known.get(noun, 0)) for noun in found}
                self._has_looked.set()
                while True:
                    before, version = version, await data_version(connection)
                    if before != version:
                        self._heard(self.tell(await _committed(connection)))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK):
                            await never.wait()

    def _wake_all(self, _: asyncio.Task[None]) -> None:
        self._has_looked.set()
        for watcher in self._watchers:
            watcher.woken.set()


async def _committed(connection: AsyncConnection) -> dict[str, int]:
    async with connection.begin():
        return await revisions(connection)
