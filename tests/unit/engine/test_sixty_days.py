"""Sixty days in which nobody writes anything: a series without end goes on diverting, at its hour and at no other.

The calendar's token never changes in all that time, so what lies beyond the fortnight that was read first comes only
because a new day is read whole. On the way clocks are put forward, and the telephone must follow the office's clock.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from gateway.domain.held import Lamp
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.reconcile import Reconcile
from gateway.engine.supervise import supervise
from gateway.engine.sweep import sweep
from gateway.engine.sync import Sync
from gateway.planning.schedule import parse as schedule_of
from gateway.ports import Opened
from gateway.sources.caldav.parse import parse
from gateway.store import diversions, tables
from gateway.store.rows import Rows
from gateway.store.store import Store
from peers.dav import event
from tests.fakes.clock import HandClock, comes
from tests.fakes.switch import FakePbx
from tests.unit.engine.alone import alone
from tests.unit.store.made import HOUR, ZONE, someone

BEGIN = datetime(2027, 3, 1, tzinfo=UTC)  # a Monday; clocks are put forward on Sunday the 28th
DAYS = 60
HEALTH = 2  # rows: the account's and the PBX's
PARTS = 4  # wait for the clock: who reads, who notes what is unchanged, who forgets, who holds
WEEKLY = event(
    "weekly",
    ";TZID=Europe/Stockholm:20260105T100000",
    ";TZID=Europe/Stockholm:20260105T110000",
    "M: Styrgrupp",
    "RRULE:FREQ=WEEKLY",
)


class Unchanging:
    """A calendar with one token for ever; `read_on` are the days on which it was asked for the whole window."""

    def __init__(self) -> None:
        self.read_on: list[datetime] = []

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        cursor = Cursor("for ever", window.day)
        if since == cursor:
            return None
        self.read_on.append(window.start)
        appointments, set_aside = parse([WEEKLY], window, mailbox.zone, mailbox.addresses)
        return Reading(appointments, cursor, set_aside)

    async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
        await asyncio.Event().wait()
        for mailbox in mailboxes:
            yield mailbox

    async def group(self, mailbox: Mailbox, address: str) -> tuple[str, ...] | None:
        return None

    async def numbers(self, mailbox: Mailbox, address: str) -> tuple[str, ...]:
        return ()


def diverts(now: datetime) -> bool:
    """Say what the series says, in the words of the office: Mondays from ten to eleven."""
    local = now.astimezone(ZONE)
    return local.weekday() == 0 and local.hour == 10


@asynccontextmanager
async def running(store: Store, calendar: Unchanging, pbx: FakePbx, clock: HandClock) -> AsyncIterator[None]:
    @asynccontextmanager
    async def connect(_: Account) -> AsyncIterator[Opened]:
        yield Opened(calendar=calendar)

    pulse = Pulse(store, clock)
    reconcile = Reconcile("main", store, Decided(), lambda _: True, clock, pulse)
    parts = [
        asyncio.create_task(sweep(store, clock)),
        asyncio.create_task(Sync(store, Decided(), {"office": connect}, lambda _: True, clock, pulse).run()),
        asyncio.create_task(supervise(pbx.connect, alone(reconcile), partial(pulse.say, "pbx:main"), clock)),
    ]
    try:
        yield
    finally:
        for part in parts:
            part.cancel()
        await asyncio.wait(parts)
        for part in parts:
            if not part.cancelled():
                part.result()


async def many_rows(rows: Rows) -> int:
    """Return how many rows there are in all tables."""
    return sum([len(await rows.all(select(table))) for table in tables.metadata.sorted_tables])


def right(pbx: FakePbx, now: datetime) -> bool:
    """Say whether the PBX holds what the series says: the lamp of now, and for callers the day that begins now."""
    held = pbx.holds.get("1001")
    if held is None or (held.lamp is Lamp.ON) != diverts(now):
        return False
    known = schedule_of(held.schedule) if held.schedule else None
    hours = [now + ahead * HOUR for ahead in range(24)]
    return [known is not None and known.at(hour) is not None for hour in hours] == [diverts(hour) for hour in hours]


def hours(apart: int) -> list[int]:
    """Return the hours of all days from `BEGIN` on: each of Mondays, when it diverts; of others those so far apart."""
    return [hour for hour in range(DAYS * 24) if hour // 24 % 7 == 0 or hour % apart == 0]


@pytest.mark.parametrize("apart", [6, pytest.param(1, marks=pytest.mark.soak)])
async def test_a_series_without_end_diverts_at_its_hour_for_sixty_days_in_which_nothing_changes(
    store: Store, pbx: FakePbx, apart: int
) -> None:
    clock, calendar = HandClock(BEGIN), Unchanging()
    async with store.write() as rows:
        user, _ = await someone(rows)
    lit: list[datetime] = []
    async with store.read() as rows:
        many = await many_rows(rows) + HEALTH
    async with running(store, calendar, pbx, clock):
        for hour in hours(apart):
            now = BEGIN + hour * HOUR
            clock.turn(now)
            try:
                await comes(lambda: clock.waiting >= PARTS and right(pbx, now))  # noqa: B023 - called at once
            except TimeoutError:
                raise AssertionError(f"at {now} the PBX holds {pbx.holds}") from None
            if diverts(now):
                lit.append(now.astimezone(ZONE))
            if hour % 6 == 0:
                async with store.read() as rows:
                    kept, all_rows = await diversions.of(rows, user.id), await many_rows(rows)
                assert len(kept) in {2, 3}, "a fortnight's"
                assert all(one.end > now for one in kept), now
                assert all_rows - len(kept) <= many, now
    assert {at.utcoffset() for at in lit} == {timedelta(hours=1), timedelta(hours=2)}
    assert [at.date() - lit[0].date() for at in lit] == [timedelta(weeks=week) for week in range(9)]
    assert len(calendar.read_on) == DAYS
