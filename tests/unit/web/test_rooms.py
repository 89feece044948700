"""Rooms in the portal: added, changed, removed; a PIN is never shown; and what is done is in the audit log."""

import pytest

from gateway.domain.conference import Attendance, RoomOf
from gateway.store import attendances, audit, conferences, rooms
from tests.unit.planning.planned import conference
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import Browser, House

PLACE = "/administration/rooms"
PIN = "90817263"


async def ada(house: House) -> Browser:
    return await house.browser(house.ada)


async def kept(house: House) -> dict[str, RoomOf]:
    async with house.portal.store.read() as rows:
        return {room.number: room for room in await rooms.every(rows)}


async def test_a_room_is_added_changed_and_removed(house: House):
    browser = await ada(house)
    assert "There is no room yet" in (await browser.get(PLACE)).text
    done = await browser.post(f"{PLACE}/new", {"numbers": "8001", "owner": "1001", "pin": PIN})
    assert (done.status_code, done.headers["location"]) == (303, f"{PLACE}?told=added")
    assert (await kept(house))["8001"] == RoomOf("8001", "main", house.anna.user, PIN)
    assert "Anna Berg" in (await browser.get(PLACE)).text

    await browser.post(f"{PLACE}/edit/8001", {"owner": "1001", "pin": "", "recorded": "yes"})
    assert (await kept(house))["8001"] == RoomOf("8001", "main", house.anna.user, PIN, recorded=True)
    await browser.post(f"{PLACE}/edit/8001", {"owner": "", "pin": "", "no_pin": "yes"})
    assert (await kept(house))["8001"] == RoomOf("8001")

    assert (await browser.get(f"{PLACE}/remove/8001")).status_code == 200
    assert "8001" in await kept(house)
    assert (await browser.post(f"{PLACE}/remove/8001")).headers["location"] == f"{PLACE}?told=removed"
    assert await kept(house) == {}
    async with house.portal.store.read() as rows:
        done_by = [(one.who, one.did, one.about) for one in await audit.latest(rows, 9)]
    whom = f"signin {house.ada.id}"
    did = ("room removed", "room changed", "room changed", "room added")
    assert [one for one in done_by if one[1].startswith("room")] == [(whom, one, "room 8001") for one in did]


async def test_a_pin_is_in_no_page(house: House):
    browser = await ada(house)
    await browser.post(f"{PLACE}/new", {"numbers": "8001", "pin": PIN})
    wrong = await browser.post(f"{PLACE}/edit/8001", {"owner": "1999", "pin": PIN})
    assert wrong.status_code == 422
    for page in (wrong, *[await browser.get(f"{PLACE}{path}") for path in ("", "/edit/8001", "/remove/8001")]):
        assert PIN not in page.text


async def test_a_pool_is_added_in_one_go_and_shown_page_by_page(house: House):
    browser = await ada(house)
    await browser.post(f"{PLACE}/new", {"numbers": "8000-8059", "recorded": "yes"})
    assert len(await kept(house)) == 60
    first, second = (await browser.get(PLACE)).text, (await browser.get(PLACE, page="2")).text
    assert ("8049" in first, "8050" in first, "8050" in second) == (True, False, True)
    assert "Page 1 of 2" in first
    found = await browser.get(PLACE, search="805")
    assert ("8050" in found.text, "8049" in found.text) == (True, False)
    assert (await browser.get(PLACE, page="9")).status_code == 303
    assert (await browser.get(PLACE, page="x", search="%")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"numbers": "80a1"}, "is no number of a room"),
        ({"numbers": "8001-8002", "owner": "1001"}, "one number"),
        ({"numbers": "8001", "owner": "1999"}, "is nobody&#39;s number here"),
        ({"numbers": "8001", "pin": "12"}, "is no PIN"),
        ({"numbers": "1001"}, "already belongs to a user"),
        ({"numbers": "8009-8011"}, "8010 is a room already"),
        ({"numbers": "8001", "owner": "1002"}, "has the room 8010 already"),
        ({"numbers": "8001", "pbx": "other"}, "is not in the settings"),
    ],
)
async def test_what_cannot_be_a_room(house: House, fields: dict[str, str], said: str):
    async with house.portal.store.write() as rows:
        await rooms.put(rows, RoomOf("8010", owner=house.otto.user))
    answer = await (await ada(house)).post(f"{PLACE}/new", fields)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text
    assert 'aria-invalid="true"' in answer.text or "pbx" in fields
    assert "ringplan " not in answer.text
    assert (await kept(house)).keys() == {"8010"}


async def test_what_follows_from_removing_is_said_before(house: House):
    here = conference(start=NOON, organiser=house.anna.user)
    there = conference("another", start=NOON, organiser=house.anna.user)
    async with house.portal.store.write() as rows:
        await rooms.put(rows, RoomOf("8001"))
        await conferences.keep(rows, [here, there])
        await attendances.came(rows, Attendance(here.key, "PJSIP/1", "", NOON))
    shown = (await (await ada(house)).get(f"{PLACE}/remove/8001")).text
    assert "if one is free: 1" in shown
    assert "somebody is in: 1" in shown


async def test_there_is_no_such_room(house: House):
    browser = await ada(house)
    for path in ("/edit/8001", "/remove/8001", "/edit/%27"):
        assert (await browser.get(f"{PLACE}{path}")).status_code == 404
        assert (await browser.post(f"{PLACE}{path}")).status_code == 404


async def test_rooms_are_for_administrators(house: House):
    for signin in (house.anna, house.otto):
        browser = await house.browser(signin)
        assert (await browser.get(PLACE)).status_code == 403
        assert (await browser.post(f"{PLACE}/new", {"numbers": "8001"})).status_code == 403
    assert await kept(house) == {}
