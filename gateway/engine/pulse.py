"""How the parts of this gateway are, kept as rows that `ringplan status` and monitoring read.

A row is written when something changes, and confirmed every few seconds: one that is not confirmed any more belongs to
a gateway that has died.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import NoReturn

from gateway.errors import RingplanError, SignInAgain, Throttled
from gateway.ports import Clock
from gateway.store import health
from gateway.store.health import Facts
from gateway.store.store import Store

BEAT = timedelta(seconds=10)

log = logging.getLogger(__name__)


class Pulse:
    """`say` and `tell` write; `run` confirms."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._said: dict[str, str] = {}
        self._facts: dict[str, Facts] = {}

    async def say(self, name: str, error: RingplanError | None) -> None:
        """Note that `name` is well (None) or not; what was said already is neither logged nor written again."""
        said = "" if error is None else str(error)
        if self._said.get(name) == said:
            return
        self._said[name] = said
        remedy = "" if error is None else error.remedy
        if error is None:
            log.info("%s: up", name)
        else:
            log.log(_level(error), "%s: %s%s", name, said, f" ({remedy})" if remedy else "")
        try:
            async with self._store.write() as rows:
                await health.put(rows, name, ok=error is None, now=self._clock.now(), said=said, remedy=remedy)
        except BaseException:  # also a connection that was lost meanwhile: it is not said
            self._said.pop(name, None)
            raise

    async def tell(self, name: str, facts: Mapping[str, int | float | str | list[str]]) -> None:
        """Note figures about `name`, well or not; written when one of them changes."""
        if facts.items() <= self._facts.get(name, {}).items():
            return
        async with self._store.write() as rows:
            await health.tell(rows, name, facts, self._clock.now())
        self._facts[name] = {**self._facts.get(name, {}), **facts}

    async def only(self, kind: str, names: Collection[str]) -> None:
        """Drop the rows of a kind (`account:`) that there are no more: others than `names`, which may be thousands."""
        async with self._store.write() as rows:
            known = {row.name for row in await health.every(rows)}
            gone = {name for name in known if name.startswith(kind)}.difference(names)
            if gone:
                await health.forget(rows, keep=known - gone)
        for name in gone:
            self._said.pop(name, None)
            self._facts.pop(name, None)

    async def run(self) -> NoReturn:
        """Confirm all rows every `BEAT`."""
        never = asyncio.Event()
        while True:
            async with self._store.write() as rows:
                await health.beat(rows, tuple(self._said), self._clock.now())
            await self._clock.until(self._clock.now() + BEAT, never)


def _level(error: RingplanError) -> int:
    """Return how loudly it is logged: credentials have to be given anew by somebody, rest passes by itself."""
    match error:
        case SignInAgain():
            return logging.ERROR
        case Throttled():
            return logging.INFO
        case _:
            return logging.WARNING
