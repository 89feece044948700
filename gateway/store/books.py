"""Books: where contacts come from, how far each has been read, and how that goes.

Every mailbox has one beside it (`mailboxes.add`); a company's are added here. What is in them is `contacts`. A token is
only good for the rules that it was read with, like a mailbox's cursor: `reread` takes it away and counts `epoch` up.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_values
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, insert, select, update

from gateway.domain.book import Book
from gateway.domain.mailbox import Mailbox
from gateway.errors import Refused
from gateway.store import outcomes, tables
from gateway.store.revisions import next_revision
from gateway.store.rows import Rows

COLUMN = tables.books.c
OFTEN_ENOUGH = 900  # seconds between two readings of a book that comes with a mailbox, at least


@dataclass(frozen=True, slots=True)
class Progress:
    """How the reading of one book goes. Instants are None where it never happened.

    `token` was read on `day`, and belongs to `epoch`: give that back to `contacts.apply`. `error` is the error's class,
    `said` its message and remedy. `set_aside` contacts were unreadable since the last whole reading.
    """

    token: str | None = field(default=None, repr=False)
    day: date | None = None
    epoch: int = 0
    tried: datetime | None = None
    succeeded: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None
    said: str | None = None
    set_aside: int = 0


async def every(rows: Rows) -> tuple[Book, ...]:
    """Return all books, also those that are not read."""
    return await _read(rows, select(tables.books))


async def of(rows: Rows, user: int) -> tuple[Book, ...]:
    """Return the books of one user's own contacts."""
    return await _read(rows, select(tables.books).where(COLUMN.owner == user))


async def company(rows: Rows) -> tuple[Book, ...]:
    """Return the company's books."""
    return await _read(rows, select(tables.books).where(COLUMN.owner.is_(None)))


async def named(rows: Rows, name: str) -> Book | None:
    """Return the company's book of this name."""
    found = await _read(rows, select(tables.books).where(COLUMN.name == name, COLUMN.owner.is_(None)))
    return found[0] if found else None


async def add(rows: Rows, book: Book) -> Book:
    """Add a book and return it with its id. Raises `Refused` when the company has one of this name."""
    if book.owner is None and await named(rows, book.name) is not None:
        raise Refused(f"there is a book {book.name} already", "choose another name, or change that one")
    new = await rows.insert(insert(tables.books).values(_columns(book)))
    rows.touch("books")
    return with_values(book, id=new)


async def add_beside(rows: Rows, some: Iterable[Mailbox]) -> None:
    """Give each of these mailboxes, which have their ids, the book of its owner's contacts."""
    values = [_columns(beside(mailbox)) for mailbox in some]
    if values:
        await rows.run(insert(tables.books), values)
        rows.touch("books")


def beside(mailbox: Mailbox) -> Book:
    """Return the book that a new mailbox has beside it."""
    return Book(
        id=0,
        account=mailbox.account,
        address=mailbox.address,
        owner=mailbox.user,
        mailbox=mailbox.id,
        refresh=often_enough(mailbox.refresh),
    )


def often_enough(refresh: int | None) -> int | None:
    """Return how often a book is read whose mailbox is read every `refresh` seconds (None: when somebody asks)."""
    return None if refresh is None else max(refresh, OFTEN_ENOUGH)


async def put(rows: Rows, book: Book) -> bool:
    """Change how a book is read: `path`, `refresh`, `enabled`. False: it is gone.

    One that lies elsewhere, or is read again, is read whole; the contacts of one that is not read any more are removed.
    """
    before = await _read(rows, select(tables.books).where(COLUMN.id == book.id))
    if not before:
        return False
    changed = {"path": book.path, "refresh": book.refresh, "enabled": book.enabled}
    await rows.run(update(tables.books).where(COLUMN.id == book.id).values(changed))
    if (before[0].path, before[0].enabled) != (book.path, book.enabled):
        await reread(rows, book.id)
    if not book.enabled:
        await _empty(rows, book.id)
    rows.touch("books")
    return True


async def pace(rows: Rows, user: int, refresh: int | None) -> None:
    """Let the user's contacts be read every `refresh` seconds, but not more often than needed; None: on demand."""
    await rows.run(update(tables.books).where(COLUMN.owner == user).values(refresh=often_enough(refresh)))
    rows.touch("books")


async def remove(rows: Rows, book: int) -> bool:
    """Remove a book and its contacts; False: there is none."""
    return await rows.remove(delete(tables.books).where(COLUMN.id == book), "books", "contacts") > 0


async def progress(rows: Rows) -> Mapping[int, Progress]:
    """Return how far every book has been read, by id."""
    return {row["id"]: _progress(row) for row in await rows.all(select(tables.books))}


async def progress_of(rows: Rows, book: int) -> Progress | None:
    """Return how far this book has been read, None when it is gone."""
    row = await rows.first(select(tables.books).where(COLUMN.id == book))
    return _progress(row) if row else None


async def unchanged(rows: Rows, some: Collection[int], now: datetime) -> None:
    """Note that these were read and had nothing new."""
    await outcomes.well(rows, tables.books, some, now)


async def failed(rows: Rows, some: Collection[int], error: Exception, now: datetime) -> None:
    """Note that these could not be read. `error` must not carry contents (gateway.errors)."""
    await outcomes.failed(rows, tables.books, some, error, now)


async def reread(rows: Rows, book: int | None = None) -> None:
    """Let this book be read whole the next time; None: all of them."""
    anew = update(tables.books).values(token=None, day=None, epoch=COLUMN.epoch + 1)
    await rows.run(anew if book is None else anew.where(COLUMN.id == book))
    rows.touch("books")


async def _empty(rows: Rows, book: int) -> None:
    if await rows.remove(delete(tables.contacts).where(tables.contacts.c.book == book), "contacts"):
        at = await next_revision(rows.connection, "contacts")
        await rows.run(update(tables.books).where(COLUMN.id == book).values(gone_at=at))


async def _read(rows: Rows, query: Select[Any]) -> tuple[Book, ...]:
    return tuple(_book(row) for row in await rows.all(query.order_by(COLUMN.id)))


def _book(row: RowMapping) -> Book:
    return Book(
        id=row["id"],
        account=row["account"],
        address=row["address"],
        owner=row["owner"],
        name=row["name"],
        mailbox=row["mailbox"],
        path=row["path"],
        refresh=row["refresh"],
        enabled=row["enabled"],
    )


def _columns(book: Book) -> dict[str, Any]:
    return {
        "account": book.account,
        "address": book.address.lower(),
        "owner": book.owner,
        "name": book.name,
        "mailbox": book.mailbox,
        "path": book.path,
        "refresh": book.refresh,
        "enabled": book.enabled,
    }


def _progress(row: RowMapping) -> Progress:
    return Progress(
        token=row["token"],
        day=row["day"],
        epoch=row["epoch"],
        tried=row["tried"],
        succeeded=row["succeeded"],
        failing_since=row["failing_since"],
        error=row["error"],
        said=row["said"],
        set_aside=row["set_aside"],
    )
