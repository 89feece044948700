"""`ringplan accounts`: credentials that calendars are read with. A password is asked for or read, never an argument."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.asked import hidden
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import accounts as own_accounts
from gateway.deciding import given, refused, service_accounts
from gateway.deciding.by import COMMAND
from gateway.deciding.service_accounts import Follows
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import accounts, health, mailboxes
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
    service_accounts.at(settings.installation, source)
    if service == (user is not None):
        raise Misconfigured("whose account is it?", "give --service, or --user and the extension")
    given.login("LOGIN", login)
    address = given.email("--address", address) if address else None
    path = given.text("--path", path) if path else None
    secret = _password()
    if user is None:
        read = perform(_add_service(settings, source, login, secret, path))
    else:
        read = perform(_add(settings, Account(0, source, login, secret), user, address, path))
    shown.line(f"{login} at {source} is added and reads {read} calendar{'' if read == 1 else 's'}")


async def _add_service(settings: Settings, source: str, login: str, secret: Secret, path: str | None) -> int:
    async with writing(settings) as rows:
        now, installation = WallClock().now(), settings.installation
        _, read = await service_accounts.add(rows, installation, now, COMMAND, source, login, secret, path)
        return read


async def _add(settings: Settings, wanted: Account, extension: str, address: str | None, path: str | None) -> int:
    async with writing(settings) as rows:
        user, now, installation = await user_at(rows, extension), WallClock().now(), settings.installation
        await own_accounts.add(rows, installation, user, wanted, address=address, path=path, who=COMMAND, now=now)
        return 1


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
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
            await service_accounts.put_password(rows, WallClock().now(), COMMAND, account.id, secret)

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

    async def count() -> Follows:
        async with reading(settings) as rows:
            return await service_accounts.follows(rows, (await _named(rows, source, login)).id)

    async def work() -> None:
        async with writing(settings) as rows:
            account = await _named(rows, source, login)
            await service_accounts.remove(rows, WallClock().now(), COMMAND, account.id)

    follows = perform(count())
    read, of_company = follows.calendars, [book.name for book in follows.books]
    if (read or of_company) and not yes:
        and_books = f", books of the company: {shown.plain(', '.join(of_company))}" if of_company else ""
        typer.confirm(f"Calendars that are read through it: {read}{and_books}. Remove it?", abort=True)
    perform(work())
    shown.line(f"{login} at {source} is removed; calendars that it read: {read}")


async def _named(rows: Rows, source: str, login: str) -> Account:
    account = await accounts.named(rows, source, login)
    if account is None:
        raise Misconfigured(f"there is no account {login} at {source}", "ringplan accounts list names all")
    return account


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
    return service_accounts.sendable(Secret(hidden("Password")))
