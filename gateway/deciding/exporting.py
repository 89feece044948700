"""Everybody as a file: CSV text as it can be imported again (importing.py)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from gateway.deciding.person import FIELDS, said_of
from gateway.deciding.spreadsheet import cells
from gateway.domain.user import User
from gateway.store import roster, users
from gateway.store.rows import Rows

BOM = "\ufeff"  # without it some spreadsheets take UTF-8 for something else


async def everybody(rows: Rows) -> Iterator[Mapping[str, str]]:
    """Return a line for each user, by column; each is made as it is taken, for which `rows` are needed no more."""
    all_users, read = await users.every(rows), await roster.by_service(rows)
    return (_columns(user, *read.get(user.id, ("", ""))) for user in all_users)


def written(lines: Iterable[Mapping[str, str]]) -> str:
    """Return lines as the text of a file, under a head line."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(FIELDS)
    for line in lines:
        table.writerow(cells(line[name] for name in FIELDS))
    return BOM + text.getvalue()


def _columns(user: User, source: str, path: str) -> dict[str, str]:
    return said_of(user) | {"enabled": "yes" if user.enabled else "no", "source": source, "path": path}
