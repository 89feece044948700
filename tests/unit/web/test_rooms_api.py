"""Rooms by program: as on the pages, and never with a PIN."""

from gateway.domain.conference import RoomOf
from gateway.domain.signin import Scope
from gateway.store import rooms
from tests.unit.web.visiting import House

PIN = "90817263"


async def test_rooms_are_added_changed_and_removed(house: House):
    program = await house.program(house.ada)
    made = await program.call("POST", "/rooms", {"numbers": "8001", "owner": "1001", "pin": PIN})
    assert made.status_code == 201
    room = {"number": "8001", "owner": "1001", "pbx": "main", "has_pin": True, "recorded": False}
    assert made.json() == [room]
    assert (await program.call("GET", "/rooms")).json() == {"rooms": [room], "total": 1}
    changed = await program.call("PATCH", "/rooms/8001", {"pool": True, "recorded": True})
    assert changed.json() == room | {"owner": None, "recorded": True}
    async with house.portal.store.read() as rows:
        assert await rooms.get(rows, "8001") == RoomOf("8001", pin=PIN, recorded=True)
    assert (await program.call("PATCH", "/rooms/8001", {"pin": ""})).json()["has_pin"] is False
    gone = await program.call("DELETE", "/rooms/8001")
    assert (gone.status_code, gone.json()) == (200, {"planned": 0, "occupied": 0})
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert (await program.call(method, "/rooms/8001", body)).status_code == 404


async def test_what_cannot_be_is_refused_without_telling_a_pin(house: House):
    program = await house.program(house.ada)
    for body in (
        {"numbers": "8001", "pin": "12"},
        {"numbers": "8001", "owner": "1999"},
        {"numbers": "8001", "pbx": "other"},
        {"numbers": "8001-8002", "owner": "1001"},
        {"numbers": "8002-8001"},
        {"numbers": "8001", "more": True},
    ):
        answer = await program.call("POST", "/rooms", body | {"pin": body.get("pin", PIN)})
        assert answer.status_code == 422, body
        assert PIN not in answer.text
    assert (await program.call("POST", "/rooms", {"numbers": "1001"})).status_code == 409


async def test_rooms_are_for_tokens_of_administrators(house: House):
    reads = await house.program(house.ada, Scope.ADMINISTRATION_READ)
    assert (await reads.call("GET", "/rooms")).status_code == 200
    assert (await reads.call("POST", "/rooms", {"numbers": "8001"})).status_code == 403
    assert (await (await house.program(house.otto)).call("GET", "/rooms")).status_code == 403
