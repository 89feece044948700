"""Who may enter the portal, and with which password; users by any of their addresses or numbers."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, Select, delete, func, insert, or_, select, update

from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.errors import Refused
from gateway.store import entrance, tables
from gateway.store.rows import Rows

COLUMN = entrance.signins.c
INVITED = entrance.invitations.c
LETTER = entrance.letters.c
BYTES = 32  # of randomness in what opens something


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody who may sign in, as lists show them. `extension` and `title` "": no user. `used`: the last of their
    sessions that are not over; `invited` until when a link waits for them; `letter` and `refused` since when a letter
    with one is wanted, and the mail server refuses it.
    """

    signin: SignIn
    extension: str
    title: str
    enabled: bool
    used: datetime | None
    invited: datetime | None
    letter: datetime | None
    refused: datetime | None


def opener() -> Secret:
    """Return something new that opens a door: 43 letters, digits, - and _."""
    return Secret(secrets.token_urlsafe(BYTES))


def verifier_of(secret: str) -> bytes:
    """Return what is kept of it: 32 bytes. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


async def get(rows: Rows, signin: int) -> SignIn | None:
    """Return who has this id."""
    row = await rows.first(select(entrance.signins).where(COLUMN.id == signin))
    return _signin(row) if row else None


async def of_user(rows: Rows, user: int) -> SignIn | None:
    """Return how a user signs in, None: nobody has invited them."""
    row = await rows.first(select(entrance.signins).where(COLUMN.user == user))
    return _signin(row) if row else None


async def listed(rows: Rows) -> tuple[Listed, ...]:
    """Return all as lists show them."""
    user, number, session = tables.users.c, tables.numbers.c, entrance.sessions.c
    used = select(func.max(session.used)).where(session.signin == COLUMN.id).scalar_subquery()
    extension = select(number.number).where(number.user == COLUMN.user, number.position == 0).scalar_subquery()
    wanted = (
        select(
            entrance.signins,
            extension.label("extension"),
            user.name.label("title"),
            user.enabled.label("enabled"),
            used.label("used"),
            INVITED.until.label("invited"),
            LETTER.since.label("letter"),
            LETTER.refused.label("refused"),
        )
        .join(tables.users, user.id == COLUMN.user, isouter=True)
        .join(entrance.invitations, INVITED.signin == COLUMN.id, isouter=True)
        .join(entrance.letters, LETTER.signin == COLUMN.id, isouter=True)
        .order_by(COLUMN.id)
    )
    return tuple(
        Listed(
            _signin(row), row["extension"] or "", row["title"] or "", row["enabled"] is not False, row["used"],
            row["invited"], row["letter"], row["refused"],
        )
        for row in await rows.all(wanted)
    )  # fmt: skip


async def of_users(rows: Rows, some: Collection[int]) -> dict[int, SignIn]:
    """Return how these users sign in, by user; who does not is not in it."""
    found = await rows.all(select(entrance.signins).where(COLUMN.user.in_(some)))
    return {row["user"]: _signin(row) for row in found}


async def named(rows: Rows, name: str) -> tuple[SignIn, str | None] | None:
    """Return who signs in by `name` (an address, a number, a name), and the hash of their password.

    None: nobody, or somebody who does not take part.
    """
    row = await rows.first(_by_name(name).where(or_(COLUMN.user.is_(None), tables.users.c.enabled)))
    return (_signin(row), row["hash"]) if row else None


async def hash_of(rows: Rows, signin: int) -> str | None:
    """Return the hash of somebody's password."""
    row = await rows.first(select(COLUMN.hash).where(COLUMN.id == signin))
    return row["hash"] if row else None


async def by_name(rows: Rows, name: str) -> SignIn | None:
    """Return whom a name means, whether they take part or not."""
    row = await rows.first(_by_name(name))
    return _signin(row) if row else None


