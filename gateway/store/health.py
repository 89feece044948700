"""How the parts of the running gateway are, as rows with a heartbeat that others read.

Names: `gateway` for the process, `pbx:<name>` and `account:<id>` for what it talks to. Messages carry no contents of
calendars and no secrets.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update

from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.health.c

Facts = Mapping[str, int | float | str | list[str]]


@dataclass(frozen=True, slots=True)
class Health:
    """The part `name` is well or not, `since` then; what it `said` last, and what an administrator can do about it.

    `beat` is when the gateway last confirmed this. `facts` are numbers and names for `status`, such as
    `{"clock_ahead": 0.2, "left_out": 3}` (seconds; windows that did not fit).
    """

    name: str
    ok: bool
    since: datetime
    beat: datetime
    said: str = ""
    remedy: str = ""
    facts: Facts = field(default_factory=dict)


async def every(rows: Rows) -> tuple[Health, ...]:
    """Return all rows, by name."""
    return tuple(_health(row) for row in await rows.all(select(tables.health).order_by(COLUMN.name)))


async def some(rows: Rows, which: ColumnElement[bool]) -> tuple[Health, ...]:
    """Return those rows of `tables.health` that are chosen, by name."""
    return tuple(_health(row) for row in await rows.all(select(tables.health).where(which).order_by(COLUMN.name)))


async def get(rows: Rows, name: str) -> Health | None:
    """Return one part's row."""
    row = await rows.first(select(tables.health).where(COLUMN.name == name))
    return _health(row) if row else None


async def count_unwell(rows: Rows) -> int:
    """Return how many parts are not well."""
    row = await rows.first(select(func.count().label("many")).where(~COLUMN.ok))
    return row["many"] if row else 0


async def put(
    rows: Rows, name: str, *, ok: bool, now: datetime, said: str = "", remedy: str = "", facts: Facts | None = None
) -> None:
    """Write how a part is now; `since` stays as long as `ok` does. `facts` None leaves them as they were."""
    before = await get(rows, name)
    values: dict[str, Any] = {"ok": ok, "said": said, "remedy": remedy, "beat": now}
    if before is None:
        values |= {"name": name, "since": now, "facts": dict(facts or {})}
        await rows.run(insert(tables.health).values(values))
    else:
        values |= {} if before.ok == ok else {"since": now}
        values |= {} if facts is None else {"facts": dict(facts)}
        await rows.run(update(tables.health).where(COLUMN.name == name).values(values))
    rows.touch("health")


async def tell(rows: Rows, name: str, facts: Facts, now: datetime) -> None:
    """Add facts to those of a part, or change them; how it is stays as it was."""
    before = await get(rows, name)
    if before is None:
        await put(rows, name, ok=True, now=now, facts=facts)
        return
    told = {**before.facts, **facts}
    await rows.run(update(tables.health).where(COLUMN.name == name).values(facts=told, beat=now))
    rows.touch("health")


async def beat(rows: Rows, names: Collection[str], now: datetime) -> None:
    """Confirm that these parts are as they were."""
    await rows.run(update(tables.health).where(COLUMN.name.in_(names)).values(beat=now))
    rows.touch("health")


async def forget(rows: Rows, keep: Collection[str] = ()) -> None:
    """Remove all rows but those named `keep`: parts that there are no more."""
    await rows.run(delete(tables.health).where(COLUMN.name.not_in(keep)))
    rows.touch("health")


def _health(row: RowMapping) -> Health:
    return Health(row["name"], row["ok"], row["since"], row["beat"], row["said"], row["remedy"], row["facts"])
