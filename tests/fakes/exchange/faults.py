"""What goes wrong at an Exchange server or on the way to it, on demand: for the next requests, or until it is removed.

    faults = Faults()
    async with Server(faults.around(handler), people, in_front=faults.in_front).up():
        faults.next(busy(30_000), operation="SyncFolderItems", mailbox="anna@example.test")
        faults.always(down(), in_front=True)
        faults.clear()

Each fault cites where Microsoft describes it, or says which failure it stands for. "Throttling" is the page "EWS
throttling in Exchange", its tables 3 and 4.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

from tests.fakes.exchange import soap
from tests.fakes.exchange.http import Handler, Reply, Request, page

XML = {"Content-Type": "text/xml; charset=utf-8"}
BUSY = "The server cannot service this request right now. Try again later."

Fault = Callable[[Request, Handler], Awaitable[Reply]]
"""Answers a request instead of the handler, or spoils what the handler answers."""


@dataclass(eq=False, slots=True)
class Planned:
    """`left`: requests that it will still strike, None: all. Empty `operation` or `mailbox`: any."""

    fault: Fault
    left: int | None
    operation: str
    mailbox: str
    in_front: bool

    def strikes(self, request: Request, in_front: bool) -> bool:
        return (
            self.left != 0
            and self.in_front == in_front
            and self.operation in ("", request.operation)
            and (not self.mailbox or concerns(request, self.mailbox))
        )


def concerns(request: Request, mailbox: str) -> bool:
    """Whether a request names the mailbox: as the one it is about, or anywhere in its body."""
    wanted = mailbox.lower()
    return (
        request.headers.get("x-anchormailbox", "").lower() == wanted or f">{wanted}<".encode() in request.body.lower()
    )


class Faults:
    """The faults of one server; of several that match, the one that was planned first strikes.

    `in_front`: also before anybody has signed in, as what stands in front of the server does.
    """

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def next(
        self, fault: Fault, count: int = 1, *, operation: str = "", mailbox: str = "", in_front: bool = False
    ) -> Planned:
        """Strike the next `count` requests that match; `left` of what is returned says how many are still to come."""
        self._planned.append(Planned(fault, count, operation, mailbox, in_front))
        return self._planned[-1]

    def always(self, fault: Fault, *, operation: str = "", mailbox: str = "", in_front: bool = False) -> Planned:
        """Strike all requests that match, until it is removed."""
        self._planned.append(Planned(fault, None, operation, mailbox, in_front))
        return self._planned[-1]

    def remove(self, planned: Planned) -> None:
        self._planned.remove(planned)

    def clear(self) -> None:
        self._planned.clear()

    def around(self, handler: Handler) -> Handler:
        """Put the faults of the server itself around what it answers."""
        return lambda request: self._answer(request, handler, in_front=False)

    def in_front(self, handler: Handler) -> Handler:
        """Put the faults of what stands in front of it around sign-in."""
        return lambda request: self._answer(request, handler, in_front=True)

    async def _answer(self, request: Request, handler: Handler, in_front: bool) -> Reply:
        planned = next((one for one in self._planned if one.strikes(request, in_front)), None)
        if planned is None:
            return await handler(request)
        if planned.left is not None:
            planned.left -= 1
        return await planned.fault(request, handler)


def unauthorized(*schemes: str) -> Fault:
    """401 in spite of a right password: a domain controller that IIS does not reach, an account that was locked.

    A client that signs in by NTLM begins anew on a 401, so it is struck twice for one question: use `always`.
    """
    return _always(Reply(401, challenges=schemes or ("Negotiate", "NTLM", 'Basic realm="localhost"')))


def busy(back_off: int | None = 30_000) -> Fault:
    """ErrorServerBusy in a SOAP fault with status 500, the back-off in milliseconds: Throttling, HTTP 500.

    None: without one ("The response may contain a back off hint").
    """
    values = {} if back_off is None else {"BackOffMilliseconds": str(back_off)}
    return _always(soap_fault("ErrorServerBusy", BUSY, **values))


def error(code: str, text: str = "", **values: str) -> Fault:
    """Say `code` in a response message with status 200, as Throttling has it for HTTP 200, and as any operation fails.

    `values`: of MessageXml.
    """

    async def answer(request: Request, _: Handler) -> Reply:
        said = soap.refused(request.operation, soap.Refusal(code, text, **values))
        return Reply(200, XML, soap.enveloped(soap.response(request.operation, said)))

    return answer


def too_many(retry_after: int = 7) -> Fault:
    """429 with Retry-After in seconds: what proxies with a limit of their own say (RFC 6585), and Exchange Online."""
    return _always(replace(page(429), headers={**page(429).headers, "Retry-After": str(retry_after)}))


def down(retry_after: int | None = None) -> Fault:
    """503: requests are queuing in IIS (Throttling, HTTP 503), its application pool is stopped, or nobody is behind."""
    retry = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _always(replace(page(503), headers={**page(503).headers, **retry}))


def broken() -> Fault:
    """500 with a page for people: EWS does not start, after an update that ended halfway."""
    return _always(page(500))


def login_page() -> Fault:
    """200 and a well-formed page for people: a gateway in front that wants a sign-in by form."""
    html = b'<html><body><form action="/owa/auth.owa" method="post"><input name="password"/></form></body></html>'
    return _always(Reply(200, {"Content-Type": "text/html"}, html))


def moved(where: str) -> Fault:
    """302 to `where`: such as to the sign-in of Outlook on the web, or to another server."""
    return _always(Reply(302, {"Location": where}))


async def half(request: Request, handler: Handler) -> Reply:
    """The first half of a body whose Content-Length is that of the whole, then the end: a connection that broke."""
    reply, body = await _whole(request, handler)
    return replace(reply, body=body[: len(body) // 2], length=len(body), cut=True)


async def half_in_chunks(request: Request, handler: Handler) -> Reply:
    """The same in chunks, of which the last never comes (RFC 9112, 8: the message is incomplete)."""
    reply, body = await _whole(request, handler)
    return replace(reply, body=_in_pieces(body[: len(body) // 2], 1000), cut=True)


async def garbled(request: Request, handler: Handler) -> Reply:
    """Half of the XML with its own true Content-Length: a proxy that lost the rest, and counted what it had."""
    reply, body = await _whole(request, handler)
    return replace(reply, body=body[: len(body) // 2])


async def hung(_: Request, __: Handler) -> Reply:
    """Nothing is ever answered, and the connection stays open: a mailbox server that does not answer its front end."""
    await asyncio.Event().wait()
    raise AssertionError


def late(seconds: float) -> Fault:
    """A sound answer, but not at once: Throttling has CPUStartPercent, by which requests are held up under load.

    Without it the scripted server is so quick that two requests are never on their way at once.
    """

    async def answer(request: Request, handler: Handler) -> Reply:
        await asyncio.sleep(seconds)
        return await handler(request)

    return answer


async def cut(_: Request, __: Handler) -> Reply:
    """The connection is closed before an answer: an application pool that is recycled."""
    raise ConnectionAbortedError


def trickling(pause: float) -> Fault:
    """A byte of the body each `pause` seconds: a line that is as good as dead, and whose reads never time out."""

    async def answer(request: Request, handler: Handler) -> Reply:
        reply, body = await _whole(request, handler)
        return replace(reply, body=_in_pieces(body, 1, pause), length=len(body))

    return answer


def soap_fault(code: str, text: str, **values: str) -> Reply:
    """The form in which EWS refuses a request as a whole ("ResponseCode"); `values`: MessageXml, for clients."""
    return Reply(500, XML, soap.enveloped(soap.fault(soap.Refusal(code, text, **values))))


def _always(reply: Reply) -> Fault:
    async def answer(_: Request, __: Handler) -> Reply:
        return reply

    return answer


async def _whole(request: Request, handler: Handler) -> tuple[Reply, bytes]:
    reply = await handler(request)
    body = reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])
    return reply, body


async def _in_pieces(body: bytes, size: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        await asyncio.sleep(pause)
        yield body[start : start + size]
