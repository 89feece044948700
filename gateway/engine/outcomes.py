"""How readings went, noted for `status`: many at a time where nothing was new, since those are most."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from gateway.engine.turns import Due
from gateway.errors import RingplanError
from gateway.ports import Clock
from gateway.store.rows import Rows
from gateway.store.store import Store

FLUSH = timedelta(seconds=10)

log = logging.getLogger(__name__)


class _Noun(Protocol):
    """A module of the store that keeps how readings went."""

    async def failed(self, rows: Rows, ids: Collection[int], error: Exception, now: datetime, /) -> None: ...

    async def unchanged(self, rows: Rows, ids: Collection[int], now: datetime, /) -> None: ...


class Outcomes:
    """Of all calendars, or books (`name`), that are read; `known` are their ids, the others are forgotten."""

    def __init__(self, name: str, noun: _Noun, store: Store, clock: Clock) -> None:
        self._name = name
        self._noun = noun
        self._store = store
        self._clock = clock
        self.known: frozenset[int] = frozenset()
        self._unchanged: set[int] = set()
        self._failing: dict[int, RingplanError] = {}  # by id
        self._told_failing = 0

    def well(self, one: Due, *, is_new: bool) -> None:
        """Note a reading; where something was new, that is in the store already."""
        self._failing.pop(one.id, None)
        if not is_new:
            self._unchanged.add(one.id)

    async def failed(self, some: Collection[Due], error: RingplanError) -> None:
        """Note that these could not be read."""
        ids = [one.id for one in some]
        self._unchanged.difference_update(ids)
        self._failing |= dict.fromkeys(ids, error)
        async with self._store.write(patient=True) as rows:
            await self._noun.failed(rows, ids, error, self._clock.now())

    async def flush(self) -> None:
        """Write what has not been written; to be done every `FLUSH`: `status` can wait so long."""
        self._tell_failing()
        if self._unchanged:
            unchanged, self._unchanged = self._unchanged, set()
            async with self._store.write(patient=True) as rows:
                await self._noun.unchanged(rows, tuple(unchanged), self._clock.now())

    def _tell_failing(self) -> None:
        """Log how many cannot be read when that changes; which ones, and why each, is for `status`."""
        self._failing = {one: error for one, error in self._failing.items() if one in self.known}
        failing, every = len(self._failing), len(self.known)
        if failing == self._told_failing:
            return
        self._told_failing = failing
        if failing:
            *_, last = self._failing.values()
            remedy = f" ({last.remedy})" if last.remedy else ""
            log.warning("%d of %d %s cannot be read; the last: %s%s", failing, every, self._name, last, remedy)
        else:
            log.info("all %d %s can be read again", every, self._name)
