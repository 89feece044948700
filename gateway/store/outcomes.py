"""How readings went, as the tables of mailboxes and of books both keep it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Table, update

from gateway.store.rows import Rows


async def well(rows: Rows, of: Table, ids: Collection[int], now: datetime) -> None:
    """Note that these were read."""
    went_well = {"tried": now, "succeeded": now, "failing_since": None, "error": None, "said": None}
    await rows.run(update(of).where(of.c.id.in_(ids)).values(went_well))
    rows.touch("progress")


async def failed(rows: Rows, of: Table, ids: Collection[int], error: Exception, now: datetime) -> None:
    """Note that these could not be read: the error's class, its message and its remedy."""
    remedy = getattr(error, "remedy", "")
    said = f"{error}: {remedy}" if remedy else str(error)
    mine = of.c.id.in_(ids)
    await rows.run(update(of).where(mine, of.c.failing_since.is_(None)).values(failing_since=now))
    await rows.run(update(of).where(mine).values(tried=now, error=type(error).__name__, said=said))
    rows.touch("progress")
