"""The API as an application of its own, below `/api`: how programs are let in, its errors, and its description."""

from functools import cache
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import Misconfigured, Refused, RetryLater, RingplanError
from gateway.store.later import is_too_late
from gateway.web.api import (
    absences,
    account,
    accounts,
    addresses,
    audit,
    books,
    codes,
    conferences,
    contacts,
    lookup,
    me,
    organisation,
    people,
    phones,
    rooms,
    sessions,
    settings_file,
    status,
    tokens,
    users,
    users_access,
    users_import,
    users_inviting,
)
from gateway.web.api.answers import ERRORS, Failure, Wrong
from gateway.web.api.caller import BEARER, GoodFor
from gateway.web.portal import Portal

VERSION = "1"
ROUTERS = (
    me.router, sessions.router, account.router, addresses.router, absences.router, conferences.router, contacts.router,
    phones.router, lookup.router, people.router, users_import.router, users_inviting.router, users_access.router,
    users.router, rooms.router, codes.router, organisation.router, books.router, accounts.router, status.router,
    settings_file.router, tokens.router, audit.router,
)  # fmt: skip
TAGS = {
    "me": "Whose token this is, what it may be used for, and where its owner is signed in.",
    "account": "One's own calendar account and addresses, and Sync.",
    "absences": "One's own absences: of the calendar, and by hand.",
    "conferences": "One's own conferences, who is in them, and calling somebody in.",
    "contacts": "One's own contacts and the company's, searched as a telephone searches.",
    "phones": "One's own telephones, their passwords and settings.",
    "lookup": "The name of who calls.",
    "people": "Everybody's present absence, for operators.",
    "users": "Who has a telephone here.",
    "rooms": "Rooms of conferences.",
    "codes": "What people write, and what the telephone then does.",
    "organisation": "Working hours, holidays, and what holds for everybody.",
    "accounts": "Service accounts, the health of all accounts, and the company's address books.",
    "status": "Whether everything is well, and what the settings file says.",
    "tokens": "One's own tokens.",
    "audit": "Who did what to what, never what it says.",
}
ABOUT = """\
The telephone follows the calendar. Everything that the portal's pages do, programs do here.

A token is made in the portal, under Sign-in and security, and sent along as `Authorization: Bearer …`. Each operation
names the scope that it needs. Times are ISO 8601 with their offset. What goes wrong is told as `said`, `remedy` and
`wrong`.
"""


class Api(FastAPI):
    """A FastAPI that describes which scope each operation needs."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, OpenAPI 3.1."""
        return description()


def application(portal: Portal) -> FastAPI:
    """Return the API."""
    made = _bare()
    made.state.portal = portal
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(RequestValidationError, _garbled)
    made.add_exception_handler(RingplanError, _failed)
    made.add_exception_handler(ExceptionGroup, _several)
    made.add_exception_handler(Exception, _broken)
    return made


@cache
def description() -> dict[str, Any]:
    """Return what the API says of itself, OpenAPI 3.1; alike for every portal, and made once: that takes a while."""
    described = FastAPI.openapi(_bare())
    for route in operations():
        for method in route.methods or ():
            _told(described["paths"][route.path_format][method.lower()], scopes_of(route))
    return described


def _bare() -> FastAPI:
    made = Api(
        title="Ringplan",
        version=VERSION,
        description=ABOUT,
        servers=[{"url": "/api"}],
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS.items()],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    for router in ROUTERS:
        made.include_router(router, responses=ERRORS)
    return made


def operations() -> list[APIRoute]:
    """Return all operations, in the order of their nouns."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def scopes_of(route: APIRoute) -> list[str]:
    """Return the scopes that a token needs for an operation."""
    asked = (one.dependency for one in route.dependencies)
    return [one.scope.value for one in asked if isinstance(one, GoodFor)]


def _told(operation: dict[str, Any], scopes: list[str]) -> None:
    """Name the scopes (OpenAPI 3.1, Security Requirement Object: roles, of schemes that are not OAuth).

    The first sentence of a docstring is the summary.
    """
    summary, _, rest = operation.pop("description", "").partition("\n\n")
    operation["summary"] = " ".join(summary.split())
    if rest:
        operation["description"] = rest
    operation["security"] = [{BEARER.scheme_name: scopes}]


def _operation_id(route: APIRoute) -> str:
    """Return what programs that are generated call it: "absences_show"."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _failure(status: int, failure: Failure, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(failure.model_dump(mode="json"), status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    found = cast("HTTPException", error)
    said = found.detail or HTTPStatus(found.status_code).phrase
    return _failure(found.status_code, Failure(said=said), dict(found.headers or {}))


async def _garbled(request: Request, error: Exception) -> Response:
    """Say which values cannot be, without them: they may be secrets."""
    found = cast("RequestValidationError", error).errors()
    wrong = tuple(Wrong(where=".".join(str(part) for part in one["loc"]), said=one["msg"]) for one in found)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(one["loc"] == ("body",) for one in found) and kind != "application/json" and await request.body():
        return _failure(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            Failure(said="this is no JSON", remedy="send JSON, with Content-Type: application/json"),
        )
    said, remedy = "what was sent is not as it should be", "see /api/openapi.json"
    return _failure(HTTPStatus.UNPROCESSABLE_ENTITY, Failure(said=said, remedy=remedy, wrong=wrong))


async def _failed(_: Request, error: Exception) -> Response:
    match error:
        case Misconfigured():
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        case Refused():
            status = HTTPStatus.CONFLICT
        case RetryLater():
            status = HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            status = HTTPStatus.BAD_GATEWAY
    found = cast("RingplanError", error)
    return _failure(status, Failure(said=str(found), remedy=found.remedy))


async def _several(_: Request, error: Exception) -> Response:
    """Say all that is wrong, where it is errors of ours alone."""
    some = _leaves(cast("ExceptionGroup[Exception]", error))
    if not all(isinstance(one, RingplanError) for one in some):
        raise error
    wrong = tuple(_one_of(cast("RingplanError", one)) for one in some)
    failure = Failure(said="what was sent is not as it should be", wrong=wrong)
    return _failure(HTTPStatus.UNPROCESSABLE_ENTITY, failure)


def _leaves(group: ExceptionGroup[Exception]) -> list[Exception]:
    every = (_leaves(one) if isinstance(one, ExceptionGroup) else [one] for one in group.exceptions)
    return [one for some in every for one in some]


def _one_of(error: RingplanError) -> Wrong:
    field, remedy = error.values.get("field"), f": {error.remedy}" if error.remedy else ""
    return Wrong(where=f"body.{field}" if field else "body", said=f"{error}{remedy}")


async def _broken(_: Request, error: Exception) -> Response:
    """Say so; the portal around it logs it. Who was removed while this waited for others who write is no defect."""
    if is_too_late(error):
        return _failure(HTTPStatus.CONFLICT, Failure(said="what this belongs to was removed meanwhile"))
    return _failure(HTTPStatus.INTERNAL_SERVER_ERROR, Failure(said="something is wrong with Ringplan"))
