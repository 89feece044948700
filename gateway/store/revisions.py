"""How often each noun has changed: what was read before is still true while its number is the same."""

from collections.abc import Mapping

from sqlalchemy import select

from gateway.store import tables
from gateway.store.rows import Rows


async def revisions(rows: Rows) -> Mapping[str, int]:
    """Return the number of changes of every noun that has changed at all, as committed."""
    return {row["noun"]: row["revision"] for row in await rows.all(select(tables.changes))}
