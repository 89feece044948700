"""Attendances: who is in a conference, and who was as long as the conference is there. They go with it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.conference import Attendance
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.attendances.c


async def every(rows: Rows) -> tuple[Attendance, ...]:
    """Return all attendances, also of those who have left, by when they joined."""
    query = select(tables.attendances).order_by(COLUMN.joined, COLUMN.conference, COLUMN.channel)
    return tuple(_attendance(row) for row in await rows.all(query))


async def came(rows: Rows, attendance: Attendance) -> bool:
    """Note that somebody is in; False: that was known, or there is no such conference any more.

    Who is in already stays so since when they came; who had left is in anew.
    """
    known = tables.conferences.c.key
    if await rows.first(select(known).where(known == attendance.conference)) is None:
        return False
    same = (COLUMN.conference == attendance.conference, COLUMN.channel == attendance.channel)
    row = await rows.first(select(tables.attendances).where(*same))
    before = _attendance(row) if row else None
    if before and before.left is None:
        attendance = replace(attendance, joined=before.joined)
    if attendance == before:
        return False
    await rows.run(delete(tables.attendances).where(*same))
    await rows.run(insert(tables.attendances).values(_columns(attendance)))
    rows.touch("attendances")
    return True


async def went(rows: Rows, conference: str, channel: str, now: datetime) -> bool:
    """Note that this channel has left; False: it was not in."""
    was_in = (COLUMN.conference == conference, COLUMN.channel == channel, COLUMN.left.is_(None))
    result = await rows.run(update(tables.attendances).where(*was_in).values(left=now))
    if result.rowcount:
        rows.touch("attendances")
    return result.rowcount > 0


async def keep(
    rows: Rows, present: Collection[Attendance], now: datetime, *, among: Collection[str] | None = None
) -> bool:
    """Let exactly `present` be in, of the conferences `among` (keys; None: of all); the others left `now`.

    A PBX that tells who is in passes the conferences that it holds. True: something changed.
    """
    changed = [await came(rows, one) for one in present]
    there = {(one.conference, one.channel) for one in present}
    for one in await every(rows):
        is_asked = among is None or one.conference in among
        if is_asked and one.left is None and (one.conference, one.channel) not in there:
            changed.append(await went(rows, one.conference, one.channel, now))
    return any(changed)


async def forget(rows: Rows, conferences: Collection[str]) -> int:
    """Remove who is and was in these (keys), out of the file as well, and return how many these were."""
    return await rows.remove(delete(tables.attendances).where(COLUMN.conference.in_(conferences)), "attendances")


def _attendance(row: RowMapping) -> Attendance:
    return Attendance(row["conference"], row["channel"], row["who"], row["joined"], row["left"])


def _columns(attendance: Attendance) -> dict[str, Any]:
    return {
        "conference": attendance.conference,
        "channel": attendance.channel,
        "who": attendance.who,
        "joined": attendance.joined,
        "left": attendance.left,
    }
