"""Contacts: what is in the books, and what of it has changed since somebody last looked.

Each carries the revision of the noun "contacts" under which it was last written. Who knows the contacts of one revision
asks for what is younger (`since`), and of books out of which something was removed (`lost`) for what is left (`ids`).
Ids are never given twice. What is removed or replaced leaves the file (`Store.tidy`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, delete, func, insert, select, tuple_, update

from gateway.domain.book import ContactChanges
from gateway.domain.contact import Contact
from gateway.store import books as kept_in
from gateway.store import tables
from gateway.store.revisions import next_revision, revisions_of
from gateway.store.rows import Rows
from gateway.store.written import contact_in, contact_out

COLUMN = tables.contacts.c
BOOK = tables.books.c
AT_ONCE = 500  # in one statement: what is done with an answer keeps nobody waiting

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """A contact with the id that names it for good; `owner`: of its book."""

    id: int
    book: int
    owner: int | None
    contact: Contact


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts. `next`: what to ask `since` for to get the next page (`revision`, `after`), None: that was all."""

    stored: tuple[Stored, ...]
    next: tuple[int, int] | None


async def apply(rows: Rows, book: int, changes: ContactChanges, *, day: date | None, epoch: int, now: datetime) -> bool:
    """Write what a reading brought, with numbers that have their keys, and note that it went well.

    Only what differs is written; True: something did. `epoch` is the one of the progress that the reading began with:
    if it is another one now, the token is not believed. A book that is gone or not read any more is passed over.
    """
    before = await rows.first(select(tables.books).where(BOOK.id == book, BOOK.enabled))
    if before is None:
        return False
    at = await next_revision(rows.connection, "contacts")
    wanted = {_name(contact.key): contact for contact in changes.put}
    written = await _put(rows, book, wanted, at)
    removed = await _remove(rows, await _gone(rows, book, changes, wanted))
    is_believed = before["epoch"] == epoch
    await rows.run(
        update(tables.books)
        .where(BOOK.id == book)
        .values(
            token=changes.token if is_believed else None,
            day=day if is_believed else None,
            set_aside=changes.set_aside + (0 if changes.whole else before["set_aside"]),
            gone_at=at if removed else before["gone_at"],
        )
    )
    await kept_in.unchanged(rows, (book,), now)
    if written or removed:
        rows.touch("contacts")
    return bool(written or removed)


async def count(rows: Rows, book: int) -> int:
    """Return how many contacts a book has."""
    row = await rows.first(select(func.count().label("many")).where(COLUMN.book == book))
    return row["many"] if row else 0


async def counts(rows: Rows) -> Mapping[int, int]:
    """Return how many contacts each book has, by its id; one without any is missing."""
    query = select(COLUMN.book, func.count().label("many")).group_by(COLUMN.book)
    return {row["book"]: row["many"] for row in await rows.all(query)}


async def of_book(rows: Rows, book: int) -> tuple[Contact, ...]:
    """Return all contacts of one book, the one that was found first first."""
    query = select(COLUMN.key, COLUMN.fields).where(COLUMN.book == book).order_by(COLUMN.id)
    return tuple([contact_in(key, fields) for key, fields in await _lines(rows, query)])


async def since(rows: Rows, revision: int, after: int = 0, most: int = AT_ONCE) -> Page:
    """Return contacts that were written after `revision` (0: all), in the order in which they were.

    At most so many; of the first revision after it only those whose ids come after `after` (`Page.next`). Pages may be
    read in several transactions, if `newest` was asked in the first: what changes meanwhile comes later or again.
    """
    written = tuple_(COLUMN.revision, COLUMN.id)
    columns = (COLUMN.id, COLUMN.book, BOOK.owner, COLUMN.key, COLUMN.fields, COLUMN.revision)
    query = select(*columns).join(tables.books, BOOK.id == COLUMN.book)
    younger = query.where(written > tuple_(revision + 1, after)).order_by(COLUMN.revision, COLUMN.id).limit(most)
    lines = await _lines(rows, younger)
    stored = tuple([Stored(id_, book, owner, contact_in(key, fields)) for id_, book, owner, key, fields, _ in lines])
    return Page(stored, (lines[-1].revision - 1, lines[-1].id) if len(lines) == most else None)


async def newest(rows: Rows) -> int:
    """Return the revision that the contacts have now."""
    (revision,) = await revisions_of(rows.connection, ("contacts",))
    return revision or 0


async def books(rows: Rows) -> Mapping[int, int | None]:
    """Return the owner of each book, None: the company; one that is missing took its contacts with it."""
    return dict(await _lines(rows, select(BOOK.id, BOOK.owner)))


async def lost(rows: Rows, revision: int) -> tuple[int, ...]:
    """Return the books out of which contacts were removed after `revision`."""
    return tuple([book for (book,) in await _lines(rows, select(BOOK.id).where(BOOK.gone_at > revision))])


async def ids(rows: Rows, book: int) -> frozenset[int]:
    """Return the ids of all contacts of a book."""
    return frozenset([one for (one,) in await _lines(rows, select(COLUMN.id).where(COLUMN.book == book))])


async def _put(rows: Rows, book: int, wanted: Mapping[str, Contact], at: int) -> int:
    """Write those of `wanted` (by key) that are other ones than before, and return how many these were."""
    written = 0
    for some in _parts(list(wanted.items())):
        query = select(COLUMN.key, COLUMN.id, COLUMN.fields)
        here = query.where(COLUMN.book == book, COLUMN.key.in_([key for key, _ in some]))
        known = {key: (id_, fields) for key, id_, fields in await _lines(rows, here)}
        new, changed = [], []
        for key, contact in some:
            id_, before = known.get(key, (None, None))
            fields = contact_out(contact)
            if id_ is None:
                new.append({"book": book, "key": key, "revision": at, "fields": fields})
            elif fields != before:
                changed.append({"known": id_, "revision": at, "fields": fields})
        if new:
            await rows.run(insert(tables.contacts), new)
        if changed:
            await rows.run(update(tables.contacts).where(COLUMN.id == bindparam("known")), changed)
            rows.outdated = True
        written += len(new) + len(changed)
    return written


async def _gone(rows: Rows, book: int, changes: ContactChanges, wanted: Mapping[str, Contact]) -> list[int]:
    """Return the ids of what is not in the book any more."""
    here = select(COLUMN.key, COLUMN.id).where(COLUMN.book == book)
    if changes.whole:
        return [id_ for key, id_ in await _lines(rows, here) if key not in wanted]
    found = []
    for some in _parts([key for key in map(_name, changes.gone) if key not in wanted]):
        found += [id_ for _, id_ in await _lines(rows, here.where(COLUMN.key.in_(some)))]
    return found


async def _remove(rows: Rows, gone: Sequence[int]) -> int:
    for some in _parts(gone):
        await rows.run(delete(tables.contacts).where(COLUMN.id.in_(some)))
        rows.outdated = True
    return len(gone)


def _name(key: str) -> str:
    """Return a key as a database can hold it: the name of a file, which it may come from, may be no text."""
    return key.encode("utf-8", "backslashreplace").decode()


def _parts(some: Sequence[T]) -> Iterator[Sequence[T]]:
    return (some[at : at + AT_ONCE] for at in range(0, len(some), AT_ONCE))


async def _lines(rows: Rows, query: Select[Any]) -> Sequence[Any]:
    """Return the rows of a query as tuples, which for very many is quicker than by names."""
    return (await rows.run(query)).all()
