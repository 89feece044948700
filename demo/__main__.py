"""`make demo`; ONCE=1: it ends after the story; SOURCE=exchange: with Exchange; BREAK=dialplan: it must fail."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from demo.calendars import SOURCES
from demo.live import live
from demo.stage import stage
from demo.step import Step
from demo.story import story
from demo.tale import Tale, record

BREAKS = ("", "dialplan")


async def tell(*, source: str, once: bool, broken: bool) -> bool:
    """Tell the story; True: every step came out as told."""
    console = Console(highlight=False)
    tale = Tale(console)

    def progress(done: int, of: int) -> None:
        if done == of or (console.is_terminal and done % 50 == 0):
            tale.setting(f"  {done} of {of} sounds")

    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="ringplan-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        async with stage(Path(folder), tale.setting, progress, source=source, broken=broken) as everything:
            async for step in story(everything):
                steps.append(step)
                tale.step(step)
                record(steps)
            tale.end(steps)
            if not once:
                console.print()
                await live(everything, console)
    return all(step.ok for step in steps)


def main() -> int:
    """Read what was asked for, and tell."""
    broken = os.environ.get("BREAK", "")
    if broken not in BREAKS:
        print(f"BREAK={broken}: only BREAK=dialplan is known", file=sys.stderr)
        return 2
    source = os.environ.get("SOURCE") or "caldav"
    if source not in SOURCES:
        print(f"SOURCE={source}: there are {' and '.join(SOURCES)}", file=sys.stderr)
        return 2
    try:
        came_out = asyncio.run(
            tell(source=source, once=os.environ.get("ONCE", "") not in ("", "0"), broken=bool(broken))
        )
    except KeyboardInterrupt:
        print("\nended")
        return 0
    return 0 if came_out else 1


if __name__ == "__main__":
    sys.exit(main())
