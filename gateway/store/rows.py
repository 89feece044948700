"""One transaction, as the functions of the nouns see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CursorResult, Delete, Executable, Insert, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.user import User
from gateway.errors import OurFault
from gateway.store.unbroken import unbroken
from gateway.store.vault import Vault

NOUNS = (
    "absences",
    "accounts",
    "attendances",
    "audit",
    "books",
    "calls",
    "claims",
    "codes",
    "conferences",
    "contacts",
    "devices",
    "diversions",
    "health",
    "mailboxes",
    "meetings",
    "organisation",
    "progress",
    "rooms",
    "signins",
    "switches",
    "users",
    "wishes",
)


@dataclass(slots=True)
class Rows:
    """`touched` are the nouns that this transaction changes, for `Store.watch`; `removed`: something must leave the
    file for good once it is committed. `outdated`: contacts that a reading replaced must, later (`Store.tidy`).
    `known`: users by all that was written of them when they were last read (`users.every`), in whatever transaction.
    """

    connection: AsyncConnection
    vault: Vault
    known: dict[str, User] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    removed: bool = False
    outdated: bool = False

    async def run(self, statement: Executable, values: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        """Execute `statement`, once for each of `values` where they are given."""
        return await unbroken(self.connection.execute(statement, values))

    async def insert(self, statement: Insert) -> int:
        """Execute an INSERT of one row, and return the id that it got."""
        key = (await self.run(statement)).inserted_primary_key
        if key is None:
            raise OurFault(f"the database gave no id for a row of {statement.table.name}")
        return int(key[0])

    async def remove(self, statement: Delete, *nouns: str) -> int:
        """Execute a DELETE whose rows must leave the file, and return how many there were; `nouns` change if any."""
        gone = (await self.run(statement)).rowcount
        if gone:
            self.touch(*nouns)
            self.removed = True
        return gone

    async def all(self, statement: Executable) -> Sequence[RowMapping]:
        """Return all rows of a query."""
        return (await self.run(statement)).mappings().all()

    async def first(self, statement: Executable) -> RowMapping | None:
        """Return the first row of a query, or None."""
        return (await self.run(statement)).mappings().first()

    def touch(self, *nouns: str) -> None:
        """Note that `nouns` change."""
        unknown = set(nouns) - set(NOUNS)
        if unknown:
            raise ValueError(f"no such noun: {unknown}")
        self.touched.update(nouns)
