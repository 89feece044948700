"""People, for operators: who is away, discreetly; setting and ending an absence for somebody."""

import re
from dataclasses import replace

import pytest

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.signin import Role, Scope
from gateway.store import audit, codes, diversions, signins, switches, users
from tests.unit.web.away import HOUR, at, by_hand, id_of, kept, live_part, made_busy, planned, text_of
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import Browser, House, a_user

TELLING = ("sick", "Sick", "SJU", "VAB", "child", "42", "41", "fever")


@pytest.fixture
async def busy(house: House) -> House:
    return await made_busy(house)


@pytest.fixture
async def operator(house: House) -> Browser:
    return await house.browser(house.otto)


async def people(browser: Browser, **query: str) -> list[str]:
    """The lines of the table, without their marks."""
    body = (await browser.get("/people", **query)).text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [text_of(f"<main>{row}").removeprefix("> ") for row in body.split("<tr>")[1:]]


@pytest.mark.parametrize("path", ["/people", "/people/1002"])
async def test_who_is_no_operator_is_not_let_in(house: House, path: str):
    browser = await house.browser(house.anna)
    assert (await browser.get(path)).status_code == 403
    assert (await browser.post("/people/1002/absence", {"code": "meeting", "time": "15:00"})).status_code == 403
    assert (await browser.post("/people/1002/absence/end")).status_code == 403
    assert await by_hand(house, house.otto) is None
    for role in (Role.OPERATOR, Role.ADMINISTRATOR):
        assert (await (await house.browser(house.of(role))).get(path)).status_code == 200


async def test_everybody_is_listed_with_how_they_are_now(busy: House, operator: Browser):
    assert await people(operator) == [
        "Ada Fors 1003 reachable",
        "Anna Berg 1001 At lunch Mon 23 Nov 13:00 Tue 24 Nov 08:00",
        "Otto Ek 1002 reachable",
    ]
    assert await people(operator, away="yes") == ["Anna Berg 1001 At lunch Mon 23 Nov 13:00 Tue 24 Nov 08:00"]


async def test_a_description_is_shown_where_the_code_lets_operators_see_it(house: House, operator: Browser):
    def of(signin: int, code: str) -> Diversion:
        return Diversion(signin, f"{signin}" * 32, code, NOON - HOUR, NOON + HOUR, text="with Eva")

    await planned(house, house.anna, of(id_of(house.anna), "trip"))
    await planned(house, house.otto, of(id_of(house.otto), "lunch"))
    await planned(house, house.ada, replace(of(id_of(house.ada), "sick"), text="fever"))
    lines = await people(operator)
    assert lines[0].startswith("Ada Fors 1003 Away Mon 23 Nov 13:00")
    assert lines[1].endswith("with Eva")
    assert not lines[2].endswith("with Eva")
    for extension in ("1003", "1002"):
        assert "with Eva" not in live_part((await operator.get(f"/people/{extension}")).text)
    of_ada = live_part((await operator.get("/people/1003")).text)
    assert not any(one in of_ada for one in TELLING)
    async with house.portal.store.write() as rows:
        trip = next(one for one in await codes.every(rows) if one.key == "trip")
        await codes.put(rows, replace(trip, sensitive=True))
    assert await people(operator, search="Anna") == ["Anna Berg 1001 Away Mon 23 Nov 13:00 Mon 23 Nov 13:00"]
    assert "with Eva" not in (await operator.get("/people/1001")).text


async def test_information_is_an_absence_whose_telephone_rings(house: House, operator: Browser):
    user = id_of(house.anna)
    await planned(house, house.anna, Diversion(user, "a" * 32, "meeting", NOON - HOUR, NOON + HOUR, diverts=False))
    assert await people(operator, away="yes") == ["Anna Berg 1001 In a meeting rings Mon 23 Nov 13:00 Mon 23 Nov 13:00"]


