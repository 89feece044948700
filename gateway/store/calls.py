"""Calls: one row per attempt to reach a participant, as far as it is. No row has a name, a number or an address.

They stay five minutes longer than their conference was planned for: as long as a row is there, its call is not made a
second time.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select

from gateway.domain.conference import Attempt, CallState, Result
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.calls.c
KEPT = timedelta(minutes=5)  # beyond the planned end of the conference


async def every(rows: Rows) -> tuple[Attempt, ...]:
    """Return all attempts, in the order in which they are due."""
    return tuple(_attempt(row) for row in await rows.all(select(tables.calls).order_by(COLUMN.at, COLUMN.id)))


async def of(rows: Rows, conference: str) -> tuple[Attempt, ...]:
    """Return the attempts for one conference, in the order in which they are due."""
    query = select(tables.calls).where(COLUMN.conference == conference).order_by(COLUMN.at, COLUMN.id)
    return tuple(_attempt(row) for row in await rows.all(query))


async def among(rows: Rows, conferences: Collection[str]) -> tuple[Attempt, ...]:
    """Return the attempts for these conferences (keys), in the order in which they are due."""
    query = select(tables.calls).where(COLUMN.conference.in_(conferences)).order_by(COLUMN.at, COLUMN.id)
    return tuple(_attempt(row) for row in await rows.all(query)) if conferences else ()


async def put(rows: Rows, some: Iterable[Attempt]) -> None:
    """Write these, in the place of what was known under their ids; of two with the same id the later one."""
    new = {one.id: _columns(one) for one in some}
    if not new:
        return
    await rows.run(delete(tables.calls).where(COLUMN.id == bindparam("known")), [{"known": id_} for id_ in new])
    await rows.run(insert(tables.calls), list(new.values()))
    rows.touch("calls")


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove those whose conference was to end `KEPT` before `now`, out of the file as well; return how many."""
    return await rows.remove(delete(tables.calls).where(COLUMN.ends <= now - KEPT), "calls")


async def next_end(rows: Rows) -> datetime | None:
    """Return when the next attempt must be forgotten, None when there is none."""
    row = await rows.first(select(COLUMN.ends).order_by(COLUMN.ends).limit(1))
    return row["ends"] + KEPT if row else None


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(
        id=row["id"],
        conference=row["conference"],
        who=row["who"],
        number=row["number"],
        state=CallState(row["state"]),
        at=row["at"],
        first=row["first"],
        ends=row["ends"],
        waits=row["waits"],
        boot=row["boot"],
        result=None if row["result"] is None else Result(row["result"]),
        over=row["over"],
    )


def _columns(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "conference": attempt.conference,
        "who": attempt.who,
        "number": attempt.number,
        "state": attempt.state.value,
        "at": attempt.at,
        "first": attempt.first,
        "ends": attempt.ends,
        "waits": attempt.waits,
        "boot": attempt.boot,
        "result": None if attempt.result is None else attempt.result.value,
        "over": attempt.over,
    }
