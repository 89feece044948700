"""One client's connection as bytes: messages out of what arrives, answers in their order, nothing without bounds.

What arrives is served at once, message after message, while answers go out as fast as they are made. While an answer
takes longer, or the client does not read, what arrives waits; only abandon and unbind are heard then.
"""

import asyncio
import socket
import ssl
from collections import deque
from typing import Protocol, cast

from gateway.directory.line import Line
from gateway.directory.secrecy import Secrecy
from gateway.directory.session import Later, Session
from gateway.directory.watch import Watch
from gateway.directory.wire import answers, ber, messages
from gateway.directory.wire.messages import Abandon, Bind, Compare, Message, Search, Unbind

LONGEST_FIRST = 64 * 1024  # bytes of a message before a bind
LONGEST = 1024 * 1024
MOST_WAITING = 256 * 1024  # bytes that wait until an answer has ended
AT_ONCE = 8  # messages that are served before other connections have a turn
HANDSHAKE = 10.0  # seconds for one of TLS
UNREAD = 20.0  # seconds in which a client takes what it has been sent


class Host(Protocol):
    """What a connection asks of the listener that took it."""

    idle: float
    first: float
    watch: Watch

    def bye(self, connection: "Connection") -> None:
        """Forget a connection: it is over."""

    def secrecy(self, *, at_once: bool) -> Secrecy | None:
        """Return the server's side of TLS, if it begins now: with the connection (`at_once`), or when it is asked."""

    def complain(self, address: str, said: str) -> None:
        """Say in the log that a client does what it must not."""


