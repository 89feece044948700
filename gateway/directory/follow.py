"""Keeps the catalogue as the store is, on every node, with what changed and no more.

Contacts are read in pages, each in a transaction of its own, and indexed a few milliseconds at a time, so that
calendars and telephones have their turn in between. What is there at first, and all after the rules of numbers have
changed, becomes visible in one moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.directory.catalogue import Catalogue
from gateway.directory.entries import Row, of_contact, of_user
from gateway.directory.shelf import Shelf, changing, without
from gateway.directory.steps import in_turns
from gateway.domain.contact import Numbering
from gateway.domain.user import User
from gateway.store import contacts, organisation, users
from gateway.store.store import Store

NOUNS = ("contacts", "books", "users", "organisation")
PAGE = 500  # contacts in one transaction
TURN = 0.005  # seconds of indexing until others have their turn


async def follow(store: Store, catalogue: Catalogue, ready: asyncio.Event | None = None) -> None:
    """Keep `catalogue` as `store` is, until cancelled; `ready` is set as soon as it is. Raises `RetryLater`."""
    following = _Following(store, catalogue)
    async with aclosing(store.watch(*NOUNS)) as changes:
        async for changed in changes:
            await following.catch_up(changed)
            if ready is not None:
                ready.set()


@dataclass(slots=True)
class _Following:
    """`shelves` are whole; those of the catalogue lack contacts that are users. `revision`: None before the start."""

    store: Store
    catalogue: Catalogue
    shelves: dict[int | None, Shelf] = field(default_factory=dict)
    books: dict[int, int | None] = field(default_factory=dict)
    users: dict[int, Row] = field(default_factory=dict)
    extensions: frozenset[str] = frozenset()
    revision: int | None = None

    async def catch_up(self, changed: Collection[str]) -> None:
        """Take over what has changed since the last time."""
        async with self.store.read() as rows:
            numbering = (await organisation.get(rows)).numbering
            people = await users.every(rows) if "users" in changed else None
            newest = await contacts.newest(rows)
        if self.revision is None or numbering != self.catalogue.numbering:
            await self._anew(numbering, people)
        else:
            await self._change(people)
        self.revision = newest

    async def _anew(self, numbering: Numbering, people: Iterable[User] | None) -> None:
        """Read and index everything."""
        if people is not None:
            self._know(people)
        written = await self._written(0)
        async with self.store.read() as rows:
            self.books = dict(await contacts.books(rows))
        self.shelves = {}
        for owner in {None, *written}:
            put = [row for row in written.pop(owner, {}).values() if row.book in self.books]
            put += self.users.values() if owner is None else ()
            empty = Shelf(self.catalogue.above(owner))
            self.shelves[owner] = await in_turns(changing(empty, put, (), numbering), TURN)
        visible = {**self.shelves, None: without(self.shelves[None], self.extensions)}
        self.catalogue.take(visible, numbering)

    async def _change(self, people: Iterable[User] | None) -> None:
        """Index what is new or other than before, and take out what is gone."""
        written = await self._written(self.revision or 0)
        gone: defaultdict[int | None, set[int]] = defaultdict(set)
        async with self.store.read() as rows:
            books = dict(await contacts.books(rows))
            left = {book: await contacts.ids(rows, book) for book in await contacts.lost(rows, self.revision or 0)}
        for book, owner in self.books.items():
            if (book not in books or book in left) and (shelf := self.shelves.get(owner)):
                gone[owner] |= shelf.ids(book) - left.get(book, frozenset())
        self.books = books  # of one that has gone since its contacts were read, nobody will say so again
        put = defaultdict(list, {who: [r for r in some.values() if r.book in books] for who, some in written.items()})
        if people is not None:
            before = self.users
            self._know(people)
            put[None] += [row for id_, row in self.users.items() if before.get(id_) != row]
            gone[None] |= {-id_ for id_ in before.keys() - self.users.keys()}
        for owner in put.keys() | gone.keys():
            shelf = self.shelves.get(owner) or Shelf(self.catalogue.above(owner))
            if put[owner] or gone[owner]:
                steps = changing(shelf, put[owner], gone[owner], self.catalogue.numbering)
                shelf = self.shelves[owner] = await in_turns(steps, TURN)
            self.catalogue.hold(owner, without(shelf, self.extensions) if owner is None else shelf)

    async def _written(self, revision: int) -> dict[int | None, dict[int, Row]]:
        """Return what was written after `revision`, by owner and id; what changes meanwhile may come the next time."""
        found: defaultdict[int | None, dict[int, Row]] = defaultdict(dict)
        left: tuple[int, int] | None = (revision, 0)
        while left is not None:
            async with self.store.read() as rows:
                page = await contacts.since(rows, *left, PAGE)
            for one in page.stored:
                found[one.owner][one.id] = of_contact(one.id, one.book, one.contact)
            left = page.next
        return found

    def _know(self, people: Iterable[User]) -> None:
        """Those who are disabled are in no list."""
        enabled = [user for user in people if user.enabled]
        self.users = {user.id: of_user(user) for user in enabled}
        self.extensions = frozenset(user.extension for user in enabled)
