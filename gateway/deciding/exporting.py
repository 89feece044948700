"""Everybody as a file: CSV text as it can be imported again (importing.py)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from gateway.deciding.hours import write_week
from gateway.deciding.person import FIELDS
from gateway.deciding.spreadsheet import cells
from gateway.domain.mailbox import Mailbox
from gateway.domain.user import User
from gateway.store import accounts, mailboxes, users
from gateway.store.rows import Rows

BOM = "\ufeff"  # without it some spreadsheets take UTF-8 for something else


async def everybody(rows: Rows) -> Sequence[Mapping[str, str]]:
    """Return a line for each user, by column."""
    boxes = {box.user: box for box in await mailboxes.every(rows)}
    services = {one.id: one.source for one in await accounts.services(rows)}
    return [_columns(user, boxes.get(user.id), services) for user in await users.every(rows)]


def written(lines: Iterable[Mapping[str, str]]) -> str:
    """Return lines as the text of a file, under a head line."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(FIELDS)
    for line in lines:
        table.writerow(cells(line[name] for name in FIELDS))
    return BOM + text.getvalue()


def _columns(user: User, box: Mailbox | None, services: Mapping[int, str]) -> dict[str, str]:
    return {
        "extension": user.extension,
        "name": user.name,
        "email": " ".join(user.emails),
        "language": user.language,
        "zone": user.zone.key,
        "phones": " ".join(user.phones),
        "pbx": user.pbx,
        "operator": user.operator or "",
        "hours": write_week(user.hours.week) if user.hours else "",
        "through": " ".join(user.through),
        "enabled": "yes" if user.enabled else "no",
        "source": services.get(box.account, "") if box else "",
        "path": box.path or "" if box and box.account in services else "",
    }
