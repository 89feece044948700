"""Whoever follows the contacts by what the store tells of changes has, each time, exactly what is in it."""

import random
from dataclasses import dataclass, field, replace

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact
from gateway.store import accounts, books, contacts, users
from gateway.store.contacts import Stored
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import NOON, account, contact, filled

KEYS = [f"k{number}" for number in range(8)]


@dataclass(slots=True)
class Follower:
    """The smallest one that works; pages are read in transactions of their own."""

    store: Store
    known: int = 0
    held: dict[int, Stored] = field(default_factory=dict)

    async def catch_up(self) -> None:
        async with self.store.read() as rows:
            newest = await contacts.newest(rows)
        at: tuple[int, int] | None = (self.known, 0)
        while at is not None:
            async with self.store.read() as rows:
                page = await contacts.since(rows, *at, most=3)
            self.held |= {one.id: one for one in page.stored}
            at = page.next
        async with self.store.read() as rows:
            there = await contacts.books(rows)
            left = {book: await contacts.ids(rows, book) for book in await contacts.lost(rows, self.known)}
        self.held = {
            id_: one for id_, one in self.held.items() if one.book in there and id_ in left.get(one.book, {id_})
        }
        self.known = newest


async def one_step(rows: Rows, some: list[Book], chance: random.Random) -> None:
    """Let one book be read, switched off or on, or removed."""
    book = chance.choice(some)
    kind = chance.choice(["whole", "whole", "changes", "changes", "changes", "changes", "on", "off", "removed"])
    chosen = chance.sample(KEYS, chance.randrange(len(KEYS)))
    if kind in ("on", "off"):
        await books.put(rows, replace(book, enabled=kind == "on"))
    elif kind == "removed" and len(some) > 2:
        some.remove(book)
        await books.remove(rows, book.id)
    else:
        put = tuple(contact(key, name=chance.choice("ABC")) for key in chosen)
        gone = tuple(chance.sample(KEYS, 2))
        changes = ContactChanges(put, gone if kind == "changes" else (), whole=kind == "whole")
        before = {one.key: one for one in await contacts.of_book(rows, book.id)}
        changed = await contacts.apply(rows, book.id, changes, day=None, epoch=0, now=NOON)
        after = {one.key: one for one in await contacts.of_book(rows, book.id)}
        assert changed == (before != after)
        assert not await contacts.apply(rows, book.id, changes, day=None, epoch=0, now=NOON)


@pytest.mark.parametrize("seed", range(2))
async def test_a_follower_has_what_the_store_has(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    followers = [Follower(store), Follower(store)]
    async with store.write() as rows:
        user, _ = await filled(rows)
        await filled(rows, "1002")
        opened = await accounts.add(rows, account())
        for name in ("company", "suppliers", "more"):
            await books.add(rows, Book(0, opened.id, "all@example.org", name=name))
        some = list(await books.every(rows))
    ids: dict[tuple[int, str], int] = {}
    for step in range(40):
        async with store.write() as rows:
            for _ in range(chance.randrange(1, 3)):
                await one_step(rows, some, chance)
        if step == 30:
            async with store.write() as rows:
                await users.remove(rows, user.id)
                some = list(await books.every(rows))
        for follower in followers[: chance.randrange(3)]:  # the second one comes more rarely, and sees more at once
            await follower.catch_up()
            assert await names_in(store) == names_held(follower)
            for one in follower.held.values():
                assert ids.setdefault((one.id, one.contact.key), one.book) == one.book
    for follower in followers:
        await follower.catch_up()
        assert await names_in(store) == names_held(follower)
    assert len({id_ for id_, _ in ids}) == len(ids)


async def names_in(store: Store) -> set[tuple[int, int | None, Contact]]:
    async with store.read() as rows:
        owners = await contacts.books(rows)
        return {(book, owner, one) for book, owner in owners.items() for one in await contacts.of_book(rows, book)}


def names_held(follower: Follower) -> set[tuple[int, int | None, Contact]]:
    return {(one.book, one.owner, one.contact) for one in follower.held.values()}
