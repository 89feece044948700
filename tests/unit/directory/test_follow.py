"""The catalogue is as the store is: whatever is added, changed, removed, renamed or counted otherwise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.follow import follow
from gateway.directory.query import Equal, Present, Query, Scope, Viewer
from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.store import accounts, books, contacts, organisation, users
from gateway.store.store import Store
from peers.process import until

ZONE = ZoneInfo("Europe/Stockholm")
SWEDEN = Numbering("SE", "8")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = 20.0


def contact(key: str, name: str, number: str = "+46812345") -> Contact:
    return Contact(key, name, numbers=(PhoneNumber(Kind.WORK, number, number),))


class House:
    """A store with Anna and Bertil, a book of each and the company's, and a catalogue that follows it."""

    def __init__(self, store: Store) -> None:
        self.store, self.catalogue = store, Catalogue()
        self.books: dict[int | None, int] = {}
        self.anna = self.bertil = User(0, "", (), ZONE)

    async def fill(self) -> None:
        async with self.store.write() as rows:
            await organisation.put(rows, Organisation(ZONE, numbering=SWEDEN))
            account = (await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))).id
            anna, bertil = (
                User(0, "1001", ("a@example.org",), ZONE, name="Anna Ek"),
                User(0, "1002", (), ZONE, name="Bo"),
            )
            self.anna, self.bertil = await users.add_every(rows, (anna, bertil))
            for owner in (None, self.anna.id, self.bertil.id):
                self.books[owner] = (await books.add(rows, Book(0, account, "x", owner=owner, name=f"{owner}"))).id

    async def put(self, owner: int | None, *put: Contact, gone: tuple[str, ...] = ()) -> None:
        async with self.store.write() as rows:
            changes = ContactChanges(put, gone, whole=False)
            await contacts.apply(rows, self.books[owner], changes, day=date(2026, 11, 23), epoch=0, now=NOW)

    def seen(self, owner: int | None) -> list[str]:
        found = self.catalogue.find(Viewer(owner, Form.E164), Query("dc=contacts", Scope.SUBTREE, Present("cn")))
        assert found is not None
        return [segment.rows[at].packed.decode().split("\x1f")[0] for segment, at in found.entries]

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(holds, SOON, "the catalogue is as the store")


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    made = House(store)
    await made.fill()
    await made.put(made.anna.id, contact("1", "Östen"))
    await made.put(None, contact("1", "Zoë"), contact("2", "Desk of Anna", "1001"))
    ready = asyncio.Event()
    following = asyncio.create_task(follow(store, made.catalogue, ready), name="follow")
    await asyncio.wait_for(ready.wait(), SOON)
    yield made
    following.cancel()
    await asyncio.wait((following,))


async def test_what_is_there_at_first_is_seen_by_whom_it_is_for(house: House) -> None:
    assert house.seen(house.anna.id) == ["Östen", "Anna Ek", "Bo", "Zoë"], (
        "own first; a user is no second time a contact"
    )
    assert house.seen(house.bertil.id) == house.seen(None) == ["Anna Ek", "Bo", "Zoë"]


async def test_changes_are_followed(house: House) -> None:
    anna, bertil = house.anna.id, house.bertil.id
    await house.put(bertil, contact("7", "Cia"), contact("8", "Dan"))
    await house.until(lambda: house.seen(bertil)[:2] == ["Cia", "Dan"])
    await house.put(bertil, contact("7", "Cia Ek"), gone=("8",))
    await house.until(lambda: house.seen(bertil) == ["Cia Ek", "Anna Ek", "Bo", "Zoë"])
    async with house.store.write() as rows:
        await books.remove(rows, house.books[anna])
    await house.until(lambda: house.seen(anna) == ["Anna Ek", "Bo", "Zoë"])
    assert house.seen(bertil)[0] == "Cia Ek"


async def test_users_are_followed(house: House) -> None:
    async with house.store.write() as rows:
        await users.put(rows, replace(house.bertil, name="Bertil Ask"))
    await house.until(lambda: "Bertil Ask" in house.seen(None))
    async with house.store.write() as rows:
        await users.put(rows, replace(house.anna, enabled=False))
    await house.until(lambda: house.seen(None) == ["Bertil Ask", "Desk of Anna", "Zoë"])
    async with house.store.write() as rows:
        await users.remove(rows, house.anna.id)
    await house.until(lambda: house.seen(house.anna.id) == house.seen(None))


async def test_other_rules_of_numbers_hold_for_everybody_at_once(house: House) -> None:
    def finds(asked: bytes) -> bool:
        query = Query("dc=contacts", Scope.SUBTREE, Equal("telephoneNumber", asked))
        found = house.catalogue.find(Viewer(None, Form.E164), query)
        return found is not None and len(found.entries) == 1

    assert finds(b"0812345")
    assert not finds(b"00812345")
    async with house.store.write() as rows:
        await organisation.put(rows, Organisation(ZONE, numbering=replace(SWEDEN, outside="0")))
    await house.until(lambda: finds(b"00812345"))


async def test_who_becomes_somebodys_number_or_stops_being_it_is_followed(house: House) -> None:
    await house.put(house.anna.id, contact("9", "Own desk", "1003"))
    await house.put(None, contact("3", "Reception", "1003"))
    await house.until(lambda: "Reception" in house.seen(None))
    async with house.store.write() as rows:
        await users.put(rows, replace(house.bertil, extension="1003"))
    await house.until(lambda: "Reception" not in house.seen(None))
    assert "Bo" in house.seen(None)
    assert "Own desk" in house.seen(house.anna.id), "one's own contacts are hidden by nobody"
    async with house.store.write() as rows:
        await users.put(rows, house.bertil)
    await house.until(lambda: "Reception" in house.seen(None))
