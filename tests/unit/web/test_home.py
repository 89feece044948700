"""The overview: what is told to whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.conference import Participant
from gateway.domain.signin import Role
from gateway.errors import Unreachable
from gateway.store import conferences, devices, health, mailboxes
from tests.unit.planning.planned import conference
from tests.unit.web.away import HOUR, id_of, live_part, made_busy, text_of
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House

MINUTE = timedelta(minutes=1)


async def overview(house: House, role: Role = Role.USER) -> str:
    return text_of((await (await house.browser(house.of(role))).get("/")).text)


@pytest.mark.parametrize("role", Role)
async def test_everybody_has_an_overview(house: House, role: Role):
    said = await overview(house, role)
    assert "Your telephone rings." in said
    assert ("Who is away" in said) == (role >= Role.OPERATOR)
    assert ("To the status" in said) == (role >= Role.ADMINISTRATOR)


async def test_an_administrator_without_a_telephone_sees_how_the_house_is(house: House):
    browser = await house.browser(house.root)
    browser.client.cookies.set("language", "en")
    said = text_of((await browser.get("/")).text)
    assert "My telephone" not in said
    assert "Ringplan stands still" in said
    assert "Nobody is away." in said


async def test_who_has_no_account_is_led_to_it(house: House):
    browser = await house.browser(house.anna)
    shown = (await browser.get("/")).text
    assert "First steps" in shown
    assert 'href="/account">Enter my calendar account<' in shown
    await made_busy(house)
    shown = (await browser.get("/")).text
    assert "First steps" not in shown
    assert "not read yet" in shown


async def test_how_my_telephone_is_and_what_comes(house: House):
    await made_busy(house)
    browser = await house.browser(house.anna)
    said = live_part((await browser.get("/")).text)
    assert "diverted At lunch Until Mon 23 Nov 13:00 Back Tue 24 Nov 08:00" in said
    assert "Next absence On a business trip : Göteborg <b>1</b> Mon 23 Nov 13:00 – 18:00" in said
    await browser.post("/absences/end")
    said = live_part((await browser.get("/")).text)
    assert "reachable Your telephone rings." in said
    assert "Next absence In a meeting : Styrgrupp Tue 24 Nov 09:00" in said


async def test_how_the_reading_of_my_calendar_goes(house: House):
    await made_busy(house)
    async with house.portal.store.write() as rows:
        (box,) = await mailboxes.of(rows, id_of(house.anna))
        await mailboxes.unchanged(rows, [box.id], NOON - MINUTE)
    assert "is read last Mon 23 Nov 11:59" in await overview(house)
    async with house.portal.store.write() as rows:
        await mailboxes.failed(rows, [box.id], Unreachable("nobody answers"), NOON)
    assert "cannot be read since Mon 23 Nov 12:00" in await overview(house)
    async with house.portal.store.write() as rows:
        await mailboxes.put_calendar(rows, id_of(house.anna), calendar=False)
    said = await overview(house)
    assert "My calendar not read My account" in said
    assert "cannot be read" not in said


async def test_the_next_conference_is_mine_and_not_over(house: House):
    mine = replace(
        conference("a", NOON + HOUR),
        organiser=id_of(house.otto),
        subject="Budget",
        participants=(Participant("anna@example.org", id_of(house.anna)),),
    )
    others = replace(conference("b", NOON), organiser=id_of(house.ada), subject="Secret", participants=())
    over = replace(mine, key="c" * 32, start=NOON - 2 * HOUR, end=NOON - HOUR, subject="Over")
    cancelled = replace(mine, key="d" * 32, start=NOON, cancelled=True, subject="Cancelled")
    async with house.portal.store.write() as rows:
        await conferences.keep(rows, [mine, others, over, cancelled])
    said = await overview(house)
    assert "Next conference Budget Mon 23 Nov 13:00" in said
    assert not any(one in said for one in ("Secret", "Over ", "Cancelled"))


async def test_my_phones_are_counted(house: House):
    async with house.portal.store.write() as rows:
        await devices.add(rows, id_of(house.anna), "desk", "generic")
        await devices.add(rows, id_of(house.otto), "desk", "generic")
    assert "1 telephone searches my contacts." in await overview(house)


async def test_operators_and_administrators_see_how_the_house_is(house: House):
    await made_busy(house)
    assert "1 person is away now." in await overview(house, Role.OPERATOR)
    assert "all parts are well" in await overview(house, Role.ADMINISTRATOR)
    async with house.portal.store.write() as rows:
        await health.put(rows, "pbx:main", ok=False, now=NOON, said="lost")
    assert "1 part is not well" in await overview(house, Role.ADMINISTRATOR)
    assert "not well" not in await overview(house, Role.OPERATOR)
