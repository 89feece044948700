"""The API as an application of its own, below `/api`: how programs are let in, its errors, and its description."""

from http import HTTPStatus
from typing import cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import Misconfigured, Refused, RetryLater, RingplanError
from gateway.web.api import (
    absences,
    account,
    accounts,
    audit,
    codes,
    conferences,
    contacts,
    lookup,
    me,
    organisation,
    people,
    phones,
    rooms,
    status,
    tokens,
    users,
)
from gateway.web.portal import Portal

VERSION = "1"
ROUTERS = (
    me.router, account.router, absences.router, conferences.router, contacts.router, phones.router, lookup.router,
    people.router, users.router, rooms.router, codes.router, organisation.router, accounts.router, status.router,
    tokens.router, audit.router,
)  # fmt: skip


def application(portal: Portal) -> FastAPI:
    """Return the API."""
    made = FastAPI(
        title="Ringplan",
        version=VERSION,
        description="The telephone follows the calendar. Errors have `said` and `remedy`.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    made.state.portal = portal
    for router in ROUTERS:
        made.include_router(router)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(RequestValidationError, _garbled)
    made.add_exception_handler(RingplanError, _failed)
    return made


async def _refused(_: Request, error: Exception) -> Response:
    found = cast("HTTPException", error)
    said = found.detail or HTTPStatus(found.status_code).phrase
    return JSONResponse({"said": said, "remedy": ""}, found.status_code, headers=found.headers)


async def _garbled(_: Request, error: Exception) -> Response:
    """Say which values cannot be, without them: they may be secrets."""
    wrong = [
        {"where": ".".join(str(part) for part in one["loc"]), "said": one["msg"]}
        for one in cast("RequestValidationError", error).errors()
    ]
    body = {"said": "what was sent is not as it should be", "remedy": "see /api/openapi.json", "wrong": wrong}
    return JSONResponse(body, HTTPStatus.UNPROCESSABLE_ENTITY)


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
    return JSONResponse({"said": str(found), "remedy": found.remedy}, status)
