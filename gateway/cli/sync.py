"""`ringplan sync`: read calendars and contacts now instead of when they are due."""

from datetime import datetime
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, user_at
from gateway.cli.waiting import until
from gateway.deciding import sync as deciding
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RetryLater
from gateway.settings import Settings
from gateway.store import health
from gateway.store.rows import Rows
from gateway.store.store import Store


def sync(
    context: typer.Context,
    extension: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="Only this number's calendar and contacts.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until they are read.")] = True,
) -> None:
    """Let calendars and contacts be read now."""
    perform(_sync(settings_of(context), extension, wait=wait))


async def _sync(settings: Settings, extension: str | None, *, wait: bool) -> None:
    asked = WallClock().now()
    async with Store.open(settings.store) as store:
        async with store.write() as rows:
            user = None if extension is None else await user_at(rows, extension)
            if not await is_running(rows):
                raise GiveUp(RUNS_NOT, "start it: it reads everything at once when it starts")
            wanted = await deciding.wanted(rows, settings.installation, user)
            await deciding.ask(rows, None if user is None else user.id, asked)
        if not wanted.accounts:
            shown.line("nothing is to be read")
            return
        if not wait:
            shown.line(f"asked for; {wanted}")
            return
        await _read(store, wanted, asked)
    shown.line(f"read; {wanted}")


async def _read(store: Store, wanted: deciding.Wanted, asked: datetime) -> None:
    """Wait until all are read. Raises `RetryLater` or `GiveUp` where some are not."""

    async def are_read(rows: Rows) -> bool:
        seen = await deciding.seen(rows, wanted)
        closed = {row.name for row in await health.every(rows) if not row.ok}
        return all(
            (how.tried or deciding.LONG_AGO) >= asked
            for which, how in seen.items()
            if account_name(wanted.accounts[which]) not in closed
        )

    if not await until(store, "progress", "health", done=are_read, seconds=deciding.PATIENCE.total_seconds()):
        raise RetryLater("not everything was read within two minutes", "ringplan status tells what is failing")
    async with store.read() as rows:
        seen = await deciding.seen(rows, wanted)
    unread = sum((how.tried or deciding.LONG_AGO) < asked for how in seen.values())
    if unread:
        raise GiveUp(
            f"{unread} of {len(seen)} were not read ({wanted}): their account rests or was refused",
            "ringplan status tells until when",
        )
    failing = sum(how.failing_since is not None for how in seen.values())
    if failing:
        raise GiveUp(f"{failing} of {len(seen)} cannot be read ({wanted})", "ringplan status tells why")
