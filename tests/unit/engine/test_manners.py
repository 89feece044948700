"""What a server asks for, and what one sick mailbox may not do to others; and that a push is heard at once."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.domain.mailbox import Cursor, Mailbox, Reading, Window
from gateway.domain.user import Organisation
from gateway.engine import turns
from gateway.engine.turns import Bell, Rest
from gateway.errors import GiveUp, RingplanError, Throttled, Unreachable
from gateway.store import health, mailboxes, organisation, tables, wishes
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.unit.engine.syncing import FLUSH, read_by_one, running, turning
from tests.unit.store.made import HOUR, NOON, ZONE, someone

MINUTE = timedelta(minutes=1)
MANY = tuple(str(number) for number in range(2000, 2020))


class Timed(FakeCalendar):
    """Notes when it was asked for which mailbox."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock = clock
        self.asked: list[tuple[datetime, int]] = []

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        self.asked.append((self.clock.now(), mailbox.id))
        return await super().read(mailbox, window, since)

    def since(self, when: datetime) -> list[datetime]:
        return [at for at, _ in self.asked if at > when]


@pytest.fixture
def timed(clock: HandClock) -> Timed:
    return Timed(clock)


async def said(store: Store, account: int) -> tuple[bool, str]:
    async with store.read() as rows:
        told = await health.get(rows, f"account:{account}")
    assert told
    return told.ok, told.said


async def heard(store: Store) -> None:
    """Wait until a wish has been taken: what the store does, the hand of the clock does not wait for."""
    async with asyncio.timeout(180):
        while True:
            async with store.read() as rows:
                if not await rows.all(select(tables.wishes)):
                    return


