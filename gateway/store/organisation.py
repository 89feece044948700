"""The organisation: one row, and what holds until somebody writes it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select

from gateway.domain.user import Mode, Organisation
from gateway.store import books, mailboxes, tables
from gateway.store.rows import Rows
from gateway.store.written import hours_in, hours_out, numbering_in, numbering_out

SECOND = timedelta(seconds=1)


async def get(rows: Rows) -> Organisation:
    """Return the organisation; as long as nobody has written it, one in UTC with usual working hours."""
    row = await rows.first(select(tables.organisation))
    if row is None:
        return Organisation(ZoneInfo("UTC"))
    return Organisation(
        zone=ZoneInfo(row["zone"]),
        language=row["language"],
        hours=hours_in(row["hours"]),
        mode=Mode(row["mode"]),
        marker=row["marker"],
        only_own=row["only_own"],
        permitted=tuple(row["permitted"]),
        operator=row["operator"],
        through=tuple(row["through"]),
        outside=tuple(row["outside"]),
        grace=timedelta(seconds=row["grace"]),
        dial_in=row["dial_in"],
        numbering=numbering_in(row["numbering"]),
    )


async def written(rows: Rows) -> bool:
    """Tell whether somebody has written it."""
    return await rows.first(select(tables.organisation.c.id)) is not None


async def put(rows: Rows, organisation: Organisation) -> None:
    """Write the organisation; when it changes, every calendar is read anew, and with `numbering` every book."""
    before = await get(rows)
    if await written(rows) and before == organisation:
        return
    await rows.run(delete(tables.organisation))
    await rows.run(
        insert(tables.organisation).values(
            id=1,
            zone=organisation.zone.key,
            language=organisation.language,
            hours=hours_out(organisation.hours),
            mode=organisation.mode.value,
            marker=organisation.marker,
            only_own=organisation.only_own,
            permitted=list(organisation.permitted),
            operator=organisation.operator,
            through=list(organisation.through),
            outside=list(organisation.outside),
            grace=organisation.grace // SECOND,
            dial_in=dict(organisation.dial_in),
            numbering=numbering_out(organisation.numbering),
        )
    )
    await mailboxes.reread(rows)
    if before.numbering != organisation.numbering:
        await books.reread(rows)
    rows.touch("organisation")
