"""PBXs and calendar servers to hold against their ports: real ones, and scripted peers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.domain.held import Dialled, Lamp, Place
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.ports import Connect, Pbx
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect as connect_caldav
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect as connect_exchange
from peers import asterisk
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from peers.samba import Samba
from peers.sogo import Sogo
from tests.contract.calendars import Item, Own, Server, Sharing, Wrist, address, ics, to_exchange
from tests.contract.telephones import InMemory, Real, Scripted, Telephones
from tests.fakes.ami import FakeAmi
from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.faults import cut
from tests.fakes.exchange.rights import Right
from tests.fakes.switch import FakePbx
from tests.servers import AT_CONTRACTS, PEOPLE

STATES = {Lamp.ON: "INUSE", Lamp.OFF: "UNAVAILABLE"}
DIALLED = """
; writes and tells as a star code does
[dialled]
exten => _X.,1,Set(DB(ringplan-hand/${EXTEN})=${HAND})
 same => n,Set(DEVICE_STATE(Custom:ringplan-${EXTEN})=${LAMP})
 same => n,UserEvent(RingplanHand,Extension: ${EXTEN},Hand: ${HAND},Lamp: ${LAMP},Phones: ${PHONES})
 same => n,Hangup()
[waits]
exten => s,1,Wait(1)
"""
BEHAVIOURS = {
    "exchange-2016": Behaviour(),
    "exchange-2007": Behaviour(version="Exchange2007_SP1"),
    "gromox-like": Behaviour(
        version="Exchange2013_SP1", expands=False, occurrences=False, fraction=9, folder_events=True, zones=False
    ),
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A PBX to connect to; `kept` shows all that it keeps as text.

    `dial` lets somebody dial there what comes as that event; `others` is a connection of somebody else to it.
    """

    settings: AsteriskSettings
    kept: Callable[[], Awaitable[str]]
    dial: Callable[[Dialled], Awaitable[None]]
    others: Callable[[], AbstractAsyncContextManager[RawAmi]]
    telephones: Telephones

    @property
    def pbx(self) -> Asterisk:
        return Asterisk(self.settings)


