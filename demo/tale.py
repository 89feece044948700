"""Showing the story as it happens, and recording it in `build/demo.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from demo.step import Step

RECORD = Path("build/demo.json")
STOCKHOLM = ZoneInfo("Europe/Stockholm")
SHOWN = (
    "far phone's INVITE",
    "far phone's Diversion",
    "caller heard (RTP packets)",
    "schedule in the PBX",
    "by hand in the PBX",
)


class Tale:
    """Writes one line per thing that happens, with the time; colours only on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def setting(self, what: str) -> None:
        """Tell what is being started."""
        self._console.print(Text.assemble((self._now(), "dim"), "  ", ("·", "dim"), " ", what))

    def step(self, step: Step) -> None:
        """Tell a step: what was done, what was to be seen, what was seen, and what shows it."""
        mark = Text(" ok ", "bold green") if step.ok else Text("FAIL", "bold red")
        self._console.print()
        self._console.print(Text.assemble((self._now(), "dim"), "  ", mark, " ", (step.name, "bold")))
        lines = [("expected", step.expected), ("seen", step.seen)]
        lines += [(key, str(step.evidence[key])) for key in SHOWN if step.evidence.get(key)]
        for key, text in lines:
            told = Text.assemble((f"{key}: ", "dim"), text)
            self._console.print(Padding(told, (0, 0, 0, 15)))

    def end(self, steps: Sequence[Step]) -> None:
        """Tell how it came out."""
        well = sum(step.ok for step in steps)
        style = "bold green" if well == len(steps) else "bold red"
        self._console.print()
        self._console.print(Text(f"{well} of {len(steps)} steps came out as told; {RECORD} holds the evidence", style))

    @staticmethod
    def _now() -> str:
        return f"{datetime.now(STOCKHOLM):%H:%M:%S}"


def record(steps: Sequence[Step]) -> None:
    """Write the steps as JSON."""
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps({"steps": [asdict(step) for step in steps]}, ensure_ascii=False, indent=1) + "\n")
