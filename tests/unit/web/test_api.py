"""The API's frame: its errors have one shape, whatever goes wrong, and its description says what is true."""

import pytest
from pydantic import ValidationError

from gateway.domain.signin import Role, Scope
from gateway.store import signins
from gateway.web.api import api
from gateway.web.api.answers import Failure
from gateway.web.api.tokens import NewToken
from tests.unit.web.visiting import PLACE, House


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/me", 200),
        ("GET", "/nothing", 404),
        ("GET", "/me/", 404),
        ("DELETE", "/me", 405),
        ("POST", "/me", 405),
        ("GET", "/x%0A", 404),
    ],
)
async def test_unknown_paths_and_methods_are_told_as_json(house: House, method: str, path: str, status: int):
    program = await house.program(house.anna)
    answer = await program.call(method, path)
    assert answer.status_code == status
    if status != 200:
        Failure.model_validate(answer.json())


async def test_without_a_token_nothing_is_told(house: House):
    program = await house.program(house.anna)
    del program.client.headers["Authorization"]
    answer = await program.call("GET", "/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    Failure.model_validate(answer.json())


async def test_who_loses_a_role_loses_its_scopes_at_once(house: House):
    program = await house.program(house.ada)
    assert (await program.call("GET", "/me")).json()["scopes"] == [scope.value for scope in Scope]
    async with house.portal.store.write() as rows:
        await signins.put_role(rows, house.ada.id, Role.USER)
    assert (await program.call("GET", "/me")).json()["scopes"] == ["own:read", "own:write", "lookup"]


async def test_many_wrong_tokens_are_answered_with_a_pause_and_a_right_one_is_not(house: House):
    right, wrong = await house.program(house.anna), await house.program(house.anna)
    wrong.client.headers["Authorization"] = "Bearer wrong"
    told = [(await wrong.call("GET", "/me")).status_code for _ in range(11)]
    assert told == [401] * 10 + [429]
    assert int((await wrong.call("GET", "/me")).headers["retry-after"]) <= 60
    assert (await right.call("GET", "/me")).status_code == 200


async def test_the_description_names_scopes_and_needs_no_token(house: House):
    browser = await house.browser()
    told = (await browser.get(f"{PLACE}/api/openapi.json")).json()
    assert told["openapi"].startswith("3.1")
    assert told["servers"] == [{"url": "/api"}]
    shown = told["paths"]["/me"]["get"]
    assert shown["security"] == [{"token": ["own:read"]}]
    assert shown["operationId"] == "me_show"
    assert "422" in shown["responses"]


def test_every_operation_is_described_with_a_scope_and_a_sentence():
    operations = [one for ways in api.description()["paths"].values() for one in ways.values()]
    assert [one["operationId"] for one in operations if not one["security"][0]["token"]] == []
    assert [one["operationId"] for one in operations if not one["summary"].endswith(".")] == []


def test_a_value_that_cannot_be_stays_out_of_what_is_logged():
    with pytest.raises(ValidationError) as raised:
        NewToken.model_validate({"name": "x", "scopes": ["a secret"], "another": "a secret"})
    assert "a secret" not in str(raised.value)
