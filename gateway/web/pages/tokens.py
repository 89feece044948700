"""Tokens that somebody makes for their programs. What a program shows is on the page that makes it, and never again."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import tokens as deciding
from gateway.domain.signin import Role, Scope
from gateway.errors import RingplanError
from gateway.store import tokens
from gateway.web.visit import Id, Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@router.get("/security/tokens")
async def show(visit: Visiting) -> Response:
    """Show them."""
    return await _page(visit)


@router.post("/security/tokens")
async def make(visit: Visiting) -> Response:
    """Make one. The answer is the page itself: nowhere else is what the program shows."""
    form, signin, now = await visit.form(), signed_in(visit), visit.now
    chosen = {scope for scope in Scope if scope.value in form.every("scopes")}
    typed = {"name": form.text("name"), "until": form.text("until"), "chosen": {scope.value for scope in chosen}}
    try:
        until = deciding.end_of(form.text("until"), visit.zone)
        async with visit.portal.store.write() as rows:
            token, secret = await deciding.make(
                rows, signin, visit.who, form.text("name"), chosen, until, now, _allowed(visit)
            )
    except RingplanError as error:
        return await _page(visit, error, **typed)
    return await _page(visit, made=token, secret=secret.reveal())


@router.post("/security/tokens/{token}/revoke")
async def revoke(visit: Visiting, token: Id) -> Response:
    """Let one be good for nothing."""
    async with visit.portal.store.write() as rows:
        found = await deciding.revoke(rows, signed_in(visit), visit.who, token, visit.now)
    if not found:
        raise HTTPException(404)
    return visit.to("/security/tokens", told="revoked")


def signed_in(visit: Visit) -> int:
    """Return who has signed in."""
    if visit.signin is None:
        raise HTTPException(403)
    return visit.signin.id


def _allowed(visit: Visit) -> frozenset[Scope]:
    return deciding.scopes_for(visit.role) if visit.role is not None else frozenset()


async def _page(visit: Visit, error: RingplanError | None = None, **values: Any) -> Response:
    async with visit.portal.store.read() as rows:
        found = await tokens.of(rows, signed_in(visit))
    allowed = [scope.value for scope in Scope if scope in _allowed(visit)]
    blank = {"name": "", "until": "", "chosen": {Scope.OWN_READ.value}, "made": None, "secret": ""}
    return visit.page("tokens.html", error=error, tokens=found, scopes=allowed, **(blank | values))
