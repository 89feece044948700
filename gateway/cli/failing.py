"""What cannot be read, for `ringplan status`: each cause once, which is a long text, and whom it concerns."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import typer

from gateway.cli import shown
from gateway.deciding.failing import Failing, causes
from gateway.deciding.report import Report

AT_MOST = 10
"""What is shown of each cause, and causes."""


def show(told: Report, zone: ZoneInfo) -> None:
    """Show what fails, the cause of most first."""
    ordered = causes(told)
    for kind, said, some in ordered[:AT_MOST]:
        typer.echo("")
        shown.line(f"{len(some)} {kind}{'' if len(some) == 1 else 's'}: {said}")
        _table(kind, some[:AT_MOST], zone)
        if len(some) > AT_MOST:
            typer.echo(f"and {len(some) - AT_MOST} more; --json names all")
    if len(ordered) > AT_MOST:
        rest = sum(len(some) for _, _, some in ordered[AT_MOST:])
        typer.echo(f"\nand {rest} more for {len(ordered) - AT_MOST} other causes; --json names all")


def _table(kind: str, some: Sequence[Failing], zone: ZoneInfo) -> None:
    shown.table(
        (f"{kind.upper()} OF", "FAILING SINCE", "LAST READ"),
        ((one.whom, shown.instant(one.since, zone), shown.instant(one.succeeded, zone) or "never") for one in some),
    )
