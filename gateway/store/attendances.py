"""Attendances: who is in a conference, and who was as long as the conference is there. They go with it."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from gateway.domain.conference import Attendance
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.attendances.c


async def every(rows: Rows) -> tuple[Attendance, ...]:
    """Return all attendances, also of those who have left, by when they joined."""
    query = select(tables.attendances).order_by(COLUMN.joined, COLUMN.conference, COLUMN.channel)
    return tuple(_attendance(row) for row in await rows.all(query))


async def among(rows: Rows, conferences: Collection[str]) -> tuple[Attendance, ...]:
    """Return those of these conferences (keys), also of who has left, by when they joined."""
    query = select(tables.attendances).where(COLUMN.conference.in_(conferences))
    found = await rows.all(query.order_by(COLUMN.joined, COLUMN.conference, COLUMN.channel)) if conferences else ()
    return tuple(_attendance(row) for row in found)


async def came(rows: Rows, attendance: Attendance) -> bool:
    """Note that somebody is in; False: that was known, or there is no such conference any more.

    Who is in already stays so since when they came, and who they are; who had left is in anew.
    """
    there = select(tables.attendances).where(COLUMN.conference == attendance.conference)
    return await _put(rows, _news((attendance,), [_attendance(row) for row in await rows.all(there)]))


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
    before = await every(rows)
    are_in = {_place(one) for one in present}
    left = [
        replace(one, left=now)
        for one in before
        if one.left is None and _place(one) not in are_in and (among is None or one.conference in among)
    ]
    return await _put(rows, [*_news(present, before), *left])


async def forget(rows: Rows, conferences: Collection[str]) -> int:
    """Remove who is and was in these (keys), out of the file as well, and return how many these were."""
    return await rows.remove(delete(tables.attendances).where(COLUMN.conference.in_(conferences)), "attendances")


def _place(attendance: Attendance) -> tuple[str, str]:
    return attendance.conference, attendance.channel


def _news(present: Iterable[Attendance], before: Iterable[Attendance]) -> list[Attendance]:
    """Return those of `present` whose rows are to be other ones than `before`.

    Who is in by a call may talk on when its row has gone, and nothing else tells who they are.
    """
    known = {_place(one): one for one in before}
    news = {}
    for one in present:
        had = known.get(_place(one))
        stays = one if had is None or had.left is not None else replace(one, joined=had.joined, who=one.who or had.who)
        if stays != had:
            news[_place(one)] = stays
    return list(news.values())


async def _put(rows: Rows, some: Collection[Attendance]) -> bool:
    """Write those whose conference is still there; True: there is one."""
    key = tables.conferences.c.key
    found = await rows.all(select(key).where(key.in_({one.conference for one in some}))) if some else ()
    known = {row["key"] for row in found}
    new = [_columns(one) for one in some if one.conference in known]
    if not new:
        return False
    same = (COLUMN.conference == bindparam("in_conference"), COLUMN.channel == bindparam("by_channel"))
    places = [{"in_conference": one["conference"], "by_channel": one["channel"]} for one in new]
    await rows.run(delete(tables.attendances).where(*same), places)
    await rows.run(insert(tables.attendances), new)
    rows.touch("attendances")
    return True


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
