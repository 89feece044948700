"""Rooms: no number is a room's and a user's, nobody has two on one PBX, and a room whose owner goes stays in use."""

from dataclasses import replace

import pytest

from gateway.domain.conference import RoomOf
from gateway.domain.user import User
from gateway.errors import Refused
from gateway.store import rooms, users
from gateway.store.store import Store
from tests.unit.store.made import person


@pytest.fixture
async def anna(store: Store) -> User:
    async with store.write() as rows:
        return await users.add(rows, person("1001", phones=("2001",)))


async def test_a_room_comes_back_as_it_was_put_and_can_be_changed(store: Store, anna: User) -> None:
    async with store.write() as rows:
        own = RoomOf("8001", "main", anna.id, "4711", recorded=True)
        pool = RoomOf("8002", "north")
        for room in (own, pool):
            await rooms.put(rows, room)
            assert await rooms.get(rows, room.number) == room
        assert rows.touched == {"rooms"}
        changed = replace(own, pin="", recorded=False)
        await rooms.put(rows, changed)
        assert await rooms.every(rows) == (changed, pool)
        assert rows.removed
        assert await rooms.get(rows, "8003") is None


async def test_rooms_come_in_the_order_of_their_numbers(store: Store) -> None:
    async with store.write() as rows:
        for number in ("8002", "899", "8001"):
            await rooms.put(rows, RoomOf(number))
        assert [room.number for room in await rooms.every(rows)] == ["899", "8001", "8002"]


async def test_the_same_room_again_is_no_news(store: Store, anna: User) -> None:
    room = RoomOf("8001", "main", anna.id, "4711")
    async with store.write() as rows:
        await rooms.put(rows, room)
    async with store.write() as rows:
        await rooms.put(rows, room)
        assert (rows.touched, rows.removed) == (set(), False)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"number": "1001"}, "1001 already belongs to a user"),
        ({"number": "2001"}, "2001 already belongs to a user"),
        ({"number": "8002", "owner": 1}, "has the room 8001 already"),
        ({"number": "8002", "owner": 1, "pbx": "north"}, "pbx north, and its owner on main"),
        ({"number": "8001", "owner": 1, "pbx": "north"}, "pbx north, and its owner on main"),
        ({"number": "8002", "owner": 9}, "no user 9"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_changes(
    store: Store, anna: User, values: dict[str, object], said: str
) -> None:
    async with store.write() as rows:
        await rooms.put(rows, RoomOf("8001", "main", anna.id))
        with pytest.raises(Refused, match=said):
            await rooms.put(rows, RoomOf(**values))  # type: ignore[arg-type]
        assert await rooms.every(rows) == (RoomOf("8001", "main", anna.id),)


async def test_a_rooms_number_is_refused_to_users(store: Store, anna: User) -> None:
    async with store.write() as rows:
        await rooms.put(rows, RoomOf("8001"))
        with pytest.raises(Refused, match="8001 is a room's"):
            await users.add(rows, person("1002", phones=("8001",)))
        with pytest.raises(Refused, match="8001 is a room's"):
            await users.put(rows, replace(anna, extension="8001"))
        assert await users.every(rows) == (anna,)


async def test_who_has_moved_to_another_pbx_may_have_a_room_there(store: Store, anna: User) -> None:
    async with store.write() as rows:
        before, there = RoomOf("8001", "main", anna.id), RoomOf("9001", "north", anna.id)
        await rooms.put(rows, before)
        await users.put(rows, replace(anna, pbx="north"))
        await rooms.put(rows, there)
        assert await rooms.every(rows) == (before, there)


async def test_a_room_is_removed(store: Store, anna: User) -> None:
    async with store.write() as rows:
        await rooms.put(rows, RoomOf("8001", "main", anna.id, "4711"))
    async with store.write() as rows:
        assert await rooms.remove(rows, "8001")
        assert (rows.touched, rows.removed) == ({"rooms"}, True)
        assert not await rooms.remove(rows, "8001")
        assert await rooms.every(rows) == ()


async def test_a_room_whose_owner_is_removed_is_the_pools_without_what_the_owner_chose(
    store: Store, anna: User
) -> None:
    async with store.write() as rows:
        other = await users.add(rows, person("1002"))
        await rooms.put(rows, RoomOf("8001", "main", anna.id, "4711", recorded=True))
        await rooms.put(rows, RoomOf("8002", "main", other.id, "4712", recorded=True))
    async with store.write() as rows:
        await users.remove(rows, anna.id)
        assert "rooms" in rows.touched
        assert await rooms.every(rows) == (RoomOf("8001"), RoomOf("8002", "main", other.id, "4712", recorded=True))
