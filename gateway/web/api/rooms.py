"""API: the rooms of conferences, for administrators. A PIN is written here, and shown to nobody."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.deciding import given
from gateway.deciding import rooms as deciding
from gateway.deciding.rooms import Change
from gateway.domain.conference import RoomOf
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.store import rooms, users
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["rooms"])

A_PAGE = 50
Number = Annotated[str, Field(pattern="^[0-9]{1,15}$")]
Extension = Annotated[str, Field(pattern="^[0-9]{1,20}$")]
Pin = Annotated[str, Field(pattern="^([0-9]{4,12})?$", description='Asked of whoever is not invited; "" for none.')]
Pbx = Annotated[str, Field(min_length=1, max_length=60)]


class Room(BaseModel):
    """`owner`: extension of whose own room it is, None: of the pool. `has_pin`: one is set; which is told to nobody."""

    model_config = HELD

    number: str
    owner: str | None
    pbx: str
    has_pin: bool
    recorded: bool


class Rooms(BaseModel):
    """`total`: how many there are on all pages."""

    model_config = HELD

    rooms: tuple[Room, ...]
    total: int


class NewRooms(BaseModel):
    """`numbers`: one, or a range for the pool ("8090-8099"). `owner` None: of the pool; `pbx` None: the owner's."""

    model_config = HELD

    numbers: Annotated[str, Field(pattern="^[0-9]{1,15}(-[0-9]{1,15})?$")]
    owner: Extension | None = None
    pbx: Pbx | None = None
    pin: Pin = ""
    recorded: bool = False


class ChangedRoom(BaseModel):
    """None: stays as it is. `pool`: it is nobody's own any more."""

    model_config = HELD

    owner: Extension | None = None
    pool: bool = False
    pbx: Pbx | None = None
    pin: Pin | None = None
    recorded: bool | None = None


class Removed(BaseModel):
    """How many conferences are `planned` anew, and how many stay there as somebody is in (`occupied`)."""

    model_config = HELD

    planned: int
    occupied: int


@router.get("/rooms", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def show(
    caller: Calling,
    search: Annotated[str, Query(max_length=20, pattern="^[0-9]*$")] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Rooms:
    """Return 50 rooms by number, those whose number has `search`."""
    async with caller.portal.store.read() as rows:
        found, total = await rooms.found(rows, search, (page - 1) * A_PAGE, A_PAGE)
        owners = await users.some(rows, {one.owner for one in found if one.owner is not None})
    return Rooms(rooms=tuple(_room(one, owners) for one in found), total=total)


@router.get("/rooms/{number}", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def one(caller: Calling, number: Number) -> Room:
    """Return one room."""
    async with caller.portal.store.read() as rows:
        return await _shown(rows, number)


@router.post("/rooms", status_code=201, dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def add(caller: Calling, new: NewRooms) -> tuple[Room, ...]:
    """Add a room, or all of a range for the pool."""
    some = deciding.numbers("numbers", new.numbers, new.owner)
    pin, at = given.pin("pin", new.pin), (caller.now, caller.who, caller.portal.installation)
    async with caller.portal.store.write() as rows:
        owner = await deciding.owner(rows, new.owner) if new.owner is not None else None
        await deciding.add(rows, *at, some, owner, pin, recorded=new.recorded, pbx=new.pbx)
        return tuple([await _shown(rows, number) for number in some])


@router.patch("/rooms/{number}", dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def change(caller: Calling, number: Number, new: ChangedRoom) -> Room:
    """Change a room; conferences that have not opened follow."""
    pin = None if new.pin is None else given.pin("pin", new.pin)
    if new.pool and new.owner is not None:
        raise given.wrong("owner", new.owner, "is somebody, and the room the pool's", "give owner or pool, not both")
    async with caller.portal.store.write() as rows:
        await _shown(rows, number)
        owner = await deciding.owner(rows, new.owner) if new.owner is not None else None
        wanted = Change(owner, new.pool, pin, new.recorded, new.pbx)
        await deciding.change(rows, caller.now, caller.who, caller.portal.installation, [number], wanted)
        return await _shown(rows, number)


@router.delete("/rooms/{number}", dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def remove(caller: Calling, number: Number) -> Removed:
    """Hold no conferences behind a number any more; those get another room that nobody is in."""
    async with caller.portal.store.write() as rows:
        await _shown(rows, number)
        follows = await deciding.remove(rows, caller.now, caller.who, [number])
    return Removed(planned=follows.planned, occupied=follows.occupied)


async def _shown(rows: Rows, number: str) -> Room:
    room = await rooms.get(rows, number)
    if room is None:
        raise HTTPException(404, "there is no such room")
    return _room(room, await users.some(rows, [room.owner] if room.owner is not None else []))


def _room(room: RoomOf, owners: Mapping[int, User]) -> Room:
    owner = owners.get(room.owner) if room.owner is not None else None
    return Room(
        number=room.number,
        owner=owner.extension if owner else None,
        pbx=room.pbx,
        has_pin=bool(room.pin),
        recorded=room.recorded,
    )
