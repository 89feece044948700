"""PBXs to hold against `gateway.ports.Pbx`: real ones, and the scripted peer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.domain.held import Dialled, Lamp, Place
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.ports import Pbx
from peers import asterisk
from peers.raw_ami import RawAmi
from tests.fakes.ami import FakeAmi
from tests.fakes.switch import FakePbx

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


@dataclass(frozen=True, slots=True)
class Peer:
    """A PBX to connect to; `kept` shows all that it keeps as text.

    `dial` lets somebody dial there what comes as that event; `others` is a connection of somebody else to it.
    """

    settings: AsteriskSettings
    kept: Callable[[], Awaitable[str]]
    dial: Callable[[Dialled], Awaitable[None]]
    others: Callable[[], AbstractAsyncContextManager[RawAmi]]

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
    return Peer(settings, kept, dial, lambda: RawAmi.connect("127.0.0.1", fake.port, fake.user, fake.secret))


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
    return Peer(settings, kept, dial, server.observe)


@dataclass(frozen=True, slots=True)
class AnyPbx:
    """A PBX of any kind. `join`: a queue gets a member; `pause`: others do; `paused`: by whom, None: by nobody."""

    pbx: Pbx
    dial: Callable[[Dialled], Awaitable[None]]
    join: Callable[[Place], Awaitable[None]]
    pause: Callable[[Place, str], Awaitable[None]]
    paused: Callable[[Place], Awaitable[str | None]]


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

    return AnyPbx(pbx, dial, join, pause, paused)


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

    return AnyPbx(peer.pbx, peer.dial, join, pause, paused)
