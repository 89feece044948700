"""What my absences look like: now and to come, in my zone and my language."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.code import Behaviour, Treatment
from gateway.domain.diversion import Diversion
from gateway.domain.signin import Role
from gateway.store import codes, switches, users
from gateway.web.application import application
from tests.fakes.clock import HandClock
from tests.unit.web.away import HOUR, by_hand, id_of, live_part, made_busy, planned, text_of
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House

OCTOBER = datetime(2026, 10, 24, 12, tzinfo=UTC)  # a day before clocks are turned back
RUNS_NOT = "Ringplan stands still"


@pytest.fixture
async def busy(house: House) -> House:
    return await made_busy(house)


async def test_what_is_in_force_and_what_comes_is_shown(busy: House):
    async with busy.portal.store.write() as rows:
        lunch = next(one for one in await codes.every(rows) if one.key == "lunch")
        quiet = Treatment(announce=False, then=Behaviour.RING)
        await codes.put(rows, replace(lunch, internal=quiet, target="1002"))
    browser = await busy.browser(busy.anna)
    shown = (await browser.get("/absences")).text
    said = live_part(shown)
    assert RUNS_NOT not in said
    for told in (
        "At lunch calendar Until Mon 23 Nov 13:00 Back Tue 24 Nov 08:00",
        "A colleague who calls your telephone rings",
        "Who calls from outside hears the reason and the time of return, then is led to 1002",
        "In training, until Mon 23 Nov 13:00 information only, the telephone rings",
        "Mon 23 Nov 13:00 Mon 23 Nov 18:00 On a business trip Göteborg <b>1</b>",
        "Tue 24 Nov 09:00 Tue 24 Nov 10:00 In a meeting Styrgrupp 1003 calendar",
        "Tue 24 Nov 12:00 Tue 24 Nov 13:00 At lunch information only, the telephone rings",
    ):
        assert told in said, said
    assert "<b>1</b>" not in shown
    assert "Later" not in said
    await browser.post("/absences", {"code": "sick", "day": "2026-11-26", "target": "1003"})
    said = live_part((await browser.get("/absences")).text)
    assert "Off sick by hand Until Thu 26 Nov 00:00 Back Thu 26 Nov 08:00" in said
    assert "is led to 1003" in said
    assert "Styrgrupp" not in said  # the absence by hand lies over it


async def test_what_was_dismissed_is_shown_as_such(busy: House):
    browser = await busy.browser(busy.anna)
    await browser.post("/absences/end")
    said = live_part((await browser.get("/absences")).text)
    assert "reachable Your telephone rings." in said
    assert "At lunch, until Mon 23 Nov 13:00 ended by hand, the telephone rings" in said
    assert "Göteborg <b>1</b>, until Mon 23 Nov 18:00 ended by hand, the telephone rings" in said
    assert "End it now" not in said


async def test_a_code_that_is_no_more_does_nothing(house: House):
    await planned(house, house.anna, Diversion(id_of(house.anna), "a" * 32, "gone", NOON - HOUR, NOON + HOUR))
    browser = await house.browser(house.anna)
    assert "Your telephone rings." in live_part((await browser.get("/absences")).text)


@pytest.mark.parametrize(
    ("now", "fields", "end", "shown"),
    [
        (datetime(2026, 10, 24, 20, tzinfo=UTC), {"time": "03:30"}, (25, 2, 30), "Sun 25 Oct 03:30"),
        (OCTOBER, {"day": "2026-10-26"}, (25, 23, 0), "Mon 26 Oct 00:00"),
        (
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            {"day": "2026-10-25", "time": "02:30"},
            (25, 0, 30),
            "Sun 25 Oct 02:30",
        ),
        (OCTOBER, {"day": "2026-10-25"}, (24, 22, 0), "Sun 25 Oct 00:00"),
    ],
)
async def test_the_day_on_which_clocks_are_turned_back_is_25_hours_long(
    house: House, clock: HandClock, now: datetime, fields: dict[str, str], end: tuple[int, int, int], shown: str
):
    clock.turn(now)
    browser = await house.browser(house.anna)
    assert (await browser.post("/absences", {"code": "meeting", **fields})).status_code == 303
    made = await by_hand(house, house.anna)
    assert made is not None
    assert made.end == datetime(2026, 10, *end, tzinfo=UTC)
    assert f"Until {shown}" in live_part((await browser.get("/absences")).text)


async def test_times_are_those_of_the_persons_own_zone(house: House):
    async with house.portal.store.write() as rows:
        anna = await users.get(rows, id_of(house.anna))
        assert anna is not None
        await users.put(rows, replace(anna, zone=ZoneInfo("Europe/Helsinki")))
    browser = await house.browser(house.anna)
    await browser.post("/absences", {"code": "meeting", "time": "15:00"})
    made = await by_hand(house, house.anna)
    assert made is not None
    assert made.end == NOON + 2 * HOUR


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "sv",
            (
                "I möte",
                "för hand",
                "Till mån 23 nov. 15:00",
                "hör anledningen",
                "På lunch (L, LUN), till ett klockslag",
            ),
        ),
        (
            "de",
            (
                "In einer Besprechung",
                "von Hand",
                "Bis Mo. 23. Nov. 15:00",
                "hört den Grund",
                "In der Mittagspause (L, LUN)",
            ),
        ),
    ],
)
async def test_it_is_said_in_the_visitors_language(house: House, language: str, told: tuple[str, ...]):
    browser = await house.browser(house.anna)
    browser.client.cookies.set("language", language)
    await browser.post("/absences", {"code": "meeting", "time": "15:00"})
    said = text_of((await browser.get("/absences")).text)
    for one in told:
        assert one in said, said
    wrong = text_of((await browser.post("/absences", {"code": "meeting"})).text)
    assert {"sv": "till när? Den här koden vill ha ett klockslag", "de": "bis wann? Dieses Kürzel"}[language] in wrong


async def test_why_a_telephone_rings_anyway_is_said(house: House):
    async with house.portal.store.write() as rows:
        await switches.turn_off(rows, NOON)
    trial = replace(house.portal.installation, dry_run=True, pilot=frozenset({"1002"}))
    portal = replace(house.portal, installation=trial)
    browser = await replace(house, portal=portal, app=application(portal)).browser(house.anna)
    said = live_part((await browser.get("/absences")).text)
    for why in ("Ringplan is off", "Only a pilot group takes part yet", "This is a trial run", RUNS_NOT):
        assert why in said, said


@pytest.mark.parametrize("role", Role)
async def test_whoever_has_a_telephone_has_absences(house: House, role: Role):
    browser = await house.browser(house.of(role))
    shown = (await browser.get("/absences")).text
    assert 'data-live="absences"' in shown
    assert "Your telephone rings." in shown
