"""What is SQLite's alone: how its connections are prepared, and how removed rows leave the file.

Sources: sqlite.org/pragma.html (secure_delete, wal_checkpoint, data_version, busy_timeout), sqlite.org/wal.html;
SQLAlchemy's page on its SQLite dialect for transactions that begin when we say so.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import SQLITE_BUSY, SQLITE_LOCKED, OperationalError, Row
from typing import cast

from aiosqlite import Connection
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.store.unbroken import unbroken

WRITES = "ringplan_writes"

PATIENCE = 10_000  # milliseconds that a statement waits for another connection's lock
PATIENCE_OF_CUT = 250

# temp_store: nothing is spilled into a temporary file, where secure_delete would not reach it.
PRAGMAS = (
    f"busy_timeout={PATIENCE}",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",
)


def engine_at(path: Path) -> AsyncEngine:
    """Return an engine on the file at `path`; a connection with the execution option `WRITES` locks as it begins.

    A transaction that only finds out later that it writes may be refused without waiting (SQLITE_BUSY_SNAPSHOT).
    What a refused statement was to write stays out of the error, and so out of the log (hide_parameters).
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=8, max_overflow=-1, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: SyncConnection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, writes: bool) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction, and commit it at the end; undone by an exception, whenever that comes."""
    connection = engine.connect()
    try:
        await unbroken(_begun(connection, writes=writes))
        yield connection
        await unbroken(connection.commit())
    finally:
        if connection.sync_connection is not None:
            await unbroken(connection.close())


async def _begun(connection: AsyncConnection, *, writes: bool) -> None:
    await connection.start()
    await connection.execution_options(**{WRITES: writes})
    await connection.begin()


async def truncate_wal(engine: AsyncEngine) -> bool:
    """Move the WAL into the database and cut it to nothing; False: somebody was in the way for a while, try again."""
    return await unbroken(_truncate_wal(engine))


async def _truncate_wal(engine: AsyncEngine) -> bool:
    async with _impatient(engine) as connection:
        row = await _execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    return row is not None and row[0] == 0


async def rebuild(engine: AsyncEngine) -> bool:
    """Write the database anew from the rows that there are; False: somebody was in the way for a while, try again.

    secure_delete overwrites a row where it lies. But where pages were split or joined before, copies of it stay in the
    space between their cells, and only a page that is written anew loses them. 200,000 diversions take 0.2 s.
    """
    return await unbroken(_rebuild(engine))


async def _rebuild(engine: AsyncEngine) -> bool:
    async with _impatient(engine) as connection:
        try:
            await _execute(connection, "VACUUM")
        except OperationalError as error:
            if error.sqlite_errorcode not in (SQLITE_BUSY, SQLITE_LOCKED):
                raise
            return False
    return await _truncate_wal(engine)


@asynccontextmanager
async def _impatient(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        await _execute(connection, f"PRAGMA busy_timeout={PATIENCE_OF_CUT}")
        try:
            yield connection
        finally:
            await _execute(connection, f"PRAGMA busy_timeout={PATIENCE}")


async def data_version(connection: AsyncConnection) -> int:
    """Return a number that changes whenever another connection, of any process, has committed."""
    row = await _execute(connection, "PRAGMA data_version")
    return 0 if row is None else int(row[0])


async def _execute(connection: AsyncConnection, statement: str) -> Row | None:
    """Run a statement outside of any transaction: inside of one, these say nothing new or are refused."""
    raw = await connection.get_raw_connection()
    driver = cast("Connection", raw.driver_connection)
    async with driver.execute(statement) as cursor:
        return await cursor.fetchone()
