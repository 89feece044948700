"""Mailboxes: where each user's calendar is, how far it has been read, and how that goes.

A cursor is only good for the rules that it was read with. Whoever changes codes, the organisation or a user calls
`reread`, which takes the cursor away and counts `epoch` up; a reading that had begun before then brings its rows, but
not its cursor.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_values
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.conference import Meeting
from gateway.domain.diversion import Diversion
from gateway.domain.mailbox import Cursor, Mailbox
from gateway.errors import Refused
from gateway.store import books, outcomes, tables
from gateway.store import diversions as kept
from gateway.store import meetings as asked
from gateway.store.rows import Rows

COLUMN = tables.mailboxes.c


@dataclass(frozen=True, slots=True)
class Progress:
    """How the reading of one mailbox goes. Instants are None where it never happened.

    `epoch` belongs to the cursor: give it back to `replace`. `error` is the error's class, `said` its message and
    remedy. `set_aside` items of the last whole reading were unreadable, `remarks` counts what else was noticed.
    """

    cursor: Cursor | None = None
    epoch: int = 0
    tried: datetime | None = None
    succeeded: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None
    said: str | None = None
    set_aside: int = 0
    remarks: Mapping[str, int] = field(default_factory=dict)


async def every(rows: Rows) -> tuple[Mailbox, ...]:
    """Return all mailboxes, those of disabled users too."""
    return await _read(rows, None)


async def of(rows: Rows, user: int) -> tuple[Mailbox, ...]:
    """Return one user's mailboxes."""
    return await _read(rows, user)


async def add(rows: Rows, mailbox: Mailbox) -> Mailbox:
    """Add a mailbox and a book beside it, and return it with its id; `addresses` and `zone` are always the user's own.

    Raises `Refused` when the user has one at this account.
    """
    same = select(COLUMN.id).where(COLUMN.user == mailbox.user, COLUMN.account == mailbox.account)
    if await rows.first(same):
        raise Refused("the user has a mailbox at this account already", "remove the user or the account first")
    added = with_values(mailbox, id=await rows.insert(insert(tables.mailboxes).values(_columns(mailbox))))
    await books.add_beside(rows, (added,))
    rows.touch("mailboxes")
    return added


async def add_every(rows: Rows, some: Iterable[Mailbox]) -> None:
    """Add mailboxes of users who have none yet, each with a book beside it, many at a time."""
    new = tuple(some)
    if not new:
        return
    given = insert(tables.mailboxes).returning(COLUMN.id, sort_by_parameter_order=True)
    ids = (await rows.run(given, [_columns(mailbox) for mailbox in new])).scalars().all()
    added = [with_values(mailbox, id=given) for mailbox, given in zip(new, ids, strict=True)]
    await books.add_beside(rows, added)
    rows.touch("mailboxes")


async def pace(rows: Rows, user: int, refresh: int | None) -> bool:
    """Let the user's calendars be read every `refresh` seconds, None: only when somebody asks; False: there is none.

    The books beside them follow (`books.pace`).
    """
    result = await rows.run(update(tables.mailboxes).where(COLUMN.user == user).values(refresh=refresh))
    await books.pace(rows, user, refresh)
    rows.touch("mailboxes")
    return result.rowcount > 0


async def put_calendar(rows: Rows, user: int, *, calendar: bool) -> bool:
    """Let the user's calendars be read, or not any more: then what they brought is removed. False: there is none."""
    mine = select(COLUMN.id).where(COLUMN.user == user, COLUMN.calendar != calendar)
    changed = [row["id"] for row in await rows.all(mine)]
    await rows.run(update(tables.mailboxes).where(COLUMN.id.in_(changed)).values(calendar=calendar))
    await _anew(rows, changed)
    if not calendar:
        await rows.remove(delete(tables.diversions).where(tables.diversions.c.mailbox.in_(changed)), "diversions")
        await rows.remove(delete(tables.meetings).where(tables.meetings.c.mailbox.in_(changed)), "meetings")
    return await rows.first(select(COLUMN.id).where(COLUMN.user == user)) is not None


async def remove(rows: Rows, mailbox: int) -> bool:
    """Remove a mailbox, its diversions and its meetings, and the book beside it with its contacts."""
    nouns = ("mailboxes", "diversions", "meetings", "books", "contacts")
    return await rows.remove(delete(tables.mailboxes).where(COLUMN.id == mailbox), *nouns) > 0


async def progress(rows: Rows) -> Mapping[int, Progress]:
    """Return how far every mailbox has been read, by id."""
    return {row["id"]: _progress(row) for row in await rows.all(select(tables.mailboxes))}


async def progress_of(rows: Rows, mailbox: int) -> Progress | None:
    """Return how far this mailbox has been read, None when it is gone."""
    row = await rows.first(select(tables.mailboxes).where(COLUMN.id == mailbox))
    return _progress(row) if row else None


