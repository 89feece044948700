"""The portal as one ASGI application: its pages, the API below `/api`, and what is said of requests that cannot be."""

from http import HTTPStatus
from typing import cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from gateway.errors import RetryLater, RingplanError
from gateway.store.later import is_too_late
from gateway.web import live
from gateway.web.api import api
from gateway.web.pages import (
    absences,
    account,
    account_sync,
    accounts,
    addresses,
    audit,
    codes,
    conferences,
    contacts,
    home,
    organisation,
    people,
    phones,
    reference,
    rooms,
    security,
    signin,
    status,
    tokens,
    told,
    uploading,
    users,
    users_inviting,
)
from gateway.web.portal import Portal
from gateway.web.security.headers import Headers, Host, Letters, Size, refusal
from gateway.web.security.mended import Mended
from gateway.web.visit import visit_of

ROUTERS = (
    home.router, signin.router, account.router, account_sync.router, addresses.router, security.router,
    absences.router, conferences.router,
    contacts.router, phones.router, people.router, uploading.router, users_inviting.router, users.router,
    rooms.router, codes.router, organisation.router, accounts.router, status.router, told.router, audit.router,
    reference.router, tokens.router, live.router,
)  # fmt: skip


def application(portal: Portal) -> FastAPI:
    """Return all that is served."""
    settings = portal.settings
    middleware = [
        Middleware(Headers, strict=settings.is_secret),
        Middleware(Host, settings=settings),
        Middleware(Mended, page=_broken),
        Middleware(Letters),
        Middleware(Size, page=_too_much),
    ]
    made = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=middleware, redirect_slashes=False)
    made.state.portal = portal
    for router in ROUTERS:
        made.include_router(router, include_in_schema=False)
    made.mount("/api", api.application(portal), name="api")
    made.mount("/static", StaticFiles(packages=[("gateway.web", "static")]), name="static")
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(RequestValidationError, _garbled)
    made.add_exception_handler(RingplanError, _failed)
    return made


async def _refused(request: Request, error: Exception) -> Response:
    """Lead on, or say that there is no such page, or that it is not theirs."""
    found = cast("HTTPException", error)
    if found.status_code in range(300, 400):
        return RedirectResponse((found.headers or {})["Location"], found.status_code)
    if found.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET":  # of a form: to its page
        return RedirectResponse(request.scope["path"].rpartition("/")[0] or "/", HTTPStatus.SEE_OTHER)
    return await _page(request, found.status_code, found.detail)


async def _garbled(request: Request, error: Exception) -> Response:
    """Say that there is no such page, where it is the path that cannot be."""
    is_path = any(one["loc"][0] == "path" for one in cast("RequestValidationError", error).errors())
    return await _page(request, HTTPStatus.NOT_FOUND if is_path else HTTPStatus.BAD_REQUEST)


async def _failed(request: Request, error: Exception) -> Response:
    """Say what no page has said by itself: the database is busy, or something was refused."""
    visit = await visit_of(request)
    is_soon_over = isinstance(error, RetryLater)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_soon_over else HTTPStatus.CONFLICT
    return visit.page("error.html", status, cast("RingplanError", error), kind=str(int(status)))


async def _broken(request: Request, error: Exception) -> Response:
    """Say so; a user who was removed while their form waited for others who write is no defect."""
    return await _page(request, HTTPStatus.CONFLICT if is_too_late(error) else HTTPStatus.INTERNAL_SERVER_ERROR)


async def _too_much(request: Request) -> Response:
    return await _page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def _page(request: Request, status: int, kind: str = "") -> Response:
    if request.scope["path"].startswith("/api/"):  # a path with a line break in it comes here, not to the API
        return refusal(request.scope, status, HTTPStatus(status).phrase)
    try:
        visit = await visit_of(request)
    except RingplanError:
        return PlainTextResponse(f"{HTTPStatus(status).phrase}\n", status)
    return visit.page("error.html", status, kind=kind if kind == "csrf" else str(status))
