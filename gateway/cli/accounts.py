"""`ringplan accounts`: credentials that calendars are read with. A password is asked for or read, never an argument."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.asked import hidden
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import given, refused
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import accounts, books, health, mailboxes, users
from gateway.store.rows import Rows

app = typer.Typer(help="Credentials at the calendar servers.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="Name of the calendar server in the settings.")]
Login = Annotated[str, typer.Argument(help="What one signs in with.")]


@app.command("add")
def add(
    context: typer.Context,
    source: Source,
    login: Login,
    service: Annotated[bool, typer.Option("--service", help="Reads the calendars of many people.")] = False,
    user: Annotated[str | None, typer.Option(help="Extension of the user whose own account it is.")] = None,
    address: Annotated[str | None, typer.Option(help="The user's address there, if it is not the main one.")] = None,
    path: Annotated[str | None, typer.Option(help="Where the user's calendars lie on the server.")] = None,
) -> None:
    """Add an account; the password is asked for, or is the first line of standard input."""
    settings = settings_of(context)
    if source not in settings.sources:
        raise Misconfigured(f"there is no source {source!r} in the settings", f"one of: {', '.join(settings.sources)}")
    if service == (user is not None):
        raise Misconfigured("whose account is it?", "give --service, or --user and the extension")
    given.login("LOGIN", login)
    address = given.email("--address", address) if address else None
    path = given.text("--path", path) if path else None
    account = Account(0, source, login, _password(), service)
    read = perform(_add(settings, account, user, address, path))
    shown.line(f"{login} at {source} is added and reads {read} calendar{'' if read == 1 else 's'}")


async def _add(
    settings: Settings, wanted: Account, extension: str | None, address: str | None, path: str | None
) -> int:
    refresh = settings.sources[wanted.source].refresh
    async with writing(settings) as rows:
        owners: tuple[User, ...] = ()
        if settings.has_calendars(wanted.source):
            owners = await _without_calendar(rows) if extension is None else (await user_at(rows, extension),)
        elif extension is not None:
            raise Misconfigured(f"nobody has a calendar at {wanted.source}", "give --service: it has company books")
        account = await accounts.add(rows, wanted)
        for user in owners:
            if not (address or user.emails):
                raise Misconfigured(f"{user.extension} has no address", "give --address, or ringplan users set --email")
            where = address or user.emails[0]
            await mailboxes.add(rows, Mailbox(0, user.id, account.id, where, frozenset(), user.zone, path, refresh))
        return len(owners)


async def _without_calendar(rows: Rows) -> tuple[User, ...]:
    read = {mailbox.user for mailbox in await mailboxes.every(rows)}
    return tuple(user for user in await users.every(rows) if user.id not in read and user.emails)


@app.command("list")
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Show all accounts, without their passwords."""

    async def work() -> list[dict[str, object]]:
        async with reading(settings_of(context)) as rows:
            boxes = [mailbox.account for mailbox in await mailboxes.every(rows)]
            states = {row.name: row for row in await health.every(rows)}
            waits = await refused.every(rows, WallClock().now())
            return [
                _line(one, boxes.count(one.id), states.get(account_name(one.id)), waits.get(one.id))
                for one in await accounts.listed(rows)
            ]

    found = perform(work())
    if as_json:
        shown.as_json(found)
        return
    shown.table(
        ("ID", "SOURCE", "LOGIN", "KIND", "CALENDARS", "STATE"),
        ([str(cell) for cell in one.values()] for one in found),
        empty="There is no account yet: ringplan accounts add",
    )


@app.command("password")
def password(context: typer.Context, source: Source, login: Login) -> None:
    """Give an account another password."""

    settings = settings_of(context)

    async def known() -> Account:
        async with reading(settings) as rows:
            return await _named(rows, source, login)

    async def work(account: Account, secret: Secret) -> None:
        async with writing(settings) as rows:
            await accounts.put_password(rows, account.id, secret)

    perform(work(perform(known()), _password()))
    shown.line(f"{login} at {source} has its new password")


@app.command("remove")
def remove(
    context: typer.Context,
    source: Source,
    login: Login,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an account; what it reads is read no more: diversions of its calendars end, its contacts go."""

    settings = settings_of(context)

    async def count() -> tuple[int, list[str]]:
        async with reading(settings) as rows:
            account = await _named(rows, source, login)
            calendars = sum(mailbox.account == account.id for mailbox in await mailboxes.every(rows))
            mine = [book for book in await books.every(rows) if book.account == account.id]
            return calendars, [book.name for book in mine if book.owner is None]

    async def work() -> None:
        async with writing(settings) as rows:
            await accounts.remove(rows, (await _named(rows, source, login)).id)

    read, of_company = perform(count())
    if (read or of_company) and not yes:
        and_books = f", books of the company: {shown.plain(', '.join(of_company))}" if of_company else ""
        typer.confirm(f"Calendars that are read through it: {read}{and_books}. Remove it?", abort=True)
    perform(work())
    shown.line(f"{login} at {source} is removed; calendars that it read: {read}")


async def _named(rows: Rows, source: str, login: str) -> Account:
    for account in await accounts.listed(rows):
        if (account.source, account.login) == (source, login):
            return account
    raise Misconfigured(f"there is no account {login} at {source}", "ringplan accounts list names all")


def _line(account: Account, read: int, state: health.Health | None, waits: str | None) -> dict[str, object]:
    return {
        "id": account.id,
        "source": account.source,
        "login": account.login,
        "kind": "service" if account.service else "own",
        "calendars": read,
        "state": waits or ("not yet used" if state is None else "ok" if state.ok else state.said),
    }


def _password() -> Secret:
    text = hidden("Password")
    if not text:
        raise Misconfigured(
            "no password was given", "type it when asked, or send it as the first line of standard input"
        )
    if not text.isprintable():
        raise Misconfigured("the password cannot be sent: it holds what is no text", "give it in UTF-8, on one line")
    return Secret(text)
