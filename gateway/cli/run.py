"""`ringplan run`: the gateway itself, until it is told to stop."""

import asyncio
import logging
import sys

import typer

from gateway import app
from gateway.cli.opened import settings_of

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CHATTY = ("aiosqlite", "alembic", "httpcore", "httpx", "sqlalchemy")  # they log statements, and addresses of calendars


def run(context: typer.Context) -> None:
    """Let telephones follow calendars, until SIGTERM or Ctrl-C."""
    settings = settings_of(context)
    logging.basicConfig(level=settings.log.level.upper(), stream=sys.stderr, format=FORMAT)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(app.run(settings))
