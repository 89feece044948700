"""Planning conferences: step 2 of a conference's way (docs/architecture.md), one task for the whole gateway.

Level-triggered: what there should be is computed from meetings, rooms, users and who is in, each time one of them
changes or a time comes, and what differs is written in one transaction: conferences, and whom to call.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from gateway.domain.conference import Attempt, Attendance, Conference
from gateway.engine.decided import Decided, TakesPart
from gateway.planning.conference import calling
from gateway.planning.conference.conferences import plan
from gateway.ports import Clock
from gateway.store import attendances, calls, conferences, meetings, rooms
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows
from gateway.store.store import Store

NOUNS = ("meetings", "rooms", "users", "organisation", "conferences")
IDLE = timedelta(hours=1)
TOLD = timedelta(seconds=50)  # within this the organiser of a cancelled conference is told


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written, if it `differs`: all conferences, and the attempts that are new or change."""

    conferences: tuple[Conference, ...]
    attempts: tuple[Attempt, ...]
    differs: bool
    until: datetime


class Conferences:
    """Keeps conferences as they are asked for.

    `is_told`: somebody tells organisers what becomes of their conferences, so a cancelled one waits for that.
    """

    def __init__(
        self, store: Store, decided: Decided, takes_part: TakesPart, clock: Clock, *, is_told: bool = False
    ) -> None:
        self._store = store
        self._decided = decided
        self._takes_part = takes_part
        self._clock = clock
        self._is_told = is_told
        self._cancelled: dict[str, tuple[datetime, str]] = {}  # by key: since when, and what was told until then
        self._looked: object = None  # what has been looked at, and is good until then
        self._since = self._until = clock.now()
        self._woken = asyncio.Event()

    async def run(self) -> NoReturn:
        """Follow what changes; ends only by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name="conferences asked for")
            while True:
                self._woken.clear()
                await self._clock.until(await self._look(), self._woken)

    async def _watch(self) -> None:
        async with aclosing(self._store.watch(*NOUNS, "attendances")) as changes:
            async for _ in changes:
                self._woken.set()

    async def _look(self) -> datetime:
        """Write what differs, and return when to look again."""
        since = self._clock.now()
        async with self._store.read() as rows:
            there = await attendances.every(rows)
            looks = await revisions_of(rows.connection, NOUNS), _occupied(there)
            if looks == self._looked and self._since <= since < self._until:
                return self._until  # people come in by hundreds, and only the first one matters here
            wanted = await self._wanted(rows, there)
        if wanted.differs:
            async with self._store.write() as rows:
                there = await attendances.every(rows)
                seen = await revisions_of(rows.connection, NOUNS)
                wanted = await self._wanted(rows, there)
                await conferences.keep(rows, wanted.conferences)
                await calls.put(rows, wanted.attempts)
                looks = _counted_up(seen, rows.touched), _occupied(there)
        self._looked, self._since, self._until = looks, since, wanted.until
        return wanted.until

    async def _wanted(self, rows: Rows, there: Collection[Attendance]) -> Wanted:
        now = self._clock.now()
        before = await conferences.every(rows)
        occupied = _occupied(there)
        decisions = await self._decided.now(rows)
        users = [user for user in decisions.users.values() if user.enabled and self._takes_part(user)]
        asked, numbers = await meetings.every(rows), await rooms.every(rows)
        planned = plan(asked, before, users, numbers, occupied, decisions.rules, now)
        kept, until = self._without_cancelled(planned.conferences, occupied, now)
        been: defaultdict[str, set[str]] = defaultdict(set)
        for one in there:
            been[one.conference].add(one.who)
        attempts = _attempts(kept, {one.key for one in before}, await calls.every(rows), been, now)
        ahead = [one.start - calling.AHEAD for one in kept if one.start - calling.AHEAD > now]
        until = min([until, *ahead, *([planned.changes] if planned.changes else [])])
        return Wanted(kept, attempts, bool(attempts) or set(kept) != set(before), until)

    def _without_cancelled(
        self, planned: Iterable[Conference], occupied: Collection[str], now: datetime
    ) -> tuple[tuple[Conference, ...], datetime]:
        """Let a cancelled conference go once nobody is in and its organiser has been told, or should have been.

        Return the others, and when to look again.
        """
        kept, until, cancelled = [], now + IDLE, {}
        for one in planned:
            if one.cancelled:
                since, told = cancelled[one.key] = self._cancelled.get(one.key, (now, one.told))
                is_told = not self._is_told or one.told != told or not since <= now < since + TOLD
                if is_told and one.key not in occupied:
                    continue
                if not is_told:
                    until = min(until, since + TOLD)
            kept.append(one)
        self._cancelled = cancelled
        return tuple(kept), until


def _occupied(there: Iterable[Attendance]) -> frozenset[str]:
    return frozenset(one.conference for one in there if one.left is None)


def _counted_up(seen: Iterable[int | None], touched: Collection[str]) -> tuple[int | None, ...]:
    """Return the revisions of `NOUNS` after a transaction that has `touched` some: what we write is no news to us."""
    return tuple(None if one is None else one + (noun in touched) for noun, one in zip(NOUNS, seen, strict=True))


def _attempts(
    kept: Iterable[Conference],
    before: set[str],
    known: Iterable[Attempt],
    been: Mapping[str, set[str]],
    now: datetime,
) -> tuple[Attempt, ...]:
    """Return the attempts that are new or change; those for what is no conference any more are never made."""
    by_conference: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in known:
        by_conference[attempt.conference].append(attempt)
    changed: list[Attempt] = []
    for one in kept:
        mine = by_conference.pop(one.key, [])
        changed += calling.wanted(one, mine, one.key in before, now, been.get(one.key, ()))
    for gone in by_conference.values():
        changed += calling.dropped(gone, now)
    return tuple(changed)
