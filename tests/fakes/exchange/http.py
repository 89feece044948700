"""An HTTP/1.1 server on a free loopback port that behaves as IIS in front of Exchange does; what it says comes from a
handler.

Messages are those of RFC 9112. Signing in is in `signin`: Basic with each request, NTLM for a connection. Answers have
a Content-Length; those that are compressed, and streams, are chunked, as IIS sends them ("HTTP Compression" in the IIS
reference: dynamic content). Paths are compared without regard to case.

    async with Server(handler, {"EXAMPLE\\anna": "secret"}).up() as server:
        ...
    assert server.busiest["EXAMPLE\\anna"] <= 4
"""

import asyncio
import gzip
import re
import ssl
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from uuid import uuid4

from peers import ports
from tests.fakes.exchange.signin import SignIn, SignIns

LARGEST = 64 * 1024 * 1024  # "Configure client-specific message size limits": maxAllowedContentLength of EWS
COMPRESSED = 2700  # bytes; smaller bodies are sent as they are (httpCompression/minFileSizeForComp)
OPERATION = re.compile(rb"<(?:\w+:)?Body\b[^>]*>\s*<(?:\w+:)?(\w+)")


@dataclass(frozen=True, slots=True)
class Request:
    """What came, whole. `user`: the login that has signed in, "" where none was asked for; `connection`: counts from 1.

    `headers` have lower-case names. `path` is as it was sent, with its query.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    user: str = ""
    connection: int = 0

    @property
    def operation(self) -> str:
        """The name of the first element in the SOAP body, such as SyncFolderItems; "" where there is none."""
        found = OPERATION.search(self.body)
        return found[1].decode() if found else ""

    @property
    def place(self) -> str:
        """The path without its query, in lower case."""
        return self.path.partition("?")[0].lower()

    @property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said. `body`: whole, or an iterator of chunks, closed when the client leaves.

    `challenges`: a WWW-Authenticate header each. `length`: a Content-Length to claim instead of the true one or of
    chunks; `cut`: close the connection after the body, without an end to chunks.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes] = b""
    cookies: Mapping[str, str] = field(default_factory=dict)
    challenges: tuple[str, ...] = ()
    length: int | None = None
    cut: bool = False


Handler = Callable[[Request], Awaitable[Reply]]
"""Answers one request. Raising ConnectionError closes the connection without an answer."""


def page(status: int) -> Reply:
    """A page of IIS for people: what stands at wrong paths, and before a service that is down."""
    title = f"{status} - {HTTPStatus(status).phrase}"
    html = f"<html><head><title>{title}</title></head><body><h2>{title}<br></h2></body></html>"
    return Reply(status, {"Content-Type": "text/html"}, html.encode())


def needs_sign_in(place: str) -> bool:
    """Whether IIS asks at this path who is there: it does for EWS and Autodiscover, except Autodiscover v2."""
    return place.startswith(("/ews/", "/autodiscover/")) and not place.startswith("/autodiscover/autodiscover.json")


@dataclass(slots=True)
class Seen:
    """One request in the log; `status`: None until an answer was begun. NTLM takes three for one question."""

    user: str
    path: str
    operation: str
    connection: int
    status: int | None = None


class Server:
    """Serves `handler`; what was seen is in `requests`, who tried to sign in in `signins.attempts`.

    `people`: password by login, `DOMAIN\\user` or an address; may change while it runs. `schemes`: those offered, in
    that order. `in_front`: put around sign-in and `handler`. `open` connections now and the `most` at once; `busiest`:
    the most requests at once by login, from signing in to the beginning of the answer.
    """

    def __init__(
        self,
        handler: Handler,
        people: Mapping[str, str],
        tls: ssl.SSLContext | None = None,
        schemes: tuple[str, ...] = ("Negotiate", "NTLM", "Basic"),
        in_front: Callable[[Handler], Handler] = lambda handler: handler,
    ) -> None:
        self.port = ports.free()
        self.requests: list[Seen] = []
        self.most = 0
        self.busiest: Counter[str] = Counter()
        self.signins = SignIns(people, schemes)
        self._handler = handler
        self._in_front = in_front
        self._tls = tls
        self._busy: Counter[str] = Counter()
        self._connections: dict[_Wire, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._counted = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        return len(self._connections)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["Server"]:
        """Listen; a defect in the handler ends the block with its error."""
        with tempfile.TemporaryDirectory() as folder:
            self.signins.store = Path(folder) / "ntlm"
            async with asyncio.TaskGroup() as self._tasks:
                loop = asyncio.get_running_loop()
                server = await loop.create_server(lambda: _Wire(self), "127.0.0.1", self.port, ssl=self._tls)
                try:
                    yield self
                finally:
                    server.close()
                    ports.release(self.port)
                    self._tasks = None
                    self.drop()

    def drop(self) -> None:
        """Close all connections, as an IIS that is restarted does."""
        for wire in tuple(self._connections):
            wire.abort()

    def _opened(self, wire: "_Wire", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._tasks is None:  # its TLS was only agreed upon when the server had gone down
            writer.transport.abort()
            return
        self._connections[wire] = self._tasks.create_task(self._serve(reader, writer))
        self.most = max(self.most, self.open)

    def _closed(self, wire: "_Wire") -> None:
        if wire in self._connections:
            self._connections.pop(wire).cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._counted += 1
        number, signin = self._counted, SignIn(self.signins)
        try:
            while (request := await _read(reader, writer, number)) and await self._answer(request, signin, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, request: Request, signin: SignIn, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection may have another."""
        seen = Seen("", request.path, request.operation, request.connection)
        self.requests.append(seen)
        reply = await self._in_front(partial(self._admit, signin, seen))(request)
        seen.status = reply.status
        reply = _compressed(reply) if "gzip" in request.headers.get("accept-encoding", "") else reply
        writer.write(_head(reply, stranger="exchangecookie" not in request.cookies))
        if request.method != "HEAD":
            await _send(reply, writer)
        return not reply.cut and request.headers.get("connection", "").lower() != "close"

    async def _admit(self, signin: SignIn, seen: Seen, request: Request) -> Reply:
        if needs_sign_in(request.place):
            seen.user, challenges = signin.admitted(request.headers.get("authorization", ""))
            if challenges:
                return Reply(401, challenges=challenges)
        self._busy[seen.user] += 1
        self.busiest[seen.user] = max(self.busiest[seen.user], self._busy[seen.user])
        try:
            return await self._handler(replace(request, user=seen.user))
        finally:
            self._busy[seen.user] -= 1


