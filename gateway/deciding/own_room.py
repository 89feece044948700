"""The room that a user chooses for their own conferences out of those of the pool, and gives back to it."""

from dataclasses import replace
from datetime import datetime

from gateway.deciding.given import wrong
from gateway.domain.conference import Room, RoomOf
from gateway.domain.user import User
from gateway.store import audit, conferences, rooms
from gateway.store.rows import Rows


async def choices(rows: Rows, user: User, now: datetime) -> tuple[RoomOf | None, tuple[Room, ...]]:
    """Return the user's own room, and the rooms of the pool on their PBX in which nobody can be `now`, by number."""
    every, occupied = await rooms.every(rows), await conferences.occupied(rows, now)
    here = [room for room in every if room.pbx == user.pbx]
    own = next((room for room in here if room.owner == user.id), None)
    return own, tuple(room.number for room in here if room.owner is None and room.number not in occupied)


async def choose(rows: Rows, user: User, number: Room | None, who: str, now: datetime) -> bool:
    """Let this room of the pool be the user's own, None: none. False: it is so already.

    The one before goes to the pool. The PIN of a room that comes or goes is known to others' guests: it is dropped.
    Raises `Misconfigured` when the room is not to be had.
    """
    own, free = await choices(rows, user, now)
    if number == (own.number if own else None):
        return False
    if number is not None and number not in free:
        raise wrong("room", number, "is not free", "Choose another.")
    await rooms.release(rows, user.id)
    chosen = await rooms.get(rows, number) if number is not None else None
    if chosen is not None:
        await rooms.put(rows, replace(chosen, owner=user.id, pin=""))
    for one in ([own.number] if own is not None else []) + ([number] if number is not None else []):
        await audit.note(rows, now, who, "room changed", f"room {one}")
    return True
