"""`ringplan run`: the gateway itself, until it is told to stop."""

import asyncio
import logging
import sys

import typer

from gateway import app
from gateway.cli.opened import settings_of
from gateway.cli.shown import plain
from gateway.engine import collector

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CHATTY = ("aiosqlite", "alembic", "httpcore", "httpx", "sqlalchemy")  # they log statements, and addresses of calendars


class Printable(logging.Formatter):
    """What a server named (a path, a kind of content) begins no line of its own and steers no terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Return the line without control characters; a traceback comes after it."""
        return plain(super().formatMessage(record))


def run(context: typer.Context) -> None:
    """Let telephones follow calendars, until SIGTERM or Ctrl-C."""
    settings = settings_of(context)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Printable(FORMAT))
    logging.basicConfig(level=settings.log.level.upper(), handlers=[handler])
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    collector.pass_over()
    asyncio.run(app.run(settings))
