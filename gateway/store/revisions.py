"""How often each noun has changed: what was read before is still true while its number is the same."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.unbroken import unbroken


async def revisions(connection: AsyncConnection) -> dict[str, int]:
    """Return the number of changes of every noun, as the transaction of `connection` sees it."""
    found = (await unbroken(connection.execute(select(tables.changes)))).mappings().all()
    return {row["noun"]: row["revision"] for row in found}


async def revisions_of(connection: AsyncConnection, nouns: Collection[str]) -> tuple[int | None, ...]:
    """Return the numbers of changes of `nouns`, in their order: what was read holds while they are the same."""
    told = await revisions(connection)
    return tuple(told.get(noun) for noun in nouns)


async def next_revision(connection: AsyncConnection, noun: str) -> int:
    """Return the number that `noun` gets when the transaction of `connection`, which writes, is committed."""
    return (await revisions(connection))[noun] + 1
