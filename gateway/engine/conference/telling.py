"""Telling organisers by mail what becomes of their conferences: step 5 of a conference's way (docs/architecture.md).

Level-triggered: what is to be told follows from the conferences that there are and what is noted with each
(planning/telling/news.py). The note is written after the mail server has taken the letter: a gateway that dies in
between sends it once more, which for a letter is better than never. Nothing else waits for a letter, but that a
cancelled conference stays known for some seconds.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NoReturn

from gateway.domain.letter import Letter
from gateway.engine.decided import Decided
from gateway.engine.mailing import Mailer
from gateway.errors import Refused
from gateway.planning.telling.news import Known, News, awaited, look_again, news, report
from gateway.ports import Clock
from gateway.store import calls, conferences, rooms, switches
from gateway.store.store import Store

NOUNS = ("conferences", "rooms", "users", "organisation", "switches")
IDLE = timedelta(hours=1)
AT_ONCE = 10  # letters between two notes

log = logging.getLogger(__name__)


class Telling:
    """Sends letters through `mailer`."""

    def __init__(self, store: Store, decided: Decided, mailer: Mailer, clock: Clock) -> None:
        self._store = store
        self._decided = decided
        self._mailer = mailer
        self._clock = clock
        self._woken = asyncio.Event()

    async def run(self) -> NoReturn:
        """Tell what there is to tell; ends only by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name="mail news")
            while True:
                self._woken.clear()
                await self._clock.until(await self._look(), self._woken)

    async def _watch(self) -> None:
        async with aclosing(self._store.watch(*NOUNS)) as changes:
            async for _ in changes:
                self._woken.set()

    async def _look(self) -> datetime:
        """Send what is due, and return when to look again."""
        while True:
            if rests_until := self._mailer.rests_until():
                return rests_until
            found, until = await self._news(self._clock.now())
            waits = [self._mailer.waits_until(one.letter.id) if one.letter else None for one in found]
            due = [one for one, later in zip(found, waits, strict=True) if later is None][:AT_ONCE]
            if not due:
                return min([until, *filter(None, waits)])
            await self._tell(due)

    async def _news(self, now: datetime) -> tuple[list[News], datetime]:
        async with self._store.read() as rows:
            off = await switches.off_since(rows) is not None  # then there is no way into what was planned
            there = () if off else await conferences.every(rows)
            decisions = await self._decided.now(rows)
            by_number = {room.number: room for room in await rooms.every(rows)}
            attempts = {one.key: await calls.of(rows, one.key) for one in awaited(there, now)}
        known = Known(by_number, decisions.users, decisions.rules)
        by_key = {one.key: one for one in there}
        reports = (report(by_key[key], some, known, now) for key, some in attempts.items())
        found = [*news(there, known, now), *(one for one in reports if one)]
        return found, min(now + IDLE, look_again(there, now) or now + IDLE)

    async def _tell(self, due: Collection[News]) -> None:
        """Send these until the mail server fails, and note what was told."""
        told: dict[str, str] = {}
        try:
            for one in due:
                if one.letter is None or await self._sent(one.letter, next(iter(one.told))):
                    told |= one.told
                if self._mailer.rests_until():
                    break
        finally:  # also when the gateway ends meanwhile: these letters have gone
            if told:
                async with self._store.write() as rows:
                    for key, digest in told.items():
                        await conferences.told(rows, key, digest)

    async def _sent(self, letter: Letter, conference: str) -> bool:
        """Send one, and return whether that is done with, as it is where its recipient is refused."""
        try:
            return await self._mailer.send(letter.id, letter)
        except Refused as error:
            log.warning("the organiser of conference %s is not told: %s (%s)", conference, error, error.remedy)
            return True
