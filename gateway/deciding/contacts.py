"""Which contacts somebody asks for, and how it stands with their own: whether they are read, and what keeps them away.

What telephones find is the directory's to say, out of its index; here is what the store knows.
"""

from collections.abc import Sequence
from enum import Enum

from gateway.deciding.given import shortened
from gateway.domain.book import Book
from gateway.domain.contact import Contact
from gateway.errors import Misconfigured
from gateway.store import books, contacts
from gateway.store.rows import Rows


class Own(Enum):
    """How one's own contacts are. READ: they were found, and are there; EMPTY: none of them has a number."""

    NO_ACCOUNT = "no account"
    LEFT_OUT = "left out"
    WAITING = "waiting"
    FAILING = "failing"
    EMPTY = "empty"
    READ = "read"


async def own(rows: Rows, user: int) -> Own:
    """Return how it stands with a user's own contacts."""
    every = await books.of(rows, user)
    read = [book for book in every if book.enabled]
    if not read:
        return Own.LEFT_OUT if every else Own.NO_ACCOUNT
    progress = [one for book in read if (one := await books.progress_of(rows, book.id))]
    if any(one.failing_since is not None for one in progress):
        return Own.FAILING
    for book in read:
        if await contacts.count(rows, book.id):
            return Own.READ
    return Own.EMPTY if any(one.succeeded is not None for one in progress) else Own.WAITING


async def kept(rows: Rows, user: int | None, book: str | None) -> Sequence[tuple[Book, Sequence[Contact]]]:
    """Return books with what is in them, by name: of a user, or of the company, or the one of the company called so.

    Raises `Misconfigured` when there is no such book.
    """
    wanted = await books.of(rows, user) if user is not None else await books.company(rows)
    if book is not None:
        wanted = tuple(one for one in wanted if one.name == book)
        if not wanted:
            remedy = "ringplan books list names the company's"
            raise Misconfigured("there is no book {book}", remedy, book=repr(shortened(book)))
    return [(one, _by_name(await contacts.of_book(rows, one.id))) for one in wanted]


def _by_name(some: Sequence[Contact]) -> Sequence[Contact]:
    return sorted(some, key=lambda contact: contact.name.casefold())
