"""Who did what to which row: for administrators, without contents, and for ninety days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from gateway.store import entrance
from gateway.store.rows import Rows

COLUMN = entrance.audit.c
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Entry:
    """`who`: "signin 3", "token 7", "command" or "nobody"; `did`: "password changed"; `about`: "user 12", or ""."""

    id: int
    at: datetime
    who: str
    did: str
    about: str


async def note(rows: Rows, now: datetime, who: str, did: str, about: str = "") -> None:
    """Write what somebody did. None of the texts may hold anything that was typed."""
    await rows.run(insert(entrance.audit).values(at=now, who=who, did=did, about=about))
    rows.touch("audit")


async def latest(rows: Rows, many: int, before: int | None = None) -> Sequence[Entry]:
    """Return the last entries, the newest first; `before`: those older than the one with this id."""
    wanted = select(entrance.audit).order_by(COLUMN.id.desc()).limit(many)
    found = await rows.all(wanted if before is None else wanted.where(COLUMN.id < before))
    return [Entry(row["id"], row["at"], row["who"], row["did"], row["about"]) for row in found]


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what is older than it is kept."""
    return await rows.remove(delete(entrance.audit).where(COLUMN.at <= now - KEPT), "audit")
