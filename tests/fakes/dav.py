"""A scripted DAV server on a free loopback port, for what no real server does on demand: faults.

Requests and answers are HTTP/1.1 as RFC 9112 has them, bodies WebDAV as RFC 4918 and 4791 have them. A test says what
comes back for a path; anything else is answered as a sound server with one calendar does:

    async with Dav.start() as dav:
        dav.answers["/home/"] = [Answer(503, {"Retry-After": "7"}), WELL]     # one after the other, the last one stays

What a sound server answers can be given too: `dav_contacts` has one with address books.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from peers import ports

XML = {"Content-Type": "text/xml; charset=utf-8"}
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//fake//EN\r\nBEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20261123T110000Z\r\nDTEND:20261123T120000Z\r\nSUMMARY:M: one\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@dataclass(frozen=True)
class Answer:
    """What is sent: `body` as it is. `length`: the Content-Length that is claimed, None the true one.

    `hang`: nothing is sent, and the connection stays open; `cut`: it is closed after the body.
    """

    status: int = 207
    headers: dict[str, str] = field(default_factory=lambda: dict(XML))
    body: bytes = b""
    length: int | None = None
    hang: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


def multistatus(*responses: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
        'xmlns:B="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/">'
        + "".join(responses)
        + "</multistatus>"
    ).encode()


def member(href: str, properties: str) -> str:
    found = f"<propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat>"
    return f"<response><href>{href}</href>{found}</response>"


CALENDAR_KIND = "<resourcetype><collection/><C:calendar/></resourcetype>"


@dataclass
class Dav:
    """A running server; `url`, what is asked of it (`requests`), and what it answers by path, else as a `sound` one."""

    port: int
    tls: ssl.SSLContext | None = None
    token: str = "1"
    text: str = CALENDAR
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    sound: Callable[[Request], Answer] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"

    @classmethod
    @asynccontextmanager
    async def start(
        cls, tls: ssl.SSLContext | None = None, sound: Callable[[Request], Answer] | None = None
    ) -> AsyncIterator["Dav"]:
        dav = cls(ports.free(), tls, sound=sound)
        async with asyncio.TaskGroup() as tasks:
            serving: set[asyncio.Task[None]] = set()

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = tasks.create_task(dav._serve(reader, writer))
                serving.add(task)
                task.add_done_callback(serving.discard)

            server = await asyncio.start_server(connected, "127.0.0.1", dav.port, ssl=tls)
            try:
                yield dav
            finally:
                server.close()
                for task in tuple(serving):
                    task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(await _request(reader), writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        self.requests.append(request)
        scripted = self.answers.get(request.path)
        sound = self.sound or self._sound
        answer = sound(request) if not scripted else scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer.hang:
            await asyncio.Event().wait()
        length = len(answer.body) if answer.length is None else answer.length
        headers = {**answer.headers, "Content-Length": str(length)}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} Scripted\r\n{head}\r\n".encode() + answer.body)
        await writer.drain()
        return not answer.cut

    def _sound(self, request: Request) -> Answer:
        home = request.path.rstrip("/") == "/home"
        if request.method == "REPORT":
            data = f"<C:calendar-data><![CDATA[{self.text}]]></C:calendar-data>"
            return Answer(body=multistatus(member("/home/mine/one.ics", data)))
        if "current-user-principal" in request.body:
            found = "<current-user-principal><href>/me/</href></current-user-principal>"
            return Answer(body=multistatus(member(request.path, found)))
        if "calendar-home-set" in request.body:
            found = "<C:calendar-home-set><href>/home/</href></C:calendar-home-set>"
            return Answer(body=multistatus(member(request.path, found)))
        if "resourcetype" in request.body:
            own = "<owner><href>/me/</href></owner>"
            itself = member("/home/", f"<resourcetype><collection/></resourcetype>{own}")
            theirs = "<owner><href>/other/</href></owner>"
            inside = (
                member("/home/mine/", CALENDAR_KIND + own),
                member("/home/other/", CALENDAR_KIND + theirs),
                member("/home/inbox/", f"<resourcetype><collection/><C:schedule-inbox/></resourcetype>{own}"),
            )
            return Answer(body=multistatus(itself, *(inside if request.headers.get("depth") == "1" else ())))
        if home and "sync-token" in request.body:
            paths = ("/home/", "/home/mine/", "/home/other/", "/home/inbox/")
            return Answer(body=multistatus(*(member(p, f"<sync-token>{self.token}</sync-token>") for p in paths)))
        return Answer(404, {"Content-Type": "text/html"}, b"<html>nothing here</html>")


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body.decode())
