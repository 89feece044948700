"""Whether a gateway runs on the store: decisions take effect in it."""

from gateway.deciding.report import STALE
from gateway.engine.clock import WallClock
from gateway.store import health
from gateway.store.rows import Rows

RUNS_NOT = "no gateway is running"


async def is_running(rows: Rows) -> bool:
    """Tell whether a gateway runs on this store."""
    row = await health.get(rows, "gateway")
    return row is not None and WallClock().now() - row.beat < STALE
