"""Lookup: who calls, for programs; never more than the telephone that rings would show."""

from dataclasses import replace

import pytest

from gateway.domain.signin import Scope
from gateway.web.portal import Portal
from tests.unit.web.visiting import House, house_of

KNOWN = {("", "+46812345"): "Volt AB", ("1001", "0812345"): "Örjan", ("1002", "0812345"): "Zlatan"}


@pytest.fixture
async def house(portal: Portal) -> House:
    """The company knows +46812345, Anna and Otto 0812345, each by another name."""
    return await house_of(replace(portal, name_of=lambda extension, number: KNOWN.get((extension, number))))


@pytest.mark.parametrize(
    ("number", "query", "name"),
    [
        ("+46812345", {}, "Volt AB"),
        ("0812345", {}, None),
        ("0812345", {"extension": "1001"}, "Örjan"),
        ("0812345", {"extension": "1002"}, "Zlatan"),
        ("0812345", {"extension": "4711"}, None),
        ("anonymous", {}, None),
    ],
)
async def test_a_number_has_the_name_that_the_called_one_would_see(
    house: House, number: str, query: dict[str, str], name: str | None
):
    program = await house.program(house.otto, Scope.LOOKUP)
    answer = await program.call("GET", f"/lookup/{number}", **query)
    assert (answer.status_code, answer.json()) == (200, {"number": number, "name": name})


async def test_who_is_no_operator_asks_for_nobody_else(house: House):
    program = await house.program(house.anna, Scope.LOOKUP)
    assert (await program.call("GET", "/lookup/0812345", extension="1001")).json()["name"] == "Örjan"
    assert (await program.call("GET", "/lookup/+46812345")).json()["name"] == "Volt AB"
    for other in ("1002", "4711"):
        assert (await program.call("GET", "/lookup/0812345", extension=other)).status_code == 403


@pytest.mark.parametrize("accept", ["text/plain", "text/plain, */*", "TEXT/PLAIN;q=0.9"])
async def test_dialplans_get_the_bare_name(house: House, accept: str):
    program = await house.program(house.otto, Scope.LOOKUP)
    program.client.headers["Accept"] = accept
    answer = await program.call("GET", "/lookup/0812345", extension="1001")
    assert (answer.text, answer.headers["content-type"]) == ("Örjan", "text/plain; charset=utf-8")
    assert (await program.call("GET", "/lookup/4711")).text == ""


async def test_other_tokens_and_other_things_than_numbers_are_refused(house: House):
    others = await house.program(house.otto, *(scope for scope in Scope if scope is not Scope.LOOKUP))
    assert (await others.call("GET", "/lookup/0812345")).status_code == 403
    program = await house.program(house.otto, Scope.LOOKUP)
    assert (await program.call("GET", f"/lookup/{'1' * 101}")).status_code == 422
    broken = await program.call("GET", "/lookup/08%0A1")
    assert (broken.status_code, broken.headers["content-type"]) == (404, "application/json")
    for extension in ("x", "", "1" * 21):
        assert (await program.call("GET", "/lookup/1", extension=extension)).status_code == 422


async def test_without_a_directory_nobody_has_a_name(portal: Portal):
    house = await house_of(portal)
    program = await house.program(house.root, Scope.LOOKUP)
    answer = await program.call("GET", "/lookup/0812345")
    assert (answer.status_code, answer.json()["name"]) == (200, None)
