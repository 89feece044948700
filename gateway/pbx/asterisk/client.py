"""One AMI connection that is open: sign in, ask, be told. Lost, every call raises `Unreachable`.

Actions are pipelined and answers are matched by ActionID; nothing is ever sent again. Events that belong to no action
are of the classes that `lines.READ` asks for: `system` is the one of FullyBooted and Shutdown, of the others the
driver knows what they mean (`hear`). What was measured of Asterisk 22.10.1 is in tests/captures/asterisk.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, repeat

from gateway.domain.held import ClockSeen, PbxEvent
from gateway.errors import SignInAgain, Unreachable
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.codec import Action, Decoder, Message, encode
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.pbx.asterisk.told import Told

IN_FLIGHT = 512
"""Actions on the way at most. Their answers (some 90 bytes each) fit into a socket's buffers, so Asterisk never waits
for us with a write: it closes a connection that it cannot write to for `writetimeout`, 100 ms by default."""

_CHUNK = IN_FLIGHT // 2
_READ = 1 << 16


@dataclass(slots=True)
class _Asked:
    """Actions that were sent together; `done` is set when all of them are answered, in `answers` by their index."""

    done: asyncio.Future[None]
    until: float
    ids: list[str]
    answers: dict[int, Message] = field(default_factory=dict)


class Client:
    """A connection that is signed in to; made by `connection.connect`. `ahead`: Asterisk's clock of ours, last seen."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, settings: AsteriskSettings) -> None:
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._waiting: dict[str, tuple[_Asked, int]] = {}
        self._lists: dict[str, list[Message]] = {}  # by ActionID: the response, then the events so far
        self._last_id = 0
        self._booted = asyncio.Event()
        self._lost: asyncio.Future[Unreachable] = asyncio.get_running_loop().create_future()
        self._told = Told()
        self.ahead = timedelta()
        self._news = asyncio.Event()
        self._hear: Callable[[Message], None] | None = None

    async def ask(self, action: Action) -> Message:
        """Return the answer to one action. Raises `Unreachable`; a refusal is an answer, not an error."""
        return (await self.ask_all([action]))[0]

    async def ask_all(self, actions: Iterable[Action]) -> list[Message]:
        """Return the answers to `actions`, as `answers` does."""
        async with aclosing(self.answers(actions)) as several:
            return [answer async for some in several for answer in some]

    async def answers(self, actions: Iterable[Action]) -> AsyncGenerator[list[Message], None]:
        """Yield the answers to `actions`, some at a time, in the order of the actions; so they are executed, too.

        `actions` are taken as they are sent. Raises `Unreachable` if one is not answered within the deadline, or the
        connection is lost: which of them were executed is unknown then.
        """
        flying: deque[_Asked] = deque()
        rest = iter(actions)
        try:
            while chunk := list(islice(rest, _CHUNK)):
                flying.append(self._send(chunk))
                await self._drained()
                if len(flying) * _CHUNK >= IN_FLIGHT:
                    yield await self._answered(flying)
            while flying:
                yield await self._answered(flying)
        finally:
            for asked in flying:
                for action_id in asked.ids:
                    self._waiting.pop(action_id, None)
                    self._lists.pop(action_id, None)

    def hear(self, hear: Callable[[Message], None]) -> None:
        """Let `hear` be called with every event from now on, between the answers and in the order of what was read."""
        self._hear = hear

    def tell(self, event: PbxEvent) -> None:
        """Let the reader of `events` know. The connection is lost where nobody reads: then all is read back."""
        if not self._told.put(event):
            self._lose("what it tells is not taken")
        self._news.set()

    async def events(self) -> AsyncGenerator[PbxEvent, None]:
        """Yield what is told, and Asterisk's clock, to one reader; raises `Unreachable` once the connection is lost."""
        while True:
            while (event := self._told.take()) is not None:
                yield event
            self._raise_if_lost()
            self._news.clear()
            await self._news.wait()

    def _send(self, actions: Sequence[Action]) -> _Asked:
        self._raise_if_lost()
        loop = asyncio.get_running_loop()
        ids = [str(self._last_id + number) for number in range(1, len(actions) + 1)]
        data = b"".join(map(encode, actions, ids))
        self._last_id += len(actions)
        asked = _Asked(loop.create_future(), loop.time() + self._settings.deadline, ids)
        self._waiting.update(zip(ids, zip(repeat(asked), range(len(ids)), strict=False), strict=True))
        self._write(data)
        return asked

    def _write(self, data: bytes) -> None:
        """Over TLS, a record for each line: Asterisk (22.10.1) takes 1,024 bytes at a time from OpenSSL and then waits
        for its socket, so the rest of a longer record would lie there until something else is sent."""
        if self._settings.tls:
            for line in data.splitlines(keepends=True):
                self._writer.write(line)
        else:
            self._writer.write(data)

    async def _drained(self) -> None:
        try:
            async with asyncio.timeout(self._settings.deadline):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise self._lose("the connection was lost while it was written to") from error

    async def _answered(self, flying: deque[_Asked]) -> list[Message]:
        asked = flying[0]
        try:
            if not asked.done.done():  # else a deadline that is past would still interrupt
                async with asyncio.timeout_at(asked.until):
                    await asyncio.wait((asked.done, self._lost), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise self._lose(f"an action was not answered within {self._settings.deadline:g} s") from error
        if not asked.done.done():
            self._raise_if_lost()
        flying.popleft()
        return [asked.answers[index] for index in range(len(asked.ids))]

    def _raise_if_lost(self) -> None:
        if self._lost.done():
            first = self._lost.result()
            raise Unreachable(str(first), first.remedy)

    def _lose(self, why: str, remedy: str = "") -> Unreachable:
        """Note the first reason of the loss, wake whoever waits, and return the error to raise."""
        error = Unreachable(f"Asterisk at {self._settings.address}: {why}", remedy)
        if not self._lost.done():
            self._lost.set_result(error)
            self._news.set()
            self._booted.set()
            self._writer.transport.abort()
        return error

    async def read(self) -> None:
        """Take in what Asterisk sends, until the connection is lost."""
        decoder = Decoder()
        while not self._lost.done():
            try:
                data = await self._reader.read(_READ)
                messages = decoder.feed(data)
            except OSError as error:
                self._lose(str(error) or type(error).__name__)
                return
            except Unreachable as error:
                self._lose(str(error), error.remedy)
                return
            if not data:
                self._lose("it closed the connection")
                return
            for message in messages:
                self._take(message)

    def _take(self, message: Message) -> None:
        fields = message.fields
        action_id = fields.get("ActionID", "")
        waiting = self._waiting.get(action_id)
        if waiting is None or "Privilege" in fields:  # what everybody is told may carry any ActionID
            self._told_by(message)
        elif "Response" not in fields or "EventList" in fields:
            self._take_of_list(action_id, message)
        else:
            self._answer(action_id, message)

    def _take_of_list(self, action_id: str, message: Message) -> None:
        """A list is a response that starts it, events, and one that completes it."""
        if "Response" in message.fields:
            self._lists[action_id] = [message]
        elif (listed := self._lists.get(action_id)) is not None:
            if "EventList" not in message.fields:
                listed.append(message)
            else:
                self._answer(action_id, Message(listed[0].fields, tuple(listed[1:])))
                del self._lists[action_id]

    def _answer(self, action_id: str, answer: Message) -> None:
        asked, index = self._waiting.pop(action_id)
        asked.answers[index] = answer
        if len(asked.answers) == len(asked.ids) and not asked.done.done():
            asked.done.set_result(None)

    def _told_by(self, message: Message) -> None:
        event = message.fields.get("Event")
        if event == "FullyBooted":
            self._booted.set()
        elif event == "Shutdown":
            self._lose("it shuts down")
        elif event is not None and self._hear is not None:
            self._hear(message)

    async def watch(self) -> None:
        """Ask for a sign of life now and then, which also tells Asterisk's clock, until the connection is lost."""
        loop = asyncio.get_running_loop()
        while not self._lost.done():
            try:
                due = loop.time() + self._settings.ping
                asked_at = time.time()
                pong = await self.ask(Action("Ping"))
                answered_at = time.time()
                self._see(pong, (asked_at + answered_at) / 2)
                async with asyncio.timeout_at(due):
                    await asyncio.wait((self._lost,))
            except TimeoutError:
                continue
            except Unreachable:
                return

    def _see(self, pong: Message, ours: float) -> None:
        try:
            ahead = timedelta(seconds=float(pong.get("Timestamp")) - ours)
        except (ValueError, OverflowError):  # no number, `nan`, `inf`
            return
        self.ahead = ahead
        self.tell(ClockSeen(ahead))

    async def sign_in(self) -> None:
        """Raises `SignInAgain`, or `Unreachable` where Asterisk does not say in time that it has started."""
        settings = self._settings
        fields = (("Username", settings.user), ("Secret", settings.secret.reveal()), ("Events", lines.READ))
        response = await self.ask(Action("Login", fields))
        if not response.succeeded:
            raise SignInAgain(
                f"Asterisk at {settings.address} refused the AMI user {settings.user}",
                f"compare user and secret with [{settings.user}] in manager.conf, and its permit and deny lines",
            )
        try:
            async with asyncio.timeout(settings.deadline):
                await self._booted.wait()
        except TimeoutError as error:
            raise Unreachable(
                f"Asterisk at {settings.address} has not said within {settings.deadline:g} s that it has started",
                f"it is still starting, or [{settings.user}] in manager.conf lacks read = {lines.READ}",
            ) from error
        self._raise_if_lost()
