"""What is SQLite's alone: how its connections are prepared, and how removed rows leave the file.

Sources: sqlite.org/pragma.html (secure_delete, wal_checkpoint, data_version, busy_timeout), sqlite.org/wal.html;
SQLAlchemy's page on its SQLite dialect for transactions that begin when we say so.
"""

from pathlib import Path
from sqlite3 import Row
from typing import cast

from aiosqlite import Connection
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

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
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=4, max_overflow=4)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
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


async def truncate_wal(engine: AsyncEngine) -> bool:
    """Move the WAL into the database and cut it to nothing; False: somebody was in the way for a while, try again."""
    async with engine.connect() as connection:
        await _pragma(connection, f"busy_timeout={PATIENCE_OF_CUT}")
        try:
            row = await _pragma(connection, "wal_checkpoint(TRUNCATE)")
        finally:
            await _pragma(connection, f"busy_timeout={PATIENCE}")
    return row is not None and row[0] == 0


async def data_version(connection: AsyncConnection) -> int:
    """Return a number that changes whenever another connection, of any process, has committed."""
    row = await _pragma(connection, "data_version")
    return 0 if row is None else int(row[0])


async def _pragma(connection: AsyncConnection, pragma: str) -> Row | None:
    """Run a pragma outside of any transaction: inside of one, these say nothing new or are refused."""
    raw = await connection.get_raw_connection()
    driver = cast(Connection, raw.driver_connection)
    async with driver.execute(f"PRAGMA {pragma}") as cursor:
        return await cursor.fetchone()
