"""Requests to one DAV server: bounded in time and size, answers accepted only whole, failures in Ringplan's words.

A request is safe to repeat (PROPFIND and REPORT change nothing), so one that meets a kept connection which the server
has just closed (SOGo does after each answer, unannounced) is sent once more. Redirects are followed by hand: an answer
must never carry our password to a host that nobody named.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

import httpx

from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.net.patience import after
from gateway.net.trust import distrusted
from gateway.sources.caldav.dav import PRINCIPAL, Multistatus, Resource, Unreadable, multistatus

LARGEST = 50 * 2**20  # bytes of a decoded body
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
XML = ("text/xml", "application/xml")
CODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}  # whether it is gzip (RFC 9110 section 8.4.1)
LARGE = 64 * 2**10  # bytes of a body that is read beside the event loop


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: until connected, between two pieces of an answer, and for a request as a whole."""

    connect: float = 10.0
    read: float = 30.0
    whole: float = 60.0


DEADLINES = Deadlines()


class Missing(GiveUp):
    """Nothing is there: the collection was moved or removed."""


class TooMuch(GiveUp):
    """The answer is larger than is read at once."""


@dataclass(slots=True)
class Client:
    """A server as one account sees it; `at` in a request is an absolute URL."""

    http: httpx.AsyncClient = field(repr=False)
    limit: asyncio.Semaphore
    deadlines: Deadlines

    async def propfind(self, at: httpx.URL, depth: int, body: bytes) -> "Answer":
        """Return the members that a PROPFIND lists."""
        return await self._ask("PROPFIND", at, depth, body)

    async def report(self, at: httpx.URL, depth: int, body: bytes, *, may_be_cut: bool = False) -> "Answer":
        """Return the members that a REPORT lists. Raises `GiveUp` where some were left out, unless it `may_be_cut`."""
        return await self._ask("REPORT", at, depth, body, may_be_cut=may_be_cut)

    async def led(self, at: httpx.URL) -> httpx.URL | None:
        """Return where `at` (a `.well-known`) leads, None: nowhere. Asked without our password.

        Another host is followed over https only: its certificate vouches for `at`'s word (RFC 6764 section 5).
        """
        try:
            async with self.limit, asyncio.timeout(self.deadlines.whole):
                for _ in range(REDIRECTS):
                    status, headers, _content = await self._send("PROPFIND", at, 0, PRINCIPAL, signed=False)
                    if status not in MOVED:
                        return None if status in (404, 405, 410, 501) or status >= 500 else at
                    to = joined(at, headers.get("location", ""))
                    at = to if at.scheme == to.scheme == "https" else redirected(at, str(to))
        except TimeoutError as error:
            raise Unreachable(f"{at.host} did not answer within {self.deadlines.whole:.0f} s") from error
        raise GiveUp(f"{at.host} redirects in a circle", "give the final url in the settings")

    async def _ask(self, method: str, at: httpx.URL, depth: int, body: bytes, *, may_be_cut: bool = False) -> "Answer":
        async with self.limit:
            try:
                async with asyncio.timeout(self.deadlines.whole):
                    answer = await self._follow(method, at, depth, body)
            except TimeoutError as error:
                raise Unreachable(f"{at.host} did not answer within {self.deadlines.whole:.0f} s") from error
        if answer.is_cut and not may_be_cut:
            raise GiveUp(f"{at.host} left items out of its answer", "raise the server's limit of results")
        return answer

    async def _follow(self, method: str, at: httpx.URL, depth: int, body: bytes) -> "Answer":
        for _ in range(REDIRECTS):
            status, headers, content = await self._send(method, at, depth, body)
            if status not in MOVED:
                if len(content) < LARGE:
                    said = _read(at, status, headers, content)
                else:
                    said = await asyncio.to_thread(_read, at, status, headers, content)
                return Answer(at, said.resources, said.token, said.is_cut)
            at = redirected(at, headers.get("location", ""))
        raise GiveUp(f"{at.host} redirects in a circle", "give the final url in the settings")

    async def _send(
        self, method: str, at: httpx.URL, depth: int, body: bytes, *, signed: bool = True
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Depth": str(depth), "Content-Type": "text/xml"}
        auth = httpx.USE_CLIENT_DEFAULT if signed else None
        for again in (True, False):
            answered = False
            try:
                async with self.http.stream(method, at, headers=headers, content=body, auth=auth) as response:
                    answered = True
                    return response.status_code, response.headers, await _whole(response)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if answered or not again:
                    raise Unreachable(f"{at.host} broke the connection off") from error
            except httpx.TimeoutException as error:
                raise Unreachable(f"{at.host} does not answer") from error
            except zlib.error as error:
                raise RetryLater(f"{at.host} sent a body that cannot be decoded") from error
            except httpx.TransportError as error:
                raise _unreachable(at, error) from error
        raise Unreachable(f"{at.host} broke the connection off")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and the URL that gave it in the end: hrefs are relative to it. The rest as in `dav.Multistatus`."""

    at: httpx.URL
    resources: tuple[Resource, ...]
    token: str | None = field(default=None, repr=False)
    is_cut: bool = False


@asynccontextmanager
async def opened(account: Account, trust: SSLContext, connections: int, deadlines: Deadlines) -> AsyncIterator[Client]:
    """Open a client with the account's credentials; leaving closes its connections.

    Headers are few, since an unchanged calendar is asked for each minute.
    """
    http = httpx.AsyncClient(
        auth=httpx.BasicAuth(account.login, account.password.reveal()),
        verify=trust,
        timeout=httpx.Timeout(deadlines.read, connect=deadlines.connect),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=120),
        trust_env=False,
    )
    http.headers["User-Agent"], http.headers["Accept-Encoding"] = "Ringplan", "gzip"
    del http.headers["Accept"], http.headers["Connection"]
    async with http:
        yield Client(http, asyncio.Semaphore(connections), deadlines)


def redirected(at: httpx.URL, location: str) -> httpx.URL:
    """Return where a redirect leads: the same host, and never from https to http. Raises `GiveUp` for any other."""
    to = joined(at, location)
    if not location or to.host != at.host or (at.scheme == "https" and to.scheme != "https"):
        raise GiveUp(f"{at.host} redirects to another place, {to.scheme}://{to.host}", "if it is right, give its url")
    if (at.scheme, at.port) != (to.scheme, to.port) and to.scheme != "https":
        raise GiveUp(f"{at.host} redirects to another port without TLS", "if it is right, give its url")
    return to


def joined(at: httpx.URL, href: str) -> httpx.URL:
    """Return the URL that an href means in an answer of `at`. Raises `GiveUp` where it means none."""
    try:
        to = at.join(href)
    except (httpx.InvalidURL, ValueError) as error:
        raise GiveUp(f"{at.host} names something that is no address", "correct the server's settings") from error
    return to


async def _whole(response: httpx.Response) -> bytes:
    """Return the body; httpx raises where less came than the headers promised.

    Decoded here and not by httpx, which makes 200 MB of 483 bytes at once where gzip lies within gzip.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in CODINGS:
        raise RetryLater(f"{response.url.host} sent a body in a coding that was not asked for")
    gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if CODINGS[coding] else None
    parts, size = [], 0
    async for raw in response.aiter_raw():
        part = gzip.decompress(raw, LARGEST + 1 - size) if gzip is not None else raw
        size += len(part)
        if size > LARGEST:
            raise TooMuch(f"{response.url.host} sent more than {LARGEST >> 20} MiB", "make the calendar smaller")
        parts.append(part)
    if gzip is not None and size and not gzip.eof:
        raise RetryLater(f"{response.url.host} sent a body that cannot be decoded")
    return b"".join(parts)


def _read(at: httpx.URL, status: int, headers: httpx.Headers, content: bytes) -> Multistatus:
    """Return what a 207 says, or raise what the status means."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if status == 207 and (kind in XML or kind.endswith("+xml")):
        try:
            return multistatus(content)
        except Unreadable as error:
            raise RetryLater(f"{at.host} sent an answer that is not whole") from error
    if status == 401:
        raise SignInAgain(f"{at.host} refused user name or password", "give it anew: ringplan accounts password")
    if status == 403:
        raise Refused(f"{at.host} forbids {at.path}", "give the account the right to read it")
    if status in (404, 410):
        raise Missing(
            f"{at.host} has nothing at {at.path}",
            "correct the url, `calendars` or `contacts` of the source, or the user's own path",
        )
    if status in (408, 425, 429) or (status >= 500 and status not in (501, 505)):
        wait = after(headers.get("retry-after", ""), headers.get("date", ""))
        asks_for_rest = status == 429 or wait is not None  # RFC 6585, section 4; RFC 9110, section 10.2.3
        kind_of = Throttled if asks_for_rest else RetryLater
        raise kind_of(f"{at.host} is not able to answer now ({status})", after=wait)
    if 200 <= status < 300:
        raise GiveUp(
            f"{at.host} answered {at.path} with {kind or 'no content type'} instead of a list",
            "the path is no DAV collection: correct url, calendars, contacts or the user's own path",
        )
    raise GiveUp(f"{at.host} does not speak DAV at {at.path} ({status})", "correct the url")


def _unreachable(at: httpx.URL, error: httpx.TransportError) -> Unreachable:
    return distrusted(error, at.host) or Unreachable(
        f"{at.host} cannot be reached", "is the server up, and the url right?"
    )
