"""Diversions: what calendars ask for now and in the days to come. What is over is forgotten, in the file as well."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace as with_values
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update

from gateway.domain.diversion import Diversion
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.diversions.c
CLOCKS_MAY_DIFFER = timedelta(seconds=5)  # a PBX's, which tells when something was ended, from ours


async def every(rows: Rows) -> Mapping[int, tuple[Diversion, ...]]:
    """Return all diversions, dismissed ones too, by user; a user without any is missing."""
    return _by_user(await rows.all(select(tables.diversions).order_by(COLUMN.start, COLUMN.id)))


async def of(rows: Rows, user: int) -> tuple[Diversion, ...]:
    """Return one user's diversions, of all their mailboxes, dismissed ones too."""
    query = select(tables.diversions).where(COLUMN.user == user).order_by(COLUMN.start, COLUMN.id)
    return tuple(_diversion(row) for row in await rows.all(query))


async def of_some(rows: Rows, some: Collection[int]) -> Mapping[int, tuple[Diversion, ...]]:
    """Return the diversions of a page of users (tens of them), by user, like `every`."""
    query = select(tables.diversions).where(COLUMN.user.in_(some)).order_by(COLUMN.start, COLUMN.id)
    return _by_user(await rows.all(query))


async def count(rows: Rows, mailbox: int) -> int:
    """Return how many diversions the last reading of this mailbox brought that are not over yet."""
    row = await rows.first(select(func.count().label("many")).where(COLUMN.mailbox == mailbox))
    return row["many"] if row else 0


async def replace(rows: Rows, mailbox: int, diversions: Collection[Diversion], now: datetime) -> bool:
    """Let `mailbox` have exactly these, found `now`; rows that stay are not touched. True: something changed.

    What was dismissed stays dismissed, and what was found has been, as long as its times stay, whatever else changes.
    """
    before = await rows.all(select(tables.diversions).where(COLUMN.mailbox == mailbox))
    dismissed = {_occurrence(_diversion(row)) for row in before if row["dismissed"]}
    found = {_occurrence(_diversion(row)): row["found"] for row in before}
    surplus = Counter(with_values(one, dismissed=_occurrence(one) in dismissed) for one in diversions)
    gone = []
    for row in before:
        same = _diversion(row)
        if surplus[same] > 0:
            surplus[same] -= 1
        else:
            gone.append(row["id"])
    new = [
        _columns(one) | {"mailbox": mailbox, "found": found.get(_occurrence(one), now)} for one in surplus.elements()
    ]
    if gone:
        await rows.run(delete(tables.diversions).where(COLUMN.id.in_(gone)))
        rows.removed = True
    if new:
        await rows.run(insert(tables.diversions), new)
    if gone or new:
        rows.touch("diversions")
    return bool(gone or new)


async def dismiss(rows: Rows, user: int, at: datetime) -> int:
    """Let those of `user` that divert at `at` divert no more until their times change; return how many these were.

    What was found later was not in force then: it is what its owner has made of an item since.
    """
    runs = (COLUMN.user == user, COLUMN.diverts, ~COLUMN.dismissed, COLUMN.start <= at, at < COLUMN.end)
    known = COLUMN.found <= at + CLOCKS_MAY_DIFFER
    result = await rows.run(update(tables.diversions).where(*runs, known).values(dismissed=True))
    if result.rowcount:
        rows.touch("diversions")
    return result.rowcount


async def found_long_ago(rows: Rows) -> None:
    """Forget when each was found: the clock that said so was wrong."""
    await rows.run(update(tables.diversions).values(found=tables.EPOCH))


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what has ended by `now`, out of the file as well, and return how many these were."""
    return await rows.remove(delete(tables.diversions).where(COLUMN.end <= now), "diversions")


async def next_end(rows: Rows) -> datetime | None:
    """Return when the next diversion is over and must be forgotten, None when there is none."""
    row = await rows.first(select(COLUMN.end).order_by(COLUMN.end).limit(1))
    return row["end"] if row else None


def _by_user(found: Iterable[RowMapping]) -> Mapping[int, tuple[Diversion, ...]]:
    by_user: defaultdict[int, list[Diversion]] = defaultdict(list)
    for row in found:
        by_user[row["user"]].append(_diversion(row))
    return {user: tuple(some) for user, some in by_user.items()}


def _diversion(row: RowMapping) -> Diversion:
    return Diversion(
        user=row["user"],
        key=row["key"],
        code=row["code"],
        start=row["start"],
        end=row["end"],
        diverts=row["diverts"],
        target=row["target"],
        text=row["text"],
        dismissed=row["dismissed"],
    )


def _occurrence(diversion: Diversion) -> tuple[str, datetime, datetime]:
    return diversion.key, diversion.start, diversion.end


def _columns(diversion: Diversion) -> dict[str, Any]:
    return {
        "user": diversion.user,
        "key": diversion.key,
        "code": diversion.code,
        "start": diversion.start,
        "end": diversion.end,
        "diverts": diversion.diverts,
        "target": diversion.target,
        "text": diversion.text,
        "dismissed": diversion.dismissed,
    }
