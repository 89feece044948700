"""Keeps the catalogue as the store is, on every node, with what changed and no more.

Contacts are read in pages, each in a transaction of its own, and indexed a few milliseconds at a time, so that
calendars and telephones have their turn in between. What is there at first, and all after the rules of numbers have
changed, becomes visible in one moment.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import Row, of_contact, of_user
from gateway.directory.index.shelf import Shelf, changing, without
from gateway.directory.index.turns import in_turns
from gateway.domain.contact import Numbering
from gateway.domain.user import User
from gateway.store import contacts, organisation, users
from gateway.store.contacts import Stored
from gateway.store.store import Store

NOUNS = ("contacts", "books", "users", "organisation")
PAGE = 300  # contacts in one transaction
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
    """`shelves` are whole; those of the catalogue lack contacts that are users. `revision`: None before the start.

    `people` are enabled users by id, `users` their rows.
    """

    store: Store
    catalogue: Catalogue
    shelves: dict[int | None, Shelf] = field(default_factory=dict)
    books: dict[int, int | None] = field(default_factory=dict)
    people: dict[int, User] = field(default_factory=dict)
    users: dict[int, Row] = field(default_factory=dict)
    extensions: frozenset[str] = frozenset()
    revision: int | None = None

    async def catch_up(self, changed: Collection[str]) -> None:
        """Take over what has changed since the last time."""
        async with self.store.read() as rows:
            numbering = (await organisation.get(rows)).numbering
            people = await users.every(rows) if "users" in changed else None
            newest = await contacts.newest(rows)
            lost = () if self.revision is None else await contacts.lost(rows, self.revision)
            left = {book: await contacts.ids(rows, book) for book in lost}
        if self.revision is None or numbering != self.catalogue.numbering:
            await self._anew(numbering, people)
        else:
            await self._change(people, left, has_books="books" in changed)
        self.revision = newest

    async def _anew(self, numbering: Numbering, people: Iterable[User] | None) -> None:
        """Read and index everything."""
        if people is not None:
            self._know(people)
        async with self.store.read() as rows:
            self.books, counts = dict(await contacts.books(rows)), await contacts.counts(rows)
        many: Counter[int | None] = Counter()
        for book, count in counts.items():
            many[self.books[book]] += count
        shelves: dict[int | None, Shelf] = {}

        async def index(owner: int | None, some: Iterable[Row]) -> None:
            shelf = shelves.get(owner) or Shelf(self.catalogue.above(owner))
            put = [row for row in some if not row.book or row.book in self.books]
            shelves[owner] = await in_turns(changing(shelf, put, (), numbering), TURN)

        waiting: dict[int | None, dict[int, Row]] = {None: {-id_: row for id_, row in self.users.items()}}
        many[None] += len(self.users)
        async for page in self._pages(0):
            for one in page:
                waiting.setdefault(one.owner, {})[one.id] = of_contact(one.id, one.book, one.contact)
            # whose contacts are all here is indexed at once: so never all wait in memory
            for owner in [owner for owner, some in waiting.items() if len(some) >= many[owner]]:
                await index(owner, waiting.pop(owner).values())
        for owner, some in waiting.items():
            await index(owner, some.values())
        self.shelves = {None: Shelf(self.catalogue.above(None)), **shelves}
        visible = {**self.shelves, None: without(self.shelves[None], self.extensions)}
        self.catalogue.take(visible, numbering)

    async def _change(
        self, people: Iterable[User] | None, left: Mapping[int, Collection[int]], *, has_books: bool
    ) -> None:
        """Index what is new or other than before, and take out what is gone: of some books, what is not `left`."""
        written: defaultdict[int | None, dict[int, Row]] = defaultdict(dict)
        async for page in self._pages(self.revision or 0):
            for one in page:
                written[one.owner][one.id] = of_contact(one.id, one.book, one.contact)
        gone: defaultdict[int | None, set[int]] = defaultdict(set)
        has_books = has_books or any(row.book not in self.books for some in written.values() for row in some.values())
        books = self.books
        if has_books:
            async with self.store.read() as rows:
                books = dict(await contacts.books(rows))
        for book in {*left, *(self.books.keys() - books.keys())} & self.books.keys():
            if shelf := self.shelves.get(self.books[book]):
                gone[self.books[book]] |= shelf.ids(book).difference(left.get(book, ()))
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

    async def _pages(self, revision: int) -> AsyncIterator[tuple[Stored, ...]]:
        """Yield what was written after `revision`; what changes meanwhile may come twice, or the next time."""
        left: tuple[int, int] | None = (revision, 0)
        while left is not None:
            async with self.store.read() as rows:
                page = await contacts.since(rows, *left, PAGE)
            yield page.stored
            left = page.next

    def _know(self, people: Iterable[User]) -> None:
        """Those who are disabled are in no list, and who is the same as before has the same row."""
        before, rows = self.people, self.users
        self.people = {user.id: user for user in people if user.enabled}
        self.users = {id_: rows[id_] if before.get(id_) is user else of_user(user) for id_, user in self.people.items()}
        self.extensions = frozenset(user.extension for user in self.people.values())
