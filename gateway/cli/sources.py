"""`ringplan sources`: the calendar servers of the settings, how they are, and trying again what they refused."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, writing
from gateway.deciding import service_accounts
from gateway.deciding.by import COMMAND
from gateway.deciding.report import Report, report
from gateway.domain.mailbox import Account
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import accounts

app = typer.Typer(help="The calendar servers, and how they are.", invoke_without_command=True)


@app.callback()
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
    """Show the calendar servers of the settings: name, kind, accounts, calendars, and how they are."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(context)
    found = perform(_listed(settings))
    if as_json:
        shown.as_json(found)
        return
    shown.table(
        ("SOURCE", "KIND", "ACCOUNTS", "CALENDARS", "IS"),
        ([str(cell) for cell in one.values()] for one in found),
        empty="The settings name no calendar server",
    )


@app.command("retry")
def retry(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="Only accounts at this server.")] = None,
    account: Annotated[int | None, typer.Option(help="Only this one: its id in ringplan accounts list.")] = None,
) -> None:
    """Let accounts whose password was refused be tried now. Each try that is refused again counts at the server."""
    settings = settings_of(context)
    if source is not None and source not in settings.kinds:
        raise Misconfigured(f"there is no source {source!r} in the settings", f"one of: {', '.join(settings.kinds)}")
    tried = perform(_retry(settings, source, account))
    shown.line(f"to be tried now: {', '.join(tried)}" if tried else "no account there waits to be tried again")


async def _retry(settings: Settings, source: str | None, account: int | None) -> list[str]:
    async with writing(settings) as rows:
        if account is not None and await accounts.shown(rows, account) is None:
            raise Misconfigured(f"there is no account {account}", "ringplan accounts list names all")
        tried = await service_accounts.retry(rows, WallClock().now(), COMMAND, source, account)
        return [f"{one.login} at {one.source}" for one in tried]


async def _listed(settings: Settings) -> list[dict[str, object]]:
    async with reading(settings) as rows:
        with_contacts = settings.directory is not None
        told = await report(rows, WallClock().now(), settings.run.pilot, with_contacts=with_contacts)
    named = dict.fromkeys([*settings.sources, *(one.source for one in told.accounts)])
    return [_line(told, name, settings.kinds.get(name, "not in the settings")) for name in named]


def _line(told: Report, source: str, kind: str) -> dict[str, object]:
    mine = [one for one in told.accounts if one.source == source]
    ids = {one.id for one in mine}
    read = [box for box in told.mailboxes if box.account in ids]
    books = [book for book in told.books if book.account in ids]
    is_so = _accounts(told, mine)
    is_so += _failing([told.progress[box.id].failing_since for box in read], "calendars")
    is_so += _failing([told.book_progress[book.id].failing_since for book in books], "address books")
    return {
        "source": source,
        "kind": kind,
        "accounts": len(mine),
        "calendars": len(read),
        "is": "; ".join(is_so) or ("ok" if mine else "not used"),
    }


def _failing(since: Sequence[datetime | None], kind: str) -> list[str]:
    failing = sum(when is not None for when in since)
    return [f"{failing} of {len(since)} {kind} cannot be read"] if failing else []


def _accounts(told: Report, some: Iterable[Account]) -> list[str]:
    """Say what is the matter with accounts: one by its name, of many how many there are, and the first of them."""
    states = {part.name: part for part in told.parts}
    said: list[str] = []
    for one in some:
        state = states.get(account_name(one.id))
        is_so = told.waits.get(one.id) or ("" if state is None or state.ok else state.said)
        if is_so:
            said.append(f"{one.login}: {is_so}")
    return said if len(said) <= 1 else [f"{len(said)} accounts are not well, the first: {said[0]}"]
