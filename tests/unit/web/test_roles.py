"""The walk: every route of the portal and the API, by every method, as everybody; none is open by mistake.

What is expected follows from the path alone, and stands here, not where the routes are: a new route below a path that
is not named here fails.
"""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from gateway.domain.signin import Role, Scope
from gateway.web.visit import cookie_name
from tests.unit.web.visiting import Browser, House

EVERYBODY = ("/sign-in", "/sign-out", "/language", "/welcome", "/forgotten")
PAGES: dict[str, Role | None] = {
    **dict.fromkeys(EVERYBODY),
    **dict.fromkeys(("/account", "/security", "/absences", "/conferences", "/contacts", "/phones"), Role.USER),
    **dict.fromkeys(("/live", "/reference"), Role.USER),
    "/people": Role.OPERATOR,
    "/administration": Role.ADMINISTRATOR,
}
OWN = (Scope.OWN_READ, Scope.OWN_WRITE)
PEOPLE = (Scope.PEOPLE_READ, Scope.PEOPLE_WRITE)
ADMINISTRATION = (Scope.ADMINISTRATION_READ, Scope.ADMINISTRATION_WRITE)
API: dict[str, tuple[Scope, Scope]] = {
    **dict.fromkeys(("/me", "/account", "/absences", "/conferences", "/contacts", "/phones", "/tokens"), OWN),
    "/lookup": (Scope.LOOKUP, Scope.LOOKUP),
    "/people": PEOPLE,
    **dict.fromkeys(("/users", "/rooms", "/codes", "/organisation"), ADMINISTRATION),
    **dict.fromkeys(("/accounts", "/status", "/settings", "/audit"), ADMINISTRATION),
}
WHOLE = {("POST", "/account/addresses"), ("POST", "/account/addresses/confirmation")}  # these want all scopes
OTHERWISE = {
    ("GET", "/phones/{phone}/settings"): Scope.OWN_WRITE,  # the password is in them
    ("GET", "/phones/{phone}/values"): Scope.OWN_WRITE,
    ("POST", "/codes/test"): Scope.ADMINISTRATION_READ,  # it changes nothing
}
SAMPLES = {"extension": "9999", "number": "9999", "topic": "x", "secret": "x", "name": "x"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield method and path of all that an application answers to, but for what is mounted."""
    for one in iter_route_contexts(app.routes):
        for method in sorted(one.methods or ()):
            assert one.path is not None
            yield method, one.path


def mounted(app: FastAPI, path: str) -> FastAPI:
    found = next(route.app for route in app.routes if isinstance(route, Mount) and route.path == path)
    assert isinstance(found, FastAPI)
    return found


def filled(path: str) -> str:
    """Return a path with something in it that there is not: the walk must not remove who walks."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: SAMPLES.get(found[1], "9999"), path)


def below(path: str, table: dict[str, object]) -> str:
    (found,) = [start for start in table if path == start or path.startswith(f"{start}/")]
    return found


def least_for(path: str) -> Role | None:
    return Role.USER if path == "/" else PAGES[below(path, {**PAGES})]


async def visit(browser: Browser, method: str, path: str):
    if method == "GET":
        return await browser.get(path)
    if method == "POST":
        return await browser.post(path)
    return await browser.client.request(method, path)


async def test_nothing_but_these_is_mounted(house: House):
    assert isinstance(house.app, FastAPI)
    assert sorted(route.path for route in house.app.routes if isinstance(route, Mount)) == ["/api", "/static"]
    methods = {method for method, _ in routes(house.app)}
    assert methods <= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("role", [None, *Role])
async def test_every_page_is_for_whom_its_path_says(house: House, role: Role | None):
    assert isinstance(house.app, FastAPI)
    walked = 0
    for method, path in routes(house.app):
        if path in ("/api", "/static"):
            continue
        browser = await house.browser(None if role is None else house.of(role))
        if role is None:  # with a cookie, as from the page to sign in: what a form needs
            browser.client.cookies.set(cookie_name(house.portal), "x" * 43)
        answer = await visit(browser, method, filled(path))
        least, place = least_for(path), answer.headers.get("location", "")
        told = f"{method} {path} as {role}: {answer.status_code} {place}"
        is_asked = answer.status_code == 303 and place.startswith("/sign-in?to=")
        assert is_asked == (least is not None and role is None), told
        assert (answer.status_code == 403) == (least is not None and role is not None and role < least), told
        assert answer.status_code < 500, told
        walked += 1
    assert walked > 10


@pytest.mark.parametrize("role", list(Role))
async def test_no_form_is_taken_without_its_seal(house: House, role: Role):
    assert isinstance(house.app, FastAPI)
    for method, path in routes(house.app):
        if method != "POST":
            continue
        browser = await house.browser(house.of(role))
        answer = await browser.post(filled(path), csrf="0" * 64)
        least = least_for(path)
        assert answer.status_code == (403 if least is not None and role < least else 400), path


async def test_every_operation_needs_its_scope_and_its_role(house: House):
    assert isinstance(house.app, FastAPI)
    nobody = await house.program(house.anna)
    del nobody.client.headers["Authorization"]
    programs = {
        (role, scope, others): await house.program(
            house.of(role), *([one for one in Scope if one is not scope] if others else [scope])
        )
        for role in Role
        for scope in Scope
        for others in (False, True)
    }
    walked = 0
    for method, path in routes(mounted(house.app, "/api")):
        place = filled(path)
        if path == "/openapi.json":
            assert (await nobody.call(method, place)).status_code == 200
            continue
        usual = API[below(path, {**API})][method not in ("GET", "HEAD")]
        wanted = OTHERWISE.get((method, path), usual)
        assert (await nobody.call(method, place)).status_code == 401, path
        for role, others in product(Role, (False, True)):
            status = (await programs[role, wanted, others].call(method, place)).status_code
            told = f"{method} {path} as {role} with {'all but ' if others else ''}{wanted}: {status}"
            assert (status == 403) == (others or role < wanted.role or (method, path) in WHOLE), told
            assert status != 401, told
            assert status < 500, told
        walked += 1
    assert walked > 3


async def test_there_is_no_row_of_a_number_that_is_too_large(house: House):
    user, administrator = await house.browser(house.anna), await house.browser(house.ada)
    for number in (str(2**70), "9" * 5000, "0", "-1"):
        for path in (
            f"/phones/{number}",
            f"/phones/{number}/show",
            f"/security/tokens/{number}/revoke",
            f"/account/addresses/claims/{number}/remove",
        ):
            assert (await user.post(path)).status_code == 404, path
        for path in (
            f"/administration/accounts/{number}/retry",
            f"/administration/accounts/{number}/remove",
            f"/administration/accounts/{number}/password",
            f"/administration/users/{number}/remove",
            f"/administration/users/{number}/claims/{number}",
        ):
            assert (await administrator.post(path)).status_code == 404, path
        assert (await administrator.get(f"/administration/accounts/{number}")).status_code == 404
