"""How readings went, noted for `status`: many at a time where nothing was new, since those are most."""

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta
from typing import NoReturn

from gateway.domain.mailbox import Mailbox
from gateway.errors import RingplanError
from gateway.ports import Clock
from gateway.store import mailboxes
from gateway.store.store import Store

FLUSH = timedelta(seconds=10)

log = logging.getLogger(__name__)


class Outcomes:
    """Of all mailboxes that are read; `known` are their ids, the others are forgotten."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.known: frozenset[int] = frozenset()
        self._unchanged: set[int] = set()
        self._failing: dict[int, RingplanError] = {}  # by mailbox
        self._told_failing = 0

    def well(self, mailbox: Mailbox, *, is_new: bool) -> None:
        """Note a reading; where something was new, that is in the store already."""
        self._failing.pop(mailbox.id, None)
        if not is_new:
            self._unchanged.add(mailbox.id)

    async def failed(self, some: Collection[Mailbox], error: RingplanError) -> None:
        """Note that these could not be read."""
        ids = [mailbox.id for mailbox in some]
        self._unchanged.difference_update(ids)
        self._failing |= dict.fromkeys(ids, error)
        async with self._store.write() as rows:
            await mailboxes.failed(rows, ids, error, self._clock.now())

    async def run(self) -> NoReturn:
        """Write every `FLUSH` what has not been written: `status` can wait so long."""
        never = asyncio.Event()
        while True:
            await self._clock.until(self._clock.now() + FLUSH, never)
            self._tell_failing()
            if self._unchanged:
                unchanged, self._unchanged = self._unchanged, set()
                async with self._store.write() as rows:
                    await mailboxes.unchanged(rows, tuple(unchanged), self._clock.now())

    def _tell_failing(self) -> None:
        """Log how many calendars cannot be read when that changes; which ones, and why each, is for `status`."""
        self._failing = {mailbox: error for mailbox, error in self._failing.items() if mailbox in self.known}
        if len(self._failing) == self._told_failing:
            return
        self._told_failing = len(self._failing)
        if self._failing:
            *_, last = self._failing.values()
            remedy = f" ({last.remedy})" if last.remedy else ""
            log.warning(
                "%d of %d calendars cannot be read; the last: %s%s", len(self._failing), len(self.known), last, remedy
            )
        else:
            log.info("all %d calendars can be read again", len(self.known))
