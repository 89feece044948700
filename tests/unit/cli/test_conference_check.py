"""`check`: what it says of rooms. What a PBX needs for them is looked at on real ones, in tests/contract and system."""

from zoneinfo import ZoneInfo

import pytest

from gateway.cli.conference_check import of_rooms
from gateway.domain.conference import RoomOf
from gateway.domain.user import User

ANNA = User(1, "1001", (), ZoneInfo("UTC"))
BO = User(2, "1002", (), ZoneInfo("UTC"), pbx="branch")
POOL = RoomOf("8090")


def test_without_rooms_there_is_nothing_wrong() -> None:
    (found,) = of_rooms([], [ANNA], ["main"])
    assert (found.ok, found.remedy) == (True, "")


@pytest.mark.parametrize(
    ("rooms", "is_ok", "said"),
    [
        ([RoomOf("8001", owner=1), POOL], True, "1 of users, 1 in the pool"),
        ([RoomOf("8001", "gone"), POOL], False, "not in the settings: 8001"),
        ([RoomOf("8001", owner=2), POOL], False, "their owner is on another PBX: 8001"),
        ([RoomOf(f"{room}", "gone") for room in range(8000, 8009)], False, "8003, 8004 and 4 more"),
        ([RoomOf("8001", owner=1)], True, "no pool on main"),
    ],
)
def test_what_is_not_right_with_rooms_is_told(rooms: list[RoomOf], is_ok: bool, said: str) -> None:
    found = of_rooms(rooms, [ANNA, BO], ["main", "branch"])
    assert all(one.ok for one in found) == is_ok
    (told,) = [one for one in found if said in one.said]
    assert told.ok == is_ok
    assert is_ok or told.remedy


@pytest.mark.parametrize(
    ("rooms", "guests", "closed"),
    [
        ([RoomOf("8001"), RoomOf("8090", pin="4711")], True, "closed to guests: 8001"),
        ([RoomOf("8001"), RoomOf("8090", pin="4711")], False, ""),
        ([RoomOf("8001", owner=1), RoomOf("8090", pin="4711")], True, ""),
    ],
)
def test_rooms_of_the_pool_that_are_closed_to_guests_are_worth_a_look(
    rooms: list[RoomOf], guests: bool, closed: str
) -> None:
    found = of_rooms(rooms, [ANNA], ["main"], guests=guests)
    assert all(one.ok for one in found)
    (told,) = found
    assert closed in told.said
    assert bool(told.remedy) == bool(closed)