async def test_a_server_that_asks_for_rest_has_it_from_the_whole_account_and_nobody_fails(
    store: Store, timed: Timed, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.write() as rows:
        await organisation.put(rows, Organisation(ZONE))
        opened, boxes = await read_by_one(rows, *MANY)
    async with running(store, timed, clock):
        await turning(clock, lambda: len(timed.asked) >= len(MANY), FLUSH + len(MANY))
        timed.error = Throttled("busy", after=600)
        before = len(timed.asked)
        await turning(clock, lambda: len(timed.asked) == before + 1, FLUSH + len(MANY))
        began = clock.now()
        timed.error = None
        async with store.write() as rows:
            await wishes.ask(rows, Wish(Kind.SYNC, None, clock.now()))
        timed.pushed.put_nowait(boxes[3])
        await heard(store)
        await turning(clock, lambda: clock.now() > began + 595 * timedelta(seconds=1), FLUSH + len(MANY))
        assert len(timed.asked) == before + 1
        ok, text = await said(store, opened.id)
        assert (ok, text) == (False, "the server asks to be left alone until 13:11")  # in Stockholm, rounded up
        await turning(clock, lambda: len(timed.asked) == before + 1 + len(MANY), FLUSH + len(MANY))
        back = timed.since(began)
        assert min(back) >= began + 600 * timedelta(seconds=1)
        assert len(set(back)) > len(MANY) / 2, "not all at once"
        assert max(back) - min(back) > MINUTE / 2
        assert all(whole for _, whole in timed.reads[before + 1 :]), "everybody's wish is kept"
        assert (await said(store, opened.id))[0]
        async with store.read() as rows:
            assert not any(one.failing_since for one in (await mailboxes.progress(rows)).values())
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


async def test_the_rest_of_one_account_is_nobody_elses(store: Store, clock: HandClock) -> None:
    class OneRests(Timed):
        async def read(self, mailbox, window, since):
            result = await super().read(mailbox, window, since)
            if mailbox.id == rests.id:
                raise Throttled("busy", after=3600)
            return result

    calendar = OneRests(clock)
    async with store.write() as rows:
        _, rests = await someone(rows, "1001")
        _, other = await someone(rows, "1002")
    async with running(store, calendar, clock):
        await turning(clock, lambda: sum(box == other.id for _, box in calendar.asked) == 10, FLUSH + 2)
    assert sum(box == rests.id for _, box in calendar.asked) == 1


def test_a_rest_ends_when_it_is_over_or_the_clock_was_set_back() -> None:
    rest = Rest()
    assert not rest.lasts(NOON)
    rest.begin(NOON, NOON + HOUR)
    rest.begin(NOON + MINUTE, NOON + 2 * MINUTE)
    assert [rest.lasts(NOON + after) for after in (-HOUR, MINUTE, HOUR - MINUTE, HOUR)] == [False, True, True, False]


async def test_a_push_reads_what_has_changed_and_a_wish_the_whole(store: Store, timed: Timed, clock: HandClock) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
    async with running(store, timed, clock):
        await comes(lambda: len(timed.reads) == 1 and clock.waiting == FLUSH + 1)
        timed.pushed.put_nowait(mailbox)
        await comes(lambda: len(timed.reads) == 2 and clock.waiting == FLUSH + 1)
        async with store.write() as rows:
            await wishes.ask(rows, Wish(Kind.SYNC, user.id, clock.now()))
        await comes(lambda: len(timed.reads) == 3)
    assert [whole for _, whole in timed.reads] == [True, False, True]
    assert {at for at, _ in timed.asked} == {NOON}


async def test_a_mailbox_that_changes_while_it_is_being_read_is_read_once_more(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
    async with running(store, timed, clock):
        await comes(lambda: len(timed.reads) == 1 and clock.waiting == FLUSH + 1)
        timed.answers.clear()
        for _ in range(5):
            timed.pushed.put_nowait(mailbox)
        await comes(lambda: len(timed.reads) == 2 and timed.pushed.empty())
        timed.pushed.put_nowait(mailbox)
        await comes(timed.pushed.empty)
        timed.answers.set()
        await comes(lambda: len(timed.reads) == 3 and clock.waiting == FLUSH + 1)
    assert {at for at, _ in timed.asked} == {NOON}


def test_a_bell_that_rings_twice_remembers_the_wish() -> None:
    bell = Bell()
    bell.ring(whole=True)
    bell.ring(whole=False)
    assert bell.hear()
    assert not bell.rung.is_set()
    bell.ring(whole=False)
    assert not bell.hear()


@pytest.mark.parametrize("error", [Unreachable("the stream was cut"), GiveUp("no such thing here")])
async def test_a_stream_that_is_lost_is_opened_again_and_readings_go_on(
    store: Store, clock: HandClock, error: RingplanError, caplog: pytest.LogCaptureFixture
) -> None:
    class Cut(Timed):
        listened = 0

        async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
            self.listened += 1
            if self.listened < 4:
                raise error
            async for mailbox in super().changed(mailboxes):
                yield mailbox

    calendar = Cut(clock)
    async with store.write() as rows:
        _, mailbox = await someone(rows)
    async with running(store, calendar, clock):
        await turning(clock, lambda: calendar.listened == 4, FLUSH + 2)
        opened_again = clock.now()
        calendar.pushed.put_nowait(mailbox)
        before = len(calendar.reads)
        await comes(lambda: len(calendar.reads) > before)
    assert clock.now() == opened_again
    minutes = (opened_again - NOON) // MINUTE
    assert len(calendar.since(NOON)) >= minutes
    assert opened_again <= NOON + 16 * MINUTE
    assert len([record for record in caplog.records if "not heard at once" in record.getMessage()]) == 1


async def test_a_stream_begins_after_the_first_answer(store: Store, timed: Timed, clock: HandClock) -> None:
    """It would be a second request with credentials that may be refused."""
    async with store.write() as rows:
        _, boxes = await read_by_one(rows, "1001", "1002")
    timed.answers.clear()
    async with running(store, timed, clock):
        await comes(lambda: len(timed.reads) == 1)
        timed.pushed.put_nowait(boxes[1])
        for _ in range(200):
            await asyncio.sleep(0)
        assert not timed.pushed.empty()
        timed.answers.set()
        await comes(timed.pushed.empty)


async def test_servers_that_hang_keep_nobody_else_from_being_read(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(Timed):
        async def read(self, mailbox, window, since):
            result = await super().read(mailbox, window, since)
            if mailbox.id <= hanging:
                await asyncio.Event().wait()
            return result

    monkeypatch.setattr(turns, "LENT", 0.01)
    hanging, well = 40, 5
    calendar = Hanging(clock)
    async with store.write() as rows:
        for number in range(hanging + well):
            await someone(rows, str(2000 + number))
    async with running(store, calendar, clock):
        await turning(clock, lambda: len({box for _, box in calendar.asked}) == hanging + well, FLUSH)


async def test_one_account_that_is_slow_leaves_places_to_others(store: Store, clock: HandClock) -> None:
    """Its mailboxes wait for each other, and not in the way of everybody at this source."""

    class Slow(Timed):
        async def read(self, mailbox, window, since):
            result = await super().read(mailbox, window, since)
            if mailbox.account == slow.id and self.reads.count((mailbox.id, True)) and len(self.asked) > 1:
                await asyncio.Event().wait()
            return result

    calendar = Slow(clock)
    async with store.write() as rows:
        slow, _ = await read_by_one(rows, *(str(number) for number in range(2000, 2060)))
        _, other = await someone(rows, "1001")
    async with running(store, calendar, clock):
        await turning(clock, lambda: sum(box == other.id for _, box in calendar.asked) == 3, FLUSH + 1)
    assert len(calendar.asked) <= 1 + 16 + 3
