"""What every answer forbids a browser, and how much a request may bring."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
MOST = 64 * 1024  # bytes of a form
MOST_UPLOADED = 2 * 1024 * 1024
UPLOADS = ("/administration/users/import",)


class Headers:
    """Adds them to every answer; nothing is kept by browsers and proxies but what says so itself."""

    def __init__(self, app: ASGIApp, *, strict: bool) -> None:
        self._app = app
        self._always = ALWAYS | ({"Strict-Transport-Security": STRICT} if strict else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sending)


class TooMuch(Exception):
    """A request brought more than it may."""


class Size:
    """Refuses requests that bring more than they may, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_UPLOADED if scope["path"] in UPLOADS else MOST
        seen = 0

        async def receiving() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    raise TooMuch
            return message

        refused = PlainTextResponse("This is more than may be sent here.\n", 413)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > most:
            await refused(scope, receive, send)
            return
        try:
            await self._app(scope, receiving, send)
        except TooMuch:
            await refused(scope, receive, send)
