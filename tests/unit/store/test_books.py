"""Books: one beside each mailbox, the company's by name, and how the reading of each goes."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Form, Numbering
from gateway.domain.mailbox import Mailbox
from gateway.domain.user import Organisation
from gateway.errors import Refused, Unreachable
from gateway.store import accounts, books, contacts, mailboxes, organisation, users
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, ZONE, account, contact, filled, person, someone


async def company(rows: Rows, name: str = "company") -> Book:
    opened = await accounts.add(rows, account(name))
    return await books.add(rows, Book(0, opened.id, "All@example.org", name=name, path="/all/", refresh=None))


async def token_of(rows: Rows, book: Book) -> str | None:
    progress = await books.progress_of(rows, book.id)
    return progress.token if progress else None


async def read(rows: Rows, book: Book) -> None:
    changes = ContactChanges((contact(),), token="token")
    await contacts.apply(rows, book.id, changes, day=date(2026, 11, 23), epoch=0, now=NOON)


@pytest.mark.parametrize(("refresh", "of_book"), [(60, 900), (3600, 3600), (None, None)])
async def test_each_mailbox_has_a_book_that_is_read_less_often(
    store: Store, refresh: int | None, of_book: int | None
) -> None:
    async with store.write() as rows:
        anna, bo = [await users.add(rows, person(extension)) for extension in ("1001", "1002")]
        opened = await accounts.add(rows, account())
        made = [
            Mailbox(0, user.id, opened.id, user.emails[0], frozenset(), ZONE, "/p/", refresh) for user in (anna, bo)
        ]
        first = await mailboxes.add(rows, made[0])
        await mailboxes.add_every(rows, made[1:])
        assert "books" in rows.touched
        of_anna, of_bo = await books.every(rows)
        assert of_anna == Book(1, opened.id, "u1001@example.org", anna.id, "", first.id, None, of_book)
        second = (await mailboxes.of(rows, bo.id))[0]
        assert (of_bo.owner, of_bo.mailbox, of_bo.address) == (bo.id, second.id, "u1002@example.org")
        assert await books.of(rows, bo.id) == (of_bo,)
        assert [one.refresh for one in await mailboxes.every(rows)] == [refresh, refresh]


async def test_the_pace_of_a_users_calendar_is_that_of_the_contacts_too(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await filled(rows)
        await filled(rows, "1002")
        for given, of_book in ((7200, 7200), (None, None), (30, 900)):
            assert await mailboxes.pace(rows, user.id, given)
            assert [one.refresh for one in await mailboxes.of(rows, user.id)] == [given]
            assert [one.refresh for one in await books.every(rows)] == [of_book, 900]


async def test_a_company_book_is_found_by_its_name_and_has_it_alone(store: Store) -> None:
    async with store.write() as rows:
        book = await company(rows)
        assert book.id
        assert await books.named(rows, "company") == replace(book, address="all@example.org")
        assert await books.named(rows, "") is None
        with pytest.raises(Refused, match="company"):
            await books.add(rows, book)
        await company(rows, "suppliers")
        assert await books.remove(rows, book.id)
        assert not await books.remove(rows, book.id)
        assert [one.name for one in await books.every(rows)] == ["suppliers"]


async def test_a_book_that_lies_elsewhere_is_read_whole(store: Store) -> None:
    async with store.write() as rows:
        book = replace(await company(rows), address="all@example.org")
        await read(rows, book)
        slower = replace(book, refresh=3600)
        assert await books.put(rows, slower)
        assert await books.every(rows) == (slower,)
        assert await token_of(rows, book) == "token"
        assert await books.put(rows, replace(slower, path="/else/"))
        assert await token_of(rows, book) is None
        assert not await books.put(rows, replace(book, id=99))


async def test_a_book_that_is_read_again_is_read_whole(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await read(rows, book)
        await books.put(rows, replace(book, enabled=False))
        assert await contacts.count(rows, book.id) == 0
        assert await token_of(rows, book) is None
        await books.put(rows, book)
        progress = await books.progress_of(rows, book.id)
        assert progress is not None
        assert (progress.token, progress.epoch) == (None, 2)


async def test_only_a_change_of_what_numbers_mean_lets_every_book_be_read_whole(store: Store) -> None:
    async with store.write() as rows:
        ours = Organisation(ZONE)
        await organisation.put(rows, ours)
        book = await company(rows)
        await read(rows, book)
        await organisation.put(rows, replace(ours, only_own=True))
        assert await token_of(rows, book) == "token"
        numbering = Numbering("SE", "8", "0", 4, Form.OUTSIDE)
        await organisation.put(rows, replace(ours, numbering=numbering))
        assert (await organisation.get(rows)).numbering == numbering
        assert await token_of(rows, book) is None
        assert "books" in rows.touched
        assert await contacts.count(rows, book.id) == 1


async def test_failing_is_told_from_its_beginning_until_it_goes_well_again(store: Store) -> None:
    async with store.write() as rows:
        user, book = await filled(rows)
        _, other = await filled(rows, "1002")
        await books.unchanged(rows, [book.id], NOON)
        await books.failed(rows, [book.id], Unreachable("no answer", "start it"), NOON + HOUR)
        await books.failed(rows, [book.id], Unreachable("no answer", "start it"), NOON + 2 * HOUR)
        failing = books.Progress(
            tried=NOON + 2 * HOUR,
            succeeded=NOON,
            failing_since=NOON + HOUR,
            error="Unreachable",
            said="no answer: start it",
        )
        assert await books.progress(rows) == {book.id: failing, other.id: books.Progress()}
        await read(rows, book)
        progress = await books.progress_of(rows, book.id)
        assert progress is not None
        assert (progress.failing_since, progress.error, progress.said) == (None, None, None)
        await users.remove(rows, user.id)
        assert await books.progress_of(rows, book.id) is None


async def test_a_mailbox_takes_its_book_along(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await mailboxes.remove(rows, mailbox.id)
        assert await books.of(rows, user.id) == ()
