"""Addresses that users say are theirs, until that is confirmed: by what a letter brought, or by an administrator."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select

from gateway.domain.secret import Secret
from gateway.store import entrance, tables
from gateway.store.rows import Rows
from gateway.store.signins import opener, verifier_of

COLUMN = entrance.claims.c


@dataclass(frozen=True, slots=True)
class Claim:
    """`user` says that `email` is theirs; `by_letter`: what a letter brought confirms it, otherwise somebody must."""

    id: int
    user: int
    email: str
    by_letter: bool
    until: datetime


async def of(rows: Rows, user: int, now: datetime) -> tuple[Claim, ...]:
    """Return what a user claims."""
    mine = select(entrance.claims).where(COLUMN.user == user, COLUMN.until > now).order_by(COLUMN.id)
    return tuple(_claim(row) for row in await rows.all(mine))


async def waiting(rows: Rows, now: datetime, many: int = 50) -> tuple[Claim, ...]:
    """Return what waits for an administrator, the first ones first."""
    wanted = select(entrance.claims).where(COLUMN.verifier.is_(None), COLUMN.until > now).order_by(COLUMN.id)
    return tuple(_claim(row) for row in await rows.all(wanted.limit(many)))


async def owner(rows: Rows, email: str) -> int | None:
    """Return the user whose address this is."""
    row = await rows.first(select(tables.emails.c.user).where(tables.emails.c.email == email))
    return row["user"] if row else None


async def put(rows: Rows, user: int, email: str, until: datetime, *, by_letter: bool) -> Secret | None:
    """Note what a user claims, in place of the same claim of before; return what confirms it, where a letter does."""
    await rows.run(delete(entrance.claims).where(COLUMN.user == user, COLUMN.email == email))
    secret = opener() if by_letter else None
    values = {"user": user, "email": email, "until": until}
    verifier = verifier_of(secret.reveal()) if secret else None
    await rows.insert(insert(entrance.claims).values(values | {"verifier": verifier}))
    rows.touch("claims")
    return secret


async def opened(rows: Rows, user: int, secret: str, now: datetime) -> Claim | None:
    """Return the user's claim that this confirms."""
    wanted = select(entrance.claims).where(
        COLUMN.user == user, COLUMN.verifier == verifier_of(secret), COLUMN.until > now
    )
    row = await rows.first(wanted)
    return _claim(row) if row else None


async def get(rows: Rows, user: int, claim: int, now: datetime) -> Claim | None:
    """Return a user's claim by its id."""
    row = await rows.first(select(entrance.claims).where(COLUMN.user == user, COLUMN.id == claim, COLUMN.until > now))
    return _claim(row) if row else None


async def remove(rows: Rows, user: int, claim: int) -> bool:
    """Let a user's claim be gone. False: there is none."""
    return await rows.remove(delete(entrance.claims).where(COLUMN.user == user, COLUMN.id == claim), "claims") > 0


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove those that nobody has confirmed in time, and return how many."""
    return await rows.remove(delete(entrance.claims).where(COLUMN.until <= now), "claims")


def _claim(row: RowMapping) -> Claim:
    return Claim(row["id"], row["user"], row["email"], row["verifier"] is not None, row["until"])
