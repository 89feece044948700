"""Conferences that are planned or go on. They name users without leaning on them: a conference outlives its organiser.

A row that goes takes with it who was in; its calls stay a little longer (`calls`).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from gateway.domain.conference import Conference
from gateway.store import attendances, tables
from gateway.store.people import left_out_in, left_out_out, participants_in, participants_out
from gateway.store.rows import Rows

COLUMN = tables.conferences.c
PUT_OUT = timedelta(seconds=30)  # to tell those who are in that it is over, before nobody knows it any more


async def every(rows: Rows) -> tuple[Conference, ...]:
    """Return all conferences, by start."""
    query = select(tables.conferences).order_by(COLUMN.start, COLUMN.key)
    return tuple(_conference(row) for row in await rows.all(query))


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
