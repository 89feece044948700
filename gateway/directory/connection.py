"""One client's connection as bytes: messages out of what arrives, answers in their order, nothing without bounds.

What arrives is served at once, message after message, while answers go out as fast as they are made. While an answer
takes longer, or the client does not read, what arrives waits; only abandon and unbind are heard then.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from gateway.directory.line import Line
from gateway.directory.secrecy import Secrecy
from gateway.directory.session import Later, Session
from gateway.directory.watch import Watch
from gateway.directory.wire import answers, ber, messages
from gateway.directory.wire.messages import Abandon, Bind, Message, Unbind

LONGEST_FIRST = 64 * 1024  # bytes of a message before a bind
LONGEST = 1024 * 1024
MOST_WAITING = 64 * 1024  # bytes that wait until an answer has ended
AT_ONCE = 8  # messages that are served before other connections have a turn
TURN = 0.002  # seconds after which they have one too
HANDSHAKE = 10.0  # seconds for one of TLS
UNREAD = 20.0  # seconds in which a client takes what it has been sent


class Turns:
    """Who has sent more than was served at once: one after the other, and all of them `TURN` at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asking: deque[Callable[[], None]] = deque()
        self._is_called = False

    def ask(self, go_on: Callable[[], None]) -> None:
        """Let `go_on` be called when its turn comes."""
        self._asking.append(go_on)
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._give)

    def _give(self) -> None:
        until = self._loop.time() + TURN
        try:
            while self._asking and self._loop.time() < until:
                self._asking.popleft()()
        finally:
            self._is_called = bool(self._asking)
            if self._is_called:
                self._loop.call_soon(self._give)


class Host(Protocol):
    """What a connection asks of the listener that took it."""

    idle: float
    first: float
    turns: Turns
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
        self._waiting: deque[tuple[int, int, bytes]] | None = None  # number, operation, message
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
        at, size, until = 0, len(data), self._loop.time() + TURN
        try:
            while at < size and not self._is_over:
                end = ber.message_end(data, at, LONGEST if session.is_bound else LONGEST_FIRST)
                if not end or end > size:
                    self._rest, self._needed = bytearray(data[at:]), end - at
                    break
                if self._must_wait(sent, until):
                    self._hear(data[at:end])
                else:
                    self._serve(session, messages.decode(data, at, end), sent)
                at = end
                if session.starts_tls:
                    self._begin_secrecy(session, sent, is_alone=at == size)
                    return
        except ber.Malformed as error:
            self._refuse(sent, error)
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

    def _refuse(self, sent: list[bytes], error: ber.Malformed) -> None:
        """Hang up on who sends what cannot be understood."""
        self._flush(sent)
        self._host.complain(self.address, f"sends what is no LDAP: {error}")
        self.end(answers.disconnection(answers.PROTOCOL_ERROR, "this is no LDAP message"))

    def _must_wait(self, sent: list[bytes], until: float) -> bool:
        """Say whether the next message waits: for answers before it, or because others have a turn."""
        if self._task is not None or self._is_full or self._waiting:
            return True
        return bool(sent) and (len(sent) >= AT_ONCE or self._loop.time() > until)

    def _hear(self, data: bytes) -> None:
        """Let a message wait as it is, unless it is about those that do. Raises `Malformed`."""
        number, operation = messages.peeked(data)
        if operation == messages.UNBIND and self._task is not None:
            self.end()
        elif operation == messages.ABANDON:
            self._abandon(cast("Abandon", messages.decode(data, 0, len(data)).request).number)
        else:
            if self._waiting is None:
                self._waiting = deque()
            self._waiting.append((number, operation, data))
            self._waits += len(data)
            if self._waits > MOST_WAITING and self._line is not None:
                self._line.pause()

    def _abandon(self, number: int) -> None:
        """Do not answer that request any more; nothing is said about it (RFC 4511, section 4.11). Not for binds."""
        if number == self._current and self._task is not None:
            self._task.cancel()
        for waiting in self._waiting or ():
            if waiting[0] == number and waiting[1] in messages.ABANDONABLE and self._waiting:
                self._waiting.remove(waiting)
                break

    def _await_turn(self) -> None:
        if not self._has_turn:
            self._has_turn = True
            self._host.turns.ask(self._go_on)

    def _go_on(self) -> None:
        """Serve some of what waits, if nothing keeps it waiting; then others have a turn."""
        self._has_turn = False
        session, sent, until = self._session, list[bytes](), self._loop.time() + TURN
        try:
            while (
                session is not None
                and self._waiting
                and self._task is None
                and not (self._is_full or self._is_over)
                and not (sent and (len(sent) >= AT_ONCE or self._loop.time() > until))
            ):
                _, _, data = self._waiting.popleft()
                self._serve(session, messages.decode(data, 0, len(data)), sent)
                if session.starts_tls:
                    self._begin_secrecy(session, sent, is_alone=not self._waiting and self._rest is None)
                    return
        except ber.Malformed as error:
            self._refuse(sent, error)
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
