"""`ringplan sync`: read calendars now instead of when they are due."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, user_at
from gateway.cli.waiting import RUNS_NOT, is_running, until
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RetryLater
from gateway.settings import Settings
from gateway.store import health, mailboxes, users, wishes
from gateway.store.rows import Rows
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish

PATIENCE = 120.0  # seconds
LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
            pilot = frozenset(settings.run.pilot)
            everybody = await users.every(rows)
            taking_part = {one.id for one in everybody if one.enabled and (not pilot or pilot & {*one.places})}
            wanted = {
                box.id: box.account
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
            closed = {row.name for row in await health.every(rows) if not row.ok}
            waited_for = (box for box, account in wanted.items() if box in seen and account_name(account) not in closed)
            return all((seen[box].tried or LONG_AGO) >= asked for box in waited_for)

        if not await until(store, "progress", "health", done=are_read, seconds=PATIENCE):
            raise RetryLater(
                "not all calendars were read within two minutes", "ringplan status tells which are failing"
            )
        async with store.read() as rows:
            seen = await mailboxes.progress(rows)
        unread = sum((seen[box].tried or LONG_AGO) < asked for box in wanted.keys() & seen.keys())
        if unread:
            raise GiveUp(
                f"{unread} of {len(wanted)} calendars were not read: their account rests or was refused",
                "ringplan status tells until when",
            )
        failing = sum(seen[box].failing_since is not None for box in wanted.keys() & seen.keys())
        if failing:
            raise GiveUp(f"{failing} of {len(wanted)} calendars cannot be read", "ringplan status tells why")
        shown.line(f"read; calendars: {len(wanted)}")
