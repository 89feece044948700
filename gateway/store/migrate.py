"""Bringing a database to the newest shape, by Alembic's revisions in `migrations/`.

Alembic is loaded only when there is something to do: every command opens the store, and most find it in shape.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gateway.errors import Misconfigured

FOLDER = Path(__file__).with_name("migrations")
NEWEST = "0007"


def migrate(connection: Connection) -> bool:
    """Run what is missing inside the transaction of `connection`; True: there was nothing before.

    Raises `Misconfigured` when the database was written by a newer Ringplan.
    """
    current = revision(connection)
    if current != NEWEST:
        _upgrade(connection, current)
    return current is None


def revision(connection: Connection) -> str | None:
    """Return the revision that the database has, None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection, current: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise Misconfigured(
            f"[store] path: the database has revision {current}, which this Ringplan does not know",
            "install the Ringplan that wrote it, or a newer one",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
