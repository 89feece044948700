"""How much there is of everything and how it goes, counted by the database: status pages look at it all the time.

Who takes part are users who are enabled and, with a pilot group, of it; what belongs to others is not counted.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, literal, or_, select, true

from gateway.domain.user import Extension
from gateway.store import health, refusals, tables
from gateway.store.health import Health
from gateway.store.rows import Rows

ACCOUNT = "account:"  # what parts are called that are accounts (gateway.store.health)
USER, BOX, BOOK = tables.users.c, tables.mailboxes.c, tables.books.c
CONFERENCE, ACCOUNTS = tables.conferences.c, tables.accounts.c


@dataclass(frozen=True, slots=True)
class Reading:
    """`many` calendars or books are read, of which `failing` cannot be, the first since `since`.

    `set_aside`: items or contacts that could not be read; `remarks`: what else was noticed, by kind.
    """

    many: int = 0
    failing: int = 0
    since: datetime | None = None
    set_aside: int = 0
    remarks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meetings:
    """Conferences: how many go on now, people who are in, those planned and the next one's times.

    `collided`: not in the organiser's own room. `without_room`: nobody can come. `lost`: calls that ended with a run of
    the PBX.
    """

    now: int = 0
    inside: int = 0
    planned: int = 0
    next: tuple[datetime, datetime] | None = None
    collided: int = 0
    without_room: int = 0
    lost: int = 0


async def people(rows: Rows) -> int:
    """Return how many users there are, those who are disabled too."""
    return await _count(rows, select(func.count().label("many")).select_from(tables.users))


async def accounts(rows: Rows) -> int:
    """Return how many accounts there are."""
    return await _count(rows, select(func.count().label("many")).select_from(tables.accounts))


async def calendars(rows: Rows, pilot: Collection[Extension]) -> Reading:
    """Return how the reading of calendars goes."""
    read = and_(BOX.calendar, BOX.user.in_(_taking_part(pilot)))
    found = await _reading(rows, tables.mailboxes, read)
    each = func.json_each(BOX.remarks).table_valued("key", "value", joins_implicitly=True)
    kinds = select(each.c.key, func.sum(each.c.value).label("many")).where(read).group_by(each.c.key)
    remarks = {row["key"]: row["many"] for row in await rows.all(kinds)}
    return Reading(found.many, found.failing, found.since, found.set_aside, remarks)


async def books(rows: Rows, pilot: Collection[Extension]) -> Reading:
    """Return how the reading of books goes."""
    return await _reading(rows, tables.books, _books_read(pilot))


async def contacts(rows: Rows, pilot: Collection[Extension]) -> int:
    """Return how many contacts are in books that are read."""
    read = select(BOOK.id).where(_books_read(pilot))
    return await _count(
        rows, select(func.count().label("many")).select_from(tables.contacts).where(tables.contacts.c.book.in_(read))
    )


async def diverted(rows: Rows, now: datetime, pilot: Collection[Extension]) -> int:
    """Return how many users are diverted at `now`."""
    plan, hand = tables.diversions.c, tables.absences.c
    known = select(tables.codes.c.key)
    by_calendar = select(plan.user).where(
        plan.start <= now, plan.end > now, plan.diverts, ~plan.dismissed, plan.code.in_(known)
    )
    by_hand = select(hand.user).where(hand.start <= now, hand.end > now, hand.code.in_(known))
    diverted = select(func.count().label("many")).where(
        USER.id.in_(_taking_part(pilot)), or_(USER.id.in_(by_calendar), USER.id.in_(by_hand))
    )
    return await _count(rows, diverted)


async def conferences(rows: Rows, now: datetime) -> Meetings:
    """Return how conferences go at `now`."""
    stay, call = tables.attendances.c, tables.calls.c
    is_in = exists().where(stay.conference == CONFERENCE.key, stay.left.is_(None))
    is_there = ~CONFERENCE.cancelled
    is_now = and_(is_there, or_(is_in, and_(CONFERENCE.opens <= now, CONFERENCE.end > now)))
    is_planned = and_(is_there, ~is_in, CONFERENCE.opens > now, CONFERENCE.end > now)
    is_to_be = and_(is_there, ~is_in, CONFERENCE.end > now)

    def many(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((which, 1), else_=0)), 0)

    row = await rows.first(
        select(
            many(is_now).label("now"),
            many(is_planned).label("planned"),
            many(and_(or_(is_now, is_planned), CONFERENCE.collided)).label("collided"),
            many(and_(is_to_be, CONFERENCE.room.is_(None))).label("without_room"),
        )
    )
    next_one = await rows.first(
        select(CONFERENCE.start, CONFERENCE.end).where(is_planned).order_by(CONFERENCE.start, CONFERENCE.room).limit(1)
    )
    there = select(CONFERENCE.key)
    inside = select(func.count().label("many")).where(stay.left.is_(None), stay.conference.in_(there))
    lost = select(func.count().label("many")).where(call.result == "restarted", call.conference.in_(there))
    return Meetings(
        now=row["now"] if row else 0,
        inside=await _count(rows, inside),
        planned=row["planned"] if row else 0,
        next=(next_one["start"], next_one["end"]) if next_one else None,
        collided=row["collided"] if row else 0,
        without_room=row["without_room"] if row else 0,
        lost=await _count(rows, lost),
    )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why `many` calendars or books cannot be read, the first since `since`. `said`: what the server or we said."""

    said: str
    many: int
    since: datetime


