"""What is wanted when somebody asks, and that the same is asked once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.deciding import sync
from gateway.deciding.installation import Installation, Reach, SourceAt
from gateway.deciding.sync import Asked, Stage, Trouble
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.engine.sync import NOT_OFFERED, WITHOUT_CONTACTS
from gateway.errors import NotOffered, Unreachable
from gateway.store import accounts, books, health, mailboxes, refusals, users, wishes
from gateway.store.store import Store

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Stockholm")
ALL = Installation(("main",), {"office": SourceAt("caldav")}, directory=Reach("pbx.example.org", "dc=c", ()))


@pytest.fixture
async def anna(store: Store) -> User:
    """Anna, and Otto, both read by one service account, which has a book of the company besides."""
    async with store.write() as rows:
        service = await accounts.add(rows, Account(0, "office", "service", Secret("s"), service=True))
        anna, otto = [
            await users.add(rows, User(0, extension, (f"{extension}@example.org",), ZONE))
            for extension in ("1001", "1002")
        ]
        for user in (anna, otto):
            await mailboxes.add(rows, Mailbox(0, user.id, service.id, user.emails[0], frozenset(), ZONE))
        await books.add(rows, Book(0, service.id, "all@example.org", name="all"))
    return anna


async def wanted(store: Store, installation: Installation, only: User | None = None) -> str:
    async with store.read() as rows:
        return str(await sync.wanted(rows, installation, only))


async def test_one_is_asked_for_or_everybody_with_the_books_of_the_company(store: Store, anna: User):
    assert await wanted(store, ALL) == "calendars: 2, address books: 3"
    assert await wanted(store, ALL, anna) == "calendars: 1, address books: 1"
    assert await wanted(store, replace(ALL, directory=None), anna) == "calendars: 1"
    assert await wanted(store, replace(ALL, pilot=frozenset({"1002"})), anna) == "calendars: 0"
    assert await wanted(store, replace(ALL, pilot=frozenset({"1002"}))) == "calendars: 1, address books: 2"
    assert await wanted(store, ALL, replace(anna, enabled=False)) == "calendars: 0"
    async with store.write() as rows:
        await health.tell(rows, "gateway", {WITHOUT_CONTACTS: ["office"]}, NOW)
    assert await wanted(store, ALL) == "calendars: 2"
    assert await wanted(store, ALL, anna) == "calendars: 1"


async def test_the_same_wish_waits_once(store: Store, anna: User):
    asked = Asked()
    async with store.write() as rows:
        for second in range(3):
            at = await asked.ask(rows, anna.id, NOW + timedelta(seconds=second))
            assert (at, asked.of(anna.id)) == (NOW, NOW)
        assert await asked.ask(rows, anna.id + 1, NOW) == NOW
        assert len(await wishes.take(rows)) == 2
        await sync.ask(rows, None, NOW)
        await sync.ask(rows, None, NOW)
        await asked.ask(rows, anna.id, NOW + timedelta(minutes=1))
        assert len(await wishes.take(rows)) == 1
        await sync.ask(rows, anna.id, NOW)
        await sync.ask(rows, None, NOW)
        assert len(await wishes.take(rows)) == 2


async def test_a_clock_that_is_set_back_silences_nobody(store: Store, anna: User):
    asked = Asked()
    async with store.write() as rows:
        await asked.ask(rows, anna.id, NOW)
        await wishes.take(rows)
        assert await asked.ask(rows, anna.id, NOW - timedelta(hours=1)) == NOW - timedelta(hours=1)
        assert len(await wishes.take(rows)) == 1


async def test_what_was_read_before_does_not_count(store: Store, anna: User):
    async with store.write() as rows:
        (box,) = await mailboxes.of(rows, anna.id)
        await mailboxes.unchanged(rows, [box.id], NOW - timedelta(seconds=1))
        before = await sync.synced(rows, ALL, anna, NOW, NOW)
        await mailboxes.unchanged(rows, [box.id], NOW)
        after = await sync.synced(rows, ALL, anna, NOW, NOW)
    assert [part.stage for part in before.parts] == [Stage.READING, Stage.READING]
    assert [part.stage for part in after.parts] == [Stage.DONE, Stage.READING]
    assert not after.is_over


async def test_an_account_that_rests_is_not_waited_for(store: Store, anna: User):
    async with store.write() as rows:
        (service,) = await accounts.listed(rows)
        await refusals.refused(rows, service, NOW)
        found = await sync.synced(rows, ALL, anna, NOW, NOW)
    assert found.is_over
    assert {(part.trouble, part.until) for part in found.parts} == {(Trouble.RESTS, NOW + timedelta(minutes=15))}


async def test_what_was_refused_with_an_older_password_is_not_told_of_the_new_one(store: Store, anna: User):
    async with store.write() as rows:
        (service,) = await accounts.listed(rows)
        await refusals.refused(rows, service, NOW - timedelta(hours=1))
        await health.put(rows, f"account:{service.id}", ok=False, now=NOW, said="refused")
        await accounts.put_password(rows, service.id, Secret("t"))
        found = await sync.synced(rows, ALL, anna, NOW, NOW)
    assert [part.stage for part in found.parts] == [Stage.READING, Stage.READING]


async def test_a_server_without_contacts_is_no_failure(store: Store, anna: User):
    async with store.write() as rows:
        (book,) = await books.of(rows, anna.id)
        await books.unchanged(rows, [book.id], NOW)
        await health.tell(rows, "gateway", {NOT_OFFERED: ["office"]}, NOW)
        _, contacts = (await sync.synced(rows, ALL, anna, NOW, NOW)).parts
        assert (contacts.stage, contacts.offered) == (Stage.DONE, False)
        await books.failed(rows, [book.id], NotOffered("there are none"), NOW)
        _, contacts = (await sync.synced(rows, ALL, anna, NOW, NOW)).parts
        assert (contacts.stage, contacts.trouble) == (Stage.FAILED, Trouble.NOT_THERE)


async def test_what_is_known_is_told_without_commands(store: Store, anna: User):
    async with store.write() as rows:
        (box,) = await mailboxes.of(rows, anna.id)
        error = Unreachable("dav.example.org: refused", "look at ringplan status: it tells more")
        await mailboxes.failed(rows, [box.id], error, NOW)
        calendar, _ = (await sync.synced(rows, ALL, anna, None, NOW)).parts
    assert (calendar.trouble, calendar.said) == (Trouble.UNREACHABLE, "dav.example.org: refused")
