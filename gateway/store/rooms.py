"""Rooms: the numbers behind which conferences are held. No number is a room's and a user's."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update

from gateway.domain.conference import Room, RoomOf
from gateway.errors import Refused
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.rooms.c


async def every(rows: Rows) -> tuple[RoomOf, ...]:
    """Return all rooms, by number."""
    found = [_room(row) for row in await rows.all(select(tables.rooms))]
    return tuple(sorted(found, key=lambda room: (len(room.number), room.number)))


async def of(rows: Rows, owner: int) -> tuple[RoomOf, ...]:
    """Return the rooms of one user."""
    mine = select(tables.rooms).where(COLUMN.owner == owner).order_by(COLUMN.number)
    return tuple(_room(row) for row in await rows.all(mine))


async def found(rows: Rows, search: str, first: int, many: int) -> tuple[Sequence[RoomOf], int]:
    """Return `many` rooms from the `first` on, by number, out of those whose number has `search`; and how many these
    are.
    """
    wanted = COLUMN.number.contains(search, autoescape=True)
    page = select(tables.rooms).where(wanted).order_by(func.length(COLUMN.number), COLUMN.number)
    total = await rows.first(select(func.count().label("many")).where(wanted))
    return [_room(row) for row in await rows.all(page.offset(first).limit(many))], total["many"] if total else 0


async def some(rows: Rows, numbers: Collection[Room]) -> dict[Room, RoomOf]:
    """Return the rooms with these numbers, by number."""
    wanted = select(tables.rooms).where(COLUMN.number.in_(numbers))
    return {row["number"]: _room(row) for row in await rows.all(wanted)} if numbers else {}


async def get(rows: Rows, number: Room) -> RoomOf | None:
    """Return the room with this number."""
    row = await rows.first(select(tables.rooms).where(COLUMN.number == number))
    return _room(row) if row else None


async def put(rows: Rows, room: RoomOf) -> None:
    """Add a room, or change the one with its number; a PIN that it had leaves the file.

    Raises `Refused` when the number is a user's, and when the owner is on another PBX, has another room there, or is
    nobody.
    """
    before = await get(rows, room.number)
    if before == room:
        return
    await _free(rows, room)
    await rows.remove(delete(tables.rooms).where(COLUMN.number == room.number), "rooms")
    await rows.run(insert(tables.rooms).values(_columns(room)))
    rows.touch("rooms")


async def remove(rows: Rows, number: Room) -> bool:
    """Remove a room; False: there is none."""
    return await rows.remove(delete(tables.rooms).where(COLUMN.number == number), "rooms") > 0


async def release(rows: Rows, owner: int) -> None:
    """Give the rooms of `owner`, who goes, to the pool: others' conferences may need them, and one may be on in there.

    PIN and recording were the owner's choice, and the PIN is known to the owner's guests: neither stays.
    """
    own = update(tables.rooms).where(COLUMN.owner == owner)
    if (await rows.run(own.values(owner=None, pin="", recorded=False))).rowcount:
        rows.touch("rooms")
        rows.removed = True


async def _free(rows: Rows, room: RoomOf) -> None:
    if await rows.first(select(tables.numbers.c.user).where(tables.numbers.c.number == room.number)):
        raise Refused(
            "the number {value} already belongs to a user", "choose another", field="numbers", value=room.number
        )
    if room.owner is None:
        return
    owner = await rows.first(select(tables.users.c.pbx).where(tables.users.c.id == room.owner))
    if owner is None:
        raise Refused("there is no user {value}", "ringplan users list names them", field="owner", value=room.owner)
    if owner["pbx"] != room.pbx:
        raise Refused(
            "room {value} is on the pbx {pbx}, and its owner on {other}",
            "give it to somebody on its PBX, or to the pool",
            field="owner",
            value=room.number,
            pbx=room.pbx,
            other=owner["pbx"],
        )
    another = (COLUMN.owner == room.owner, COLUMN.pbx == room.pbx, COLUMN.number != room.number)
    row = await rows.first(select(COLUMN.number).where(*another))
    if row is not None:
        said, remedy = "the owner has the room {value} already", "remove that one, or give it to the pool"
        raise Refused(said, remedy, field="owner", value=row["number"])


def _room(row: RowMapping) -> RoomOf:
    return RoomOf(row["number"], row["pbx"], row["owner"], row["pin"], row["recorded"])


def _columns(room: RoomOf) -> dict[str, Any]:
    return {
        "number": room.number,
        "pbx": room.pbx,
        "owner": room.owner,
        "pin": room.pin,
        "recorded": room.recorded,
    }
