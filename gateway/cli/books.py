"""`ringplan books`: where the company's contacts come from. Everybody's own lie beside their calendars."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, writing
from gateway.cli.opened import reading as opened_for_reading
from gateway.deciding import books as deciding
from gateway.deciding import given
from gateway.deciding.books import HOUR, Wanted
from gateway.deciding.by import By
from gateway.deciding.pace import pace, paced
from gateway.deciding.read import Stays
from gateway.domain.book import Book
from gateway.domain.mailbox import Account
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.store import accounts, books, contacts
from gateway.store.books import Progress
from gateway.store.rows import Rows

app = typer.Typer(help="Where the company's contacts come from.", no_args_is_help=True)

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
    every = HOUR if refresh is None else pace("--refresh", refresh)
    wanted = Wanted(name, source, address, login, path, every)

    async def work() -> Book:
        async with writing(settings) as rows:
            return await deciding.add(rows, _by(), settings.installation, wanted)

    name = perform(work()).name
    shown.line(f"{name} is added: {source} is read {paced(every)}")
    if settings.directory is None:
        shown.line(shown.bad("! there is no [directory] in the settings: nothing is read for it yet"))


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
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
            every = Stays.STAYS if refresh is None else pace("--refresh", refresh)
            await deciding.change(rows, _by(), await _named(rows, name), path, every)

    perform(work())
    shown.line(f"{name} is changed")


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Forget a book and its contacts; nothing happens where they come from."""

    async def work() -> int:
        async with writing(settings_of(context)) as rows:
            return await deciding.remove(rows, _by(), await _named(rows, name))

    shown.line(f"{name} is removed; contacts in it: {perform(work())}")


async def _named(rows: Rows, name: str) -> Book:
    book = await books.named(rows, name)
    if book is None:
        raise Misconfigured(f"there is no book {given.shortened(name)!r}", "ringplan books list names all")
    return book


def _by() -> By:
    return By(WallClock().now())