async def causes(rows: Rows, pilot: Collection[Extension], at_most: int) -> tuple[list[Cause], list[Cause]]:
    """Return why calendars cannot be read, and why books cannot, that of most first."""
    read = and_(BOX.calendar, BOX.user.in_(_taking_part(pilot)))
    return (
        await _causes(rows, tables.mailboxes, read, at_most),
        await _causes(rows, tables.books, _books_read(pilot), at_most),
    )


async def _causes(rows: Rows, table: Any, read: ColumnElement[bool], at_most: int) -> list[Cause]:
    column, many = table.c, func.count().label("many")
    query = select(column.said, many, func.min(column.failing_since).label("since"))
    found = (
        query.where(read, column.failing_since.is_not(None)).group_by(column.said).order_by(many.desc(), column.said)
    )
    return [Cause(row["said"] or "", row["many"], row["since"]) for row in await rows.all(found.limit(at_most))]


@dataclass(frozen=True, slots=True)
class Source:
    """How many accounts there are at the source `name`, how many are people's own, and how reading through them goes.

    `refused`: accounts that have been refused since they last worked, or did not answer.
    """

    name: str
    accounts: int
    own: int
    refused: int
    calendars: int
    failing: int


async def sources(rows: Rows, pilot: Collection[Extension]) -> tuple[Source, ...]:
    """Return the sources that there are accounts at, by name."""
    is_refused = or_(ACCOUNTS.refusals > 0, ACCOUNTS.unanswered > 0)
    query = select(
        ACCOUNTS.source,
        func.count().label("accounts"),
        func.sum(case((ACCOUNTS.service, 0), else_=1)).label("own"),
        func.sum(case((is_refused, 1), else_=0)).label("refused"),
    ).group_by(ACCOUNTS.source)
    read = and_(BOX.calendar, BOX.user.in_(_taking_part(pilot)))
    boxes = select(ACCOUNTS.source, func.count().label("many"), func.count(BOX.failing_since).label("failing"))
    through = boxes.join(tables.accounts, ACCOUNTS.id == BOX.account).where(read).group_by(ACCOUNTS.source)
    of = {row["source"]: (row["many"], row["failing"]) for row in await rows.all(through)}
    return tuple(
        Source(row["source"], row["accounts"], row["own"], row["refused"], *of.get(row["source"], (0, 0)))
        for row in await rows.all(query.order_by(ACCOUNTS.source))
    )


@dataclass(frozen=True, slots=True)
class OwnFailing:
    """A user's own account through which something cannot be read. `since` and `said` None: it was refused."""

    account: int
    source: str
    login: str
    user: int | None
    extension: Extension | None
    name: str | None
    since: datetime | None
    said: str | None
    refusals: int


