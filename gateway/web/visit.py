"""One request of a browser: who sends it, in which language and zone they read, and what its form says.

`entered` lets in whoever has a role; a POST is one of our own forms, or it is refused.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Path
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.domain.code import LANGUAGES, Language
from gateway.domain.signin import Role, Session, SignIn
from gateway.domain.user import Organisation, User
from gateway.errors import RingplanError
from gateway.store import organisation, sessions, signins, users
from gateway.store.rows import Rows
from gateway.web.portal import Portal
from gateway.web.security.csrf import FIELD, comes_from_elsewhere
from gateway.web.texts import NAMES

A_MINUTE = timedelta(minutes=1)
LANGUAGE = "language"  # the cookie of who has chosen one before signing in
LIVE = "x-live"  # the header of a page that asks for itself (static/portal.js)
LARGEST = 2**53  # of what names a row in an address
SAFE = frozenset({"GET", "HEAD"})
MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class Given:
    """What a form says: texts by name. What is not there is ""."""

    fields: FormData

    def text(self, name: str) -> str:
        """Return a field, without spaces around it."""
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """Return a field as it was typed."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def every(self, name: str) -> list[str]:
        """Return all fields of a name, without those that are empty."""
        found = (value.strip() for value in self.fields.getlist(name) if isinstance(value, str))
        return [one for one in found if one]

    def flag(self, name: str) -> bool:
        """Say whether a box is ticked."""
        return name in self.fields

    def file(self, name: str) -> UploadFile | None:
        """Return what was uploaded."""
        value = self.fields.get(name)
        return value if isinstance(value, UploadFile) else None


@dataclass(slots=True)
class Visit:
    """`signin` None: nobody has signed in. `user` None: an administrator without a telephone here.

    `cookie` is the session's, or that of a browser that has none yet.
    """

    request: Request
    portal: Portal
    ours: Organisation
    language: Language
    cookie: str = field(repr=False)
    signin: SignIn | None = None
    user: User | None = None

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.portal.clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are shown in."""
        return self.user.zone if self.user else self.ours.zone

    @property
    def role(self) -> Role | None:
        """What they may do."""
        return self.signin.role if self.signin else None

    @property
    def who(self) -> str:
        """Who does something, for the audit log."""
        return f"signin {self.signin.id}" if self.signin else "nobody"

    @property
    def mine(self) -> User:
        """The user who has signed in. Answers 404 for who has no telephone here."""
        if self.user is None:
            raise HTTPException(404)
        return self.user

    async def is_still(self, rows: Rows, least: Role) -> bool:
        """Say whether who was let in as `least` would be let in now."""
        found = await _signed_in(rows, self.portal, self.cookie)
        return found is not None and found[1].role >= least

    async def form(self) -> Given:
        """Return what the form says."""
        return Given(await self.request.form(max_files=1, max_fields=MOST_FIELDS))

    def say(self, message: str) -> str:
        """Return a message in the visitor's language."""
        return self.portal.texts.said(self.language, message)

    def page(
        self,
        template: str,
        status: int = 200,
        error: RingplanError | BaseExceptionGroup[RingplanError] | None = None,
        **values: Any,
    ) -> Response:
        """Return a page; `error` is shown at its top, in the visitor's language, and the fields that it names."""
        several = [] if error is None else _flat(error)
        context = {
            "visit": self,
            "language": self.language,
            "languages": NAMES,
            "Role": Role,
            "csrf": self.portal.seal.of(self.cookie) if self.cookie else "",
            "zone": self.zone,
            "now": self.now,
            "errors": [self.portal.texts.error(self.language, one) for one in several],
            "wrong": {one.values.get("field") for one in several},
            "told": self.request.query_params.get("told", ""),
            "path": self.request.url.path,
        }
        made = self.portal.texts.environment(self.language).get_template(template)
        return HTMLResponse(made.render(context | values), 422 if error and status == 200 else status)

    def to(self, path: str, told: str = "", **query: str) -> Response:
        """Lead to another page of ours after a POST; `told` names what it says at its top."""
        asked = query | ({"told": told} if told else {})
        return RedirectResponse(f"{path}?{urlencode(asked)}" if asked else path, 303)


