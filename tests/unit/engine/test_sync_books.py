"""Reading books when they are due, beside calendars, which never wait for them."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.engine.account import BOOKS_AT_ONCE
from gateway.errors import GiveUp, NotOffered, Refused, RetryLater, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.store import accounts, books, contacts, health, mailboxes, users, wishes
from gateway.store.health import Facts
from gateway.store.rows import Rows
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.fakes.contacts import FakeContacts
from tests.unit.engine.syncing import FLUSH, read_by_one, running, turning
from tests.unit.store.made import HOUR, NOON, account, contact, filled, someone

MINUTE = timedelta(minutes=1)


class Timed(FakeContacts):
    """Notes when it was asked, and hangs for the books `hanging`."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock = clock
        self.times: list[datetime] = []
        self.hanging: frozenset[int] = frozenset()

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        self.times.append(self.clock.now())
        changes = await super().read(book, since)
        if book.id in self.hanging:
            await asyncio.Event().wait()
        return changes


@pytest.fixture
def source(clock: HandClock) -> Timed:
    return Timed(clock)


async def company(rows: Rows, **values: object) -> Book:
    """Add the company's book, at an account of its own."""
    opened = await accounts.add(rows, account("company"))
    return await books.add(rows, replace(Book(0, opened.id, "all@example.org", name="company"), **values))  # type: ignore[arg-type]


async def tells(store: Store, facts: Facts) -> None:
    """Wait until these are told of the gateway."""
    async with asyncio.timeout(60):
        told = None
        while told is None or told.facts != facts:
            await asyncio.sleep(0)
            async with store.read() as rows:
                told = await health.get(rows, "gateway")


async def wish(store: Store, clock: HandClock, user: int | None) -> None:
    async with store.write() as rows:
        await wishes.ask(rows, Wish(Kind.SYNC, user, clock.now()))


async def test_a_book_is_read_every_quarter_of_an_hour_beside_its_calendar(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.write(book.id, contact())
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 4, FLUSH + 2)
    assert source.times[3] - source.times[2] == source.times[2] - source.times[1] == 15 * MINUTE
    assert 30 <= len(calendar.reads) <= 50
    async with store.read() as rows:
        assert await contacts.count(rows, book.id) == 1


