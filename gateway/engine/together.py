"""Small writes of many in one transaction: at a start thousands of accounts have something to note at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.store.rows import Rows
from gateway.store.store import Store

Work = Callable[[Rows], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Batch:
    works: list[Work] = field(default_factory=list)
    is_written: bool = False


class Together:
    """Whoever comes while a transaction is on its way shares the next one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._one = asyncio.Lock()
        self._next = _Batch()

    async def write(self, work: Work) -> None:
        """Return once `work` is committed.

        If who writes is cancelled, the next who waits writes for all, perhaps what was committed already: `work` must
        bear to be done twice.
        """
        batch = self._next
        batch.works.append(work)
        async with self._one:
            if batch.is_written:
                return
            if batch is self._next:
                self._next = _Batch()
            async with self._store.write() as rows:
                for one in batch.works:
                    await one(rows)
            batch.is_written = True