class Connection:
    """`deadline`: a time of the loop; whoever keeps the time closes what has not moved by then."""

    __slots__ = (
        "_current",
        "_has_turn",
        "_host",
        "_is_full",
        "_is_over",
        "_line",
        "_loop",
        "_needed",
        "_rest",
        "_secrecy",
        "_session",
        "_task",
        "_waiting",
        "_waits",
        "_writable",
        "address",
        "deadline",
    )  # fmt: skip

    def __init__(self, host: Host, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self._host = host
        self._loop = loop
        self._line: Line | None = None
        self._session: Session | None = None
        self._secrecy: Secrecy | None = None
        self._rest: bytearray | None = None
        self._needed = 0
        self._waiting: deque[Message] | None = None
        self._waits = 0
        self._has_turn = False
        self._current = 0
        self._task: asyncio.Task[None] | None = None
        self._is_full = False
        self._is_over = False
        self._writable: asyncio.Event | None = None
        self.address = address
        self.deadline = 0.0

    def begin(self, taken: socket.socket, session: Session) -> None:
        """Serve a client from now on."""
        self._session = session
        self._line = Line(taken, self, self._host.watch)
        self._secrecy = self._host.secrecy(at_once=True)
        self.deadline = self._loop.time() + (self._host.first if self._secrecy is None else HANDSHAKE)
        self._line.begin()

    def connection_lost(self) -> None:
        """Let go of everything."""
        self._is_over = True
        self._line = self._session = self._secrecy = self._rest = self._waiting = None
        if self._task is not None:
            self._task.cancel()
        self._host.bye(self)

    def data_received(self, data: bytes) -> None:
        """Serve what has arrived."""
        if self._is_over:
            return
        if self._secrecy is not None:
            self._take_sealed(data)
        else:
            self._take(data)

    def pause_writing(self) -> None:
        """Wait, for the client does not read."""
        self._is_full = True
        self.deadline = min(self.deadline, self._loop.time() + UNREAD)

    def resume_writing(self) -> None:
        """Go on, for it does."""
        self._is_full = False
        self.deadline = self._loop.time() + self._host.idle
        if self._writable is not None:
            self._writable.set()
        if not self._is_over:
            self._go_on()

    def end(self, notice: bytes = b"") -> None:
        """Hang up after what has been sent, and after `notice`."""
        if self._line is None or self._is_over:
            return
        if notice:
            self._write(notice)
        if self._secrecy is not None:
            self._line.write(self._secrecy.ended())
        self._is_over = True
        self.deadline = min(self.deadline, self._loop.time() + UNREAD)
        if self._task is not None:
            self._task.cancel()
        self._line.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._is_over = True
        if self._line is not None:
            self._line.abort()

    def _take_sealed(self, data: bytes) -> None:
        """Open what has arrived over TLS; what that has to say itself goes out."""
        if self._secrecy is None or self._line is None:
            return
        was_open = self._secrecy.is_open
        try:
            opened = self._secrecy.opened(data)
        except ssl.SSLError as error:
            self._line.write(self._secrecy.said())
            self._host.complain(self.address, f"TLS failed ({error.reason or error.__class__.__name__})")
            self._is_over = True
            self._line.close()
            return
        said = self._secrecy.said()
        if said:
            self._line.write(said)
        if self._secrecy.is_open and not was_open:
            self.deadline = self._loop.time() + self._host.first
        if opened:
            self._take(opened)
        if self._secrecy is not None and self._secrecy.is_ended:
            self.end()

    def _take(self, data: bytes) -> None:
        """Serve the messages that are whole; keep the beginning of the next one."""
        session = self._session
        if session is None:
            return
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data, self._rest = bytes(self._rest), None
        sent: list[bytes] = []
        at, size = 0, len(data)
        try:
            while at < size and not self._is_over:
                end = ber.message_end(data, at, LONGEST if session.is_bound else LONGEST_FIRST)
                if not end or end > size:
                    self._rest, self._needed = bytearray(data[at:]), end - at
                    break
                message = messages.decode(data, at, end)
                if self._task is not None or self._is_full or self._waiting or len(sent) >= AT_ONCE:
                    self._hear(message, end - at)
                else:
                    self._serve(session, message, sent)
                at = end
                if session.starts_tls:
                    self._begin_secrecy(session, sent, is_alone=at == size)
                    return
        except ber.Malformed as error:
            self._flush(sent)
            self._host.complain(self.address, f"sends what is no LDAP: {error}")
            self.end(answers.disconnection(answers.PROTOCOL_ERROR, "this is no LDAP message"))
            return
        if at:
            self._has_moved(session)
        self._flush(sent)
        if self._waiting:
            self._await_turn()

    def _serve(self, session: Session, message: Message, sent: list[bytes]) -> None:
        """Answer one message: into `sent`, or begin to."""
        if type(message.request) is Unbind:
            self._flush(sent)
            self.end()
            return
        answer = session.answer(message)
        if type(answer) is bytes:
            sent.append(answer)
            return
        self._flush(sent)
        self._current = message.number if type(message.request) is not Bind else 0
        self._task = self._loop.create_task(self._send(cast("Later", answer)), name="directory answer")
        self._task.add_done_callback(self._has_sent)

    def _hear(self, message: Message, size: int) -> None:
        """Let a message of so many bytes wait, unless it is about those that do."""
        request = message.request
        if type(request) is Unbind and self._task is not None:
            self.end()
        elif type(request) is Abandon:
            self._abandon(request.number)
        else:
            if self._waiting is None:
                self._waiting = deque()
            self._waiting.append(message)
            self._waits += size
            if self._waits > MOST_WAITING and self._line is not None:
                self._line.pause()

    def _abandon(self, number: int) -> None:
        """Do not answer that request any more; nothing is said about it (RFC 4511, section 4.11). Not for binds."""
        if number == self._current and self._task is not None:
            self._task.cancel()
        for waiting in self._waiting or ():
            if waiting.number == number and type(waiting.request) in (Search, Compare) and self._waiting:
                self._waiting.remove(waiting)
                break

    def _await_turn(self) -> None:
        if not self._has_turn:
            self._has_turn = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Serve some of what waits, if nothing keeps it waiting; then others have a turn."""
        self._has_turn = False
        session, sent = self._session, list[bytes]()
        while (
            session is not None
            and self._waiting
            and self._task is None
            and not (self._is_full or self._is_over)
            and len(sent) < AT_ONCE
        ):
            self._serve(session, self._waiting.popleft(), sent)
            if session.starts_tls:
                self._begin_secrecy(session, sent, is_alone=not self._waiting and self._rest is None)
                return
        self._flush(sent)
        if self._waiting:
            if self._task is None and not self._is_full:
                self._await_turn()
        elif self._waits and self._line is not None:
            self._waits = 0
            self._line.begin()

    async def _send(self, later: Later) -> None:
        """Send an answer that comes in pieces, none before the client has read most of those before it."""
        async for piece in later:
            self._write(piece)
            while self._is_full:
                self._writable = asyncio.Event()
                await self._writable.wait()
            await asyncio.sleep(0)

    def _has_sent(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "a request could not be answered", "exception": error})
            self.abort()
        elif self._session is not None and not self._is_over:
            self._has_moved(self._session)
            self._go_on()

    def _has_moved(self, session: Session) -> None:
        if not self._is_full:
            self.deadline = self._loop.time() + (self._host.idle if session.is_bound else self._host.first)

    def _begin_secrecy(self, session: Session, sent: list[bytes], *, is_alone: bool) -> None:
        """Begin TLS. What came behind the wish for it came in clear, and may be somebody else's: hang up then."""
        self._flush(sent)
        session.starts_tls = False
        if not is_alone:
            self._host.complain(self.address, "sends on in clear after it has asked for TLS")
            self.abort()
            return
        self._secrecy, session.is_secret = self._host.secrecy(at_once=False), True
        self.deadline = self._loop.time() + HANDSHAKE

    def _flush(self, sent: list[bytes]) -> None:
        if sent:
            self._write(b"".join(sent) if len(sent) > 1 else sent[0])
            sent.clear()

    def _write(self, data: bytes) -> None:
        if data and self._line is not None and not self._is_over:
            self._line.write(data if self._secrecy is None else self._secrecy.sealed(data))