async def replace(
    rows: Rows,
    mailbox: int,
    diversions: Collection[Diversion],
    cursor: Cursor | None,
    *,
    epoch: int,
    now: datetime,
    set_aside: int = 0,
    remarks: Mapping[str, int] | None = None,
    meetings: Collection[Meeting] = (),
) -> bool:
    """Put a whole reading in the place of the one before, and note that it went well.

    True: diversions or meetings changed.

    `epoch` is the one of the progress that the reading began with. A mailbox that is gone meanwhile, or
    whose calendar is not read any more, is passed over.
    """
    row = await rows.first(select(tables.mailboxes).where(COLUMN.id == mailbox, COLUMN.calendar))
    if row is None:
        return False
    changed = await kept.replace(rows, mailbox, diversions, now)
    changed |= await asked.replace(rows, mailbox, meetings, now)
    believed = cursor if row["epoch"] == epoch else None
    await rows.run(
        update(tables.mailboxes)
        .where(COLUMN.id == mailbox)
        .values(
            token=believed.token if believed else None,
            day=believed.day if believed else None,
            set_aside=set_aside,
            remarks={name: count for name, count in (remarks or {}).items() if count},
        )
    )
    await unchanged(rows, (mailbox,), now)
    return changed


async def unchanged(rows: Rows, mailboxes: Collection[int], now: datetime) -> None:
    """Note that these were read and had nothing new."""
    await outcomes.well(rows, tables.mailboxes, mailboxes, now)


async def failed(rows: Rows, mailboxes: Collection[int], error: Exception, now: datetime) -> None:
    """Note that these could not be read. `error` must not carry contents (gateway.errors)."""
    await outcomes.failed(rows, tables.mailboxes, mailboxes, error, now)


async def reread(rows: Rows, user: int | None = None) -> None:
    """Let the user's calendars be read whole the next time; None: everybody's."""
    anew = update(tables.mailboxes).values(token=None, day=None, epoch=COLUMN.epoch + 1)
    await rows.run(anew if user is None else anew.where(COLUMN.user == user))
    rows.touch("mailboxes")


async def reread_refused(rows: Rows) -> None:
    """Let those be read whole in which something was noticed, a refused target perhaps: a new number may permit it."""
    noticed = [row["id"] for row in await rows.all(select(COLUMN.id, COLUMN.remarks)) if row["remarks"]]
    await _anew(rows, noticed)


async def reread_towards(rows: Rows, numbers: Iterable[str]) -> None:
    """Let those be read whole that divert to one of `numbers`: they may not be permitted any more."""
    row = tables.diversions.c
    towards = await rows.all(select(row.mailbox).where(row.target.in_(list(numbers))).distinct())
    await _anew(rows, [one["mailbox"] for one in towards])


async def reread_asking(rows: Rows, some: Collection[int], addresses: Collection[str]) -> None:
    """Let those be read whole whose meetings ask one of the users `some`, or somebody at one of `addresses`.

    Whose these are has changed.
    """
    row = tables.meetings.c
    changed = {address.lower() for address in addresses}
    asking = set()
    for one in await rows.all(select(row.mailbox, row.participants, row.left_out)):
        people = [*one["participants"], *one["left_out"]]
        if any(person.get("user") in some or person["address"] in changed for person in people):
            asking.add(one["mailbox"])
    await _anew(rows, asking)


async def _anew(rows: Rows, mailboxes: Collection[int]) -> None:
    if not mailboxes:
        return
    anew = update(tables.mailboxes).values(token=None, day=None, epoch=COLUMN.epoch + 1)
    await rows.run(anew.where(COLUMN.id.in_(mailboxes)))
    rows.touch("mailboxes")


def _columns(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "user": mailbox.user,
        "account": mailbox.account,
        "address": mailbox.address.lower(),
        "path": mailbox.path,
        "refresh": mailbox.refresh,
        "calendar": mailbox.calendar,
        "epoch": 0,
        "set_aside": 0,
        "remarks": {},
    }


async def _read(rows: Rows, user: int | None) -> tuple[Mailbox, ...]:
    owner, email = tables.users.c, tables.emails.c
    own = (COLUMN.id, COLUMN.user, COLUMN.account, COLUMN.address, COLUMN.path, COLUMN.refresh, COLUMN.calendar)
    query = select(*own, owner.zone).join(tables.users, owner.id == COLUMN.user).order_by(COLUMN.id)
    addresses = select(email.user, email.email)
    if user is not None:
        query, addresses = (query.where(COLUMN.user == user), addresses.where(email.user == user))
    whose: dict[int, set[str]] = {}
    for row in await rows.all(addresses):
        whose.setdefault(row["user"], set()).add(row["email"])
    return tuple(_mailbox(row, whose.get(row["user"], set())) for row in await rows.all(query))


def _mailbox(row: RowMapping, addresses: Collection[str]) -> Mailbox:
    return Mailbox(
        id=row["id"],
        user=row["user"],
        account=row["account"],
        address=row["address"],
        addresses=frozenset(addresses) | {row["address"]},
        zone=ZoneInfo(row["zone"]),
        path=row["path"],
        refresh=row["refresh"],
        calendar=row["calendar"],
    )


def _progress(row: RowMapping) -> Progress:
    return Progress(
        cursor=None if row["token"] is None else Cursor(row["token"], row["day"]),
        epoch=row["epoch"],
        tried=row["tried"],
        succeeded=row["succeeded"],
        failing_since=row["failing_since"],
        error=row["error"],
        said=row["said"],
        set_aside=row["set_aside"],
        remarks=row["remarks"],
    )