async def test_what_was_ended_what_is_over_and_a_code_that_is_no_more_are_no_absences(house: House, operator: Browser):
    user = id_of(house.anna)
    over = Diversion(user, "a" * 32, "meeting", NOON - HOUR, NOON)
    gone = Diversion(user, "b" * 32, "gone", NOON - HOUR, NOON + HOUR)
    later = Diversion(user, "c" * 32, "meeting", NOON + HOUR, NOON + 2 * HOUR)
    await planned(house, house.anna, over, gone, later)
    await planned(house, house.ada, Diversion(id_of(house.ada), "d" * 32, "meeting", NOON - HOUR, NOON + HOUR))
    async with house.portal.store.write() as rows:
        await diversions.dismiss(rows, id_of(house.ada), NOON)
    assert await people(operator, away="yes") == []
    assert (await people(operator))[:2] == ["Ada Fors 1003 reachable", "Anna Berg 1001 reachable"]
    assert "Nobody is away." in (await operator.get("/people", away="yes")).text


async def test_who_is_disabled_is_listed_and_not_away(busy: House, operator: Browser):
    async with busy.portal.store.write() as rows:
        anna = await users.get(rows, id_of(busy.anna))
        assert anna is not None
        await users.put(rows, replace(anna, enabled=False))
    assert await people(operator, search="berg") == ["Anna Berg 1001 does not take part"]
    assert await people(operator, away="yes") == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("anna", ["1001"]),
        ("BERG anna", ["1001"]),
        ("100", ["1003", "1001", "1002"]),
        ("1501", ["1010"]),
        ("501", []),
        ("åke", ["1010"]),
        ("ÅNGSTRÖM", ["1010"]),
        ("ångström", ["1010"]),
        ("7% sure", ["1010"]),
        ("%", ["1010"]),
        ("_", []),
        ("otto@example", ["1002"]),
        ("anna otto", []),
        ("<script>", []),
    ],
)
async def test_people_are_found_by_name_number_and_address(
    house: House, operator: Browser, search: str, found: list[str]
):
    async with house.portal.store.write() as rows:
        new = replace(a_user("1010", "Åke Ångström 7% sure", "ake@example.org"), phones=("1501",))
        await users.add(rows, new)
    lines = await people(operator, search=search)
    assert sorted(re.findall(r"\b10\d\d\b", " ".join(lines))) == sorted(found)
    assert "<script>alert" not in (await operator.get("/people", search="<script>alert(1)</script>")).text


async def test_people_are_shown_fifty_at_a_time(house: House, operator: Browser):
    async with house.portal.store.write() as rows:
        await users.add_every(rows, [a_user(str(2000 + i), f"Many {i:03}", f"m{i}@example.org") for i in range(101)])
    assert [len(await people(operator, search="many", page=page)) for page in ("1", "2", "3")] == [50, 50, 1]
    second = (await operator.get("/people", search="many", page="2")).text
    assert "101 people" in second
    assert "Page 2 of 3" in second
    assert 'href="/people?search=many&amp;page=3"' in second
    beyond = await operator.get("/people", search="many", page="4")
    assert (beyond.status_code, beyond.headers["location"]) == (303, "/people?search=many&page=3")
    beyond = await operator.get("/people", search="", page="9", away="yes")
    assert beyond.headers["location"] == "/people?search=&page=1&away=yes"
    for odd in ("0", "-1", "x", "9" * 30, "²"):
        assert (await operator.get("/people", page=odd)).status_code == 200