class _Wire(asyncio.StreamReaderProtocol):
    """One connection: the work on its request ends when the client leaves."""

    def __init__(self, server: Server) -> None:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writer = writer
            server._opened(self, reader, writer)

        super().__init__(asyncio.StreamReader(), connected)
        self._server = server

    def eof_received(self) -> bool:
        super().eof_received()
        return False  # close: nobody reads an answer any more

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server._closed(self)

    def abort(self) -> None:
        self._writer.transport.abort()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Request | None:
    """Read one request; None where it is of a size or a form that is refused, which is then said."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    length = int(headers.get("content-length", "0"))
    refused = 413 if length > LARGEST else 411 if "transfer-encoding" in headers else None
    if refused:
        writer.write(_head(Reply(refused)))
        return None
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Request(method, path, headers, await reader.readexactly(length), connection=number)


def _compressed(reply: Reply) -> Reply:
    if not isinstance(reply.body, bytes) or len(reply.body) < COMPRESSED or reply.cut:
        return reply
    headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(reply, headers=headers, body=_one(gzip.compress(reply.body, 1)))


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _head(reply: Reply, *, stranger: bool = False) -> bytes:
    """Status line and headers. `stranger`: gets the cookie by which load balancers know a client again."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", "Server: Microsoft-IIS/10.0"]
    lines += [f"WWW-Authenticate: {challenge}" for challenge in reply.challenges]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.length is not None or isinstance(reply.body, bytes):
        claimed = len(reply.body) if isinstance(reply.body, bytes) and reply.length is None else reply.length
        lines.append(f"Content-Length: {claimed}")
    else:
        lines.append("Transfer-Encoding: chunked")
    cookies = {**({"exchangecookie": uuid4().hex} if stranger else {}), **reply.cookies}
    lines += [f"Set-Cookie: {name}={value}; path=/; HttpOnly" for name, value in cookies.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if isinstance(reply.body, bytes):
        writer.write(reply.body)
        await writer.drain()
        return
    chunked = reply.length is None
    try:
        async for piece in reply.body:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
    finally:
        if isinstance(reply.body, AsyncGenerator):
            await reply.body.aclose()
    if chunked and not reply.cut:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
