"""Who is away, found in the database: operators look for people page by page, among thousands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from gateway.store import tables
from gateway.store.rows import Rows
from gateway.store.sought import sought

USER, NUMBER = tables.users.c, tables.numbers.c
DIVERSION, ABSENCE = tables.diversions.c, tables.absences.c


@dataclass(frozen=True, slots=True)
class Page:
    """`users`: ids of those on the page, by name; `total`: how many there are on all pages."""

    users: Sequence[int]
    total: int


async def found(rows: Rows, search: str, at: datetime, first: int, many: int, *, away: bool) -> Page:
    """Return `many` people, by name, from the `first` on (counted from 0).

    `search` as in `sought`. `away`: those alone who are away.
    """
    wanted = [sought(search), *([_is_away(at)] if away else [])]
    extension = select(NUMBER.number).where(NUMBER.user == USER.id, NUMBER.position == 0).scalar_subquery()
    total = func.count().over().label("total")
    query = select(USER.id, total).where(*wanted).order_by(USER.name, extension).limit(many).offset(first)
    page = await rows.all(query)
    if page or not first:
        return Page([row["id"] for row in page], page[0]["total"] if page else 0)
    row = await rows.first(select(func.count().label("total")).select_from(tables.users).where(*wanted))
    return Page([], row["total"] if row else 0)


async def count_away(rows: Rows, at: datetime) -> int:
    """Return how many people are away."""
    row = await rows.first(select(func.count().label("many")).select_from(tables.users).where(_is_away(at)))
    return row["many"] if row else 0


def _is_away(at: datetime) -> ColumnElement[bool]:
    """Say who takes part and is away, by hand or by the calendar; information (`;`) counts, what was ended does not."""
    codes = select(tables.codes.c.key)
    planned = select(DIVERSION.user).where(
        DIVERSION.start <= at, DIVERSION.end > at, ~DIVERSION.dismissed, DIVERSION.code.in_(codes)
    )
    by_hand = select(ABSENCE.user).where(ABSENCE.start <= at, ABSENCE.end > at, ABSENCE.code.in_(codes))
    return USER.enabled & or_(USER.id.in_(planned), USER.id.in_(by_hand))
