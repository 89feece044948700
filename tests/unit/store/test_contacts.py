"""Contacts: only what differs is written, and whoever follows them learns all of it."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.store import accounts, books, contacts, mailboxes, tables, users
from gateway.store.contacts import Stored
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import NOON, account, contact, filled, someone

DAY = date(2026, 11, 23)


async def apply(rows: Rows, book: int, *put: Contact, gone: tuple[str, ...] = (), whole: bool = True) -> bool:
    changes = ContactChanges(put, gone, "token", whole)
    return await contacts.apply(rows, book, changes, day=DAY, epoch=0, now=NOON)


async def names(rows: Rows, book: int) -> list[str]:
    return [one.name for one in await contacts.of_book(rows, book)]


async def test_a_contact_comes_out_as_it_went_in(store: Store) -> None:
    anna = Contact(
        "k1",
        "Anna Öberg",
        "Anna",
        "Öberg",
        "Trä AB",
        "Direktör",
        ("anna@example.org", "a@example.org"),
        (PhoneNumber(Kind.MOBILE, "070-1 23", "+4670123"), PhoneNumber(Kind.OTHER, "Rezeption")),
    )
    async with store.write() as rows:
        user, book = await filled(rows)
        assert await apply(rows, book.id, anna, contact("k2"))
        assert await contacts.of_book(rows, book.id) == (anna, contact("k2"))
        assert await contacts.count(rows, book.id) == 2
        assert await contacts.counts(rows) == {book.id: 2}
        (first, _) = (await contacts.since(rows, 0)).stored
        assert first == Stored(1, book.id, user.id, anna)


async def test_a_whole_reading_replaces_the_one_before_and_notes_how_it_went(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"), contact("k2"))
        changes = ContactChanges((contact("k2", name="Bo"), contact("k3")), token="token-2", set_aside=2)
        assert await contacts.apply(rows, book.id, changes, day=DAY, epoch=0, now=NOON)
        assert await names(rows, book.id) == ["Bo", "Person k3"]
        assert await books.progress_of(rows, book.id) == books.Progress(
            token="token-2", day=DAY, epoch=0, tried=NOON, succeeded=NOON, set_aside=2
        )


async def test_a_reading_of_changes_leaves_all_others(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"), contact("k2"), contact("k3"))
        assert await apply(rows, book.id, contact("k2", name="Bo"), gone=("k3", "k9"), whole=False)
        assert await names(rows, book.id) == ["Person k1", "Bo"]
        assert not await apply(rows, book.id, whole=False)
        assert not await apply(rows, book.id, gone=("k9",), whole=False)
        assert await apply(rows, book.id)
        assert await names(rows, book.id) == []


async def test_what_could_not_be_read_adds_up_until_the_next_whole_reading(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        for whole, aside, sum_of in ((True, 2, 2), (False, 1, 3), (True, 0, 0)):
            changes = ContactChanges((), whole=whole, set_aside=aside)
            await contacts.apply(rows, book.id, changes, day=DAY, epoch=0, now=NOON)
            progress = await books.progress_of(rows, book.id)
            assert progress is not None
            assert progress.set_aside == sum_of


async def test_the_same_book_again_writes_nothing(store: Store) -> None:
    some = [contact(f"k{number}") for number in range(1200)]
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, *some)
    async with store.write() as rows:
        assert not await apply(rows, book.id, *reversed(some))
        assert "contacts" not in rows.touched
        assert not rows.outdated
    async with store.read() as rows:
        assert (await contacts.since(rows, 1)).stored == ()


async def test_a_follower_learns_what_changed_page_by_page(store: Store) -> None:
    some = [contact(f"k{number}") for number in range(5)]
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, *some)
    async with store.read() as rows:
        known = await contacts.newest(rows)
        pages = [await contacts.since(rows, 0, most=2)]
        while (at := pages[-1].next) is not None:
            pages.append(await contacts.since(rows, *at, most=2))
        assert [one.contact for page in pages for one in page.stored] == some
        assert await contacts.since(rows, known) == contacts.Page((), None)
    async with store.write() as rows:
        await apply(rows, book.id, *some[:2], replace(some[2], name="Bo"), *some[3:], contact("new"))
    async with store.read() as rows:
        page = await contacts.since(rows, known, most=1)
        assert [one.contact.name for one in page.stored] == ["Bo"]
        assert page.next is not None
        rest = await contacts.since(rows, *page.next)
        assert [one.contact.key for one in rest.stored] == ["new"]
        assert rest.next is None
        assert await contacts.newest(rows) > known
        assert await contacts.lost(rows, known) == ()


async def test_what_changes_between_two_pages_is_not_missed(store: Store) -> None:
    some = [contact(f"k{number}") for number in range(4)]
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, *some)
    async with store.read() as rows:
        known = await contacts.newest(rows)
        first = await contacts.since(rows, 0, most=2)
    async with store.write() as rows:
        await apply(rows, book.id, contact("k0", name="Bo"), contact("k3", name="Eva"), whole=False)
    async with store.read() as rows:
        assert first.next is not None
        rest = await contacts.since(rows, *first.next)
        assert [one.contact.name for one in rest.stored] == ["Person k2", "Bo", "Eva"]
        assert [one.contact.name for one in (await contacts.since(rows, known)).stored] == ["Bo", "Eva"]


async def test_a_follower_learns_what_is_gone(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"), contact("k2"))
    async with store.read() as rows:
        known = await contacts.newest(rows)
        assert await contacts.ids(rows, book.id) == {1, 2}
    async with store.write() as rows:
        await apply(rows, book.id, gone=("k1",), whole=False)
    async with store.read() as rows:
        assert await contacts.lost(rows, known) == (book.id,)
        assert await contacts.lost(rows, await contacts.newest(rows)) == ()
        assert await contacts.ids(rows, book.id) == {2}
        assert (await contacts.since(rows, known)).stored == ()


async def test_an_id_is_never_given_twice(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"), contact("k2"))
        await apply(rows, book.id)
    async with store.write() as rows:
        await apply(rows, book.id, contact("k2"))
        assert await contacts.ids(rows, book.id) == {3}


async def test_a_changed_contact_keeps_its_id(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"))
        await apply(rows, book.id, contact("k1", name="Bo"))
        assert await contacts.ids(rows, book.id) == {1}


@pytest.mark.parametrize("odd", ["\udcff.vcf/1", "a\0b", "Ö\u202e", "\\x", ""])
async def test_no_key_and_no_text_keeps_a_book_from_being_written(store: Store, odd: str) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        assert await apply(rows, book.id, contact(odd, name=f"Bo {odd}"), contact("k1"))
        assert not await apply(rows, book.id, contact(odd, name=f"Bo {odd}"), whole=False)
        assert await names(rows, book.id) == [f"Bo {odd}", "Person k1"]
        assert await apply(rows, book.id, gone=(odd,), whole=False)
        assert await names(rows, book.id) == ["Person k1"]


async def test_one_book_does_not_touch_another(store: Store) -> None:
    async with store.write() as rows:
        anna, hers = await filled(rows)
        bo, his = await filled(rows, "1002")
        for book in (hers, his):
            await apply(rows, book.id, contact("k1"))
        await apply(rows, hers.id)
        assert await names(rows, his.id) == ["Person k1"]
        assert await contacts.books(rows) == {hers.id: anna.id, his.id: bo.id}


async def test_a_token_that_was_read_under_other_rules_is_not_believed(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await books.reread(rows)
        await apply(rows, book.id, contact("k1"))
        progress = await books.progress_of(rows, book.id)
        assert progress is not None
        assert (progress.token, progress.day, progress.epoch) == (None, None, 1)
        assert await names(rows, book.id) == ["Person k1"]


async def test_a_book_that_is_not_read_any_more_keeps_nothing(store: Store) -> None:
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book.id, contact("k1"))
    async with store.write() as rows:
        assert await books.put(rows, replace(book, enabled=False))
        assert {"books", "contacts"} <= rows.touched
        assert await names(rows, book.id) == []
        assert not await apply(rows, book.id, contact("k1"))
        assert await names(rows, book.id) == []
        assert await contacts.lost(rows, 1) == (book.id,)
    async with store.write() as rows:
        await books.remove(rows, book.id)
        assert not await apply(rows, book.id, contact("k1"))


@pytest.mark.parametrize("what", ["user", "account", "mailbox", "book"])
async def test_contacts_go_with_what_they_came_through(store: Store, what: str) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        (book,) = await books.of(rows, user.id)
        await apply(rows, book.id, contact("k1"))
    async with store.write() as rows:
        if what == "user":
            await users.remove(rows, user.id)
        elif what == "account":
            await accounts.remove(rows, mailbox.account)
        elif what == "mailbox":
            await mailboxes.remove(rows, mailbox.id)
        else:
            await books.remove(rows, book.id)
        assert {"books", "contacts"} <= rows.touched
        assert rows.removed or rows.outdated
        assert await contacts.books(rows) == {}
        assert await rows.all(tables.contacts.select()) == []


async def test_a_company_book_goes_with_its_account_alone(store: Store) -> None:
    async with store.write() as rows:
        opened = await accounts.add(rows, account())
        user, _ = await someone(rows)
        book = await books.add(rows, Book(0, opened.id, "all@example.org", name="company"))
        await apply(rows, book.id, contact("k1"))
        await users.remove(rows, user.id)
        assert await contacts.books(rows) == {book.id: None}
        await accounts.remove(rows, opened.id)
        assert await contacts.counts(rows) == {}
