"""Meetings: what calendars ask conferences for, as the last reading of each mailbox told it.

A mailbox brings them in one transaction with its diversions and its cursor (`mailboxes.replace`). What is over leaves
the file, like diversions do: a conference that goes on has its own row.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select

from gateway.domain.conference import Meeting
from gateway.store import tables
from gateway.store.people import left_out_in, left_out_out, participants_in, participants_out
from gateway.store.rows import Rows

COLUMN = tables.meetings.c


async def every(rows: Rows) -> tuple[Meeting, ...]:
    """Return the meetings of all mailboxes, the one that was found first first; one may be there more than once."""
    return tuple(_meeting(row) for row in await rows.all(select(tables.meetings).order_by(COLUMN.id)))


async def count(rows: Rows, mailbox: int) -> int:
    """Return how many meetings the last reading of this mailbox brought that are not over yet."""
    row = await rows.first(select(func.count().label("many")).where(COLUMN.mailbox == mailbox))
    return row["many"] if row else 0


async def replace(rows: Rows, mailbox: int, meetings: Collection[Meeting], now: datetime) -> bool:
    """Let `mailbox` have exactly these, but for what is over by `now`; True: something changed.

    Rows that stay are not touched. A meeting in which anything changes is found anew.
    """
    query = select(tables.meetings).where(COLUMN.mailbox == mailbox)
    before = {_meeting(row): row["id"] for row in await rows.all(query)}
    wanted = dict.fromkeys(meeting for meeting in meetings if meeting.end > now)
    gone = [row for meeting, row in before.items() if meeting not in wanted]
    new = [_columns(meeting) | {"mailbox": mailbox} for meeting in wanted if meeting not in before]
    if gone:
        await rows.remove(delete(tables.meetings).where(COLUMN.id.in_(gone)), "meetings")
    if new:
        await rows.run(insert(tables.meetings), new)
        rows.touch("meetings")
    return bool(gone or new)


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what has ended by `now`, out of the file as well, and return how many these were."""
    return await rows.remove(delete(tables.meetings).where(COLUMN.end <= now), "meetings")


async def next_end(rows: Rows) -> datetime | None:
    """Return when the next meeting is over and must be forgotten, None when there is none."""
    row = await rows.first(select(COLUMN.end).order_by(COLUMN.end).limit(1))
    return row["end"] if row else None


def _meeting(row: RowMapping) -> Meeting:
    return Meeting(
        meeting=row["meeting"],
        series=row["series"],
        organiser=row["organiser"],
        start=row["start"],
        end=row["end"],
        autocall=row["autocall"],
        subject=row["subject"],
        participants=participants_in(row["participants"]),
        left_out=left_out_in(row["left_out"]),
    )


def _columns(meeting: Meeting) -> dict[str, Any]:
    return {
        "meeting": meeting.meeting,
        "series": meeting.series,
        "organiser": meeting.organiser,
        "start": meeting.start,
        "end": meeting.end,
        "autocall": meeting.autocall,
        "subject": meeting.subject,
        "participants": participants_out(meeting.participants),
        "left_out": left_out_out(meeting.left_out),
    }
