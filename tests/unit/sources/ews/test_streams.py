"""How streams are kept open, with a scripted client in place of a server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import Refused, RetryLater, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.autodiscover import Endpoint
from gateway.sources.ews.notifications import Affinity, Ending, How, No, follow, subscribe
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.streams import OWN, Pace, Streams, own_streams

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
    subscribed: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    opened: list[Open] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def endpoint(self, one: Mailbox) -> Endpoint:
        if one.id in self.nowhere:
            raise Unreachable("no answer")
        return Endpoint(URL)

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
        async with asyncio.timeout(10):
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
        async with asyncio.timeout(10):
            while len(self.heard) < len(some):
                self.news.clear()
                await self.news.wait()
        assert self.heard == [one.id for one in some]
        self.heard.clear()


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


async def test_what_changes_is_yielded():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await server.one()).tell(BO)
        await ear.hears(BO)


async def test_the_first_subscription_yields_nobody():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        await server.one()
        await quiet()
        assert ear.heard == []


async def test_a_burst_of_one_mailbox_is_one():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await server.one()).tell(*[ANNA] * 1000, BO, *[ANNA] * 1000)
        await ear.hears(ANNA, BO)


async def test_each_group_has_a_stream_and_an_anchor_of_its_own():
    server = Server(groups_told={1: "a", 2: "b", 3: "b"})
    async with listening(streams(server), ANNA, BO, EVA):
        await server.until(lambda: len(server.opened) == 2)
        assert {frozenset(one.addresses) for one in server.opened} == {
            frozenset({ANNA.address}),
            frozenset({BO.address, EVA.address}),
        }
        assert {one.affinity.anchor for one in server.opened} == {ANNA.address, BO.address}


async def test_no_more_streams_than_the_settings_allow():
    server = Server()
    async with listening(streams(server, streams=2), *map(mailbox, range(1, 701))):
        await server.until(lambda: len(server.opened) == 2)
        await quiet()
        assert [len(one.subscriptions) for one in server.opened] == [200, 200]
        assert server.connections == 2


async def test_no_streams_no_requests():
    server = Server()
    async with listening(streams(server, streams=0), ANNA) as ear:
        await quiet()
        assert (server.subscribed, server.connections, ear.heard) == ([], 0, [])


async def test_a_stream_whose_time_is_over_goes_on_with_the_same_subscriptions():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await server.one()).end(Ending(How.CLOSED))
        await server.until(lambda: not server.opened)
        await server.one()
        await quiet()
        assert (len(server.subscribed), ear.heard) == (2, [])


@pytest.mark.parametrize("how", [Ending(How.CUT), Unreachable("gone"), RetryLater("cannot be read"), Refused("no")])
async def test_after_a_stream_was_lost_all_of_it_are_yielded_once(how):
    server = Server()
    async with listening(streams(server, ILL), ANNA, BO) as ear:
        (await server.one()).end(how)
        await ear.hears(ANNA, BO)
        await server.one()
        await quiet()
        assert ear.heard == []


async def test_lost_subscriptions_are_made_anew_and_yielded_and_others_stay():
    server = Server()
    async with listening(streams(server), ANNA, BO, EVA) as ear:
        stream = await server.one()
        (gone,) = [name for name, address in stream.subscriptions.items() if address == BO.address]
        stream.end(Ending(How.LOST, frozenset({gone})))
        await ear.hears(BO)
        assert server.subscribed[3:] == [BO.address]


async def test_lost_without_a_name_is_lost_for_all():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await server.one()).end(Ending(How.LOST))
        await ear.hears(ANNA, BO)
        assert len(server.subscribed) == 4


async def test_a_subscription_that_is_lost_again_and_again_is_left_out():
    server = Server()
    async with listening(streams(server, ILL), ANNA, BO) as ear:
        for _ in range(3):
            await server.until(lambda: any(BO.address in one.addresses for one in server.opened))
            (stream,) = server.opened
            (gone,) = [name for name, address in stream.subscriptions.items() if address == BO.address]
            stream.end(Ending(How.LOST, frozenset({gone})))
            await server.until(lambda: not server.opened)
        assert (await server.one()).addresses == {ANNA.address}
        server.opened[0].tell(ANNA)
        await server.until(lambda: True)
        await quiet()
        assert ear.heard == [BO.id, BO.id, ANNA.id]


@pytest.mark.parametrize("why", [No.NOT_FOR_DELEGATES, No.NOT_FOR_THIS_ONE])
async def test_a_sick_mailbox_is_left_out_and_the_others_stay(why):
    server = Server(no={ANNA.address: why})
    kept = streams(server)
    async with listening(kept, ANNA, BO, EVA):
        stream = await server.one()
        assert stream.addresses == {BO.address, EVA.address}
        assert stream.affinity.anchor == BO.address
    async with listening(kept, ANNA, BO, EVA):
        await server.one()
        assert server.subscribed.count(ANNA.address) == 1


async def test_why_calendars_are_only_asked_in_turn_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    server = Server(no=dict.fromkeys([ANNA.address, BO.address], No.NOT_FOR_DELEGATES))
    kept = streams(server, Pace(settle=0.0, refused=0.0, plan=0.01))
    async with listening(kept, ANNA, BO):
        await server.until(lambda: len(server.subscribed) >= 6)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "2 of 2 only their owners may" in said[0]
    assert "@" not in said[0]


@pytest.mark.parametrize("why", [No.NOT_THERE, No.NO_MORE])
async def test_a_server_that_has_no_streams_is_asked_once(why):
    server = Server(no={BO.address: why})
    kept = streams(server)
    for _ in range(2):
        async with listening(kept, ANNA, BO, EVA):
            assert (await server.one()).addresses == {ANNA.address}
    assert server.subscribed == [ANNA.address, BO.address]


async def test_what_was_left_out_is_tried_again_after_its_time():
    server = Server(no={ANNA.address: No.NOT_FOR_DELEGATES})
    async with listening(streams(server, Pace(settle=0.0, refused=0.0, plan=0.01)), ANNA):
        await server.until(lambda: len(server.subscribed) >= 1)
        server.no.clear()
        assert (await server.one()).addresses == {ANNA.address}


async def test_one_mailbox_that_fails_oddly_delays_nobody():
    server = Server(no={BO.address: RetryLater("answered with ErrorInternalServerError")})
    async with listening(streams(server), ANNA, BO, EVA):
        assert (await server.one()).addresses == {ANNA.address, EVA.address}


@pytest.mark.parametrize("error", [RetryLater("ill"), Throttled("busy", after=0.01), Unreachable("gone")])
async def test_a_server_that_fails_for_everybody_is_left_alone_for_a_while(error):
    server = Server(no=dict.fromkeys((mailbox(number).address for number in range(1, 101)), error))
    async with listening(streams(server, ILL), *map(mailbox, range(1, 101))):
        await server.until(lambda: len(server.subscribed) >= 3)
        await quiet()
        assert len(server.subscribed) <= 2 * 3
        server.no.clear()
        assert len((await server.one()).subscriptions) == 100


async def test_refused_credentials_are_raised_and_not_tried_again():
    server = Server()
    async with listening(streams(server), ANNA) as ear:
        assert ear.task
        stream = await server.one()
        server.fails = [SignInAgain("refused")]
        stream.end(Ending(How.CLOSED))
        with pytest.raises(SignInAgain):
            await asyncio.wait_for(ear.task, 10)
        assert (server.fails, server.connections) == ([], 0)


async def test_refused_credentials_of_several_streams_are_one_refusal():
    server = Server(groups_told={1: "a", 2: "b"})
    async with listening(streams(server), ANNA, BO) as ear:
        assert ear.task
        await server.until(lambda: len(server.opened) == 2)
        for stream in tuple(server.opened):
            stream.end(SignInAgain("refused"))
        with pytest.raises(SignInAgain):
            await asyncio.wait_for(ear.task, 10)


async def test_a_defect_is_raised_as_it_is():
    server = Server()
    async with listening(streams(server), ANNA) as ear:
        assert ear.task
        (await server.one()).over.set_exception(ZeroDivisionError())
        with pytest.raises(ExceptionGroup):
            await asyncio.wait_for(ear.task, 10)
        ear.task = asyncio.create_task(quiet())


@pytest.mark.parametrize("ending", ENDED, ids=lambda ending: ending.how.name)
async def test_no_end_of_a_stream_makes_a_tight_loop(ending):
    server = Server()
    pace = Pace(settle=0.0, first=3600.0, longest=3600.0)
    async with listening(streams(server, pace), ANNA):
        (await server.one()).end(ending)
        await quiet()
        assert (server.opened, server.connections) == ([], 0)


async def test_the_server_says_how_long_to_wait():
    server = Server(fails=[Throttled("busy", after=0.05)])
    began = asyncio.get_running_loop().time()
    async with listening(streams(server), ANNA):
        await server.one()
    assert asyncio.get_running_loop().time() - began >= 0.05


async def test_who_comes_later_is_subscribed_to_alone():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO):
        await server.one()
    assert server.connections == 0
    async with listening(kept, ANNA, BO, EVA) as ear:
        assert len((await server.one()).subscriptions) == 3
        assert server.subscribed == [ANNA.address, BO.address, EVA.address]
        assert ear.heard == []


async def test_what_was_heard_and_not_yielded_is_yielded_next_time():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        stream = await server.one()
        assert ear.task
        stream.tell(ANNA)
        ear.task.cancel()
    async with listening(kept, ANNA, BO) as ear:
        await ear.hears(ANNA)


async def test_who_is_gone_is_not_yielded_and_has_no_subscription():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        (await server.one()).tell(BO)
        assert ear.task
        ear.task.cancel()
    async with listening(kept, ANNA) as ear:
        assert (await server.one()).addresses == {ANNA.address}
        assert ear.heard == []


async def test_a_mailbox_that_is_nowhere_delays_nobody():
    server = Server(nowhere={ANNA.id})
    async with listening(streams(server), ANNA, BO):
        assert (await server.one()).addresses == {BO.address}


async def test_users_own_accounts_share_a_bound():
    server, own = Server(), own_streams()
    kept = [streams(server, service=False, own=own) for _ in range(OWN + 5)]
    listeners = [listening(one, ANNA) for one in kept]
    for one in listeners:
        await one.__aenter__()
    await server.until(lambda: len(server.opened) == OWN)
    await quiet()
    assert len(server.opened) == OWN
    await listeners[0].__aexit__(None, None, None)
    await server.until(lambda: len(server.opened) == OWN)
    for one in listeners[1:]:
        await one.__aexit__(None, None, None)
    assert server.connections == 0
