"""A scripted client in place of an Exchange server, for the tests of streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import RingplanError, SignInAgain, Unreachable
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.push.known import Pace
from gateway.sources.ews.push.notifications import Affinity, Ending, How, No, follow, subscribe
from gateway.sources.ews.push.streams import Streams, own_streams
from gateway.sources.ews.settings import EwsSettings

URL = "https://mail.example.test/EWS/Exchange.asmx"
WELL = Pace(settle=0.0, steady=0.0, first=0.001, longest=0.002)  # whatever ends was well, and is opened at once
ILL = Pace(settle=0.0, steady=3600.0, first=0.001, longest=0.002)  # nothing was ever well
ENDED = [Ending(how) for how in How]


def mailbox(number: int) -> Mailbox:
    address = f"user{number:04}@example.test"
    return Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))


ANNA, BO, EVA = mailbox(1), mailbox(2), mailbox(3)


@dataclass(eq=False)
class Open:
    """A stream that is open: `tell` of a mailbox, then `end` it."""

    subscriptions: dict[str, str]
    affinity: Affinity
    heard: Callable[[str], None]
    over: asyncio.Future[Ending]

    def tell(self, *some: Mailbox) -> None:
        for one in some:
            self.heard(next(name for name, address in self.subscriptions.items() if address == one.address))

    def end(self, how: Ending | RingplanError) -> None:
        if isinstance(how, Ending):
            self.over.set_result(how)
        else:
            self.over.set_exception(how)

    @property
    def addresses(self) -> set[str]:
        return set(self.subscriptions.values())


@dataclass
class Server:
    """Stands in for `Client` and `Discovery`. `no`: how Subscribe is answered, by address; `fails`: how a stream is."""

    groups_told: dict[int, str] = field(default_factory=dict)
    no: dict[str, No | RingplanError] = field(default_factory=dict)
    fails: list[RingplanError] = field(default_factory=list)
    nowhere: set[int] = field(default_factory=set)
    url: str = URL
    subscribed: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    opened: list[Open] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def endpoint(self, one: Mailbox) -> Endpoint:
        if one.id in self.nowhere:
            raise Unreachable("no answer")
        return Endpoint(self.url)

    async def groups(self, _some: object) -> dict[int, str]:
        return self.groups_told

    @asynccontextmanager
    async def stream(self, _at: str, _address: str) -> AsyncIterator[object]:
        self._turn()
        if self.fails:
            raise self.fails.pop(0)
        self.connections += 1
        try:
            yield object()
        finally:
            self.connections -= 1
            self._turn()

    async def listen(self, _account: object, work: partial[Any]) -> Any:
        await asyncio.sleep(0)
        if work.func is subscribe:
            return self._subscribe(**work.keywords)
        assert work.func is follow
        return await self._follow(**work.keywords)

    def _subscribe(self, affinity: Affinity, address: str) -> str | No:
        self.anchors.append(affinity.anchor)
        self.subscribed.append(address)
        answer = self.no.get(address)
        if isinstance(answer, RingplanError):
            raise answer
        return answer or f"{len(self.subscribed)} {address}"

    async def _follow(
        self,
        affinity: Affinity,
        subscriptions: tuple[str, ...],
        opened: Callable[[], object],
        tell: Callable[[str], None],
        silence: float,
    ) -> Ending:
        opened()
        names = {one: one.partition(" ")[2] for one in subscriptions}
        one = Open(names, affinity, tell, asyncio.get_running_loop().create_future())
        self.opened.append(one)
        self._turn()
        try:
            return await one.over
        finally:
            self.opened.remove(one)

    def _turn(self) -> None:
        self.changed.set()

    async def until(self, reached: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not reached():
                self.changed.clear()
                await self.changed.wait()

    async def one(self) -> Open:
        """Return the one stream, once it is open."""
        await self.until(lambda: len(self.opened) == 1)
        return self.opened[0]


@dataclass
class Ear:
    """What was yielded, and how it ended."""

    heard: list[int] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hears(self, *some: Mailbox) -> None:
        """Wait until exactly these were yielded since the last time."""
        async with asyncio.timeout(60):
            while len(self.heard) < len(some):
                self.news.clear()
                await self.news.wait()
        assert self.heard == [one.id for one in some]
        self.heard.clear()

    async def settled(self, server: Server, *some: Mailbox) -> Open:
        """Return the one stream, once it is open and these were yielded for being subscribed to."""
        stream = await server.one()
        await self.hears(*some)
        return stream


def streams(
    server: Server, pace: Pace = WELL, *, service: bool = True, own: asyncio.Semaphore | None = None, **more: Any
):
    account = Account(7, "mail", "service", Secret("a password"), service)
    return Streams(server, server, EwsSettings(url=URL, **more), account, own or own_streams(), pace)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(kept: Streams, *mailboxes: Mailbox) -> AsyncIterator[Ear]:
    ear = Ear()

    async def hear() -> None:
        async with aclosing(kept.listen(mailboxes)) as changes:
            async for one in changes:
                ear.heard.append(one.id)
                ear.news.set()

    ear.task = asyncio.create_task(hear())
    try:
        yield ear
    finally:
        ear.task.cancel()
        with suppress(asyncio.CancelledError, SignInAgain):
            await ear.task


async def quiet() -> None:
    """Let everything happen that can happen now."""
    for _ in range(50):
        await asyncio.sleep(0)
