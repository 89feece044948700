"""The organisation's codes. No name and no digit means two of them. A change lets every calendar be read anew."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update

from gateway.domain.code import Availability, Code, Takes
from gateway.errors import Refused
from gateway.planning.rules import folded
from gateway.store import mailboxes, tables
from gateway.store.rows import Rows
from gateway.store.written import treatment_in, treatment_out


async def every(rows: Rows) -> tuple[Code, ...]:
    """Return all codes, in the order in which they were added."""
    return tuple(_code(row) for row in await rows.all(select(tables.codes).order_by(tables.codes.c.position)))


async def get(rows: Rows, key: str) -> Code | None:
    """Return the code with this key."""
    row = await rows.first(select(tables.codes).where(tables.codes.c.key == key))
    return _code(row) if row else None


async def put(rows: Rows, code: Code) -> None:
    """Add a code, or change the one that has its key. Raises `Refused` when a name or its digit is another code's."""
    for other in await every(rows):
        if other.key != code.key:
            _apart(code, other)
    before = await get(rows, code.key)
    if before == code:
        return
    if before is None:
        last = await rows.first(select(func.max(tables.codes.c.position).label("last")))
        position = 0 if last is None or last["last"] is None else last["last"] + 1
        await rows.run(insert(tables.codes).values(_columns(code) | {"position": position}))
    else:
        await rows.run(update(tables.codes).where(tables.codes.c.key == code.key).values(_columns(code)))
    await mailboxes.reread(rows)
    rows.touch("codes")


async def fill(rows: Rows, codes: Iterable[Code]) -> None:
    """Write the codes of a new database."""
    values = [_columns(code) | {"position": position} for position, code in enumerate(codes)]
    if values:
        await rows.run(insert(tables.codes), values)
        rows.touch("codes")


async def remove(rows: Rows, key: str) -> bool:
    """Remove a code, with the diversions and absences that it made. False: there is none with this key."""
    result = await rows.run(delete(tables.codes).where(tables.codes.c.key == key))
    if result.rowcount == 0:
        return False
    for made in (tables.diversions, tables.absences):
        await rows.run(delete(made).where(made.c.code == key))
    await mailboxes.reread(rows)
    rows.touch("codes", "diversions", "absences")
    rows.removed = True
    return True


async def made(rows: Rows, key: str) -> tuple[int, int]:
    """Return how many diversions and absences by hand there are of this code."""
    of_code = (
        select(func.count().label("many")).where(one.c.code == key) for one in (tables.diversions, tables.absences)
    )
    diversions, absences = [await rows.first(query) for query in of_code]
    return diversions["many"] if diversions else 0, absences["many"] if absences else 0


def _apart(code: Code, other: Code) -> None:
    theirs = {folded(name) for name in other.names}
    if both := [name for name in code.names if folded(name) in theirs]:
        said, remedy = "{name} is already a name of the code {other}", "take it away from {other} first"
        raise Refused(said, remedy, field="name", name=both[0], other=other.key)
    if code.digit is not None and code.digit == other.digit:
        said = "the digit {digit} is already the code {other}'s"
        raise Refused(said, "choose another digit", field="digit", digit=code.digit, other=other.key)


def _code(row: RowMapping) -> Code:
    return Code(
        key=row["key"],
        names=tuple(row["names"]),
        reason=row["reason"],
        texts=row["texts"],
        internal=treatment_in(row["internal"]),
        external=treatment_in(row["external"]),
        target=row["target"],
        shown=row["shown"],
        sensitive=row["sensitive"],
        availability=Availability(row["availability"]),
        digit=row["digit"],
        takes=Takes(row["takes"]),
        until_next_working=row["until_next_working"],
    )


def _columns(code: Code) -> dict[str, Any]:
    return {
        "key": code.key,
        "names": list(code.names),
        "reason": code.reason,
        "texts": dict(code.texts),
        "internal": treatment_out(code.internal),
        "external": treatment_out(code.external),
        "target": code.target,
        "shown": code.shown,
        "sensitive": code.sensitive,
        "availability": code.availability.value,
        "digit": code.digit,
        "takes": code.takes.value,
        "until_next_working": code.until_next_working,
    }
