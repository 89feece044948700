"""How things are shown: tables that line up, colours on a terminal only, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.errors import RingplanError

WIDE = 4000  # columns, where no terminal sets a limit: a line of a file is never wrapped

Cell = str | Text

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def plain(text: object) -> str:
    """Return `text` without control characters: what people wrote must not steer a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def good(text: str) -> Text:
    """Something that is as it should be."""
    return Text(plain(text), style="green")


def bad(text: str) -> Text:
    """Something to look at."""
    return Text(plain(text), style="bold red")


def table(heads: Sequence[str], lines: Iterable[Sequence[Cell]], empty: str = "") -> None:
    """Print a table; `empty` where it would have no line."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(heads))
    for head in heads:
        made.add_column(head, overflow="fold")
    for line in lines:
        made.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in line))
    if made.row_count:
        _console().print(made)
    elif empty:
        typer.echo(empty)


def line(*parts: Cell) -> None:
    """Print one line."""
    _console().print(*(part if isinstance(part, Text) else Text(plain(part)) for part in parts), soft_wrap=True)


def as_json(value: object) -> None:
    """Print `value` as JSON; what must not steer a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    typer.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def complain(error: RingplanError) -> None:
    """Say what went wrong and what to do about it, on standard error."""
    said = str(error)
    told = "\n".join(plain(one) for one in said.splitlines())
    typer.echo(f"ringplan: {told}", err=True)
    if error.remedy and error.remedy not in said:
        typer.echo("\n".join(f"  {plain(one)}" for one in error.remedy.splitlines()), err=True)


def instant(when: datetime | None, zone: ZoneInfo) -> str:
    """Return a time in `zone`, to the second; "" for none."""
    return "" if when is None else f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _console() -> Console:
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, highlight=False)
