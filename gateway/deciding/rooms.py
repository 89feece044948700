"""The numbers behind which conferences are held: added, changed and removed, by a command, a page or a program."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.deciding import given
from gateway.deciding.installation import Installation
from gateway.domain.conference import Room, RoomOf
from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.store import attendances, audit, conferences, rooms, users
from gateway.store.rows import Rows

NAMES_ALL = "ringplan rooms list names all"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different of a room; None: stays. `pool`: it is nobody's own any more, whatever `owner` is."""

    owner: User | None = None
    pool: bool = False
    pin: str | None = None
    recorded: bool | None = None
    pbx: str | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """How many conferences are `planned` anew, and how many stay where they are, as somebody is in (`occupied`)."""

    planned: int
    occupied: int


def numbers(field: str, written: str, owner: str | None = None) -> tuple[Room, ...]:
    """Return one room, or those of a range; somebody's own is one. Raises `Misconfigured`."""
    found = given.rooms(field, written)
    if owner is not None and len(found) > 1:
        said = "are several, and somebody's own room is one number"
        raise given.wrong(field, written, said, "give one number; a range is for the pool")
    return found


async def owner(rows: Rows, extension: str) -> User:
    """Return whom a number belongs to, whose own room shall be. Raises `Misconfigured`."""
    user = await users.by_extension(rows, given.number("owner", extension))
    if user is None:
        raise given.wrong("owner", extension, "is nobody's number here", "choose a colleague's extension")
    return user


async def add(
    rows: Rows,
    now: datetime,
    by: str,
    installation: Installation,
    some: Sequence[Room],
    owner: User | None = None,
    pin: str = "",
    *,
    recorded: bool = False,
    pbx: str | None = None,
) -> None:
    """Let conferences be held behind these, for `owner` or (None) for the pool; `pbx` None: where the owner is.

    `by` is who decides, as the audit log names them. Raises `Misconfigured` and `Refused`; then nothing may be
    committed.
    """
    where = _pbx(installation, pbx, owner)
    for one in some:
        if await rooms.get(rows, one) is not None:
            raise Misconfigured(
                "{value} is a room already", "ringplan rooms set changes it", field="numbers", value=one
            )
        await rooms.put(rows, RoomOf(one, where, owner.id if owner else None, pin, recorded))
        await audit.note(rows, now, by, "room added", f"room {one}")


async def change(
    rows: Rows, now: datetime, by: str, installation: Installation, some: Sequence[Room], wanted: Change
) -> bool:
    """Change what is given of these; False: they are so already. Conferences that have not opened follow.

    Raises `Misconfigured` and `Refused`; then nothing may be committed.
    """
    changed = [one for one in some if await _changed(rows, installation, one, wanted)]
    for one in changed:
        await audit.note(rows, now, by, "room changed", f"room {one}")
    return bool(changed)


async def remove(rows: Rows, now: datetime, by: str, some: Sequence[Room]) -> Removed:
    """Hold no conferences behind these any more; those get another room that nobody is in.

    Raises `Misconfigured`; then nothing may be committed.
    """
    for one in some:
        if not await rooms.remove(rows, one):
            raise _no_such(one)
        await audit.note(rows, now, by, "room removed", f"room {one}")
    return await follows(rows, some)


async def follows(rows: Rows, some: Sequence[Room]) -> Removed:
    """Return what becomes of conferences when these are removed."""
    theirs = {one.key for one in await conferences.every(rows) if one.room in some and not one.cancelled}
    occupied = {one.conference for one in await attendances.among(rows, theirs) if one.left is None}
    return Removed(len(theirs - occupied), len(occupied))


async def _changed(rows: Rows, installation: Installation, number: Room, wanted: Change) -> bool:
    before = await rooms.get(rows, number)
    if before is None:
        raise _no_such(number)
    stays = wanted.owner is None and wanted.pbx is None
    owner = before.owner if wanted.owner is None else wanted.owner.id
    after = replace(
        before,
        pbx=before.pbx if stays else _pbx(installation, wanted.pbx, wanted.owner),
        owner=None if wanted.pool else owner,
        pin=before.pin if wanted.pin is None else wanted.pin,
        recorded=before.recorded if wanted.recorded is None else wanted.recorded,
    )
    if after != before:
        await rooms.put(rows, after)
    return after != before


def _pbx(installation: Installation, asked: str | None, owner: User | None) -> str:
    pbx = asked or (owner.pbx if owner else installation.pbxs[0])
    if pbx not in installation.pbxs:
        names = ", ".join(installation.pbxs)
        raise given.wrong("pbx", pbx, "is not in the settings", "one of: {names}", names=names)
    return pbx


def _no_such(number: Room) -> Misconfigured:
    return Misconfigured("there is no room {value}", NAMES_ALL, field="numbers", value=number)
