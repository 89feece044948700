"""Where the directory listens: listeners, who may connect to each, and the end of connections that do not move."""

import asyncio
import logging
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from errno import EACCES
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from gateway.directory.connection import Connection, Turns
from gateway.directory.line import Door
from gateway.directory.root import root, subschema
from gateway.directory.schema import Schema
from gateway.directory.searchable import Searchable
from gateway.directory.searching import Limits
from gateway.directory.secrecy import Secrecy
from gateway.directory.session import Directory, Session
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.directory.visitors import Visitors
from gateway.directory.watch import Watch
from gateway.directory.wire import answers
from gateway.errors import Misconfigured
from gateway.net.certificates import Certificate
from gateway.net.networks import Networks

log = logging.getLogger(__name__)

FIRST = 60.0  # seconds for the first message, and between two before a bind
TICK = 1.0  # seconds between two looks at what does not move
SPARE = 200  # file handles that the rest of Ringplan needs
APART = 60.0  # seconds between two complaints about one address
ADDRESSES = 4096  # that are remembered


class Crowd:
    """All connections to all listeners, and how many come from each address."""

    def __init__(self, per_address: int, most: int, loop: asyncio.AbstractEventLoop) -> None:
        self._per_address = per_address
        self._most = most
        self._loop = loop
        self._counts: Counter[str] = Counter()
        self._complained: dict[str, float] = {}
        self.connections: set[Connection] = set()
        self.turns = Turns(loop)

    def take(self, connection: Connection) -> bool:
        """Take one more; False: there are too many. Where all are too many, the one that is due first makes room."""
        address = connection.address
        if self._counts[address] >= self._per_address:
            self.complain(address, "has too many connections")
            return False
        if len(self.connections) >= self._most:
            self.complain("", f"there are {self._most} connections: those that idle make room")
            min(self.connections, key=lambda one: one.deadline).abort()
        self._counts[address] += 1
        self.connections.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Forget one."""
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        address = connection.address
        if self._counts[address] > 1:
            self._counts[address] -= 1
        else:
            del self._counts[address]

    def complain(self, address: str, said: str) -> None:
        """Log what is wrong with an address, not too often."""
        now = self._loop.time()
        if now - self._complained.pop(address, -APART) < APART:
            return
        self._complained[address] = now
        if len(self._complained) > ADDRESSES:
            del self._complained[next(iter(self._complained))]
        log.info("directory: %s %s", address, said)

    async def keep_time(self) -> None:
        """Close what does not move, forever."""
        while True:
            await asyncio.sleep(TICK)
            now = self._loop.time()
            for connection in [one for one in self.connections if one.deadline < now]:
                connection.abort()


class Listener:
    """One place where connections are taken (`connection.Host`)."""

    def __init__(
        self,
        settings: DirectorySettings,
        listen: ListenSettings,
        directory: Directory,
        crowd: Crowd,
        loop: asyncio.AbstractEventLoop,
        watch: Watch,
    ) -> None:
        self._loop = loop
        self.watch = watch
        self._directory = directory
        self._crowd = crowd
        self._tls = listen.tls
        self._is_welcome = _within(listen.networks)
        self._is_trusted = _within(settings.anonymous)
        self._certificate = Certificate(listen.certificate, listen.key) if listen.certificate and listen.key else None
        self.turns = crowd.turns
        self.idle = float(settings.idle)
        self.first = min(FIRST, self.idle)

    def take(self, taken: socket.socket, address: str) -> None:
        """Serve a client at `address`, or hang up at once."""
        connection = Connection(self, address, self._loop)
        if not self._is_welcome(address):
            self._crowd.complain(address, "is in none of the networks of this listener")
            taken.close()
        elif not self._crowd.take(connection):
            taken.close()
        else:
            is_trusted, is_secret = self._is_trusted(address), self._tls != "starttls"
            connection.begin(taken, Session(self._directory, address, is_trusted=is_trusted, is_secret=is_secret))

    def bye(self, connection: Connection) -> None:
        """Forget a connection."""
        self._crowd.leave(connection)

    def secrecy(self, *, at_once: bool) -> Secrecy | None:
        """Return the server's side of TLS, if it begins now."""
        if self._certificate is None or at_once != (self._tls == "ldaps"):
            return None
        return Secrecy(self._certificate.context())

    def complain(self, address: str, said: str) -> None:
        """Say in the log that a client does what it must not."""
        self._crowd.complain(address, said)


@asynccontextmanager
async def listening(
    settings: Listening, catalogue: Searchable, visitors: Visitors, schema: Schema
) -> AsyncIterator[Mapping[str, tuple[str, int]]]:
    """Serve the directory until the context ends; yields address and port by listener.

    Raises `Misconfigured` where an address cannot be listened on, or a certificate cannot be used.
    """
    loop = asyncio.get_running_loop()
    crowd = Crowd(settings.directory.connections, _room(), loop)
    limits = Limits(settings.directory.size_limit, settings.directory.time_limit)
    told = subschema(schema)
    async with AsyncExitStack() as stack:
        watch = Watch(loop)
        stack.callback(watch.close)
        bound: dict[str, tuple[str, int]] = {}
        for name, listen in settings.listen.items():
            offers_tls = listen.tls == "starttls"
            top = root(catalogue.base, offers_tls=offers_tls)
            directory = Directory(catalogue, visitors, schema, limits, top, told, offers_tls, loop.time)
            listener = Listener(settings.directory, listen, directory, crowd, loop, watch)
            door = _opened(name, listen, listener, loop)
            stack.callback(door.close)
            bound[name] = door.at
        keeping = loop.create_task(crowd.keep_time(), name="directory time")
        stack.callback(keeping.cancel)
        stack.callback(_farewell, crowd)
        yield bound


def _opened(name: str, listen: ListenSettings, listener: Listener, loop: asyncio.AbstractEventLoop) -> Door:
    address, port = listen.at
    try:
        return Door(address, port, listener.take, loop, listener.watch)
    except OSError as error:
        remedy = "is it this machine's address, and does nobody else listen there?"
        if error.errno == EACCES:
            remedy = "ports below 1024 need a right, which the unit of ringplan init --unit gives; or take another port"
        raise Misconfigured(
            f"directory.listen.{name}: {address} port {port} cannot be listened on ({error.strerror})", remedy
        ) from error


def _farewell(crowd: Crowd) -> None:
    notice = answers.disconnection(answers.UNAVAILABLE, "the directory stops")
    for connection in list(crowd.connections):
        connection.end(notice)
        connection.abort()  # whoever has not read what came before


def _room() -> int:
    """Return how many connections fit into the file handles of this process."""
    return max(64, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE)


def _within(networks: Networks) -> Callable[[str], bool]:
    """Return a function that says whether an address, as text, is in one of `networks`."""

    @lru_cache(maxsize=ADDRESSES)
    def is_within(address: str) -> bool:
        found = ip_address(address)
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return any(found in network for network in networks)

    return is_within
