"""What contacts said is in no file of the store once they are removed or replaced, be it somewhat later."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact
from gateway.store import books, contacts, users
from gateway.store import store as opened
from gateway.store.rows import Rows
from gateway.store.sqlite import rebuild
from gateway.store.store import Store
from tests.unit.store.made import NOON, contact, filled
from tests.unit.store.test_accounts import everything_in

PLANTED = "Alva Planterad"
OTHERS = "Bo Bofast"
MANY = 20


def some_contacts(chance: random.Random) -> list[Contact]:
    """Contacts whose rows are of any length, every other one of them planted; their keys tell it as well."""
    return [
        contact(f"{name}-{at}", name=name * chance.randrange(1, 120))
        for at, name in enumerate([OTHERS, PLANTED] * MANY)
    ]


async def apply(rows: Rows, book: Book, *put: Contact, gone: tuple[str, ...] = (), whole: bool = True) -> None:
    await contacts.apply(rows, book.id, ContactChanges(put, gone, whole=whole), day=None, epoch=0, now=NOON)


async def gone_from_whole(rows: Rows, book: Book, known: list[Contact]) -> None:
    await apply(rows, book, *[one for one in known if not one.name.startswith(PLANTED)])


async def told_to_be_gone(rows: Rows, book: Book, known: list[Contact]) -> None:
    await apply(rows, book, gone=tuple(one.key for one in known if one.name.startswith(PLANTED)), whole=False)


async def replaced(rows: Rows, book: Book, known: list[Contact]) -> None:
    await told_to_be_gone(rows, book, known)
    await apply(rows, book, *(contact(one.key.replace(PLANTED, OTHERS)) for one in known))


async def switched_off(rows: Rows, book: Book, known: list[Contact]) -> None:
    await books.put(rows, Book(book.id, book.account, book.address, enabled=False))


async def user_removed(rows: Rows, book: Book, known: list[Contact]) -> None:
    assert book.owner is not None
    await users.remove(rows, book.owner)


async def book_removed(rows: Rows, book: Book, known: list[Contact]) -> None:
    await books.remove(rows, book.id)


WAYS = [gone_from_whole, told_to_be_gone, replaced, switched_off, user_removed, book_removed]


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_contact_said_leaves_every_file(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Rows, Book, list[Contact]], Awaitable[None]],
) -> None:
    monkeypatch.setattr(opened, "APART", 0.0)
    monkeypatch.setattr(opened, "APART_FOR_CONTACTS", 0.0)
    chance = random.Random(7)
    places: list[tuple[Book, list[Contact]]] = []
    async with store.write() as rows:
        for number in range(6):
            _, book = await filled(rows, str(1001 + number))
            places.append((book, some_contacts(chance)))
            await apply(rows, book, *[contact(one.key) for one in places[-1][1]])
        for at in chance.sample(
            range(12 * MANY), 12 * MANY
        ):  # one grows after the other: pages are split here and there
            book, known = places[at % 6]
            await apply(rows, book, known[at // 6], whole=False)
    assert PLANTED.encode() in everything_in(tmp_path)
    for book, known in places:
        async with store.write() as rows:
            await way(rows, book, known)
    assert await store.tidy()
    left = everything_in(tmp_path)
    assert PLANTED.encode() not in left
    if way in (gone_from_whole, told_to_be_gone, replaced):
        assert OTHERS.encode() in left


async def test_for_contacts_alone_the_file_is_written_anew_once_an_hour(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt = 0

    async def counted(*engine: object) -> bool:
        nonlocal rebuilt
        rebuilt += 1
        return await rebuild(*engine)  # type: ignore[arg-type]

    async def renamed(name: str) -> None:
        async with store.write() as rows:
            await apply(rows, book, contact(name=name))

    monkeypatch.setattr(opened, "rebuild", counted)
    async with store.write() as rows:
        _, book = await filled(rows)
        await apply(rows, book, contact())
    assert await store.tidy()
    assert rebuilt == 0
    await renamed("Bo")
    assert await store.tidy()
    assert rebuilt == 1
    await renamed("Eva")
    assert await store.tidy()
    assert rebuilt == 1
    monkeypatch.setattr(opened, "APART_FOR_CONTACTS", 0.0)
    assert await store.tidy()
    assert rebuilt == 2
    assert await store.tidy()
    assert rebuilt == 2
    await renamed("Ida")
    async with store.write() as rows:
        await books.remove(rows, book.id)
    assert not await store.tidy()
    assert rebuilt == 2
    monkeypatch.setattr(opened, "APART", 0.0)
    assert await store.tidy()
    assert rebuilt == 3
