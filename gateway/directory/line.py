"""TCP as the directory uses it: sockets that are watched, and nothing between them and a connection.

Telephones connect anew for each search. `asyncio`'s own transports cost more for that than a search does: a task, a
future and four turns of the loop for each connection. So sockets are watched directly (`watch`).
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from gateway.directory.watch import READABLE, WRITABLE, Watch

log = logging.getLogger(__name__)

AT_ONCE = 64  # connections that are taken before others have a turn
READ = 64 * 1024  # bytes
FULL, FREE_AGAIN = 64 * 1024, 16 * 1024  # bytes that the client has not taken yet
BACKLOG = 1024
PAUSE = 1.0  # seconds without new connections, when there is no room for one
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Owner(Protocol):
    """Who is told what happens on a line; from within its own calls too."""

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""

    def pause_writing(self) -> None:
        """More than `FULL` bytes wait for the client."""

    def resume_writing(self) -> None:
        """Less than `FREE_AGAIN` do."""

    def connection_lost(self) -> None:
        """It is over. Told once."""


class Line:
    """One connection; `begin` it. What cannot be sent at once waits here: it is for the owner to stop when told."""

    __slots__ = ("_handle", "_is_closing", "_is_full", "_is_reading", "_owner", "_socket", "_unsent", "_watch")

    def __init__(self, taken: socket.socket, owner: Owner, watch: Watch) -> None:
        self._socket = taken
        self._handle = taken.fileno()
        self._owner = owner
        self._watch = watch
        self._unsent = bytearray()
        self._is_reading = False
        self._is_full = False
        self._is_closing = False

    def begin(self) -> None:
        """Read from now on, unless it is paused; also again after that."""
        if not (self._is_reading or self._is_closing):
            self._is_reading = True
            self._wait()

    def pause(self) -> None:
        """Read no more for now."""
        if self._is_reading:
            self._is_reading = False
            self._wait()

    def write(self, data: bytes) -> None:
        """Send, now or later."""
        if self._is_closing:
            return
        if not self._unsent:
            sent = self._sent(data)
            if sent == len(data) or sent < 0:
                return
            self._unsent += data[sent:]
            self._wait()
        else:
            self._unsent += data
        if len(self._unsent) > FULL and not self._is_full:
            self._is_full = True
            self._owner.pause_writing()

    def close(self) -> None:
        """Hang up once everything is sent."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._unsent:
            self.pause()
        else:
            self._over()

    def abort(self) -> None:
        """Hang up."""
        self._is_closing = True
        self._over()

    def _wait(self) -> None:
        events = (READABLE if self._is_reading else 0) | (WRITABLE if self._unsent else 0)
        self._watch.want(self._handle, events, self._happened)

    def _happened(self, events: int) -> None:
        """Go on; a socket that is broken says so where it is read or written."""
        if self._unsent and events != READABLE:
            self._write()
        if self._is_reading and events != WRITABLE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.abort()
            return
        is_done = False
        try:
            self._owner.data_received(data)
            is_done = True
        finally:
            if not is_done:  # a defect, which the loop's handler logs
                self.abort()

    def _write(self) -> None:
        with memoryview(self._unsent) as view, view[:READ] as first:
            sent = self._sent(first)
        if sent < 0:
            return
        del self._unsent[:sent]
        if not self._unsent:
            if self._is_closing:
                self._over()
                return
            self._wait()
        if self._is_full and len(self._unsent) < FREE_AGAIN:
            self._is_full = False
            self._owner.resume_writing()

    def _sent(self, data: bytes | memoryview) -> int:
        """Return how many bytes could be sent; -1: the line is over."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.abort()
            return -1

    def _over(self) -> None:
        if self._handle < 0:
            return
        self._watch.forget(self._handle)
        self._handle = -1
        self._is_reading = False
        self._unsent = bytearray()  # the one before may be looked at just now
        self._socket.close()
        self._owner.connection_lost()


Take = Callable[[socket.socket, str], None]


class Door:
    """A socket that listens at `address` (of IPv4 or IPv6) and `port`; `take` gets each connection, and from where.

    Raises `OSError` where nobody can listen there.
    """

    def __init__(self, address: str, port: int, take: Take, loop: asyncio.AbstractEventLoop, watch: Watch) -> None:
        self._take = take
        self._loop = loop
        self._watch = watch
        self._later: asyncio.TimerHandle | None = None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        for level, option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
            self._socket.setsockopt(level, option, 1)  # what it takes has them too (tcp(7), socket(7))
        self._open()

    @property
    def at(self) -> tuple[str, int]:
        """Address and port."""
        address, port, *_ = self._socket.getsockname()
        return address, port

    def close(self) -> None:
        """Take nobody any more."""
        if self._later is not None:
            self._later.cancel()
        self._watch.forget(self._socket.fileno())
        self._socket.close()

    def _open(self) -> None:
        self._later = None
        self._watch.want(self._socket.fileno(), READABLE, self._knocked)

    def _knocked(self, _: int) -> None:
        for _ in range(AT_ONCE):
            try:
                taken, address = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in NO_ROOM:
                    log.warning("directory: no room for another connection (%s)", error.strerror)
                    self._watch.want(self._socket.fileno(), 0, self._knocked)
                    self._later = self._loop.call_later(PAUSE, self._open)
                    return
                continue  # that one has gone already (accept(2))
            taken.setblocking(False)
            self._take(taken, address[0])
