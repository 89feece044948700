"""`ringplan sync`: read calendars and contacts now instead of when they are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, user_at
from gateway.cli.waiting import until
from gateway.deciding.report import without_contacts
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.domain.user import User
from gateway.engine.account import account_name
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RetryLater
from gateway.settings import Settings
from gateway.store import accounts, books, health, mailboxes, users, wishes
from gateway.store.books import Progress as BookProgress
from gateway.store.mailboxes import Progress
from gateway.store.rows import Rows
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish

PATIENCE = 120.0  # seconds
LONG_AGO = datetime.min.replace(tzinfo=UTC)

Which = tuple[str, int]  # "calendar" or "book", and its id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read: the account of each."""

    accounts: Mapping[Which, int]

    def __str__(self) -> str:
        """Say how many they are."""
        calendars = sum(kind == "calendar" for kind, _ in self.accounts)
        many = len(self.accounts) - calendars
        return f"calendars: {calendars}" + (f", address books: {many}" if many else "")


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
            wanted = await _wanted(rows, settings, user)
            await wishes.ask(rows, Wish(Kind.SYNC, None if user is None else user.id, asked))
        if not wanted.accounts:
            shown.line("nothing is to be read")
            return
        if not wait:
            shown.line(f"asked for; {wanted}")
            return
        await _read(store, wanted, asked)
    shown.line(f"read; {wanted}")


async def _wanted(rows: Rows, settings: Settings, only: User | None) -> Wanted:
    pilot = frozenset(settings.run.pilot)
    everybody = await users.every(rows)
    whose = {one.id for one in everybody if one.enabled and (not pilot or pilot & {*one.places})}
    if only is not None:
        whose &= {only.id}
    found: dict[Which, int] = {
        ("calendar", box.id): box.account for box in await mailboxes.every(rows) if box.calendar and box.user in whose
    }
    if settings.directory is not None:
        without = without_contacts(await health.get(rows, "gateway"))
        resting = {one.id for one in await accounts.listed(rows) if one.source in without}
        for book in await books.every(rows):
            is_meant = only is None if book.owner is None else book.owner in whose
            if book.enabled and is_meant and book.account not in resting:
                found["book", book.id] = book.account
    return Wanted(found)


async def _read(store: Store, wanted: Wanted, asked: datetime) -> None:
    """Wait until all are read. Raises `RetryLater` or `GiveUp` where some are not."""

    async def are_read(rows: Rows) -> bool:
        seen = await _seen(rows, wanted)
        closed = {row.name for row in await health.every(rows) if not row.ok}
        return all(
            (how.tried or LONG_AGO) >= asked
            for which, how in seen.items()
            if account_name(wanted.accounts[which]) not in closed
        )

    if not await until(store, "progress", "health", done=are_read, seconds=PATIENCE):
        raise RetryLater("not everything was read within two minutes", "ringplan status tells what is failing")
    async with store.read() as rows:
        seen = await _seen(rows, wanted)
    unread = sum((how.tried or LONG_AGO) < asked for how in seen.values())
    if unread:
        raise GiveUp(
            f"{unread} of {len(seen)} were not read ({wanted}): their account rests or was refused",
            "ringplan status tells until when",
        )
    failing = sum(how.failing_since is not None for how in seen.values())
    if failing:
        raise GiveUp(f"{failing} of {len(seen)} cannot be read ({wanted})", "ringplan status tells why")


async def _seen(rows: Rows, wanted: Wanted) -> dict[Which, Progress | BookProgress]:
    """Return how those that are still there have been read."""
    found: dict[Which, Progress | BookProgress] = {
        ("calendar", box): how for box, how in (await mailboxes.progress(rows)).items()
    }
    found |= {("book", book): how for book, how in (await books.progress(rows)).items()}
    return {which: how for which, how in found.items() if which in wanted.accounts}
