"""Everything that pages do, programs do: each form has an operation of the API, or a reason why it has none.

Both sides are looked up where they are made: a form that is new fails here until it has its line.
"""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from gateway.web.api import api
from tests.unit.web.visiting import House

USER, ACCOUNT = "/administration/users/{user}", "/administration/accounts/{account}"
BOOKS, CODES, ROOMS = "/administration/accounts/books", "/administration/codes", "/administration/rooms"
SIGNING_IN = "who signs in is a person at a browser: a program has a token"
PROVEN = "this asks for the password, which no program has"
FORMS = {
    "/sign-in": SIGNING_IN,
    "/sign-out": SIGNING_IN,
    "/welcome/{secret}": SIGNING_IN,
    "/forgotten": SIGNING_IN,
    "/language": SIGNING_IN,
    "/security/password": PROVEN,
    "/security/sessions/end": "DELETE /me/sessions/{name}",
    "/security/sessions/end-others": "DELETE /me/sessions",
    "/security/tokens": "POST /tokens",
    "/security/tokens/{token}/revoke": "DELETE /tokens/{token}",
    "/account": "PUT /account",
    "/account/service": "DELETE /account",
    "/account/remove": "DELETE /account",
    "/account/sync": "POST /account/sync",
    "/account/addresses": "POST /account/addresses",
    "/account/addresses/confirm/{secret}": "POST /account/addresses/confirmation",
    "/account/addresses/main": "PUT /account/addresses/main",
    "/account/addresses/remove": "DELETE /account/addresses/{email}",
    "/account/addresses/claims/{claim}/remove": "DELETE /account/addresses/{email}",
    "/absences": "PUT /absences/by-hand",
    "/absences/end": "DELETE /absences/now",
    "/conferences/{name}/calls": "POST /conferences/{name}/calls",
    "/phones": "POST /phones",
    "/phones/{phone}": "PATCH /phones/{phone}",
    "/phones/{phone}/show": "GET /phones/{phone}/values",
    "/phones/{phone}/file": "GET /phones/{phone}/settings",
    "/phones/{phone}/revoke": "DELETE /phones/{phone}",
    "/people/{extension}/absence": "PUT /people/{extension}/absence",
    "/people/{extension}/absence/end": "DELETE /people/{extension}/absence",
    "/administration/users/import": "POST /users/import",
    "/administration/users/import/{key}": "POST /users/import",
    "/administration/users/invitations": "POST /users/invitations",
    "/administration/users/add": "POST /users",
    f"{USER}/change": "PATCH /users/{extension}",
    f"{USER}/enabled": "PATCH /users/{extension}",
    f"{USER}/remove": "DELETE /users/{extension}",
    f"{USER}/role": "PATCH /users/{extension}",
    f"{USER}/invitation": "POST /users/{extension}/invitation",
    f"{USER}/sessions": "DELETE /users/{extension}/sessions",
    f"{USER}/claims/{{claim}}": "PUT /users/{extension}/claims/{claim}",
    f"{USER}/devices": "DELETE /users/{extension}/phones",
    f"{ROOMS}/new": "POST /rooms",
    f"{ROOMS}/edit/{{number}}": "PATCH /rooms/{number}",
    f"{ROOMS}/remove/{{number}}": "DELETE /rooms/{number}",
    f"{CODES}/try": "POST /codes/test",
    f"{CODES}/new": "PUT /codes/{key}",
    f"{CODES}/edit/{{key}}": "PUT /codes/{key}",
    f"{CODES}/remove/{{key}}": "DELETE /codes/{key}",
    "/administration/organisation": "PATCH /organisation",
    "/administration/accounts": "POST /accounts",
    f"{ACCOUNT}/password": "PUT /accounts/{account}/password",
    f"{ACCOUNT}/retry": "POST /accounts/{account}/retry",
    f"{ACCOUNT}/remove": "DELETE /accounts/{account}",
    f"{BOOKS}/new": "POST /accounts/books",
    f"{BOOKS}/{{book}}/remove": "DELETE /accounts/books/{book}",
    "/administration/status/off": "PUT /status/off",
    "/administration/status/on": "DELETE /status/off",
    "/administration/status/sync": "POST /status/sync",
}


async def test_each_form_has_an_operation(house: House):
    assert isinstance(house.app, FastAPI)
    forms = {one.path or "" for one in iter_route_contexts(house.app.routes) if "POST" in (one.methods or ())}
    assert sorted(forms ^ FORMS.keys()) == []
    known = {f"{method} {route.path_format}" for route in api.operations() for method in route.methods or ()}
    missing = {said for said in FORMS.values() if said not in (SIGNING_IN, PROVEN)} - known
    assert sorted(missing) == []
