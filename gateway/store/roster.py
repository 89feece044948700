"""Users as a list shows them: fifty of them, those who were searched for, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Join, RowMapping, and_, exists, func, not_, select, true

from gateway.domain.signin import Role
from gateway.domain.user import Extension
from gateway.store import entrance, letters, tables
from gateway.store.rows import Rows
from gateway.store.sought import sought

USER, NUMBER, EMAIL, SIGNIN = tables.users.c, tables.numbers.c, tables.emails.c, entrance.signins.c
BOX, ACCOUNT, LETTER = tables.mailboxes.c, tables.accounts.c, entrance.letters.c

ONLY: dict[str, ColumnElement[bool]] = {
    "": true(),
    "failing": exists().where(BOX.user == USER.id, BOX.calendar, BOX.failing_since.is_not(None)),
    "unread": not_(exists().where(BOX.user == USER.id, BOX.calendar)),
    "uninvited": SIGNIN.id.is_(None),
    "waiting": letters.WAITS,
    "refused": letters.REFUSED,
    "unaddressed": letters.UNADDRESSED,
    "staff": SIGNIN.role > int(Role.USER),
    "disabled": not_(USER.enabled),
}
"""Which ones may be asked for, by name: `failing` and `unread` are their calendars, `staff` are more than users.

`waiting` and `refused`: their letters with an invitation; `unaddressed`: none can go to them.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One user in a list. `email` is the main address, "" none; `role` None: they cannot sign in.

    `reader` is the login that reads their calendar at `source`, "" none does, and `own` whether it is theirs;
    `failing` since when it cannot be read. `letter`: one with an invitation is wanted; `refused`: the mail server does
    not take it.
    """

    id: int
    extension: Extension
    name: str
    email: str
    enabled: bool
    role: Role | None
    letter: bool = False
    refused: bool = False
    reader: str = ""
    source: str = ""
    own: bool = False
    failing: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many users there are, and how many of them take part."""

    users: int
    enabled: int


async def counts(rows: Rows) -> Counts:
    """Count all users."""
    row = await rows.first(select(func.count().label("all"), func.count().filter(USER.enabled).label("enabled")))
    return Counts(row["all"], row["enabled"]) if row else Counts(0, 0)


async def found(rows: Rows, search: str = "", only: str = "") -> int:
    """Return how many users a search finds among those of a kind (`ONLY`)."""
    wanted = select(func.count().label("many")).select_from(_joined()).where(sought(search), ONLY[only])
    row = await rows.first(wanted)
    return int(row["many"]) if row else 0


async def page(rows: Rows, search: str = "", only: str = "", skip: int = 0, many: int = 50) -> Sequence[Line]:
    """Return `many` of them, by extension, after the first `skip`."""
    wanted = (
        select(USER.id, NUMBER.number, USER.name, EMAIL.email, USER.enabled, SIGNIN.role, LETTER.signin, LETTER.refused)
        .select_from(_joined().join(tables.numbers, and_(NUMBER.user == USER.id, NUMBER.position == 0)))
        .where(sought(search), ONLY[only])
        .order_by(func.length(NUMBER.number), NUMBER.number)
        .limit(many)
        .offset(skip)
    )
    some = await rows.all(wanted)
    read = await _read(rows, [row["id"] for row in some])
    return [_line(row, read.get(row["id"])) for row in some]


async def _read(rows: Rows, some: Sequence[int]) -> dict[int, RowMapping]:
    """Return what reads the calendar of each of these users; an own account goes before a service account."""
    wanted = (
        select(BOX.user, BOX.failing_since, ACCOUNT.login, ACCOUNT.source, ACCOUNT.service)
        .join(tables.accounts, ACCOUNT.id == BOX.account)
        .where(BOX.user.in_(some), BOX.calendar)
        .order_by(ACCOUNT.service.desc(), BOX.id.desc())
    )
    return {row["user"]: row for row in await rows.all(wanted)}


def _joined() -> Join:
    main = and_(EMAIL.user == USER.id, EMAIL.position == 0)
    entered = tables.users.outerjoin(tables.emails, main).outerjoin(entrance.signins, SIGNIN.user == USER.id)
    return entered.outerjoin(entrance.letters, LETTER.signin == SIGNIN.id)


def _line(row: RowMapping, read: RowMapping | None) -> Line:
    return Line(
        id=row["id"],
        extension=row["number"],
        name=row["name"],
        email=row["email"] or "",
        enabled=row["enabled"],
        role=None if row["role"] is None else Role(row["role"]),
        letter=row["signin"] is not None,
        refused=row["refused"] is not None,
        reader=read["login"] if read else "",
        source=read["source"] if read else "",
        own=read is not None and not read["service"],
        failing=read["failing_since"] if read else None,
    )


async def with_mailbox(rows: Rows) -> frozenset[int]:
    """Return the users whose calendar is read, or their contacts."""
    return frozenset(row["user"] for row in await rows.all(select(BOX.user).distinct()))


async def by_service(rows: Rows) -> dict[int, tuple[str, str]]:
    """Return source and path ("" where it is found) of the mailboxes that service accounts read, by the user's id."""
    query = select(BOX.user, ACCOUNT.source, BOX.path).join(tables.accounts, ACCOUNT.id == BOX.account)
    found = await rows.all(query.where(ACCOUNT.service).order_by(BOX.id))
    return {row["user"]: (row["source"], row["path"] or "") for row in found}


async def failing(rows: Rows, user: int) -> RowMapping | None:
    """Return what is the matter with the reading of a user's calendar: `failing_since` and what was `said`."""
    mine = select(BOX.failing_since, BOX.said).where(BOX.user == user, BOX.calendar, BOX.failing_since.is_not(None))
    return await rows.first(mine)
