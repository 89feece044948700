"""Signing in and out, and the language before that."""

import asyncio
import secrets
from datetime import timedelta

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import passwords
from gateway.domain.code import LANGUAGES
from gateway.domain.secret import Secret
from gateway.errors import SignInAgain
from gateway.store import sessions, signins
from gateway.web.visit import LANGUAGE, Visiting, entered, put_cookie

router = APIRouter(dependencies=[Depends(entered(None))])


@router.get("/sign-in")
async def show(visit: Visiting) -> Response:
    """Ask who it is."""
    if not visit.cookie:
        visit.cookie = secrets.token_urlsafe(32)
    answer = visit.page("sign_in.html", name="", to=_place(visit.request.query_params.get("to", "")))
    put_cookie(answer, visit.portal, visit.cookie)
    return answer


@router.post("/sign-in")
async def enter(visit: Visiting) -> Response:
    """Let them in, with a session that is new."""
    form, portal, now = await visit.form(), visit.portal, visit.now
    async with portal.store.read() as rows:
        found = await signins.named(rows, form.text("name"))
    known, hashed = found or (None, None)
    if not await asyncio.to_thread(passwords.fits, Secret(form.secret("password")), hashed) or known is None:
        error = SignInAgain("Nobody signs in with this name and password.", "Try again.")
        return visit.page("sign_in.html", error=error, name=form.text("name"), to=_place(form.text("to")))
    agent = visit.request.headers.get("user-agent", "")
    async with portal.store.write() as rows:
        until = now + timedelta(days=portal.settings.lasting)
        cookie = await sessions.begin(rows, known.id, now, until, agent)
    answer = visit.to(_place(form.text("to")))
    put_cookie(answer, portal, cookie.reveal())
    return answer


@router.post("/sign-out")
async def leave(visit: Visiting) -> Response:
    """End the session."""
    async with visit.portal.store.write() as rows:
        await sessions.end(rows, visit.cookie)
    return visit.to("/sign-in")


@router.post("/language")
async def speak(visit: Visiting) -> Response:
    """Let pages be in a language, before anybody has signed in."""
    form = await visit.form()
    answer = visit.to(_place(form.text("to")))
    if form.text("language") in LANGUAGES:
        answer.set_cookie(LANGUAGE, form.text("language"), max_age=31_536_000, samesite="lax", path="/")
    return answer


def _place(given: str) -> str:
    """Return where to go: a page of ours, whatever a link said."""
    return given if given.startswith("/") and given[1:2] not in ("/", "\\") and given.isprintable() else "/"
