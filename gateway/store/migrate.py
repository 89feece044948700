"""Bringing a database to the newest shape, by Alembic's revisions in `migrations/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.errors import Misconfigured

FOLDER = Path(__file__).with_name("migrations")


def migrate(connection: Connection) -> bool:
    """Run what is missing inside the transaction of `connection`; True: there was nothing before.

    Raises `Misconfigured` when the database was written by a newer Ringplan.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return False
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise Misconfigured(
            f"[store] path: the database has revision {current}, which this Ringplan does not know",
            "install the Ringplan that wrote it, or a newer one",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return current is None