async def own_failing(rows: Rows, many: int, after: int) -> tuple[int, tuple[OwnFailing, ...]]:
    """Return how many of people's own accounts fail, and `many` of them from number `after` on, by login."""
    number = tables.numbers.c
    failing = select(BOX.account).where(BOX.failing_since.is_not(None), BOX.calendar)
    wrong = and_(~ACCOUNTS.service, or_(ACCOUNTS.id.in_(failing), ACCOUNTS.refusals > 0, ACCOUNTS.unanswered > 0))
    query = (
        select(
            ACCOUNTS.id,
            ACCOUNTS.source,
            ACCOUNTS.login,
            ACCOUNTS.refusals,
            func.min(BOX.user).label("user"),
            func.min(number.number).label("extension"),
            func.min(USER.name).label("name"),
            func.min(BOX.failing_since).label("since"),
            func.min(BOX.said).label("said"),
        )
        .outerjoin(tables.mailboxes, BOX.account == ACCOUNTS.id)
        .outerjoin(tables.users, USER.id == BOX.user)
        .outerjoin(tables.numbers, and_(number.user == USER.id, number.position == 0))
        .where(wrong)
        .group_by(ACCOUNTS.id)
        .order_by(ACCOUNTS.login, ACCOUNTS.id)
    )
    every = await _count(rows, select(func.count().label("many")).select_from(tables.accounts).where(wrong))
    found = tuple(
        OwnFailing(
            account=row["id"],
            source=row["source"],
            login=row["login"],
            user=row["user"],
            extension=row["extension"],
            name=row["name"],
            since=row["since"],
            said=row["said"],
            refusals=row["refusals"],
        )
        for row in await rows.all(query.limit(many).offset(after))
    )
    return every, found


async def unread(rows: Rows) -> tuple[tuple[int, str, ZoneInfo], ...]:
    """Return the users whose calendar nothing reads and who have an address: id, main address, zone."""
    email = tables.emails.c
    query = (
        select(USER.id, email.email, USER.zone)
        .join(tables.emails, email.user == USER.id)
        .where(USER.id.not_in(select(BOX.user)))
        .order_by(USER.id, email.position)
    )
    first: dict[int, tuple[int, str, ZoneInfo]] = {}
    for row in await rows.all(query):
        first.setdefault(row["id"], (row["id"], row["email"], ZoneInfo(row["zone"])))
    return tuple(first.values())


async def read_through(rows: Rows, account: int) -> int:
    """Return how many calendars are read through an account."""
    return await _count(
        rows, select(func.count().label("many")).select_from(tables.mailboxes).where(BOX.account == account)
    )


async def parts(rows: Rows) -> tuple[Health, ...]:
    """Return all parts but accounts, by name."""
    return await health.some(rows, ~tables.health.c.name.startswith(ACCOUNT))


async def not_well(
    rows: Rows, own_since: datetime, service_since: datetime, unanswered: int, at_most: int
) -> tuple[int, tuple[int, ...]]:
    """Return how many accounts are not well, and the ids of the first by name.

    Nor are those that were refused, or `unanswered` times not answered, last after these instants: they rest.
    """
    resting = refusals.resting(own_since, service_since, unanswered)
    column, name = tables.health.c, literal(ACCOUNT).concat(cast(ACCOUNTS.id, String))
    ids = select(ACCOUNTS.id).outerjoin(tables.health, column.name == name)
    wrong = ids.where(or_(~func.coalesce(column.ok, true()), resting))
    many = await _count(rows, select(func.count().label("many")).select_from(wrong.subquery()))
    return many, tuple(row["id"] for row in await rows.all(wrong.order_by(name).limit(at_most)))


def _taking_part(pilot: Collection[Extension]) -> Select[Any]:
    enabled = select(USER.id).where(USER.enabled)
    if not pilot:
        return enabled
    number = tables.numbers.c
    return enabled.where(USER.id.in_(select(number.user).where(number.number.in_(sorted(pilot)))))


def _books_read(pilot: Collection[Extension]) -> ColumnElement[bool]:
    return and_(BOOK.enabled, or_(BOOK.owner.is_(None), BOOK.owner.in_(_taking_part(pilot))))


async def _reading(rows: Rows, table: Any, read: ColumnElement[bool]) -> Reading:
    column = table.c
    row = await rows.first(
        select(
            func.count().label("many"),
            func.count(column.failing_since).label("failing"),
            func.min(column.failing_since).label("since"),
            func.coalesce(func.sum(column.set_aside), 0).label("set_aside"),
        ).where(read)
    )
    return Reading(row["many"], row["failing"], row["since"], row["set_aside"]) if row else Reading()


async def _count(rows: Rows, query: Select[Any]) -> int:
    row = await rows.first(query)
    return row["many"] if row else 0
