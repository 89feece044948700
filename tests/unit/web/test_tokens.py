"""Tokens: made once, shown once, never for more than their maker has, and good for nothing once revoked."""

from datetime import timedelta

import pytest

from gateway.domain.signin import Role, Scope
from gateway.store import audit, signins, tokens
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import House, Program


async def mine(house: House, signin: int):
    async with house.portal.store.read() as rows:
        return await tokens.of(rows, signin)


async def test_a_token_is_shown_once_and_works(house: House):
    browser = await house.browser(house.anna)
    answer = await browser.post("/security/tokens", {"name": "wall display", "scopes": ["own:read"], "until": ""})
    assert answer.status_code == 200
    secret = answer.text.partition("<code>")[2].partition("</code>")[0]
    assert (await Program(house.app, secret).call("GET", "/me")).json()["scopes"] == ["own:read"]
    again = await browser.get("/security/tokens")
    assert "wall display" in again.text
    assert secret not in again.text
    async with house.portal.store.read() as rows:
        (entry,) = await audit.latest(rows, 9)
    assert (entry.who, entry.did, entry.about) == (f"signin {house.anna.id}", "token made", "token 1")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "scopes": "own:read"},
        {"name": "x" * 61, "scopes": "own:read"},
        {"name": "none"},
        {"name": "more", "scopes": "people:read"},
        {"name": "past", "scopes": "own:read", "until": "2026-11-22"},
        {"name": "odd", "scopes": "own:read", "until": "tomorrow"},
        {"name": "far", "scopes": "own:read", "until": "9999-12-31"},
    ],
)
async def test_what_cannot_be_is_told(house: House, fields: dict[str, str]):
    browser = await house.browser(house.anna)
    answer = await browser.post("/security/tokens", fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert not await mine(house, house.anna.id)


async def test_nobody_revokes_what_is_anothers(house: House):
    await house.program(house.otto, Scope.OWN_READ)
    (token,) = await mine(house, house.otto.id)
    browser, program = await house.browser(house.anna), await house.program(house.anna)
    assert (await browser.post(f"/security/tokens/{token.id}/revoke")).status_code == 404
    assert (await program.call("DELETE", f"/tokens/{token.id}")).status_code == 404
    assert await mine(house, house.otto.id)


async def test_a_token_that_is_revoked_is_good_for_nothing(house: House):
    program, browser = await house.program(house.anna), await house.browser(house.anna)
    (token,) = await mine(house, house.anna.id)
    answer = await browser.post(f"/security/tokens/{token.id}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, "/security/tokens?told=revoked")
    assert (await program.call("GET", "/me")).status_code == 401


async def test_a_token_makes_none_that_may_more_or_lasts_longer(house: House, clock: HandClock):
    program = await house.program(house.ada, Scope.OWN_READ, Scope.OWN_WRITE)
    more = await program.call("POST", "/tokens", {"name": "more", "scopes": ["administration:read"]})
    assert more.status_code == 422
    made = await program.call("POST", "/tokens", {"name": "less", "scopes": ["own:read"]})
    assert made.status_code == 201
    until = clock.now() + timedelta(days=1)
    async with house.portal.store.write() as rows:
        scopes = [Scope.OWN_WRITE]
        _, secret = await tokens.add(rows, house.ada.id, "short", scopes, clock.now(), until)
    short = Program(house.app, secret.reveal())
    for end in (None, (until + timedelta(minutes=1)).isoformat()):
        longer = await short.call("POST", "/tokens", {"name": "longer", "scopes": ["own:write"], "until": end})
        assert longer.status_code == 422
    same = await short.call("POST", "/tokens", {"name": "same", "scopes": ["own:write"], "until": until.isoformat()})
    assert same.status_code == 201


async def test_a_token_ends(house: House, clock: HandClock):
    async with house.portal.store.write() as rows:
        until = clock.now() + timedelta(hours=1)
        _, secret = await tokens.add(rows, house.anna.id, "short", [Scope.OWN_READ], clock.now(), until)
    program = Program(house.app, secret.reveal())
    assert (await program.call("GET", "/me")).status_code == 200
    clock.turn(timedelta(hours=1))
    assert (await program.call("GET", "/me")).status_code == 401


async def test_its_use_is_noted_once_a_minute(house: House, clock: HandClock):
    program = await house.program(house.anna)
    begun = clock.now()
    for after, noted in ((0, 0), (59, 0), (60, 60)):
        clock.turn(begun + timedelta(seconds=after))
        await program.call("GET", "/me")
        (token,) = await mine(house, house.anna.id)
        assert token.used == begun + timedelta(seconds=noted)


async def test_there_are_only_so_many(house: House):
    program = await house.program(house.anna)
    told = [
        (await program.call("POST", "/tokens", {"name": "one", "scopes": ["own:read"]})).status_code for _ in range(20)
    ]
    assert told == [201] * 19 + [409]


async def test_a_role_that_is_lost_takes_its_scopes_along(house: House):
    program = await house.program(house.ada, Scope.ADMINISTRATION_READ)
    assert (await program.call("GET", "/audit")).status_code == 200
    async with house.portal.store.write() as rows:
        await signins.put_role(rows, house.ada.id, Role.OPERATOR)
    assert (await program.call("GET", "/audit")).status_code == 403
