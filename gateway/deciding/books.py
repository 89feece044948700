"""The company's address books: where contacts come from that everybody finds. Everybody's own lie beside calendars."""

from dataclasses import dataclass, replace

from gateway.deciding import given
from gateway.deciding.by import By
from gateway.deciding.installation import Installation
from gateway.deciding.read import Stays
from gateway.domain.book import Book
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured
from gateway.store import accounts, audit, books, contacts
from gateway.store.rows import Rows

NOBODY = "-"  # the login where nobody is asked for one
FILE = "file"  # a kind of sources without credentials; so are the users of a PBX
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """A book as somebody gives it. `address` None: that of the account; `login` None: the only account at the source.

    `path`: where it lies, when that is not found from the address. `refresh`: seconds, None: only when somebody asks.
    """

    name: str
    source: str
    address: str | None = None
    login: str | None = None
    path: str | None = None
    refresh: int | None = HOUR


async def add(rows: Rows, by: By, installation: Installation, wanted: Wanted) -> Book:
    """Let a book's contacts be found by everybody. Raises `Misconfigured`."""
    name = given.text("name", wanted.name)
    if not name:
        raise Misconfigured("{field}: is empty", "give the book a name", field="name")
    if await books.named(rows, name) is not None:
        raise given.wrong("name", name, "is a book already", "give another name, or remove that one")
    asks_nobody = _asks_nobody(installation, wanted.source)
    account = await _account(rows, wanted.source, wanted.login, asks_nobody=asks_nobody)
    where = given.email("address", wanted.address) if wanted.address else "" if asks_nobody else account.login
    path = given.text("path", wanted.path) or None if wanted.path else None
    for one in await books.company(rows):
        if (one.account, one.address, one.path) == (account.id, where.lower(), path):
            remedy = "once is enough; with another address or path it is another book"
            raise Misconfigured("the book {name} has the same contacts already", remedy, name=one.name)
    book = await books.add(rows, Book(0, account.id, where, name=name, path=path, refresh=wanted.refresh))
    await audit.note(rows, by.now, by.who, "book added", f"book {book.id}")
    return book


async def change(
    rows: Rows, by: By, book: Book, path: str | None = None, refresh: int | Stays | None = Stays.STAYS
) -> Book:
    """Let a book lie elsewhere (`path` "": where it is found by itself; None: as it is), or be read as often."""
    changed = book if isinstance(refresh, Stays) else replace(book, refresh=refresh)
    if path is not None:
        changed = replace(changed, path=given.text("path", path) or None)
    if changed != book and await books.put(rows, changed):
        await audit.note(rows, by.now, by.who, "book changed", f"book {book.id}")
    return changed


async def remove(rows: Rows, by: By, book: Book) -> int:
    """Forget a book, and how many contacts it had; the account of a source that asks nobody goes with its last book."""
    many = await contacts.count(rows, book.id)
    await books.remove(rows, book.id)
    account = await accounts.shown(rows, book.account)
    left = await books.company(rows)
    if account is not None and account.login == NOBODY and all(one.account != account.id for one in left):
        await accounts.remove(rows, account.id)
    await audit.note(rows, by.now, by.who, "book removed", f"book {book.id}")
    return many


async def of_company(rows: Rows, book: int) -> Book | None:
    """Return one of the company's books by its id, None: there is none, or it is somebody's own."""
    return next((one for one in await books.company(rows) if one.id == book), None)


def _asks_nobody(installation: Installation, source: str) -> bool:
    """Say whether a source needs no credentials. Raises `Misconfigured` where there is no such source."""
    known = installation.sources.get(source)
    if known is None:
        names = ", ".join(installation.sources)
        raise given.wrong("source", source, "is not in the settings", "one of: {names}", names=names)
    return known.kind == FILE or source.startswith("pbx:")


async def _account(rows: Rows, source: str, login: str | None, *, asks_nobody: bool) -> Account:
    here = [one for one in await accounts.services(rows) if one.source == source]
    if asks_nobody:
        return here[0] if here else await accounts.add(rows, Account(0, source, NOBODY, Secret(""), service=True))
    fitting = [one for one in here if login in (None, one.login)]
    if not here:
        said = "there is no account of the company at {source}"
        raise Misconfigured(said, "add one first", field="login", source=source)
    if len(fitting) != 1:
        several, none = "there are several accounts at {source}", "no account of the company at {source} is {login}"
        known = ", ".join(one.login for one in fitting or here)
        values = {"field": "login", "source": source, "login": repr(login), "known": known}
        raise Misconfigured(several if fitting else none, "name one of: {known}", **values)
    return fitting[0]
