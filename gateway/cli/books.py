"""`ringplan books`: where the company's contacts come from. Everybody's own lie beside their calendars."""

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, writing
from gateway.cli.opened import reading as opened_for_reading
from gateway.deciding import given
from gateway.deciding.pace import pace, paced
from gateway.domain.book import Book
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import accounts, books, contacts
from gateway.store.books import Progress
from gateway.store.rows import Rows

app = typer.Typer(help="Where the company's contacts come from.", no_args_is_help=True)

ASKS_NOBODY = frozenset({"file"})  # kinds of sources without credentials
NOBODY = "-"  # the login there
HOUR = 3600

Name = Annotated[str, typer.Argument(help="What you call the book.")]
Refresh = Annotated[str | None, typer.Option(help="How often it is read: 15m, 2h, off.")]
Path = Annotated[str | None, typer.Option(help="Where it lies on the server, if it is not found by its address.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    source: Annotated[str, typer.Option(help="Name of the source in the settings, or pbx:main.")],
    address: Annotated[str | None, typer.Option(help="Whose contacts they are, such as a shared mailbox.")] = None,
    login: Annotated[str | None, typer.Option(help="Which account reads it, where the source has several.")] = None,
    path: Path = None,
    refresh: Refresh = None,
) -> None:
    """Let a book's contacts be found by everybody."""
    settings = settings_of(context)
    name = given.text("NAME", name)
    if not name:
        raise Misconfigured("NAME: is empty", "give the book a name")
    every = HOUR if refresh is None else pace("--refresh", refresh)
    asks_nobody = _asks_nobody(settings, source)

    async def work() -> None:
        async with writing(settings) as rows:
            if await books.named(rows, name) is not None:
                raise Misconfigured(f"there is a book {name!r} already", "give another name, or remove that one")
            account = await _account(rows, source, login, asks_nobody=asks_nobody)
            where = given.email("--address", address) if address else "" if asks_nobody else account.login
            at = given.text("--path", path) if path else None
            for one in await books.every(rows):
                if one.owner is None and (one.account, one.address, one.path) == (account.id, where, at):
                    remedy = "once is enough; with another --address or --path it is another book"
                    raise Misconfigured(f"the book {one.name} has the same contacts already", remedy)
            await books.add(rows, Book(0, account.id, where, name=name, path=at, refresh=every))

    perform(work())
    shown.line(f"{name} is added: {source} is read {paced(every)}")
    if settings.directory is None:
        shown.line(shown.bad("! there is no [directory] in the settings: nothing is read for it yet"))


def _asks_nobody(settings: Settings, source: str) -> bool:
    """Say whether a source needs no credentials. Raises `Misconfigured` where there is no such source."""
    kind = settings.kinds.get(source)
    if kind is None:
        known = ", ".join(settings.kinds)
        raise Misconfigured(f"--source: {given.shortened(source)!r} is not in the settings", f"one of: {known}")
    return source not in settings.sources or kind in ASKS_NOBODY


async def _account(rows: Rows, source: str, login: str | None, *, asks_nobody: bool) -> Account:
    here = [one for one in await accounts.listed(rows) if one.source == source]
    if asks_nobody:
        return here[0] if here else await accounts.add(rows, Account(0, source, NOBODY, Secret(""), service=True))
    fitting = [one for one in here if one.service and login in (None, one.login)]
    if not fitting:
        raise Misconfigured(
            f"there is no account of the company at {source}", f"ringplan accounts add {source} LOGIN --service"
        )
    if len(fitting) > 1:
        raise Misconfigured(
            f"there are several accounts at {source}", f"--login: one of {', '.join(one.login for one in fitting)}"
        )
    return fitting[0]


@app.command("list")
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Show the company's books."""

    async def work() -> list[dict[str, object]]:
        async with opened_for_reading(settings_of(context)) as rows:
            whose = {account.id: account for account in await accounts.listed(rows)}
            how = await books.progress(rows)
            return [
                _line(book, whose[book.account], how[book.id], await contacts.count(rows, book.id))
                for book in await books.every(rows)
                if book.owner is None
            ]

    found = perform(work())
    if as_json:
        shown.as_json(found)
        return
    shown.table(
        ("NAME", "SOURCE", "ADDRESS", "READ", "CONTACTS", "STATE"),
        (
            [
                *(str(one[key]) for key in ("name", "source", "address", "read", "contacts")),
                shown.good("ok") if one["state"] == "ok" else shown.bad(str(one["state"])),
            ]
            for one in found
        ),
        empty="The company has no book yet: ringplan books add",
    )


def _line(book: Book, account: Account, how: Progress, many: int) -> dict[str, object]:
    state = "not yet read" if how.succeeded is None else "ok"
    return {
        "name": book.name,
        "source": account.source,
        "login": account.login,
        "address": book.address,
        "path": book.path,
        "read": paced(book.refresh),
        "contacts": many,
        "set_aside": how.set_aside,
        "state": how.said or state,
    }


@app.command("set")
def change(context: typer.Context, name: Name, path: Path = None, refresh: Refresh = None) -> None:
    """Change where a book lies, or how often it is read."""

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            book = await _named(rows, name)
            if refresh is not None:
                book = replace(book, refresh=pace("--refresh", refresh))
            if path is not None:
                book = replace(book, path=given.text("--path", path) or None)
            await books.put(rows, book)

    perform(work())
    shown.line(f"{name} is changed")


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Forget a book and its contacts; nothing happens where they come from."""

    async def work() -> int:
        async with writing(settings_of(context)) as rows:
            book = await _named(rows, name)
            many = await contacts.count(rows, book.id)
            await books.remove(rows, book.id)
            await _forget_nobody(rows, book.account, await books.every(rows))
            return many

    shown.line(f"{name} is removed; contacts in it: {perform(work())}")


async def _forget_nobody(rows: Rows, account: int, left: Collection[Book]) -> None:
    """Remove the account of a source that needs none, with its last book."""
    unused = all(book.account != account for book in left)
    if unused and any(one.id == account and one.login == NOBODY for one in await accounts.listed(rows)):
        await accounts.remove(rows, account)


async def _named(rows: Rows, name: str) -> Book:
    book = await books.named(rows, name)
    if book is None:
        raise Misconfigured(f"there is no book {given.shortened(name)!r}", "ringplan books list names all")
    return book
