"""Wishes: what somebody asks the running gateway to do soon. It takes them out as it begins."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import delete, insert, or_, select

from gateway.store import tables
from gateway.store.rows import Rows


class Kind(Enum):
    """What can be wished for."""

    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Wish:
    """`user` None: for everybody."""

    kind: Kind
    user: int | None
    asked: datetime


async def ask(rows: Rows, wish: Wish) -> None:
    """Write a wish."""
    await rows.run(insert(tables.wishes).values(kind=wish.kind.value, user=wish.user, asked=wish.asked))
    rows.touch("wishes")


async def waits(rows: Rows, user: int | None) -> bool:
    """Say whether somebody has asked for this already, for `user` (None: everybody), and the gateway has not heard."""
    column = tables.wishes.c
    same = column.user.is_(None) if user is None else or_(column.user.is_(None), column.user == user)
    return await rows.first(select(column.id).where(same).limit(1)) is not None


async def take(rows: Rows) -> tuple[Wish, ...]:
    """Return all wishes, oldest first, and remove them."""
    found = await rows.all(select(tables.wishes).order_by(tables.wishes.c.id))
    if found:
        await rows.run(delete(tables.wishes).where(tables.wishes.c.id <= found[-1]["id"]))
        rows.touch("wishes")
    return tuple(Wish(Kind(row["kind"]), row["user"], row["asked"]) for row in found)
