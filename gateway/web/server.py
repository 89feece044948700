"""Where the portal listens: uvicorn on a socket of ours, in the gateway's own loop.

What uvicorn leaves open is closed here: how many connections there may be, from one address too, how long TLS may take,
and that a certificate that was renewed counts from the next connection on.
"""

import asyncio
import contextlib
import logging
import os
import resource
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from typing import Any

import uvicorn

from gateway.errors import Misconfigured, Unreachable
from gateway.net.certificates import Certificate
from gateway.web.application import application
from gateway.web.connection import Connection
from gateway.web.portal import Portal
from gateway.web.security.slowing import place_of
from gateway.web.settings import WebSettings

BACKLOG = 128
GRACE = 2  # seconds that answers have to go out when it ends
HANDSHAKE = 10.0  # seconds that TLS may take to begin
HEADERS = 32 * 1024  # bytes of one request's headers
MOST = 1000  # connections
MOST_OF_ONE = 100  # of one address (of IPv6, one /64) that is no proxy of ours
SPARE = 200  # file handles that the rest of Ringplan needs
A_WHILE = 1.0  # seconds until another connection is taken, when there is no handle for it

Context = Callable[[], ssl.SSLContext | None]


class Server(uvicorn.Server):
    """A uvicorn that takes connections itself, and leaves signals to the gateway."""

    def __init__(self, config: uvicorn.Config, settings: WebSettings, context: Context) -> None:
        super().__init__(config)
        self._settings = settings
        self._context = context
        self._most = max(64, min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE))
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        self.servers = []
        await self.lifespan.startup()
        for bound in sockets or ():
            self._begin(self._taking(bound))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing more, and end what there is."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def _taking(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken, place = await loop.sock_accept(bound)
            except OSError:  # no handle is left, or the client has gone
                await asyncio.sleep(A_WHILE)
                continue
            address = str(place[0])
            whose = place_of(address)
            if self._open.total() >= self._most or (
                self._open[whose] >= MOST_OF_ONE and not self._settings.trusts(address)
            ):
                taken.close()
            else:
                self._begin(self._served(taken, whose))

    async def _served(self, taken: socket.socket, whose: str) -> None:
        """Serve one connection to its end."""
        self._open[whose] += 1
        loop, context = asyncio.get_running_loop(), self._context()
        try:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _, connection = await loop.connect_accepted_socket(
                self._connection, taken, ssl=context, ssl_handshake_timeout=HANDSHAKE if context else None
            )
            await connection.ended.wait()
        except OSError:  # also what TLS complains of
            taken.close()
        finally:
            self._open[whose] -= 1
            if not self._open[whose]:
                del self._open[whose]

    def _connection(self) -> Connection:
        return Connection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def listening(portal: Portal) -> AsyncIterator[tuple[str, int]]:
    """Serve the portal until the context ends; yields address and port.

    Raises `Misconfigured` where the address cannot be listened on, or the certificate cannot be used, and `Unreachable`
    while somebody else listens there.
    """
    settings = portal.settings
    certificate = Certificate(settings.certificate, settings.key) if settings.certificate and settings.key else None
    bound = _bound(settings)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # below, it tells what strangers send
    config = uvicorn.Config(
        application(portal),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=[str(network) for network in settings.proxies],
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=HEADERS,
    )
    config.load()
    server = Server(config, settings, certificate.context if certificate is not None else lambda: None)
    serving = asyncio.create_task(server.serve([bound]), name="web server")
    try:
        yield bound.getsockname()[:2]
    finally:
        server.should_exit = True
        await asyncio.wait((serving,))
        bound.close()
    serving.result()


def _bound(settings: WebSettings) -> socket.socket:
    address, port = settings.at
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        made = socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)  # what create_server says repeats the address
        said = f"[web] cannot listen on {address}:{port}: {why}"
        if error.errno in (EADDRINUSE, EADDRNOTAVAIL):
            raise Unreachable(said, "who else listens there? it is tried again") from error
        remedy = "ports below 1024 need a right, which the unit of ringplan init --unit gives; or take another port"
        raise Misconfigured(said, remedy if error.errno == EACCES else "take another address") from error
    made.setblocking(False)
    return made
