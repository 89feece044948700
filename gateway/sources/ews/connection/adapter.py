"""How `requests` carries Exchange Web Services: trusted by one context, answers whole or not at all, cut on demand.

exchangelib 5.6.0 reads an answer a byte at a time and repairs broken XML, so half an answer becomes a shorter list of
items with a new sync state. Here an answer is read in large pieces, and must be complete and well-formed before anybody
sees it. Streaming notifications (`stream=True`) have no end to wait for: they are handed on as they come.
Runs in worker threads; `cut` is called from another one.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from ssl import SSLContext
from typing import Any
from weakref import WeakSet

import lxml.etree
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from gateway.errors import GiveUp, RetryLater, Unreachable
from gateway.sources.ews.connection.dialect import plain
from gateway.sources.ews.connection.refusals import broken_off, host_of, lost

PIECE = 64 * 2**10  # bytes that are read at once
LARGEST = 50 * 2**20  # bytes of a decoded body
ALIVE = [  # where nothing comes for two minutes, the system asks whether the other side is still there
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 20),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
]


class Sockets:
    """The open sockets of one adapter, those too whose answer is still being read; `cut` once they may be no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: WeakSet[socket.socket] = WeakSet()
        self.cut = False

    def add(self, opened: socket.socket) -> None:
        """Remember a socket that was just connected. Raises `Unreachable` after `shut`."""
        with self._lock:
            if self.cut:
                opened.close()
                raise Unreachable("the request was given up")
            self._open.add(opened)

    def __bool__(self) -> bool:
        return bool(self._open)

    def shut(self) -> None:
        """Wake up whoever reads or writes; `SSLSocket.shutdown` would take the TLS state from under them."""
        with self._lock:
            self.cut = True
            for opened in self._open:
                try:
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
                except OSError:
                    continue  # closed meanwhile


class Plain(HTTPConnection):
    """A connection without TLS, for servers inside one machine."""

    def __init__(self, sockets: Sockets, **options: Any) -> None:
        super().__init__(**options)
        self.sockets = sockets

    def connect(self) -> None:
        """Connect, and be known as open."""
        super().connect()
        self.sockets.add(self.sock)


class Secure(HTTPSConnection):
    """A connection with TLS, verified by its context alone."""

    def __init__(self, sockets: Sockets, **options: Any) -> None:
        super().__init__(**options)
        self.sockets = sockets

    def connect(self) -> None:
        """Connect, and be known as open; a pin is no authority, but it was compared: urllib3 need not warn."""
        super().connect()
        self.is_verified = True
        self.sockets.add(self.sock)


class Answer(requests.Response):
    """An answer whose body comes whole, or as an error in Ringplan's words; it is read when it is first wanted.

    Not before: requests_ntlm takes the server's certificate from the socket of an answer that was not read yet.
    """

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Yield the body in pieces of `PIECE` bytes, whatever was asked for."""
        body = self._content if isinstance(self._content, bytes) else whole(self)
        for start in range(0, len(body), PIECE):
            yield body[start : start + PIECE]


class Adapter(HTTPAdapter):
    """Connections that trust by `context` alone; `connect`: seconds until one is made."""

    def __init__(self, context: SSLContext, connections: int = 1, connect: float = 10.0) -> None:
        self.context, self.connect, self.sockets = context, connect, Sockets()
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: Any) -> None:
        """Give the context to every connection."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self.context, socket_options=ALIVE)

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:
        """Leave authorities of `requests` and proxies of the environment out of it."""
        pool: Any = self.poolmanager.connection_from_url(request.url or "")
        pool.ConnectionCls = partial(Secure if pool.scheme == "https" else Plain, self.sockets)
        return pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Do nothing: the context verifies."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send; once more where a kept connection turns out to be closed: all that we ask may be asked twice.

        `timeout`: seconds between two pieces of the answer. Raises `RingplanError` alone.
        """
        read = timeout[1] if isinstance(timeout, tuple) else timeout
        kept = bool(self.sockets) and _may_be_repeated(request)
        try:
            response = super().send(request, stream, (self.connect, read))
        except requests.RequestException as error:
            if not (kept and not self.sockets.cut and broken_off(error)):
                raise lost(error, host_of(request.url)) from error
            try:
                response = super().send(request, stream, (self.connect, read))
            except requests.RequestException as again:
                raise lost(again, host_of(request.url)) from again
        if stream:
            return response
        answer = Answer()
        answer.__dict__.update(response.__dict__)
        return answer


def whole(response: requests.Response) -> bytes:
    """Read the decoded body; urllib3 raises where less comes than the headers promised.

    Raises `RetryLater` where it is not whole, or said to be XML and not well-formed, `GiveUp` where it is too large.
    """
    host = host_of(response.url)
    parts, size = [], 0
    try:
        while piece := response.raw.read(PIECE, decode_content=True):
            size += len(piece)
            if size > LARGEST:
                response.close()
                raise GiveUp(f"{host} sent more than {LARGEST >> 20} MiB", "make the calendar smaller")
            parts.append(piece)
    except (HTTPError, OSError) as error:
        raise lost(error, host) from error
    body = b"".join(parts)
    if "xml" not in response.headers.get("content-type", "").lower():
        return body
    if not well_formed(body):
        raise RetryLater(f"{host} sent an answer that is not whole")
    return plain(body)


def well_formed(body: bytes) -> bool:
    """Return whether `body` is one XML document without a document type: those can hold entities."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = lxml.etree.fromstring(body, parser)
    except lxml.etree.XMLSyntaxError:
        return False
    return not root.getroottree().docinfo.doctype


def _may_be_repeated(request: requests.PreparedRequest) -> bool:
    """Return whether `request` means the same on another connection: a step of NTLM does not, and would be refused."""
    return str(request.headers.get("Authorization", "Basic")).startswith("Basic")