@pytest_asyncio.fixture(
    scope="module",
    params=["fake", "asterisk-22", pytest.param("asterisk-16", marks=pytest.mark.soak)],
)
async def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Peer]:
    """An Asterisk in which we have no more rights than we ask for, or what behaves like one."""
    async with started(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@asynccontextmanager
async def started(kind: str, folder: Path) -> AsyncIterator[Peer]:
    """Start a peer: `fake`, or `asterisk-<version>`."""
    if kind == "fake":
        async with FakeAmi().up() as fake:
            yield _scripted(fake)
        return
    version = kind.removeprefix("asterisk-")
    setup = asterisk.Setup(version=version, read=lines.READ, write=lines.WRITE, extra=DIALLED)
    async with asterisk.Asterisk.start(folder, setup) as server:
        yield _real(server)


def _scripted(fake: FakeAmi) -> Peer:
    async def kept() -> str:
        return repr(fake.database)

    async def dial(event: Dialled) -> None:
        await fake.dial(event.place, event.hand, STATES[event.lamp], ".".join(event.phones))

    settings = AsteriskSettings.model_validate({"port": fake.port, "user": fake.user, "secret": fake.secret})
    others = partial(RawAmi.connect, "127.0.0.1", fake.port, fake.user, fake.secret)
    return Peer(settings, kept, dial, others, Scripted(fake))


def _real(server: asterisk.Asterisk) -> Peer:
    async def kept() -> str:
        return await server.cli("database show")

    async def dial(event: Dialled) -> None:
        said = {"HAND": event.hand, "LAMP": STATES[event.lamp], "PHONES": ".".join(event.phones)}
        call = {
            "Channel": f"Local/{event.place}@dialled/n",
            "Context": "waits",
            "Exten": "s",
            "Priority": "1",
            "Variable": ",".join(f"{name}={value}" for name, value in said.items()),
        }
        async with server.observe() as ami:
            await ami.action("Originate", call)  # answered when it is over; a call whose sender leaves may not be made

    login = server.ami
    settings = AsteriskSettings.model_validate({"port": server.ami_port, "user": login.user, "secret": login.secret})
    return Peer(settings, kept, dial, server.observe, Real(server))


@dataclass(frozen=True, slots=True)
class AnyPbx:
    """A PBX of any kind. `join`: a queue gets a member; `pause`: others do; `paused`: by whom, None: by nobody."""

    pbx: Pbx
    dial: Callable[[Dialled], Awaitable[None]]
    join: Callable[[Place], Awaitable[None]]
    pause: Callable[[Place, str], Awaitable[None]]
    paused: Callable[[Place], Awaitable[str | None]]
    telephones: Telephones


@pytest_asyncio.fixture(
    scope="module",
    params=["memory", "fake", "asterisk-22", pytest.param("asterisk-16", marks=pytest.mark.soak)],
)
async def any_pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AnyPbx]:
    """Any PBX, that in memory with which the engine is tested as well."""
    if request.param == "memory":
        yield _in_memory(FakePbx())
        return
    async with started(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield _asterisk(running)


def _in_memory(pbx: FakePbx) -> AnyPbx:
    pbx.members = set()

    async def dial(event: Dialled) -> None:
        pbx.put(event.place, "hand", event.hand)
        for place in event.phones:
            pbx.put(place, "lamp", event.lamp)
        pbx._tell(event)

    async def join(place: Place) -> None:
        pbx.join(place)

    async def pause(place: Place, reason: str) -> None:
        pbx.pause_by(place, reason)

    async def paused(place: Place) -> str | None:
        by = pbx.pauses.get(place)
        return "Ringplan" if place in pbx.paused else by

    return AnyPbx(pbx, dial, join, pause, paused, InMemory(pbx))


def _asterisk(peer: Peer) -> AnyPbx:
    async def change(name: str, place: Place, more: dict[str, str]) -> None:
        async with peer.others() as ami:
            answer = await ami.action(name, {"Queue": "sales", "Interface": f"PJSIP/{place}", **more})
        assert answer["Response"] == "Success"

    async def join(place: Place) -> None:
        await change("QueueAdd", place, {})

    async def pause(place: Place, reason: str) -> None:
        await change("QueuePause", place, {"Paused": "true", "Reason": reason})

    async def paused(place: Place) -> str | None:
        async with peer.others() as ami:
            await ami.action("QueueStatus")
            await ami.event("QueueStatusComplete")
            (one,) = [event for event in ami.events if event.get("Location") == f"PJSIP/{place}"]
        return one["PausedReason"] if one["Paused"] == "1" else None

    return AnyPbx(peer.pbx, peer.dial, join, pause, paused, peer.telephones)


@pytest.fixture(params=["radicale", "sogo", *BEHAVIOURS])
def server(request: pytest.FixtureRequest) -> Server:
    """A calendar server with `AT_CONTRACTS`; the scripted Exchange is each test's own."""
    if request.param in BEHAVIOURS:
        return _exchange(request.getfixturevalue("exchange"))
    return _dav(request.getfixturevalue(request.param))


@pytest_asyncio.fixture
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[FakeExchange]:
    """A scripted Exchange, behaving as the test's parameter for `server` or `sharing` says."""
    params = request.node.callspec.params
    behaviour = BEHAVIOURS[params.get("server") or params["sharing"]]
    async with peopled(FakeExchange(replace(behaviour))).up() as running:
        yield running


def peopled(exchange: FakeExchange) -> FakeExchange:
    """Give those their mailboxes who have calendars at the other servers."""
    for name in AT_CONTRACTS:
        exchange.person(address(name), PEOPLE[name], login=name)
    return exchange


def _dav(running: Radicale | Sogo) -> Server:
    clock = Wrist()
    nowhere = f"{running.url}nobody/nothing/" if isinstance(running, Radicale) else f"{running.root}nowhere/"

    async def delete(person: str, uid: str) -> None:
        await running.calendar(person).delete(uid)

    return Server(
        lambda url="": connect_caldav(CalDavSettings(url=url or running.url), now=clock),
        _to_dav(running),
        delete,
        nowhere,
        clock,
    )


def _exchange(running: FakeExchange) -> Server:
    async def delete(person: str, uid: str) -> None:
        running.calendar(address(person)).delete(uid)

    return Server(
        lambda url="": connect_exchange(EwsSettings(url=url or running.url)),
        _to_exchange(running),
        delete,
        f"{running.server.url}/nowhere/Exchange.asmx",
        Wrist(),
    )


@pytest.fixture(params=["radicale", *BEHAVIOURS])
def sharing(request: pytest.FixtureRequest) -> Sharing:
    """A server with a service account."""
    if request.param == "radicale":
        radicale: Radicale = request.getfixturevalue("radicale")
        reader = Account(1, "office", radicale.reader.name, Secret(radicale.reader.password), service=True)
        settings = CalDavSettings(url=radicale.url, calendars="/{local}/")
        return Sharing(connect_caldav(settings), reader, _to_dav(radicale))
    exchange: FakeExchange = request.getfixturevalue("exchange")
    exchange.person("reader@example.test", "a password", login="EXAMPLE\\reader")
    exchange.share("heidi@example.test", "reader@example.test", Right.REVIEWER)
    reader = Account(1, "office", "EXAMPLE\\reader", Secret("a password"), service=True)
    return Sharing(connect_exchange(EwsSettings(url=exchange.url)), reader, _to_exchange(exchange))


@pytest_asyncio.fixture(params=["radicale", "exchange-2016"])
async def own(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Own]:
    """A server that the test may stop."""
    if request.param == "radicale":
        async with Radicale.start(folder / "radicale", {"alice": PEOPLE["alice"]}) as radicale:
            connect: Connect = connect_caldav(CalDavSettings(url=radicale.url))
            yield Own(connect, _to_dav(radicale), radicale.kill, radicale.up)
        return
    async with peopled(FakeExchange()).up() as exchange:

        async def stop() -> None:
            exchange.faults.always(cut, in_front=True)

        async def start() -> None:
            exchange.faults.clear()

        yield Own(connect_exchange(EwsSettings(url=exchange.url)), _to_exchange(exchange), stop, start)


def _to_dav(running: Radicale | Sogo) -> Callable[[str, Item], Awaitable[None]]:
    async def put(person: str, item: Item) -> None:
        await running.calendar(person).put(item.uid, ics(item))

    return put


def _to_exchange(running: FakeExchange) -> Callable[[str, Item], Awaitable[None]]:
    async def put(person: str, item: Item) -> None:
        to_exchange(running.calendar(address(person)), item)

    return put


@pytest_asyncio.fixture(scope="session")
async def samba(servers: Path) -> AsyncIterator[Samba]:
    """The run's Active Directory, which only long tests start."""
    async with Samba.start(servers / "samba") as running:
        yield running
