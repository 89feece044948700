"""Forgetting: what is over, planned or by hand, leaves the store, its free pages and its WAL (CODES.md, "Privacy").

Conferences go as soon as nobody is in (engine/conference/conferences.py); here go those of which no PBX has told the
end. Sessions of browsers, invitations, tokens, claims of addresses and old notes of who did what let nobody in once
they are over; they are gone within the hour.
"""

import asyncio
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

from gateway.ports import Clock
from gateway.store import (
    absences,
    audit,
    calls,
    claims,
    conferences,
    diversions,
    mailboxes,
    meetings,
    sessions,
    signins,
    tokens,
)
from gateway.store.rows import Rows
from gateway.store.store import Store


class _Noun(Protocol):
    """A module of the store whose rows are over one day."""

    async def forget_over(self, rows: Rows, now: datetime) -> int: ...

    async def next_end(self, rows: Rows) -> datetime | None: ...


ENDING: tuple[_Noun, ...] = (diversions, absences, meetings, conferences, calls)

LONGEST = timedelta(seconds=20)  # a third of what users are promised
SOON = timedelta(seconds=1)
HOUR = timedelta(hours=1)
IDLE = timedelta(hours=12)  # as [web] has it unless somebody says otherwise
STEP = timedelta(seconds=1)  # what is less than this corrects a clock all the time


async def sweep(store: Store, clock: Clock, idle: timedelta = IDLE) -> NoReturn:
    """Remove what is over, at its end; a reader that keeps the WAL from being cut is waited for.

    `idle`: after so long without use, a session of a browser is over.

    A clock that was ahead for a while made what is not over look so; calendars are then read whole once more, since an
    unchanged one would not bring it back.
    """
    never = asyncio.Event()
    async with store.read() as rows:
        tried = [one.tried for one in (await mailboxes.progress(rows)).values() if one.tried is not None]
    now = max([clock.now(), *tried])  # the clock may have been set back while no gateway ran
    entrance = now
    while True:
        before, now = now, clock.now()
        if now < before - STEP:
            async with store.write() as rows:
                await mailboxes.reread(rows)
                await diversions.found_long_ago(rows)
        if entrance <= now or now + HOUR < entrance:
            entrance = now + HOUR
            await _sweep_entrance(store, now, idle)
        async with store.read() as rows:
            ends = [await noun.next_end(rows) for noun in ENDING]
        end = min((one for one in ends if one is not None), default=None)
        if end is not None and end <= now:
            async with store.write() as rows:
                for noun in ENDING:
                    await noun.forget_over(rows, now)
            continue
        wait = LONGEST if await store.tidy() else SOON
        soonest = now + wait
        await clock.until(soonest if end is None else min(end, soonest), never)


async def _sweep_entrance(store: Store, now: datetime, idle: timedelta) -> None:
    async with store.write() as rows:
        await sessions.forget_over(rows, now, idle)
        for noun in (signins, tokens, claims, audit):
            await noun.forget_over(rows, now)
