"""Run the benches, print their rows as a table, and write them to build/bench.json.

    python -m tests.bench [planning] [caldav] [ews] [reconcile] [gateway] [hand] [conference] [directory] [portal]
                          [portal_sync]

Each module has `rows()`, a function or a coroutine. A goal that is missed is shown and said, and ends with 0 all the
same: another program on the machine can miss it for us. A bench that breaks ends with 1.
"""

import asyncio
import importlib
import inspect
import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

BENCHES = (
    "planning", "caldav", "ews", "reconcile", "gateway", "hand", "conference", "directory", "portal", "portal_sync",
)  # fmt: skip
RECORD = Path("build/bench.json")
NARROW = 100  # columns that the table needs
WIDE = 140  # columns: narrower, how a value came about is told by the record alone

Row = dict[str, Any]


def main(chosen: Sequence[str]) -> int:
    """Run the benches that are `chosen`, none: all; return the exit code."""
    console = Console(width=max(Console().width, NARROW))
    if unknown := set(chosen) - set(BENCHES):
        console.print(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
        return 2
    wanted = [name for name in BENCHES if name in chosen or not chosen]
    rows: list[Row] = []
    broken: list[str] = []
    for number, name in enumerate(wanted, start=1):
        begun = time.monotonic()
        try:
            with console.status(f"{name} ({number} of {len(wanted)})"):
                found = _rows(name)
        except Exception:  # noqa: BLE001 - whatever broke, the other benches are worth their rows
            broken.append(name)
            console.print(Text.assemble(("broken ", "bold red"), name))
            traceback.print_exc()
        else:
            rows += found
            console.print(Text.assemble(("done ", "green"), f"{name}: {len(found)} rows in ", _took(begun)))
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    console.print(_table(rows, with_how=console.width >= WIDE))
    _tell(console, rows, broken)
    return 1 if broken else 0


def _rows(name: str) -> list[Row]:
    found = importlib.import_module(f"tests.bench.{name}").rows()
    rows: list[Row] = asyncio.run(found) if inspect.iscoroutine(found) else found
    return rows


def _table(rows: Sequence[Row], *, with_how: bool) -> Table:
    headers = ("name", "value", "unit", "goal", "", *(("how",) if with_how else ()))
    table = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[:5]:
        column.no_wrap = True
    table.columns[1].justify = "right"
    for row in rows:
        style = "" if row["met"] else "red"
        met = Text("met" if row["met"] else "MISSED", "green" if row["met"] else "bold red")
        value = Text(f"{row['value']:,}", style)
        how = (Text(row["how"], "dim"),) if with_how else ()
        table.add_row(Text(row["name"], style), value, row["unit"], row["goal"], met, *how)
    return table


def _tell(console: Console, rows: Sequence[Row], broken: Sequence[str]) -> None:
    missed = [row["name"] for row in rows if not row["met"]]
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    console.print(f"\n{len(rows) - len(missed)} of {len(rows)} goals met, {load}; {RECORD} holds the samples")
    if missed:
        console.print(Text(f"missed: {', '.join(missed)}", "bold red"))
    if broken:
        console.print(Text(f"broken: {', '.join(broken)}", "bold red"))


def _took(begun: float) -> str:
    return f"{time.monotonic() - begun:.0f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
