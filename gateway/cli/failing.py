"""What cannot be read, for `ringplan status`: each cause once, which is a long text, and whom it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import typer

from gateway.cli import shown
from gateway.deciding.report import Report

AT_MOST = 10
"""What is shown of each cause, and causes."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A calendar or book (`kind`) of `whom`, which cannot be read `since` then, and why."""

    kind: str
    whom: str
    since: datetime
    succeeded: datetime | None
    said: str


def failing(told: Report) -> Iterable[Failing]:
    """Return all that cannot be read: calendars first."""
    extensions = {user.id: user.extension for user in told.users}
    for box in told.mailboxes:
        how = told.progress[box.id]
        if how.failing_since is not None:
            yield Failing("calendar", extensions.get(box.user, ""), how.failing_since, how.succeeded, how.said or "")
    for book in told.books:
        of_book = told.book_progress[book.id]
        if of_book.failing_since is not None:
            whom = book.name if book.owner is None else extensions.get(book.owner, "")
            yield Failing("address book", whom, of_book.failing_since, of_book.succeeded, of_book.said or "")


def show(told: Report, zone: ZoneInfo) -> None:
    """Show what fails, the cause of most first."""
    causes: dict[tuple[str, str], list[Failing]] = {}
    for one in failing(told):
        causes.setdefault((one.kind, one.said), []).append(one)
    ordered = sorted(causes.items(), key=lambda cause: -len(cause[1]))
    for (kind, said), some in ordered[:AT_MOST]:
        typer.echo("")
        shown.line(f"{len(some)} {kind}{'' if len(some) == 1 else 's'}: {said}")
        _table(kind, some[:AT_MOST], zone)
        if len(some) > AT_MOST:
            typer.echo(f"and {len(some) - AT_MOST} more; --json names all")
    if len(ordered) > AT_MOST:
        rest = sum(len(some) for _, some in ordered[AT_MOST:])
        typer.echo(f"\nand {rest} more for {len(ordered) - AT_MOST} other causes; --json names all")


def _table(kind: str, some: Sequence[Failing], zone: ZoneInfo) -> None:
    shown.table(
        (f"{kind.upper()} OF", "FAILING SINCE", "LAST READ"),
        ((one.whom, shown.instant(one.since, zone), shown.instant(one.succeeded, zone) or "never") for one in some),
    )