async def test_an_operator_sets_and_ends_an_absence_for_somebody(busy: House, operator: Browser):
    answer = await operator.post("/people/1001/absence", {"code": "sick", "day": "2026-11-25", "target": "1003"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/people/1001?told=set")
    expected = Diversion(id_of(busy.anna), BY_HAND, "sick", NOON, at(25, 0), target="1003", by_hand=True)
    assert await by_hand(busy, busy.anna) == expected
    assert await by_hand(busy, busy.otto) is None
    page = (await operator.get("/people/1001", told="set")).text
    assert "The absence is set." in page
    assert "Away by hand Until Wed 25 Nov 00:00" in live_part(page)
    assert not any(one in live_part(page) for one in TELLING)
    answer = await operator.post("/people/1001/absence/end")
    assert answer.headers["location"] == "/people/1001?told=ended"
    of_hand, of_calendar = await kept(busy, busy.anna)
    assert of_hand is None
    assert [one.code for one in of_calendar if one.dismissed] == ["trip", "lunch"]
    again = await operator.post("/people/1001/absence/end")
    assert again.headers["location"] == "/people/1001?told=nothing"


async def test_nothing_outlives_the_absence_of_somebody(busy: House, operator: Browser):
    await operator.post("/people/1001/absence", {"code": "sick", "day": "2026-11-25"})
    await operator.post("/people/1001/absence/end")
    async with busy.portal.store.read() as rows:
        assert not await audit.latest(rows, 9)


async def test_what_cannot_be_set_is_told_and_shown_again(house: House, operator: Browser):
    answer = await operator.post("/people/1001/absence", {"code": "meeting", "time": "15:00", "target": "1001"})
    assert answer.status_code == 422
    assert "1001's own number" in text_of(answer.text)
    assert 'value="15:00"' in answer.text
    assert await by_hand(house, house.anna) is None


@pytest.mark.parametrize("extension", ["9999", "x", "1001%00", "²"])
async def test_who_is_not_there_cannot_be_seen_nor_set(house: House, operator: Browser, extension: str):
    assert (await operator.get(f"/people/{extension}")).status_code == 404
    assert (await operator.post(f"/people/{extension}/absence", {"code": "lunch", "time": "15:00"})).status_code == 404
    assert (await operator.post(f"/people/{extension}/absence/end")).status_code == 404


async def test_that_ringplan_is_off_is_said(busy: House, operator: Browser):
    async with busy.portal.store.write() as rows:
        await switches.turn_off(rows, NOON)
    assert "Ringplan is off" in text_of((await operator.get("/people")).text)


async def test_people_are_told_of_in_the_operators_language(busy: House, operator: Browser):
    operator.client.cookies.set("language", "de")
    assert await people(operator, away="yes") == [
        "Anna Berg 1001 In der Mittagspause Mo. 23. Nov. 13:00 Di. 24. Nov. 08:00"
    ]


async def test_a_program_of_an_operator_sees_and_sets_discreetly(busy: House):
    program = await busy.program(busy.otto)
    told = (await program.call("GET", "/people", away="true")).json()
    assert (told["total"], told["page"], told["pages"]) == (1, 1, 1)
    (anna,) = told["people"]
    assert (anna["extension"], anna["away"]["code"], anna["away"]["until"]) == (
        "1001",
        "lunch",
        "2026-11-23T13:00:00+01:00",
    )
    body = {"code": "sick", "until": "2026-11-25T00:00:00+01:00"}
    answer = await program.call("PUT", "/people/1001/absence", body)
    assert (answer.status_code, answer.json()["now"]["code"], answer.json()["now"]["reason"]) == (200, "away", "Away")
    assert not any(one in answer.text for one in TELLING)
    shown = (await program.call("GET", "/people/1001")).json()
    assert shown["absences"]["now"]["until"] == "2026-11-25T00:00:00+01:00"
    assert (await program.call("DELETE", "/people/1001/absence")).json()["now"] is None
    assert await by_hand(busy, busy.anna) is None
    for method in ("GET", "DELETE"):
        path = "/people/9999" if method == "GET" else "/people/9999/absence"
        assert (await program.call(method, path)).status_code == 404
    assert (await program.call("PUT", "/people/9999/absence", body)).status_code == 404


async def test_a_program_needs_the_scope_and_its_owner_the_role(house: House):
    reader = await house.program(house.otto, Scope.PEOPLE_READ)
    body = {"code": "meeting", "until": "2026-11-25T00:00:00+01:00"}
    assert (await reader.call("GET", "/people")).status_code == 200
    assert (await reader.call("PUT", "/people/1001/absence", body)).status_code == 403
    assert (await reader.call("DELETE", "/people/1001/absence")).status_code == 403
    everything = await house.program(house.anna)
    assert (await everything.call("GET", "/people")).status_code == 403
    assert (await everything.call("GET", "/people/1002")).status_code == 403
    async with house.portal.store.write() as rows:
        await signins.put_role(rows, house.otto.id, Role.USER)
    assert (await reader.call("GET", "/people")).status_code == 403
