"""Listening to a scripted Exchange, for the tests of push."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import SignInAgain
from gateway.net.trust import trust
from gateway.sources.ews.connection.client import opened
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.discovery.discovery import Discovery
from gateway.sources.ews.discovery.fetch import fetcher
from gateway.sources.ews.push.known import Pace
from gateway.sources.ews.push.streams import Streams, own_streams
from gateway.sources.ews.settings import EwsSettings
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.faults import Fault
from tests.fakes.exchange.http import Handler, Reply, Request
from tests.fakes.exchange.items import Item
from tests.fakes.exchange.mailbox import FakeCalendar
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.streaming import Stream

SERVICE, PASSWORD = "service@example.test", "Gurka-7"
QUICK = Pace(settle=0.01, steady=0.2, first=0.02, longest=0.2, ill=0.3)
POLL = 0.005  # seconds
SOON = 60.0  # seconds that are waited for what takes some milliseconds
AT_ONCE = 10.0  # seconds: less than anything that is waited for


def item() -> Item:
    now = datetime.now(UTC).replace(microsecond=0)
    return Item(subject="M: Möte", start=now + timedelta(hours=1), end=now + timedelta(hours=2))


@dataclass
class Office:
    """A scripted Exchange and the people in it; the mailbox with id 1 is `people[0]`'s."""

    exchange: FakeExchange
    people: list[FakeCalendar] = field(default_factory=list)

    def hire(self, count: int = 1, group: str = "") -> None:
        for number in range(len(self.people) + 1, len(self.people) + count + 1):
            self.people.append(self.exchange.person(address(number), f"secret {number}", group=group))

    def mailbox(self, number: int) -> Mailbox:
        return Mailbox(number, number, 1, address(number), frozenset({address(number)}), ZoneInfo("Europe/Stockholm"))

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        return tuple(self.mailbox(number) for number in range(1, len(self.people) + 1))

    def change(self, *numbers: int) -> None:
        for number in numbers:
            self.people[number - 1].put(item())

    def asked(self, operation: str) -> int:
        """Return how often an operation was answered."""
        return sum(seen.operation == operation and seen.status == 200 for seen in self.exchange.server.requests)

    def streams(self) -> list[list[int]]:
        """Return whose mailboxes each open stream carries."""
        carried: dict[Stream, list[int]] = {}
        for one in self.exchange.subscriptions.alive.values():
            if one.stream is not None:
                carried.setdefault(one.stream, []).append(self.people.index(one.mailbox.calendar) + 1)
        return sorted(sorted(numbers) for numbers in carried.values())

    async def streaming(self, *expected: Collection[int]) -> None:
        """Wait until exactly these are carried by open streams."""
        await until(lambda: self.streams() == sorted(sorted(numbers) for numbers in expected))


def address(number: int) -> str:
    return f"user{number:04}@example.test"


async def until(reached: Callable[[], object], seconds: float = SOON) -> None:
    async with asyncio.timeout(seconds):
        while not reached():
            await asyncio.sleep(POLL)


async def lull(seconds: float = 0.1) -> None:
    """Let time pass in which something must not happen: there is nothing to wait for."""
    await asyncio.sleep(seconds)


@asynccontextmanager
async def office(people: int = 2, *, right: Right | None = None, **behaviour: object) -> AsyncIterator[Office]:
    """Open an office whose service account may impersonate, or has that `right` to everybody's calendar."""
    exchange = FakeExchange()
    exchange.behaviour.__dict__.update(behaviour)
    exchange.person(SERVICE, PASSWORD)
    if right is None:
        exchange.impersonator(SERVICE)
    there = Office(exchange)
    there.hire(people)
    if right is not None:
        for number in range(1, people + 1):
            exchange.share(address(number), SERVICE, right)
    async with exchange.up():
        yield there


@dataclass
class Ear:
    """What was yielded since the last `hears` or `settled`, and the task that listens."""

    heard: list[int] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    async def hears(self, *numbers: int, seconds: float = SOON) -> None:
        await until(lambda: len(self.heard) >= len(numbers), seconds)
        assert sorted(self.heard) == sorted(numbers)
        self.heard.clear()

    async def settled(self, there: Office, *expected: Collection[int]) -> None:
        """Wait until exactly these are carried by open streams, and were yielded for being subscribed to."""
        await there.streaming(*expected)
        await self.hears(*chain(*expected))


@dataclass
class Told:
    """What Autodiscover would tell of an office."""

    there: Office

    async def endpoint(self, _: Mailbox) -> Endpoint:
        return Endpoint(self.there.exchange.url)

    async def groups(self, some: Collection[Mailbox]) -> dict[int, str]:
        return {one.id: self.there.people[one.id - 1].mailbox.group for one in some}


@asynccontextmanager
async def account(
    there: Office,
    *,
    access: Literal["delegation", "impersonation"] = "impersonation",
    login: str = SERVICE,
    password: str = PASSWORD,
    sign_in: Literal["ntlm", "basic"] = "basic",
    pace: Pace = QUICK,
    streams: int = 3,
    grouped: bool = False,
) -> AsyncIterator[Streams]:
    """Open an account there, and give its streams; `grouped`: Autodiscover tells GroupingInformation."""
    settings = EwsSettings(url=there.exchange.url, access=access, sign_in=sign_in, streams=streams)
    one = Account(1, "mail", login, Secret(password), service=login == SERVICE)
    context = trust()
    async with opened(one, settings, context) as client:
        discovery = Told(there) if grouped else Discovery(settings, fetcher(one, settings, context))
        yield Streams(client, discovery, settings, one, own_streams(), pace)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(kept: Streams, mailboxes: Collection[Mailbox]) -> AsyncIterator[Ear]:
    """Listen as the engine does: until it is cancelled."""
    ear = Ear()

    async def hear() -> None:
        async with aclosing(kept.listen(mailboxes)) as changes:
            async for one in changes:
                ear.heard.append(one.id)

    ear.task = asyncio.create_task(hear())
    try:
        yield ear
    finally:
        ear.task.cancel()
        with suppress(asyncio.CancelledError, SignInAgain):
            await ear.task


@asynccontextmanager
async def heard(there: Office, **more: object) -> AsyncIterator[Ear]:
    """Listen to everybody there."""
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(account(there, **more))  # type: ignore[arg-type]
        yield await stack.enter_async_context(listening(kept, there.mailboxes))


def cut_after(count: int) -> Fault:
    """Break a stream off after so many bytes: a load balancer that has had enough."""

    async def answer(request: Request, handler: Handler) -> Reply:
        reply = await handler(request)
        assert not isinstance(reply.body, bytes)
        return replace(reply, body=_first(count, reply.body), cut=True)

    return answer


async def _first(count: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(pieces) as stream:  # type: ignore[type-var]
        while count:
            piece = (await anext(stream))[:count]
            count -= len(piece)
            yield piece
