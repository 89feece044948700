"""Conferences that are planned or go on. They name users without leaning on them: a conference outlives its organiser.

A row that goes takes with it who was in; its calls stay a little longer (`calls`).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, exists, func, insert, select, update

from gateway.domain.conference import LONGEST_NAME, Conference, Room
from gateway.store import attendances, tables
from gateway.store.people import left_out_in, left_out_out, participants_in, participants_out
from gateway.store.rows import Rows

COLUMN = tables.conferences.c
PUT_OUT = timedelta(seconds=30)  # to tell those who are in that it is over, before nobody knows it any more


async def every(rows: Rows) -> tuple[Conference, ...]:
    """Return all conferences, by start."""
    query = select(tables.conferences).order_by(COLUMN.start, COLUMN.key)
    return tuple(_conference(row) for row in await rows.all(query))


async def of_user(rows: Rows, user: int) -> tuple[Conference, ...]:
    """Return the conferences that `user` has asked for or is asked to, by start."""
    one = func.json_each(COLUMN.participants).table_valued("value", name="one")
    is_asked = exists().where(func.json_extract(one.c.value, "$.user") == user)
    query = select(tables.conferences).where((COLUMN.organiser == user) | is_asked)
    return tuple(_conference(row) for row in await rows.all(query.order_by(COLUMN.start, COLUMN.key)))


async def named(rows: Rows, name: str) -> Conference | None:
    """Return the conference whose key begins with `name`, which is as long as `Conference.name`."""
    row = await rows.first(select(tables.conferences).where(func.substr(COLUMN.key, 1, LONGEST_NAME) == name))
    return _conference(row) if row else None


async def keep(rows: Rows, wanted: Collection[Conference]) -> bool:
    """Let there be exactly these, each key once; True: something changed.

    What an organiser was told (`Conference.told`) is taken from `wanted` for a new conference alone. Of those that go,
    attendances go too.
    """
    before = {one.key: one for one in await every(rows)}
    kept = [replace(one, told=before[one.key].told) if one.key in before else one for one in wanted]
    new = [one for one in kept if one.key not in before]
    changed = [one for one in kept if one.key in before and one != before[one.key]]
    gone = before.keys() - {one.key for one in wanted}
    await _remove(rows, gone)
    if new:
        await rows.run(insert(tables.conferences), [_columns(one) for one in new])
    if changed:
        columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _columns(changed[0])}
        values = [{f"new_{name}": value for name, value in _columns(one).items()} for one in changed]
        row = update(tables.conferences).where(COLUMN.key == bindparam("new_key")).values(columns)
        await rows.run(row, values)
        rows.removed = True  # a subject, perhaps, or somebody who is not asked any more
    if new or changed:
        rows.touch("conferences")
    return bool(new or changed or gone)


async def occupied(rows: Rows, now: datetime) -> frozenset[Room]:
    """Return the rooms of conferences into which people are let at `now`."""
    open_now = (COLUMN.room.is_not(None), COLUMN.opens <= now, COLUMN.closes > now)
    return frozenset(row["room"] for row in await rows.all(select(COLUMN.room).where(*open_now)))


async def told(rows: Rows, key: str, digest: str) -> None:
    """Note what the organiser was told; a conference that is gone meanwhile is passed over."""
    news = (COLUMN.key == key, COLUMN.told != digest)
    if (await rows.run(update(tables.conferences).where(*news).values(told=digest))).rowcount:
        rows.touch("conferences")


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what was to close `PUT_OUT` before `now`, out of the file as well, and return how many these were."""
    over = await rows.all(select(COLUMN.key).where(COLUMN.closes <= now - PUT_OUT))
    return await _remove(rows, [row["key"] for row in over])


async def next_end(rows: Rows) -> datetime | None:
    """Return when the next conference must be forgotten, None when there is none."""
    row = await rows.first(select(COLUMN.closes).order_by(COLUMN.closes).limit(1))
    return row["closes"] + PUT_OUT if row else None


async def _remove(rows: Rows, keys: Collection[str]) -> int:
    if not keys:
        return 0
    await attendances.forget(rows, keys)
    return await rows.remove(delete(tables.conferences).where(COLUMN.key.in_(keys)), "conferences")


def _conference(row: RowMapping) -> Conference:
    return Conference(
        key=row["key"],
        meeting=row["meeting"],
        series=row["series"],
        organiser=row["organiser"],
        pbx=row["pbx"],
        room=row["room"],
        start=row["start"],
        end=row["end"],
        opens=row["opens"],
        closes=row["closes"],
        autocall=row["autocall"],
        subject=row["subject"],
        participants=participants_in(row["participants"]),
        left_out=left_out_in(row["left_out"]),
        collided=row["collided"],
        cancelled=row["cancelled"],
        told=row["told"],
    )


def _columns(conference: Conference) -> dict[str, Any]:
    return {
        "key": conference.key,
        "meeting": conference.meeting,
        "series": conference.series,
        "organiser": conference.organiser,
        "pbx": conference.pbx,
        "room": conference.room,
        "start": conference.start,
        "end": conference.end,
        "opens": conference.opens,
        "closes": conference.closes,
        "autocall": conference.autocall,
        "subject": conference.subject,
        "participants": participants_out(conference.participants),
        "left_out": left_out_out(conference.left_out),
        "collided": conference.collided,
        "cancelled": conference.cancelled,
        "told": conference.told,
    }
