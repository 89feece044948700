"""Who may enter the portal, and with which password; users by any of their addresses or numbers."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.errors import Refused
from gateway.store import entrance, tables
from gateway.store.rows import Rows

COLUMN = entrance.signins.c
INVITED = entrance.invitations.c
BYTES = 32  # of randomness in what opens something


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


async def every(rows: Rows) -> tuple[SignIn, ...]:
    """Return all."""
    return tuple(_signin(row) for row in await rows.all(select(entrance.signins).order_by(COLUMN.id)))


async def named(rows: Rows, name: str) -> tuple[SignIn, str | None] | None:
    """Return who signs in by `name` (an address, a number, a name), and the hash of their password."""
    given = name.strip().lower()
    row = await rows.first(select(entrance.signins).where(COLUMN.name == given))
    if row is None:
        by_address = select(tables.emails.c.user).where(tables.emails.c.email == given)
        owner = by_address.union(select(tables.numbers.c.user).where(tables.numbers.c.number == given))
        row = await rows.first(
            select(entrance.signins)
            .join(tables.users, tables.users.c.id == COLUMN.user)
            .where(COLUMN.user.in_(owner), tables.users.c.enabled)
        )
    return (_signin(row), row["hash"]) if row else None


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


async def invited(rows: Rows, secret: str, now: datetime) -> SignIn | None:
    """Return who was invited by this, if they still are."""
    found = (
        select(entrance.signins)
        .join(entrance.invitations, INVITED.signin == COLUMN.id)
        .where(INVITED.verifier == verifier_of(secret), INVITED.until > now)
    )
    row = await rows.first(found)
    return _signin(row) if row else None


def _signin(row: RowMapping) -> SignIn:
    return SignIn(row["id"], row["user"], row["name"] or "", Role(row["role"]), row["hash"] is not None)
