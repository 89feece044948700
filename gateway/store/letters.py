"""Letters with an invitation that are wanted, and wait until the mail server has taken them.

There is nothing in them yet: what a letter opens is made when it goes, and the address is the one that its reader has
then. They are gone with the sign-in that they are for, and once a password is chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Join, and_, delete, exists, func, literal, not_, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from gateway.domain.signin import Role
from gateway.store import entrance, tables
from gateway.store.rows import Rows

COLUMN = entrance.letters.c
USER, SIGNIN, INVITED = tables.users.c, entrance.signins.c, entrance.invitations.c

WAITS = and_(COLUMN.signin.is_not(None), COLUMN.refused.is_(None))
REFUSED = COLUMN.refused.is_not(None)
_THEIRS = tables.emails.alias().c  # beside the main address, which lists have already
_ADDRESSED = exists().where(_THEIRS.user == USER.id)
UNADDRESSED = and_(USER.enabled, SIGNIN.hash.is_(None), not_(_ADDRESSED))
"""Of users with their sign-ins and letters: one waits; the server refused it; it has nowhere to go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One letter that is wanted `since` then; `refused`: the mail server does not take it, None: it waits."""

    since: datetime
    refused: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """`uninvited`: who takes part, has an address and no password, and whom neither a link nor a letter waits for.

    `waiting` letters; `unaddressed`: who takes part, and has neither password nor address.
    """

    uninvited: int
    waiting: int
    unaddressed: int


async def want(rows: Rows, signin: int, now: datetime) -> None:
    """Let a letter be sent to who signs in so; one that was refused is tried again."""
    await _put(rows, (signin,), now)


async def want_everybody(rows: Rows, now: datetime) -> Sequence[int]:
    """Let a letter be sent to each of the uninvited (`Counts`), and return how they sign in from now on."""
    new = select(USER.id, literal(int(Role.USER))).select_from(_joined()).where(SIGNIN.id.is_(None), _uninvited(now))
    await rows.run(insert(entrance.signins).from_select(["user", "role"], new))
    wanted = select(SIGNIN.id).select_from(_joined()).where(_uninvited(now)).order_by(SIGNIN.id)
    some = [row["id"] for row in await rows.all(wanted)]
    if some:
        await _put(rows, some, now)
    return some


async def of(rows: Rows, signin: int) -> Wanted | None:
    """Return the letter to who signs in so, None: there is none."""
    row = await rows.first(select(entrance.letters).where(COLUMN.signin == signin))
    return Wanted(row["since"], row["refused"]) if row else None


async def waiting(rows: Rows) -> Mapping[int, datetime]:
    """Return for which sign-ins a letter waits, and since when, the oldest first."""
    wanted = select(COLUMN.signin, COLUMN.since).where(WAITS).order_by(COLUMN.since, COLUMN.signin)
    return {row["signin"]: row["since"] for row in await rows.all(wanted)}


async def forget(rows: Rows, signin: int) -> None:
    """Let no letter be sent to who signs in so: it has gone, or nobody wants it any more."""
    await rows.run(delete(entrance.letters).where(COLUMN.signin == signin))
    rows.touch("signins")


async def refuse(rows: Rows, signin: int, now: datetime) -> None:
    """Note that the mail server does not take this one; nobody has the link that was in it, so that ends.

    Where nobody wants the letter any more, somebody has taken the link that there is now.
    """
    refused = await rows.run(update(entrance.letters).where(COLUMN.signin == signin).values(refused=now))
    if refused.rowcount:
        await rows.run(delete(entrance.invitations).where(INVITED.signin == signin))
        rows.touch("signins")


async def counts(rows: Rows, now: datetime) -> Counts:
    """Count whom letters are for."""
    count = func.count()
    wanted = select(
        count.filter(_uninvited(now)).label("uninvited"),
        count.filter(WAITS).label("waiting"),
        count.filter(UNADDRESSED).label("unaddressed"),
    ).select_from(_joined())
    row = await rows.first(wanted)
    return Counts(**row) if row else Counts(0, 0, 0)


async def unaddressed(rows: Rows) -> frozenset[int]:
    """Return the users to whom no letter can go, though they have no password (`Counts`)."""
    found = await rows.all(select(USER.id).select_from(_joined()).where(UNADDRESSED))
    return frozenset(row["id"] for row in found)


async def _put(rows: Rows, some: Iterable[int], now: datetime) -> None:
    """Let letters wait."""
    anew = insert(entrance.letters).on_conflict_do_update([COLUMN.signin], set_={"since": now, "refused": None})
    await rows.run(anew, [{"signin": one, "since": now} for one in some])
    rows.touch("signins")


def _joined() -> Join:
    return (
        tables.users.outerjoin(entrance.signins, SIGNIN.user == USER.id)
        .outerjoin(entrance.invitations, INVITED.signin == SIGNIN.id)
        .outerjoin(entrance.letters, COLUMN.signin == SIGNIN.id)
    )


def _uninvited(now: datetime) -> ColumnElement[bool]:
    no_link = or_(INVITED.until.is_(None), INVITED.until <= now)
    return and_(USER.enabled, SIGNIN.hash.is_(None), _ADDRESSED, no_link, not_(WAITS))
