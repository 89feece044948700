"""A user who is removed while their form waits for others who write is told so; the log tells what happened."""

from typing import Any

import pytest

from gateway.deciding import tokens
from gateway.deciding.sync import Asked
from gateway.domain.signin import Scope
from gateway.store import users
from gateway.store.rows import Rows
from tests.unit.web.visiting import House

TOKEN = {"name": "wall display", "scopes": ["own:read"]}


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 1001 be removed as soon as it is their turn to write."""
    make, ask = tokens.make, Asked.ask

    async def remove(rows: Rows) -> None:
        user = await users.by_extension(rows, "1001")
        assert user is not None
        await users.remove(rows, user.id)

    async def made(rows: Rows, *more: Any) -> Any:
        await remove(rows)
        return await make(rows, *more)

    async def asked(self: Asked, rows: Rows, *more: Any) -> Any:
        await remove(rows)
        return await ask(self, rows, *more)

    monkeypatch.setattr(tokens, "make", made)
    monkeypatch.setattr(Asked, "ask", asked)


@pytest.mark.parametrize(("path", "form"), [("/security/tokens", TOKEN), ("/account/sync", {})])
async def test_on_a_page(
    house: House, removed: None, caplog: pytest.LogCaptureFixture, path: str, form: dict[str, Any]
) -> None:
    answer = await (await house.browser(house.anna)).post(path, form)
    assert (answer.status_code, "This cannot be done" in answer.text) == (409, True)
    assert [one.levelname for one in caplog.records if "IntegrityError" in one.getMessage()] == ["ERROR"]
    async with house.portal.store.read() as rows:
        assert await users.by_extension(rows, "1001") is not None, "the whole transaction is undone"


@pytest.mark.parametrize(("path", "body"), [("/tokens", TOKEN), ("/account/sync", None)])
async def test_by_a_program(house: House, removed: None, path: str, body: dict[str, Any] | None) -> None:
    program = await house.program(house.anna, Scope.OWN_READ, Scope.OWN_WRITE)
    answer = await program.call("POST", path, body)
    assert (answer.status_code, answer.json()["said"]) == (409, "what this belongs to was removed meanwhile")