async def visit_of(request: Request) -> Visit:
    """Find out who sends a request."""
    known = getattr(request.state, "visit", None)
    if isinstance(known, Visit):
        return known
    portal: Portal = request.app.state.portal
    cookie = request.cookies.get(cookie_name(portal), "")
    now = portal.clock.now()
    async with portal.store.read() as rows:
        ours = await organisation.get(rows)
        visit = Visit(request, portal, ours, _language(request, ours.language), cookie)
        found = await _signed_in(rows, portal, cookie)
        if found is not None:
            _, visit.signin, visit.user = found
        if visit.user is not None:
            visit.language = _chosen(request) or visit.user.language
    if found is not None and found[0].used + A_MINUTE <= now and not _by_itself(request):
        async with portal.store.write() as rows:
            await sessions.used(rows, cookie, now)
    request.state.visit = visit
    return visit


async def _signed_in(rows: Rows, portal: Portal, cookie: str) -> tuple[Session, SignIn, User | None] | None:
    """Return who the cookie of a session lets in now; None: nobody, also where its user does not take part."""
    now, idle = portal.clock.now(), timedelta(minutes=portal.settings.idle)
    session = await sessions.found(rows, cookie, now, idle) if cookie else None
    signin = await signins.get(rows, session.signin) if session is not None else None
    if session is None or signin is None:
        return None
    if signin.user is None:
        return session, signin, None
    user = await users.get(rows, signin.user)
    return (session, signin, user) if user is not None and user.enabled else None


Visiting = Annotated[Visit, Depends(visit_of)]
Id = Annotated[int, Path(ge=1, le=LARGEST)]


def entered(least: Role | None) -> Callable[[Visit], Coroutine[Any, Any, None]]:
    """Return what lets in whoever is at least `least` (None: everybody), and only forms of ours."""

    async def let_in(visit: Visiting) -> None:
        request, portal = visit.request, visit.portal
        if least is not None and visit.role is None:
            place = request.url.path if request.method in SAFE else "/"
            raise HTTPException(303, headers={"Location": f"/sign-in?to={quote(place, safe='')}"})
        if least is not None and visit.role is not None and visit.role < least:
            raise HTTPException(403)
        if request.method not in SAFE:
            given = (await visit.form()).text(FIELD)
            if comes_from_elsewhere(request, portal.settings.public) or not portal.seal.fits(visit.cookie, given):
                raise HTTPException(400, "csrf")
            if least is not None:  # a form may take half a minute to arrive
                async with portal.store.read() as rows:
                    if not await visit.is_still(rows, least):
                        raise HTTPException(403)

    return let_in


def cookie_name(portal: Portal) -> str:
    """Return what the cookie of the session is called (RFC 6265bis: `__Host-` binds it to TLS and to one host)."""
    return "__Host-ringplan" if portal.settings.is_secret else "ringplan"


def put_cookie(response: Response, portal: Portal, value: str) -> None:
    """Let the browser have a cookie until it is closed; the session's own end is kept in the store."""
    response.set_cookie(
        cookie_name(portal), value, secure=portal.settings.is_secret, httponly=True, samesite="lax", path="/"
    )


def _flat(error: RingplanError | BaseExceptionGroup[RingplanError]) -> list[RingplanError]:
    if isinstance(error, RingplanError):
        return [error]
    return [one for part in error.exceptions for one in _flat(part)]


def _by_itself(request: Request) -> bool:
    """Say whether an open page asks for itself, before which perhaps nobody sits: such a session is not in use."""
    return LIVE in request.headers or request.url.path.startswith("/live/")


def _language(request: Request, usual: Language) -> Language:
    chosen = _chosen(request)
    if chosen is not None:
        return chosen
    accepted = request.headers.get("accept-language", "").lower()[:200].split(",")
    asked = (part.strip().partition(";")[0].partition("-")[0] for part in accepted)
    return next((one for one in asked if one in LANGUAGES), usual)


def _chosen(request: Request) -> Language | None:
    chosen = request.cookies.get(LANGUAGE)
    return chosen if chosen in LANGUAGES else None
