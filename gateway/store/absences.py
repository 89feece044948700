"""Absences by hand: set on the telephone or by command, one per user at most; and what was ended by hand.

The telephone counts its doings up in turns (dialplan/README.md). A turn that is not known yet is taken over here, once,
in one transaction with what it brings. What is over or was ended leaves the file, like diversions do.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import Extension, User
from gateway.store import diversions, tables
from gateway.store.rows import Rows

COLUMN = tables.absences.c
TURN = tables.turns.c


async def every(rows: Rows) -> Mapping[int, Diversion]:
    """Return all absences by hand, by user; what is over is there until it is forgotten."""
    return {row["user"]: _diversion(row) for row in await rows.all(select(tables.absences))}


async def of_some(rows: Rows, some: Collection[int]) -> Mapping[int, Diversion]:
    """Return the absences by hand of a page of users (tens of them), by user."""
    return {
        row["user"]: _diversion(row) for row in await rows.all(select(tables.absences).where(COLUMN.user.in_(some)))
    }


async def of(rows: Rows, user: int) -> Diversion | None:
    """Return one user's absence by hand."""
    row = await rows.first(select(tables.absences).where(COLUMN.user == user))
    return _diversion(row) if row else None


async def put(rows: Rows, diversion: Diversion) -> None:
    """Let `diversion` be its user's absence by hand, in the place of the one before; its key is always `BY_HAND`."""
    await _remove(rows, diversion.user)
    columns = ("user", "code", "start", "end", "target")
    await rows.run(insert(tables.absences).values({name: getattr(diversion, name) for name in columns}))
    rows.touch("absences")


async def end(rows: Rows, user: int, now: datetime) -> bool:
    """End what is in force for `user`: the absence by hand, and every diversion that runs; False: nothing was."""
    before = await of(rows, user)
    await _remove(rows, user)
    dismissed = await diversions.dismiss(rows, user, now)
    return dismissed > 0 or (before is not None and before.start <= now < before.end)


async def turns(rows: Rows) -> Mapping[Extension, int]:
    """Return the last turn that was taken over of each main number; one without any is missing.

    They outlive their users: a number's next owner does not inherit what a PBX still holds of the one before.
    """
    return {row["number"]: row["turn"] for row in await rows.all(select(tables.turns))}


async def take_over(rows: Rows, user: User, turn: int, ended: datetime | None, absence: Diversion | None) -> bool:
    """Take over what a telephone of `user` did in `turn`; False: that is known already, and nothing changes.

    `ended`: what was known and ran then was dismissed; an item that was changed since counts again. `absence`: what has
    been set by hand since, None: nothing is. A user who is gone meanwhile is passed over.
    """
    known = select(TURN.turn).where(TURN.number == user.extension)
    before = await rows.first(known)
    if before is not None and before["turn"] >= turn:
        return False
    if await rows.first(select(tables.users.c.id).where(tables.users.c.id == user.id)) is None:
        return False
    await rows.run(delete(tables.turns).where(TURN.number == user.extension))
    await rows.run(insert(tables.turns).values(number=user.extension, turn=turn))
    if ended is not None:
        await diversions.dismiss(rows, user.id, ended)
    if absence is None:
        await _remove(rows, user.id)
    else:
        await put(rows, absence)
    rows.touch("absences")
    return True


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what has ended by `now`, out of the file as well, and return how many these were."""
    return await rows.remove(delete(tables.absences).where(COLUMN.end <= now), "absences")


async def next_end(rows: Rows) -> datetime | None:
    """Return when the next absence by hand is over and must be forgotten, None when there is none."""
    row = await rows.first(select(COLUMN.end).order_by(COLUMN.end).limit(1))
    return row["end"] if row else None


async def _remove(rows: Rows, user: int) -> None:
    await rows.remove(delete(tables.absences).where(COLUMN.user == user), "absences")


def _diversion(row: RowMapping) -> Diversion:
    return Diversion(
        user=row["user"],
        key=BY_HAND,
        code=row["code"],
        start=row["start"],
        end=row["end"],
        target=row["target"],
        by_hand=True,
    )
