"""Sign-in and security: the own password, and the browsers that are signed in."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import passwords, signing
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.errors import Misconfigured, RingplanError
from gateway.store import audit, sessions, signins, tokens
from gateway.web import proving
from gateway.web.pages.signin import begun, forgotten_by_browser, too_often
from gateway.web.visit import Visit, Visiting, entered, put_cookie

router = APIRouter(dependencies=[Depends(entered(Role.USER))])

# what browsers say of themselves, the special before the general: nearly all say that they are Safari, too
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"),
    ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


@router.get("/security")
async def show(visit: Visiting) -> Response:
    """Show it."""
    return await _shown(visit)


@router.post("/security/password")
async def change(visit: Visiting) -> Response:
    """Let them have another password; all their other browsers are signed out, and this one gets a new cookie."""
    form, portal, me = await visit.form(), visit.portal, me_of(visit)
    one = proving.tried(visit)
    wait = portal.slowing.wait(one, visit.now)
    if wait:
        return too_often(visit, "security.html", wait, **await _values(visit))
    password, revokes = Secret(form.secret("password")), form.flag("revokes")
    async with portal.store.read() as rows:
        known = await signing.own_words(rows, me) or ()
    try:
        passwords.acceptable(password, Secret(form.secret("again")), known)
        hashed = await proving.present(visit, me, form.secret("old"), "old", one)
    except Misconfigured as error:
        return await _shown(visit, error)
    written = await portal.hashing.kept(password)
    async with portal.store.write() as rows:
        if await signins.hash_of(rows, me.id) != hashed:  # changed by somebody else meanwhile: they decide
            raise HTTPException(409)
        await signing.change(rows, me, written, visit.now, revokes=revokes)
        cookie = await begun(rows, visit, me)
    answer = visit.to("/security", told="all" if revokes else "password")
    put_cookie(answer, portal, cookie.reveal())
    return answer


@router.post("/security/sessions/end")
async def end(visit: Visiting) -> Response:
    """Sign one browser out."""
    form, me = await visit.form(), me_of(visit)
    name = form.text("session")
    async with visit.portal.store.write() as rows:
        if not await sessions.end_named(rows, me.id, name):
            raise HTTPException(404)
        await audit.note(rows, visit.now, visit.who, "sessions ended", visit.who)
    if name == sessions.name_of(visit.cookie):
        return forgotten_by_browser(visit)
    return visit.to("/security", told="ended")


@router.post("/security/sessions/end-others")
async def end_others(visit: Visiting) -> Response:
    """Sign all other browsers out."""
    async with visit.portal.store.write() as rows:
        await signing.end_sessions(rows, me_of(visit), visit.now, visit.who, but=visit.cookie)
    return visit.to("/security", told="ended")


def me_of(visit: Visit) -> SignIn:
    """Return who has signed in."""
    if visit.signin is None:
        raise HTTPException(403)
    return visit.signin


def browser_of(agent: str) -> str:
    """Return which browser, on what, has sent this User-Agent; "" for what is not known."""
    browser = next((name for mark, name in BROWSERS if f"{mark}/" in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)


async def _shown(visit: Visit, error: RingplanError | None = None) -> Response:
    return visit.page("security.html", error=error, **await _values(visit))


async def _values(visit: Visit) -> dict[str, Any]:
    idle = timedelta(minutes=visit.portal.settings.idle)
    async with visit.portal.store.read() as rows:
        found = await sessions.of(rows, me_of(visit).id)
        programs = len(await tokens.of(rows, me_of(visit).id))
    there = [
        (name, browser_of(one.agent), one)
        for name, one in found
        if one.until > visit.now and one.used + idle > visit.now
    ]
    return {"sessions": there, "this": sessions.name_of(visit.cookie), "programs": programs}
