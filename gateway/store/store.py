"""The database, opened: transactions on it, and what was removed taken out of the file."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from math import inf
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.planning.usual import USUAL
from gateway.store import codes, tables
from gateway.store.later import later
from gateway.store.lock import only_gateway
from gateway.store.migrate import migrate
from gateway.store.news import News
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.sqlite import engine_at, rebuild, transaction, truncate_wal
from gateway.store.vault import Vault, vault_at

# nouns that change when what must not stay is removed
REMOVED = frozenset(
    {
        "absences",
        "accounts",
        "attendances",
        "books",
        "calls",
        "conferences",
        "devices",
        "diversions",
        "meetings",
        "rooms",
        "signins",
    }
)
APART = 10.0  # seconds from one rebuilding of the file to the next
APART_FOR_CONTACTS = 3600.0  # when there is nothing else: some of very many change all the time


class Store:
    """Use `Store.open`."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._users: dict[str, User] = {}  # as `Rows.known`
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()  # taken before `_writing`, never the other way about
        self._news = News(engine, self._heard)
        self._wal_tells = False
        self._pages_tell = False
        self._contacts_tell = False
        self._rebuilt = -inf

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: StoreSettings, *, alone: bool = False) -> "AsyncIterator[Store]":
        """Open the database, and make it, its key and its tables where they are missing.

        `alone`: as the one gateway on this file. Raises `Refused` when another one runs on it, `Misconfigured` when a
        file cannot be used.
        """
        async with AsyncExitStack() as stack:
            vault = await asyncio.to_thread(_files, settings)
            if alone:
                stack.enter_context(only_gateway(settings.lock_path))
            engine = engine_at(settings.path)
            stack.push_async_callback(engine.dispose)
            store = cls(engine, vault)
            store._pages_tell = alone  # the one before may have been killed before it could tidy up
            try:
                await store._prepare()
            except DatabaseError as error:
                raise Misconfigured(
                    f"[store] path: {settings.path} cannot be used as a database ({error.orig})",
                    "name a file on a local disk that Ringplan may write, or one that does not exist yet",
                ) from error
            stack.push_async_callback(store._leave)
            stack.push_async_callback(store._news.close)
            yield store

    async def _prepare(self) -> None:
        async with self.write() as rows:
            if await rows.connection.run_sync(migrate):
                await codes.fill(rows, USUAL)
        await self.tidy()

    async def _leave(self) -> None:
        self._rebuilt = -inf
        await self.tidy()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Rows]:
        """One consistent view of the database. Keep it short: a WAL cannot be cut while somebody reads."""
        with later():
            async with transaction(self._engine, writes=False) as connection:
                yield Rows(connection, self._vault, self._users)

    @asynccontextmanager
    async def write(self, *, patient: bool = False) -> AsyncIterator[Rows]:
        """One transaction, committed at the end, undone by an exception; what it removed has left the WAL then.

        `patient`: what a reading has brought, or that somebody asks for one. Of many such, one stands in line with all
        others: whoever sets something by hand waits for one of them, and not for fifty.
        """
        with later():
            async with (
                self._reading if patient else nullcontext(),
                self._writing,
                transaction(self._engine, writes=True) as connection,
            ):
                rows = Rows(connection, self._vault, self._users)
                yield rows
                revisions = await _counted_up(rows)
                if rows.removed:  # noted before the commit: a cancellation may come with it
                    self._wal_tells = self._pages_tell = True
                if rows.outdated:
                    self._wal_tells = self._contacts_tell = True
        self._news.tell(revisions)
        await self._cut()

    async def tidy(self) -> bool:
        """Let what was removed leave the file altogether. False: not all is out yet, come again in a second.

        The file is written anew at most every `APART` seconds, and not while others are in the way. For contacts alone
        that is at most every `APART_FOR_CONTACTS` seconds, and nobody has to come again for it.
        """
        cut = await self._cut()
        if not (self._pages_tell or self._contacts_tell):
            return cut
        now = asyncio.get_running_loop().time()
        if now < self._rebuilt + (APART if self._pages_tell else APART_FOR_CONTACTS):
            return cut and not self._pages_tell
        with later():
            async with self._writing:
                done = await rebuild(self._engine)
        if done:
            self._rebuilt = now
            self._wal_tells = self._pages_tell = self._contacts_tell = False
        return done

    async def _cut(self) -> bool:
        with later():
            if self._wal_tells and await truncate_wal(self._engine):
                self._wal_tells = False
        return not self._wal_tells

    def _heard(self, nouns: frozenset[str]) -> None:
        """Tidy up after others: a command does not wait for who is in the way of it."""
        if nouns & REMOVED:
            self._wal_tells = self._pages_tell = True

    def watch(self, *nouns: str) -> AsyncGenerator[frozenset[str], None]:
        """Yield the nouns that changed (of `nouns`; none given: of all), whoever changed them.

        The first yield comes at once with all of them, so that a reader starts with what is there.
        """
        return self._news.watch(*nouns)


async def _counted_up(rows: Rows) -> dict[str, int]:
    """Count up the revisions of what `rows` touched, and return them."""
    if not rows.touched:
        return {}
    column = tables.changes.c
    counted = update(tables.changes).where(column.noun.in_(sorted(rows.touched))).values(revision=column.revision + 1)
    done = await rows.run(counted.returning(column.noun, column.revision))
    return {row.noun: row.revision for row in done}


def _files(settings: StoreSettings) -> Vault:
    """Make the folder, the database file and the key, all for their owner alone."""
    try:
        settings.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _missing_key(settings)
        os.close(os.open(settings.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return vault_at(settings.key_path)
    except OSError as error:
        raise Misconfigured(
            f"[store] {error.filename}: {error.strerror}", "name a folder that Ringplan may write in [store] path"
        ) from error


def _missing_key(settings: StoreSettings) -> None:
    path: Path = settings.path
    if path.exists() and path.stat().st_size and not settings.key_path.exists():
        raise Misconfigured(
            f"[store] key: {settings.key_path} is missing, and {path} holds what was sealed with it",
            "put the key file back from your backup; if it is lost, move the database away and start anew",
        )
