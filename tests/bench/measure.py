"""What the benches of the Exchange source measure by: the kernel's numbers of a process, stalls of a loop, rows."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = dict[str, object]


def ticks(pid: int) -> int:
    """Return the processor time of a process, in the kernel's ticks."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def resident(pid: int) -> int:
    """Return the memory of a process that is in use, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


async def stalls(tick: float = 0.001) -> tuple[float, float]:
    """Return, once cancelled, for how many milliseconds the loop was held up at the longest: by us, and by anybody.

    A process holds its own loop up only while it computes. What the machine gave to other processes meanwhile is in the
    second number alone, which on a busy machine says little about us.
    """
    ours, whole = 0.0, 0.0
    try:
        while True:
            before, processor = time.perf_counter(), time.process_time()
            await asyncio.sleep(tick)
            late = time.perf_counter() - before - tick
            ours, whole = max(ours, min(late, time.process_time() - processor)), max(whole, late)
    except asyncio.CancelledError:
        return ours * 1000, whole * 1000


def row(name: str, value: float, unit: str, goal: str, how: str, samples: Mapping[str, Sequence[float]]) -> Row:
    """Return a row of which the goal is a limit: `<= 3`."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "met": value <= float(goal.removeprefix("<= ")),
        "how": how,
        "samples": {of: [round(one, 3) for one in some] for of, some in samples.items()},
    }