async def administrators(rows: Rows, without: int) -> tuple[SignIn, ...]:
    """Return the administrators beside one who may sign in."""
    wanted = (
        select(entrance.signins)
        .join(tables.users, tables.users.c.id == COLUMN.user, isouter=True)
        .where(COLUMN.role == int(Role.ADMINISTRATOR), COLUMN.id != without)
        .where(or_(COLUMN.user.is_(None), tables.users.c.enabled))
    )
    return tuple(_signin(row) for row in await rows.all(wanted))


async def add(rows: Rows, user: int | None, name: str = "", role: Role = Role.USER) -> SignIn:
    """Let somebody sign in, once they have a password. Raises `Refused` when they may already."""
    same = COLUMN.name == name.lower() if user is None else COLUMN.user == user
    if await rows.first(select(COLUMN.id).where(same)):
        raise Refused("they may sign in already", "ringplan portal list names them")
    values = {"user": user, "name": name.lower() or None, "role": int(role)}
    new = await rows.insert(insert(entrance.signins).values(values))
    rows.touch("signins")
    return SignIn(new, user, name.lower(), role)


async def put_role(rows: Rows, signin: int, role: Role) -> bool:
    """Let somebody be something else from the next request on. False: there is nobody."""
    changed = await rows.run(update(entrance.signins).where(COLUMN.id == signin).values(role=int(role)))
    rows.touch("signins")
    return changed.rowcount > 0


async def put_hash(rows: Rows, signin: int, written: str) -> bool:
    """Let this be the hash of their password (PHC string); an invitation to choose one ends. False: nobody is there."""
    changed = await rows.run(update(entrance.signins).where(COLUMN.id == signin).values(hash=written))
    await rows.run(delete(entrance.invitations).where(INVITED.signin == signin))
    await rows.run(delete(entrance.letters).where(LETTER.signin == signin))
    rows.touch("signins")
    rows.removed = True
    return changed.rowcount > 0


async def remove(rows: Rows, signin: int) -> bool:
    """Let somebody sign in no more; sessions and tokens end."""
    return await rows.remove(delete(entrance.signins).where(COLUMN.id == signin), "signins") > 0


async def invite(rows: Rows, signin: int, until: datetime) -> Secret:
    """Return what lets them choose a password once, until then; what was given before ends."""
    secret = opener()
    await rows.run(delete(entrance.invitations).where(INVITED.signin == signin))
    values = {"signin": signin, "verifier": verifier_of(secret.reveal()), "until": until}
    await rows.run(insert(entrance.invitations).values(values))
    rows.touch("signins")
    return secret


async def rehash(rows: Rows, signin: int, before: str, written: str) -> None:
    """Let the same password be kept as another hash, unless it has been changed meanwhile."""
    same = update(entrance.signins).where(COLUMN.id == signin, COLUMN.hash == before)
    await rows.run(same.values(hash=written))


async def invited(rows: Rows, secret: str, now: datetime) -> SignIn | None:
    """Return who was invited by this, if they still are."""
    found = (
        select(entrance.signins)
        .join(entrance.invitations, INVITED.signin == COLUMN.id)
        .where(INVITED.verifier == verifier_of(secret), INVITED.until > now)
    )
    row = await rows.first(found)
    return _signin(row) if row else None


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove invitations that are over, and return how many."""
    return await rows.remove(delete(entrance.invitations).where(INVITED.until <= now), "signins")


def _by_name(name: str) -> Select[tuple[object, ...]]:
    """Select whom a name means: an administrator without a telephone first, whose name it is alone."""
    given = name.strip().lower()
    by_address = select(tables.emails.c.user).where(tables.emails.c.email == given)
    owner = by_address.union(select(tables.numbers.c.user).where(tables.numbers.c.number == given))
    return (
        select(entrance.signins)
        .join(tables.users, tables.users.c.id == COLUMN.user, isouter=True)
        .where(or_(COLUMN.name == given, COLUMN.user.in_(owner)))
        .order_by(COLUMN.user.is_(None).desc())
    )


def _signin(row: RowMapping) -> SignIn:
    return SignIn(row["id"], row["user"], row["name"] or "", Role(row["role"]), row["hash"] is not None)
