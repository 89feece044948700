"""`ringplan sync`: read calendars now instead of when they are due."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, user_at
from gateway.cli.waiting import RUNS_NOT, is_running, until
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RetryLater
from gateway.settings import Settings
from gateway.store import mailboxes, users, wishes
from gateway.store.rows import Rows
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish

PATIENCE = 120.0  # seconds


def sync(
    context: typer.Context,
    extension: Annotated[str | None, typer.Argument(metavar="[USER]", help="Only this number's calendar.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until they are read.")] = True,
) -> None:
    """Let calendars be read now."""
    perform(_sync(settings_of(context), extension, wait=wait))


async def _sync(settings: Settings, extension: str | None, *, wait: bool) -> None:
    asked = WallClock().now()
    async with Store.open(settings.store) as store:
        async with store.write() as rows:
            user = None if extension is None else await user_at(rows, extension)
            if not await is_running(rows):
                raise GiveUp(RUNS_NOT, "start it: it reads every calendar at once when it starts")
            taking_part = {one.id for one in await users.every(rows) if one.enabled}
            wanted = {
                box.id
                for box in await mailboxes.every(rows)
                if box.user in taking_part and (user is None or box.user == user.id)
            }
            await wishes.ask(rows, Wish(Kind.SYNC, None if user is None else user.id, asked))
        if not wanted:
            shown.line("no calendar is to be read")
            return
        if not wait:
            shown.line(f"asked for; calendars: {len(wanted)}")
            return

        async def are_read(rows: Rows) -> bool:
            seen = await mailboxes.progress(rows)
            tried = (seen[box].tried for box in wanted & seen.keys())
            return all(when is not None and when >= asked for when in tried)

        if not await until(store, "progress", done=are_read, seconds=PATIENCE):
            raise RetryLater(
                "not all calendars were read within two minutes", "ringplan status tells which are failing"
            )
        async with store.read() as rows:
            seen = await mailboxes.progress(rows)
        failing = sum(seen[box].failing_since is not None for box in wanted & seen.keys())
        if failing:
            raise GiveUp(f"{failing} of {len(wanted)} calendars cannot be read", "ringplan status tells why")
        shown.line(f"read; calendars: {len(wanted)}")