async def test_without_a_directory_no_book_is_read(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        await filled(rows)
    async with running(store, calendar, clock, contacts=source):
        await turning(clock, lambda: len(calendar.reads) == 20, FLUSH + 1)
    assert source.reads == []


async def test_calendar_and_contacts_are_each_on_or_off(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        first, mine = await filled(rows, "1001")
        second, other = await filled(rows, "1002")
        await mailboxes.put_calendar(rows, first.id, calendar=False)
        await books.put(rows, replace(other, enabled=False))
        (box,) = await mailboxes.of(rows, second.id)
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 2, FLUSH + 2)
    assert {book for book, _ in source.reads} == {mine.id}
    assert {mailbox for mailbox, _ in calendar.reads} == {box.id}


async def test_contacts_that_are_put_away_and_fetched_again_are_read_at_once(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.write(book.id, contact())
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 1, FLUSH + 2)
        begun = clock.now()
        for enabled in (False, True):
            async with store.write() as rows:
                await books.put(rows, replace(book, enabled=enabled))
        await turning(clock, lambda: len(source.reads) == 2, FLUSH + 2)
    assert clock.now() < begun + MINUTE
    assert source.reads == 2 * [(book.id, True)]


async def test_who_does_not_take_part_is_not_read_and_the_company_always_is(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        await filled(rows, "1001")
        away, _ = await filled(rows, "1002")
        await users.put(rows, replace(away, enabled=False))
        everybodys = await company(rows)
    async with running(store, calendar, clock, lambda _: False, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 3, FLUSH + 1)
    assert {book for book, _ in source.reads} == {everybodys.id}
    assert calendar.reads == []


async def test_a_wish_reads_calendar_and_contacts_whole_and_at_once(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        user, book = await filled(rows, "1001")
        await filled(rows, "1002")
        everybodys = await company(rows)
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 3, FLUSH + 5)
        many, begun = len(calendar.reads), clock.now()
        await wish(store, clock, user.id)
        await comes(lambda: len(source.reads) == 4 and len(calendar.reads) == many + 1)
        await wish(store, clock, None)
        await comes(lambda: len(source.reads) == 7)
    assert source.reads[3] == (book.id, True)
    assert (everybodys.id, True) in source.reads[4:]
    assert all(whole for _, whole in source.reads[3:])
    assert source.times[3:] == 4 * [begun]


async def test_what_is_off_is_read_only_when_somebody_asks(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        user, _ = await filled(rows)
        await mailboxes.pace(rows, user.id, None)
        (mailbox,) = await mailboxes.of(rows, user.id)
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await comes(lambda: clock.waiting == FLUSH + 2)
        calendar.pushed.put_nowait(mailbox)
        clock.turn(timedelta(days=3))
        await comes(lambda: clock.waiting == FLUSH + 2)
        clock.turn(-HOUR)
        await comes(lambda: clock.waiting == FLUSH + 2)
        assert (calendar.reads, source.reads) == ([], [])
        await wish(store, clock, user.id)
        await comes(lambda: len(source.reads) == len(calendar.reads) == 1)
        await comes(lambda: clock.waiting == FLUSH + 2)
        clock.turn(timedelta(days=3))
        await comes(lambda: clock.waiting == FLUSH + 2)
        assert len(source.reads) == len(calendar.reads) == 1
        await wish(store, clock, user.id)
        await comes(lambda: len(source.reads) == len(calendar.reads) == 2)


async def test_what_is_off_and_was_asked_for_during_a_rest_is_read_after_it(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        user, _ = await filled(rows)
        await mailboxes.pace(rows, user.id, None)
        await mailboxes.put_calendar(rows, user.id, calendar=False)
    source.error = Throttled("busy", after=600)
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await comes(lambda: clock.waiting == FLUSH + 1)
        await wish(store, clock, user.id)
        await comes(lambda: len(source.reads) == 1)
        source.error = None
        await turning(clock, lambda: len(source.reads) == 2, FLUSH + 1)
    assert source.times == [NOON, NOON + 10 * MINUTE]
    assert source.reads[1][1]


@pytest.mark.parametrize("error", [Unreachable("no route"), Refused("not shared"), GiveUp("no"), RetryLater("busy")])
async def test_a_book_that_fails_says_so_and_its_calendar_is_read_as_ever(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock, error: RingplanError
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.error = error
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(calendar.reads) == 30, FLUSH + 2)
        assert NOON + 28 * MINUTE < clock.now() <= NOON + 30 * MINUTE
        assert len(source.reads) <= 3
        async with store.read() as rows:
            told = (await books.progress(rows))[book.id]
            (of_calendar,) = (await mailboxes.progress(rows)).values()
            (part,) = [one for one in await health.every(rows) if one.name.startswith("account:")]
        assert (told.error, told.failing_since is None) == (type(error).__name__, False)
        assert (of_calendar.failing_since, part.ok) == (None, True)
        source.error = None
        await turning(clock, lambda: len(source.reads) >= 4, FLUSH + 2)
        await turning(clock, lambda: len(calendar.reads) >= 50, FLUSH + 2)
    async with store.read() as rows:
        assert (await books.progress(rows))[book.id].failing_since is None


async def test_books_that_hang_delay_no_calendar(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, boxes = await read_by_one(rows, *(str(number) for number in range(2000, 2020)))
        source.hanging = frozenset(book.id for book in await books.every(rows))
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(calendar.reads) >= 5 * len(boxes), FLUSH + len(boxes))
    assert clock.now() <= NOON + 5 * MINUTE
    assert len(source.reads) == BOOKS_AT_ONCE


async def test_a_book_that_is_asked_to_rest_rests_the_whole_account(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        await filled(rows)
    source.error = Throttled("busy", after=3600)
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 1, FLUSH + 2)
        many, rests_since = len(calendar.reads), clock.now()
        await turning(clock, lambda: len(calendar.reads) > many, FLUSH + 2)
        assert clock.now() >= rests_since + HOUR
        async with store.read() as rows:
            assert all(one.failing_since is None for one in (await books.progress(rows)).values())


async def test_credentials_that_a_book_finds_refused_close_the_account(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.error = SignInAgain("wrong password", "ringplan accounts password")
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 1, FLUSH + 2)
        refused, many = clock.now(), len(calendar.reads)
        await turning(clock, lambda: len(calendar.reads) > many, FLUSH + 1)
        assert clock.now() >= refused + 10 * MINUTE
        async with store.read() as rows:
            assert (await books.progress(rows))[book.id].error == "SignInAgain"


async def test_books_at_a_source_without_contacts_rest_and_that_is_said_once(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        for extension in ("1001", "1002"):
            await filled(rows, extension)
    async with running(store, calendar, clock, with_contacts=True):
        await tells(store, {"without_contacts": ["office"], "contacts_not_offered": []})
        assert clock.now() == NOON, "`ringplan sync` may be asked for at once"
        await turning(clock, lambda: len(calendar.reads) == 6, FLUSH + 2)
        async with store.read() as rows:
            assert {one.tried for one in (await books.progress(rows)).values()} == {None}
            told = await health.get(rows, "gateway")
    assert told
    assert told.facts == {"without_contacts": ["office"], "contacts_not_offered": []}


async def test_a_server_that_has_no_address_books_is_no_failure_and_is_asked_again(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.error = NotOffered("it has none")
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 3, FLUSH + 2)
        assert source.times[2] - source.times[1] == 15 * MINUTE
        await tells(store, {"without_contacts": [], "contacts_not_offered": ["office"]})
        async with store.read() as rows:
            told = (await books.progress(rows))[book.id]
        assert (told.tried is None, told.failing_since) == (False, None)
        source.error = None
        source.write(book.id, contact())
        await turning(clock, lambda: len(source.reads) == 4, FLUSH + 2)
        begun = clock.now()
        await turning(clock, lambda: clock.now() > begun + MINUTE, FLUSH + 2)
        await tells(store, {"without_contacts": [], "contacts_not_offered": []})
    async with store.read() as rows:
        assert await contacts.count(rows, book.id) == 1


async def test_a_server_that_has_no_address_books_any_more_fails_and_the_contacts_stay(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
    source.write(book.id, contact())
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 1, FLUSH + 2)
        source.error = NotOffered("it has none")
        await turning(clock, lambda: len(source.reads) == 3, FLUSH + 2)
    async with store.read() as rows:
        assert (await books.progress(rows))[book.id].error == "GiveUp"
        assert await contacts.count(rows, book.id) == 1


async def test_a_book_of_the_company_that_is_not_offered_fails(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        book = await company(rows)
    source.error = NotOffered("it has none")
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 2, FLUSH + 1)
    async with store.read() as rows:
        assert (await books.progress(rows))[book.id].error == "GiveUp"


async def test_calendars_at_a_source_without_calendars_fail_and_contacts_are_read(
    store: Store, source: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
    async with running(store, None, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 2, FLUSH + 1)
        async with store.read() as rows:
            told = (await mailboxes.progress(rows))[mailbox.id]
    assert told.said
    assert "no calendars" in told.said


async def test_books_begin_behind_the_calendars(
    store: Store, calendar: FakeCalendar, source: Timed, clock: HandClock
) -> None:
    many = 20
    async with store.write() as rows:
        for number in range(many):
            await someone(rows, str(2000 + number))
    async with running(store, calendar, clock, contacts=source, with_contacts=True):
        await turning(clock, lambda: len(source.reads) == 1, FLUSH + 2 * many)
        assert {mailbox for mailbox, _ in calendar.reads} == set(range(1, many + 1))


async def test_what_is_off_does_not_fail_with_its_account(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        opened, (box, off) = await read_by_one(rows, "1001", "1002")
        await mailboxes.pace(rows, off.user, None)
    calendar.error = SignInAgain("wrong password", "ringplan accounts password")
    async with running(store, calendar, clock):
        await comes(lambda: len(calendar.reads) == 1 and clock.waiting == FLUSH + 1)
        async with store.read() as rows:
            failing = [one for one, how in (await mailboxes.progress(rows)).items() if how.failing_since]
            told = await health.get(rows, f"account:{opened.id}")
    assert failing == [box.id]
    assert told
    assert not told.ok
