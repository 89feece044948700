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
from gateway.engine.pulse import Pulse
from gateway.engine.supervise import wait_after
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Unreachable
from gateway.planning.telling.news import Known, News, awaited, look_again, news, report
from gateway.ports import Clock, Post
from gateway.store import calls, conferences, rooms, switches
from gateway.store.store import Store

NOUNS = ("conferences", "rooms", "users", "organisation", "switches")
NAME = "mail"
IDLE = timedelta(hours=1)
AT_ONCE = 10  # letters between two notes
LATER = timedelta(minutes=2)  # for a letter that the server takes, but not yet
SIGN_IN = timedelta(hours=1)  # wrong passwords that are tried often lock an account

log = logging.getLogger(__name__)


class Telling:
    """Sends letters through `post`."""

    def __init__(self, store: Store, decided: Decided, post: Post, clock: Clock, pulse: Pulse) -> None:
        self._store = store
        self._decided = decided
        self._post = post
        self._clock = clock
        self._pulse = pulse
        self._woken = asyncio.Event()
        self._failures = 0
        self._rest: tuple[datetime, datetime] | None = None  # from when until when no letter is sent
        self._later: dict[str, datetime] = {}  # by letter: since when it waits

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
            now = self._clock.now()
            if self._rest and self._rest[0] <= now < self._rest[1]:
                return self._rest[1]
            self._rest = None
            found, until = await self._news(now)
            waiting = [one for one in found if one.letter and self._waits(one.letter.id, now)]
            due = [one for one in found if one not in waiting][:AT_ONCE]
            if not due:
                return min(until, now + LATER) if waiting else until
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
        letters = {one.letter.id for one in found if one.letter}
        self._later = {id_: since for id_, since in self._later.items() if id_ in letters}
        return found, min(now + IDLE, look_again(there, now) or now + IDLE)

    def _waits(self, letter: str, now: datetime) -> bool:
        since = self._later.get(letter)
        return since is not None and since <= now < since + LATER

    async def _tell(self, due: Collection[News]) -> None:
        """Send these until the mail server fails, and note what was told."""
        told: dict[str, str] = {}
        try:
            for one in due:
                if one.letter is None or await self._sent(one.letter, next(iter(one.told))):
                    told |= one.told
                if self._rest is not None:
                    break
        finally:  # also when the gateway ends meanwhile: these letters have gone
            if told:
                async with self._store.write() as rows:
                    for key, digest in told.items():
                        await conferences.told(rows, key, digest)

    async def _sent(self, letter: Letter, conference: str) -> bool:
        """Send one, and return whether that is done with, as it is where its recipient is refused."""
        try:
            await self._post.send(letter)
        except Refused as error:
            log.warning("the organiser of conference %s is not told: %s (%s)", conference, error, error.remedy)
            return True
        except (Unreachable, SignInAgain, GiveUp) as error:
            await self._pulse.say(NAME, error)
            now = self._clock.now()
            pause = wait_after(error, self._failures)
            self._rest = now, now + (max(pause, SIGN_IN) if isinstance(error, SignInAgain) else pause)
            self._failures += 1
            return False
        except RetryLater:
            self._later[letter.id] = self._clock.now()
            return False
        self._failures = 0
        await self._pulse.say(NAME, None)
        return True
