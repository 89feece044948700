"""Forgetting what is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from gateway.domain.conference import Attendance
from gateway.domain.mailbox import Cursor, Mailbox
from gateway.engine.sweep import sweep
from gateway.store import (
    absences,
    attendances,
    audit,
    calls,
    claims,
    conferences,
    diversions,
    entrance,
    mailboxes,
    meetings,
    sessions,
    signins,
    tokens,
)
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.unit.store.made import HOUR, NOON, attempt, conference, diversion, meeting, someone

CURSOR = Cursor("token", NOON.date())


@asynccontextmanager
async def running(store: Store, clock: HandClock) -> AsyncIterator[None]:
    keeper = asyncio.create_task(sweep(store, clock))
    try:
        await comes(lambda: clock.waiting == 1)
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))
        if not keeper.cancelled():
            keeper.result()


async def planned(store: Store) -> Mailbox:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        asked = [diversion(user.id, start=NOON + HOUR, end=NOON + 2 * HOUR)]
        await mailboxes.replace(rows, mailbox.id, asked, CURSOR, epoch=0, now=NOON)
    return mailbox


async def kept(store: Store, mailbox: Mailbox) -> tuple[int, Cursor | None]:
    async with store.read() as rows:
        progress = await mailboxes.progress_of(rows, mailbox.id)
        assert progress is not None
        return await diversions.count(rows, mailbox.id), progress.cursor


async def turned(clock: HandClock, to: timedelta) -> None:
    clock.turn(to)
    await comes(lambda: clock.waiting == 1)


async def test_what_is_over_is_forgotten_at_its_end(store: Store, clock: HandClock) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 2 * HOUR - timedelta(seconds=1))
        assert await kept(store, mailbox) == (1, CURSOR)
        await turned(clock, timedelta(seconds=1))
        assert await kept(store, mailbox) == (0, CURSOR)


async def test_an_absence_by_hand_is_forgotten_at_its_end(store: Store, clock: HandClock) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        await absences.put(rows, replace(diversion(user.id, start=NOON, end=NOON + HOUR), by_hand=True))
    async with running(store, clock):
        await turned(clock, HOUR - timedelta(seconds=1))
        async with store.read() as rows:
            assert await absences.of(rows, user.id)
        await turned(clock, timedelta(seconds=1))
        async with store.read() as rows:
            assert await absences.of(rows, user.id) is None


async def test_after_a_clock_that_was_ahead_for_a_while_calendars_are_read_whole(
    store: Store, clock: HandClock
) -> None:
    """What is not over yet may have been taken for over, and an unchanged calendar would not bring it back."""
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 5 * HOUR)
        assert await kept(store, mailbox) == (0, CURSOR)
        await turned(clock, -5 * HOUR)
        assert await kept(store, mailbox) == (0, None)


async def test_after_a_clock_that_was_set_back_while_no_gateway_ran_calendars_are_read_whole(
    store: Store, clock: HandClock
) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, 5 * HOUR)
    async with store.write() as rows:
        await mailboxes.unchanged(rows, (mailbox.id,), clock.now())
    clock.turn(-5 * HOUR)
    async with running(store, clock):
        assert await kept(store, mailbox) == (0, None)


async def test_a_clock_that_is_set_back_a_little_changes_nothing(store: Store, clock: HandClock) -> None:
    mailbox = await planned(store)
    async with running(store, clock):
        await turned(clock, -timedelta(seconds=0.5))
        assert await kept(store, mailbox) == (1, CURSOR)


async def test_meetings_conferences_and_calls_are_forgotten_when_they_are_over(store: Store, clock: HandClock) -> None:
    """A conference that no PBX tells the end of goes half a minute after it was to close, a call after five minutes."""
    one = conference()
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await meetings.replace(rows, mailbox.id, [meeting(user.id)], NOON)
        await conferences.keep(rows, [one])
        await attendances.came(rows, Attendance(one.key, "PJSIP/1001-1", "", NOON))
        await calls.put(rows, [attempt(conference=one.key)])

    async def left() -> list[int]:
        async with store.read() as rows:
            return [len(await noun.every(rows)) for noun in (meetings, calls, conferences, attendances)]

    instants = (
        (one.end, [0, 1, 1, 1]),
        (one.end + timedelta(minutes=5), [0, 0, 1, 1]),
        (one.closes + timedelta(seconds=30), [0, 0, 0, 0]),
    )
    before = [1, 1, 1, 1]
    async with running(store, clock):
        for instant, after in instants:
            await turned(clock, instant - timedelta(seconds=1) - clock.now())
            assert await left() == before
            await turned(clock, timedelta(seconds=1))
            assert await left() == after
            before = after


async def test_a_meeting_that_is_found_while_the_sweep_waits_is_gone_within_twenty_seconds_of_its_end(
    store: Store, clock: HandClock
) -> None:
    async with running(store, clock):
        async with store.write() as rows:
            user, mailbox = await someone(rows)
            found = meeting(user.id, end=NOON + timedelta(seconds=1))
            await meetings.replace(rows, mailbox.id, [found], NOON)
        await turned(clock, timedelta(seconds=20))
        async with store.read() as rows:
            assert await meetings.every(rows) == ()


async def test_what_lets_in_to_the_portal_leaves_the_store_within_the_hour(store: Store, clock: HandClock) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        entry = await signins.add(rows, user.id)
        await sessions.begin(rows, entry.id, NOON, NOON + 30 * timedelta(days=1), "used")
        await sessions.begin(rows, entry.id, NOON, NOON + HOUR, "short")
        await signins.invite(rows, entry.id, NOON + HOUR)
        await tokens.add(rows, entry.id, "short", (), NOON, NOON + HOUR)
        await tokens.add(rows, entry.id, "no end", (), NOON, None)
        await claims.put(rows, user.id, "new@example.org", NOON + HOUR, by_letter=True)
        await audit.note(rows, NOON - audit.KEPT + HOUR, "command", "invited")

    async def left() -> list[int]:
        async with store.read() as rows:
            tables = (entrance.sessions, entrance.invitations, entrance.claims, entrance.audit, entrance.tokens)
            return [len(await rows.all(select(table))) for table in tables]

    async with running(store, clock):
        assert await left() == [2, 1, 1, 1, 2]
        clock.turn(2 * HOUR)
        await comes(lambda: clock.waiting == 1)
        assert await left() == [1, 0, 0, 0, 1]
        clock.turn(10 * HOUR)
        await comes(lambda: clock.waiting == 1)
        assert await left() == [0, 0, 0, 0, 1]
