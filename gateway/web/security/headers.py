"""What every answer forbids a browser; and requests that are turned away: for another host, or bringing
too much, or what takes too long to read.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.datastructures import Headers as Given
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.api.answers import Failure
from gateway.web.settings import WebSettings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STRICT = "max-age=31536000"  # RFC 6797
KEPT = "no-cache"  # it is asked for each time whether it is still the same (ETag)
MOST = 64 * 1024  # bytes of a form
MOST_UPLOADED = 2 * 1024 * 1024
UTF8 = re.compile(r'charset="?utf-?8"?(?=;|$)', re.IGNORECASE)
UPLOADS = ("/administration/users/import", "/api/users/import")


class Headers:
    """Adds them to every answer; nothing is kept by browsers and proxies but styles, scripts and pictures."""

    def __init__(self, app: ASGIApp, *, strict: bool) -> None:
        self._app = app
        self._always = ALWAYS | ({"Strict-Transport-Security": STRICT} if strict else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_static = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers.setdefault(name, value)
                is_kept = is_static and message["status"] in (200, 304)
                headers.setdefault("Cache-Control", KEPT if is_kept else "no-store")
            await send(message)

        await self._app(scope, receive, sending)


class Host:
    """Turns away requests for other hosts than ours, so that no other name can be led here (DNS rebinding)."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._public = settings.public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "http" and Given(scope=scope).get("host", "").lower() not in self._hosts:
            answer = refusal(scope, 421, f"This is {self._public}, and nothing else.")  # RFC 9110, 15.5.20
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Letters:
    """Refuses forms in other letters than UTF-8. No browser sends any, and some take seconds to be read (Punycode)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        kinds = Given(scope=scope).getlist("content-type") if scope["type"] == "http" else []
        if any("charset" in UTF8.sub("", kind).lower() for kind in kinds if "multipart" in kind.lower()):
            await refusal(scope, 415, "This can be sent in UTF-8 alone.")(scope, receive, send)
            return
        await self._app(scope, receive, send)


class TooMuch(Exception):
    """A request brought more than it may."""


class Size:
    """Refuses requests that bring more than they may, announced or not, with a `page`: it may be a file of users."""

    def __init__(self, app: ASGIApp, page: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_UPLOADED if scope["path"] in UPLOADS else MOST
        seen, has_begun = 0, False

        async def receiving() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    raise TooMuch
            return message

        async def sending(message: Message) -> None:
            nonlocal has_begun
            if seen > most and not has_begun:
                return  # whatever is made of half a request
            has_begun = True
            await send(message)

        given = Given(scope=scope)
        announced = given.get("content-length", "0")
        if "transfer-encoding" in given and "content-length" in given:  # RFC 9112, 6.3: an attempt to smuggle another
            await refusal(scope, 400, "This says twice how long it is.")(scope, receive, send)
            return
        if not announced.isdecimal() or len(announced) > 12 or int(announced) > most:
            await self._refuse(scope, receive, send)
            return
        with suppress(TooMuch):  # it is told below, also where somebody else has caught it
            await self._app(scope, receiving, sending)
        if seen > most and not has_begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that it is too much; the connection ends, and its rest is not read."""
        answer = refusal(scope, 413, "This is more than may be sent here.")
        if not scope["path"].startswith("/api/"):
            answer = await self._page(Request(scope))
            answer.headers["Connection"] = "close"
        await answer(scope, receive, send)


def refusal(scope: Scope, status: int, said: str) -> Response:
    """Return what is said of a request that nobody looks at further; the connection ends, and its rest is not read."""
    end = {"Connection": "close"}
    if scope["path"].startswith("/api/"):
        return Response(Failure(said=said).model_dump_json(), status, end, "application/json")
    return PlainTextResponse(f"{said}\n", status, end)
