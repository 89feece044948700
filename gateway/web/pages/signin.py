"""Signing in and out, choosing a password by a link, asking for such a link, and the language before all that.

Nobody is told who may sign in: a name that is nobody's is hashed, slowed and answered like any other.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends
from starlette.background import BackgroundTask
from starlette.responses import Response

from gateway.deciding import passwords, signing
from gateway.domain.code import LANGUAGES
from gateway.domain.secret import Secret
from gateway.domain.signin import SignIn
from gateway.errors import Misconfigured, Refused, RetryLater, SignInAgain
from gateway.ports import Post
from gateway.store import audit, organisation, sessions, signins, tokens
from gateway.store.rows import Rows
from gateway.web import browsers, letters
from gateway.web.portal import Portal
from gateway.web.security.slowing import Try
from gateway.web.visit import LANGUAGE, Visit, Visiting, cookie_name, entered, put_cookie

router = APIRouter(dependencies=[Depends(entered(None))])

LONGEST_NAME = 254  # RFC 5321, 4.5.3.1.3
GONE = 410


@router.get("/sign-in")
async def show(visit: Visiting) -> Response:
    """Ask who it is."""
    to = _place(visit.request.query_params.get("to", ""))
    return visit.to(to) if visit.signin else _outside(visit, "sign_in.html", name="", to=to)


@router.post("/sign-in")
async def enter(visit: Visiting) -> Response:
    """Let them in, with a session that is new."""
    form, portal = await visit.form(), visit.portal
    name, password, to = form.text("name")[:LONGEST_NAME], Secret(form.secret("password")), _place(form.text("to"))
    one = portal.slowing.tried(name, host_of(visit), is_known=await browsers.is_known(visit, name))
    wait = portal.slowing.wait(one, visit.now)
    if wait:
        return too_often(visit, "sign_in.html", wait, name=name, to=to)
    portal.slowing.begun(one, visit.now)
    async with portal.store.read() as rows:
        found = await signins.named(rows, name)
    known, hashed = found or (None, None)
    try:
        fits = await portal.hashing.fits(password, hashed)
    except RetryLater:
        portal.slowing.taken_back(one, visit.now)
        raise
    if fits and known is not None and hashed is not None:
        answer = visit.to(to)
        if await _let_in(visit, answer, name, known, hashed):
            portal.slowing.right(one, visit.now)
            await _freshen(portal, known, hashed, password)
            return answer
    await _note_refused(visit, one, known)
    error = SignInAgain("Nobody signs in with this name and password.", "Try again.")
    return visit.page("sign_in.html", error=error, name=name, to=to)


@router.post("/sign-out")
async def leave(visit: Visiting) -> Response:
    """End the session."""
    async with visit.portal.store.write() as rows:
        await sessions.end(rows, visit.cookie)
    return forgotten_by_browser(visit)


@router.get("/welcome/{secret}")
async def choose(visit: Visiting, secret: str) -> Response:
    """Ask whom a link has invited for a password. Links are opened by programs that look at mail, too: it stays."""
    known, programs = await _invited(visit, secret)
    if known is None:
        return visit.page("welcome_over.html", GONE)
    return _outside(visit, "welcome.html", secret=secret, programs=programs)


@router.post("/welcome/{secret}")
async def chosen(visit: Visiting, secret: str) -> Response:
    """Let them in with the password that they have chosen."""
    form, portal = await visit.form(), visit.portal
    password = Secret(form.secret("password"))
    known, programs = await _invited(visit, secret)
    if known is None:
        return visit.page("welcome_over.html", GONE)
    try:
        passwords.acceptable(password, Secret(form.secret("again")), known)
    except Misconfigured as error:
        return visit.page("welcome.html", error=error, secret=secret, programs=programs)
    hashed = await portal.hashing.kept(password)
    async with portal.store.write() as rows:
        welcomed = await signing.welcome(rows, secret, hashed, visit.now)
        cookie = await begun(rows, visit, welcomed) if welcomed else None
    if cookie is None:
        return visit.page("welcome_over.html", GONE)
    answer = visit.to("/")
    put_cookie(answer, portal, cookie.reveal())
    return answer


@router.get("/forgotten")
async def forgotten(visit: Visiting) -> Response:
    """Ask whose password is forgotten; where no mail is sent, say who can help."""
    return _outside(visit, "forgotten.html", name="", by_mail=visit.portal.post is not None)


@router.post("/forgotten")
async def ask(visit: Visiting) -> Response:
    """Send a letter to whom there is; it is looked up once the answer is out, which is the same for everybody."""
    form, portal, post = await visit.form(), visit.portal, visit.portal.post
    name = form.text("name")[:LONGEST_NAME]
    if post is None:
        error = Refused("No mail is sent from here.", "Ask an administrator for a new link.")
        return visit.page("forgotten.html", error=error, name=name, by_mail=False)
    one = portal.asking.tried(name, host_of(visit), is_known=await browsers.is_known(visit, name))
    wait = portal.asking.wait(one, visit.now)
    if wait:
        return too_often(visit, "forgotten.html", wait, name=name, by_mail=True)
    portal.asking.begun(one, visit.now)
    answer = visit.to("/forgotten", told="asked")
    answer.background = BackgroundTask(_reset, portal, post, name, visit.now)
    return answer


@router.post("/language")
async def speak(visit: Visiting) -> Response:
    """Let pages be in a language, before anybody has signed in."""
    form = await visit.form()
    answer = visit.to(_place(form.text("to")))
    if form.text("language") in LANGUAGES:
        secure = visit.portal.settings.is_secret
        answer.set_cookie(
            LANGUAGE, form.text("language"), max_age=31_536_000, samesite="lax", path="/", secure=secure, httponly=True
        )
    return answer


async def begun(rows: Rows, visit: Visit, signin: SignIn) -> Secret:
    """Begin a session in place of the one that the browser may have, and return its cookie."""
    now = visit.now
    await sessions.end(rows, visit.cookie)
    agent = visit.request.headers.get("user-agent", "")
    cookie = await sessions.begin(rows, signin.id, now, now + timedelta(days=visit.portal.settings.lasting), agent)
    await audit.note(rows, now, f"signin {signin.id}", "signed in", f"signin {signin.id}")
    return cookie


def forgotten_by_browser(visit: Visit) -> Response:
    """Lead to the sign-in, with a browser that has no cookie of ours any more."""
    answer = visit.to("/sign-in")
    secure = visit.portal.settings.is_secret
    answer.delete_cookie(cookie_name(visit.portal), path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def too_often(visit: Visit, template: str, wait: int, **values: Any) -> Response:
    """Return the page with how long to wait."""
    error = SignInAgain("This was tried too often.", "Try again in {seconds} s.", seconds=wait)
    answer = visit.page(template, 429, error, **values)
    answer.headers["Retry-After"] = str(wait)
    return answer


def host_of(visit: Visit) -> str:
    """Return the address that a request comes from."""
    return visit.request.client.host if visit.request.client else ""


async def _invited(visit: Visit, secret: str) -> tuple[tuple[str, ...] | None, int]:
    """Return what everybody knows of whom a link has invited, None: nobody; and how many tokens they have."""
    async with visit.portal.store.read() as rows:
        found = await signins.invited(rows, secret, visit.now)
        if found is None:
            return None, 0
        return await signing.own_words(rows, found), len(await tokens.of(rows, found.id))


async def _let_in(visit: Visit, answer: Response, name: str, known: SignIn, hashed: str) -> bool:
    """Begin a session, unless the password has been changed or they were removed meanwhile."""
    async with visit.portal.store.write() as rows:
        if await signins.named(rows, name) != (known, hashed):
            return False
        cookie, theirs = await begun(rows, visit, known), browsers.cookie_for(rows, visit, name)
    put_cookie(answer, visit.portal, cookie.reveal())
    browsers.put(answer, visit.portal, theirs)
    return True


async def _freshen(portal: Portal, known: SignIn, hashed: str, password: Secret) -> None:
    """Keep the password as it is kept today; when too many sign in, another time will do."""
    if not passwords.is_stale(hashed):
        return
    try:
        written = await portal.hashing.kept(password)
    except RetryLater:
        return
    async with portal.store.write() as rows:
        await signins.rehash(rows, known.id, hashed, written)


async def _note_refused(visit: Visit, one: Try, known: SignIn | None) -> None:
    if visit.portal.slowing.is_told(one, visit.now):
        async with visit.portal.store.write() as rows:
            await audit.note(rows, visit.now, "nobody", "sign-in refused", f"signin {known.id}" if known else "")


async def _reset(portal: Portal, post: Post, name: str, now: datetime) -> None:
    async with portal.store.write() as rows:
        asked = await signing.reset(rows, name, now)
        zone = (await organisation.get(rows)).zone
    if asked is not None:
        link = f"{portal.settings.public}/welcome/{asked.secret.reveal()}"
        await letters.send(post, letters.invitation(portal.texts, asked, link, zone))


def _outside(visit: Visit, template: str, **values: Any) -> Response:
    """Return a page with a form for who has no session: its browser gets a cookie that the form is sealed with."""
    if not visit.cookie:
        visit.cookie = secrets.token_urlsafe(32)
    answer = visit.page(template, **values)
    put_cookie(answer, visit.portal, visit.cookie)
    return answer


def _place(given: str) -> str:
    """Return where to go: a page of ours, whatever a link said."""
    return given if given.startswith("/") and given[1:2] not in ("/", "\\") and given.isprintable() else "/"
