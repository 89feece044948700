"""The switch that turns Ringplan off: while it is, nobody's telephone is held by us."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from gateway.store import tables
from gateway.store.rows import Rows

OFF = "off"


async def off_since(rows: Rows) -> datetime | None:
    """Return since when everything is released, None when Ringplan is on."""
    row = await rows.first(select(tables.switches.c.since).where(tables.switches.c.name == OFF))
    return row["since"] if row else None


async def turn_off(rows: Rows, now: datetime) -> bool:
    """Release everything; False: it was off already."""
    if await off_since(rows) is not None:
        return False
    await rows.run(insert(tables.switches).values(name=OFF, since=now))
    rows.touch("switches")
    return True


async def turn_on(rows: Rows) -> bool:
    """Let telephones follow calendars again; False: it was on already."""
    result = await rows.run(delete(tables.switches).where(tables.switches.c.name == OFF))
    rows.touch("switches")
    return result.rowcount > 0
