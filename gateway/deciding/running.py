"""Whether a gateway runs on the store: decisions take effect in it."""

from datetime import datetime

from gateway.deciding.summary import runs
from gateway.engine.clock import WallClock
from gateway.store import health
from gateway.store.rows import Rows

RUNS_NOT = "no gateway is running"


async def is_running(rows: Rows, now: datetime | None = None) -> bool:
    """Tell whether a gateway runs on this store, `now` or by the wall's clock."""
    return runs(await health.get(rows, "gateway"), now or WallClock().now())
