"""The administrators' half of the API: codes, organisation, accounts, status, as the pages have them."""

import json

import pytest

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.signin import Scope
from gateway.store import accounts, audit, codes, organisation, refusals, switches, wishes
from tests.unit.web.visiting import House, Program

SECRET = "correct horse battery"


@pytest.fixture
async def program(house: House) -> Program:
    async with house.portal.store.write() as rows:
        for one in await codes.every(rows):
            await codes.remove(rows, one.key)
    return await house.program(house.ada)


async def test_codes(program: Program, house: House):
    body = {"names": ["tand"], "texts": {"sv": "Hos tandläkaren"}, "external": "announce,voicemail", "digit": "77"}
    added = await program.call("PUT", "/codes/dentist", body)
    assert (added.status_code, added.json()["names"], added.json()["digit"]) == (201, ["TAND"], "77")
    changed = await program.call("PUT", "/codes/dentist", {"digit": "", "sensitive": True})
    assert (changed.status_code, changed.json()["digit"], changed.json()["names"]) == (200, None, ["TAND"])
    assert [one["key"] for one in (await program.call("GET", "/codes")).json()] == ["dentist"]
    tried = (await program.call("POST", "/codes/test", {"subject": "tand:>1002 hos Eva"})).json()
    assert (tried["code"], tried["diverts"], tried["number"], tried["permitted"]) == ("dentist", True, "1002", True)
    assert "Eva" not in json.dumps(tried)
    assert (await program.call("DELETE", "/codes/dentist")).status_code == 204
    assert (await program.call("DELETE", "/codes/dentist")).status_code == 404
    assert (await program.call("PUT", "/codes/new", {})).status_code == 422
    assert (await program.call("PUT", "/codes/new", {"names": ["M2"]})).status_code == 422
    assert (await program.call("PUT", "/codes/new", {"colour": "red"})).status_code == 422
    async with house.portal.store.read() as rows:
        did = [one.did for one in await audit.latest(rows, 10) if one.about == "code dentist"]
    assert did == ["code removed", "code changed", "code added"]


async def test_a_name_of_another_code_is_a_conflict(program: Program):
    assert (await program.call("PUT", "/codes/one", {"names": ["M"]})).status_code == 201
    refused = await program.call("PUT", "/codes/two", {"names": ["m"]})
    assert (refused.status_code, refused.json()["said"]) == (409, "M is already a name of the code one")


async def test_the_organisation(program: Program, house: House):
    body = {"zone": "Europe/Stockholm", "hours": "mon-fri 08:00-17:00", "dial_in": {"sv": "+46 8 500 100"}, "grace": 5}
    assert (await program.call("PATCH", "/organisation", body)).status_code == 200
    found = (await program.call("GET", "/organisation")).json()
    assert {key: found[key] for key in body} == body
    emptied = (await program.call("PATCH", "/organisation", {"dial_in": {}})).json()
    assert (emptied["dial_in"], emptied["grace"]) == ({}, 5)
    assert (await program.call("PATCH", "/organisation", {"country": "QQ"})).status_code == 422
    assert (await program.call("PATCH", "/organisation", {"hours": "always"})).status_code == 422
    async with house.portal.store.read() as rows:
        assert (await organisation.get(rows)).zone.key == "Europe/Stockholm"


async def test_accounts(program: Program, house: House):
    body = {"source": "office", "login": "reader", "password": SECRET}
    added = await program.call("POST", "/accounts", body)
    assert (added.status_code, added.json()["calendars"], added.json()["ok"]) == (201, 3, None)
    assert (await program.call("POST", "/accounts", body)).status_code == 409
    assert (await program.call("POST", "/accounts", body | {"source": "nowhere"})).status_code == 422
    garbled = await program.call("POST", "/accounts", body | {"password": f"{SECRET}\n"})
    assert garbled.status_code == 422
    async with house.portal.store.write() as rows:
        (account,) = await accounts.every(rows)
        await refusals.refused(rows, account, house.portal.clock.now())
        own = await accounts.add(rows, Account(0, "office", "anna@example.org", Secret("x")))
        await refusals.refused(rows, own, house.portal.clock.now())
    every = await program.call("GET", "/accounts")
    (service,) = every.json()["services"]
    assert (service["refused"], service["tried"]) == (1, "2026-11-23T11:15:00Z")
    assert [one["login"] for one in every.json()["own_failing"]] == ["anna@example.org"]
    assert SECRET not in every.text + garbled.text + added.text
    assert (await program.call("POST", "/accounts/1/retry")).json() == {"tried": True}
    assert (await program.call("POST", "/accounts/1/retry")).json() == {"tried": False}
    assert (await program.call("PUT", "/accounts/1/password", {"password": "another"})).status_code == 204
    assert (await program.call("DELETE", "/accounts/1")).status_code == 204
    for method, path, given in (
        ("POST", "/accounts/1/retry", None),
        ("PUT", "/accounts/1/password", {"password": "x"}),
        ("DELETE", "/accounts/1", None),
    ):
        assert (await program.call(method, path, given)).status_code == 404


async def test_status_and_the_switch(program: Program, house: House):
    told = (await program.call("GET", "/status")).json()
    assert (told["level"], told["running"], told["users"]) == ("critical", False, 3)
    assert (await program.call("PUT", "/status/off")).status_code == 204
    assert (await program.call("GET", "/status")).json()["off_since"] == "2026-11-23T11:00:00Z"
    assert (await program.call("DELETE", "/status/off")).status_code == 204
    assert (await program.call("POST", "/status/sync")).status_code == 204
    async with house.portal.store.write() as rows:
        assert await switches.off_since(rows) is None
        assert [one.user for one in await wishes.take(rows)] == [None]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/codes/x"), ("PATCH", "/organisation"), ("POST", "/accounts"), ("PUT", "/status/off")],
)
async def test_reading_is_not_writing(house: House, method: str, path: str):
    reader = await house.program(house.ada, Scope.ADMINISTRATION_READ)
    assert (await reader.call(method, path, {})).status_code == 403
