"""The gateway dies or loses its connection at each step of a call, and Asterisk crashes: nobody is called twice.

A proxy stands between the two; what it stops at is what a step puts on the wire (tests/fakes/crossing.py). The steps of
one conference are gone through one after another: telephones ring until they are told what to do.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Setup
from peers.phone import Phone, call
from peers.process import POLL
from peers.radicale import Radicale
from tests.fakes.crossing import Crossing, Toward
from tests.system.rooms import Meeting, are_inside, is_well, opens, planned, speaks, tells, told
from tests.system.test_conference_autocall import ANNA, BOB, CARL, DORA, owners, phones

SOON = timedelta(seconds=3)  # planned just before it begins, or late
MEETING = Meeting("ulla", ("vera", "walter", "xenia"))
PBX = "ring = 120\ncalls_per_second = 1000\n"  # all leave together, and ring for as long as a test takes
LONG = 60.0  # seconds, for what takes less than eight
Step = tuple[Toward, bytes, bool]

HOLDS_NOTHING: Step = Toward.SERVER, b"Family: ringplan-room", False
ASKS_FOR_NOBODY: Step = Toward.SERVER, b"Action: Originate", False  # they are committed as sent
HAS_ASKED: Step = Toward.SERVER, b"Action: Originate", True
IS_ANSWERED: Step = Toward.CLIENT, b"Originate successfully queued", True
HEARS_NOT_WHO_IS_UP: Step = Toward.CLIENT, b"State: u\r", False
HAS_HEARD_WHO_IS_IN: Step = Toward.CLIENT, b"UserEvent: RingplanRoom", True  # what it writes may be committed, or not
HAS_HEARD_OF_A_REJECTED_CALL: Step = Toward.CLIENT, b"Result: rejected", True
HEARS_NOT_WHO_IS_BUSY: Step = Toward.CLIENT, b"Result: busy", False

ways = pytest.mark.parametrize("dies", [True, False], ids=["killed", "cut"])


@dataclass(frozen=True, slots=True)
class House:
    """A gateway that reaches Asterisk by a crossing, and `dies` or loses its connection; telephones, which ring."""

    gateway: Gateway
    crossing: Crossing
    phones: Mapping[str, Phone]
    dies: bool

    def stop(self, step: Step) -> None:
        """Let the crossing stop there."""
        toward, at, passed = step
        self.crossing.stop(toward, at, pass_it=passed)

    async def reaches(self) -> None:
        """Wait until the crossing has stopped."""
        await asyncio.wait_for(self.crossing.reached.wait(), LONG)

    async def is_lost(self, until: Step | None = None) -> None:
        """Lose it; it is back when it is connected again, or on its way `until` there."""
        since = datetime.now(UTC)
        if self.dies:
            await self.gateway.kill()
        self.crossing.cut()
        if until is not None:
            self.stop(until)
        if self.dies:
            await self.gateway.up(connected=until is None)
        elif until is None:
            async with self.gateway.store() as store:
                await is_well(store, since)

    @property
    def rung(self) -> list[int]:
        """How often each telephone has been called."""
        return [len(phone.calls) for phone in self.phones.values()]


@asynccontextmanager
async def house(exchange: Asterisk, radicale: Radicale, folder: Path, *, dies: bool) -> AsyncIterator[House]:
    async with (
        phones(exchange, x1001="ring", x1002="ring", x1003="ring", x1004="ring") as everybody,
        Crossing.open(exchange.ami_port) as crossing,
    ):
        setup = Setup(exchange, radicale.url, owners(radicale), pbx=PBX, ami_port=crossing.port)
        async with Gateway.start(folder, setup) as gateway:
            yield House(gateway, crossing, everybody, dies)


@ways
async def test_lost_before_anybody_is_called(
    exchange: Asterisk, radicale: Radicale, folder: Path, *, dies: bool
) -> None:
    async with house(exchange, radicale, folder, dies=dies) as lost, exchange.observe() as ami:
        lost.stop(HOLDS_NOTHING)
        meeting = MEETING.within(SOON)
        await meeting.write(radicale)
        await lost.reaches()
        assert lost.rung == [0, 0, 0, 0]
        for step in (ASKS_FOR_NOBODY, ASKS_FOR_NOBODY, HAS_ASKED):  # committed, and then asked for once more
            await lost.is_lost(until=step)
            await lost.reaches()
        await lost.is_lost()
        for phone in lost.phones.values():
            await phone.rings(deadline=LONG)
        both = [lost.phones[number].calls[0] for number in (ANNA, BOB)]
        for leg in both:
            leg.tell("ANSWER")
        for leg in both:
            await speaks(leg)
        await tells(lost.gateway, "8501", {ANNA: ["up"], BOB: ["up"], CARL: ["sent"], DORA: ["sent"]})
        assert lost.rung == [1, 1, 1, 1]
        await meeting.cancel(radicale)
        for phone in lost.phones.values():
            await phone.calls[0].is_over(LONG)
        await opens(ami, "8501", there=False, within=LONG)


@ways
async def test_lost_once_everybody_is_called(
    exchange: Asterisk, radicale: Radicale, folder: Path, *, dies: bool
) -> None:
    async with house(exchange, radicale, folder, dies=dies) as lost, exchange.observe() as ami:
        lost.stop(IS_ANSWERED)
        meeting = MEETING.within(SOON)
        await meeting.write(radicale)
        await lost.reaches()
        await lost.is_lost()
        for phone in lost.phones.values():
            await phone.rings(deadline=LONG)
        for number, word, step in (
            (ANNA, "ANSWER", HEARS_NOT_WHO_IS_UP),
            (BOB, "ANSWER", HAS_HEARD_WHO_IS_IN),
            (CARL, "REJECT", HAS_HEARD_OF_A_REJECTED_CALL),
            (DORA, "BUSY", HEARS_NOT_WHO_IS_BUSY),
        ):
            lost.stop(step)
            lost.phones[number].calls[0].tell(word)
            await lost.reaches()
            await lost.is_lost()
        for number in (ANNA, BOB):
            await speaks(lost.phones[number].calls[0])
        wanted = {ANNA: ["up"], BOB: ["up"], CARL: ["over rejected"], DORA: ["over busy", "due"]}
        await tells(lost.gateway, "8501", wanted)
        assert [who for who, person in (await told(lost.gateway, "8501")).items() if person.is_in] == [ANNA, BOB]
        await are_inside(exchange, "8501", 2)
        assert lost.rung == [1, 1, 1, 1]
        await meeting.cancel(radicale)
        for number in (ANNA, BOB):
            await lost.phones[number].calls[0].is_over(LONG)
        await opens(ami, "8501", there=False, within=LONG)


async def test_asterisk_crashes_while_people_are_called_and_while_they_are_in(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    """What was on its way is over, is told, and is not repeated; whoever wants to dials into what is held again."""
    async with (
        Asterisk.start(folder / "asterisk", exchange.setup) as asterisk,
        phones(asterisk, x1001="answer", x1002="ring", x1003="ring", x1004="reject") as everybody,
        Gateway.start(folder / "gateway", Setup(asterisk, radicale.url, owners(radicale), pbx=PBX)) as gateway,
    ):
        first = MEETING.within(SOON)
        await first.write(radicale)
        for phone in everybody.values():
            await phone.rings(deadline=LONG)
        await tells(gateway, "8501", {ANNA: ["up"], BOB: ["sent"], CARL: ["sent"], DORA: ["over rejected"]})
        await asterisk.kill()
        await asterisk.up()
        lost, rejected = ["over restarted"], ["over rejected"]
        await tells(gateway, "8501", {ANNA: lost, BOB: lost, CARL: lost, DORA: rejected})
        assert "lost when the PBX was started anew: 3" in await gateway.command("status")
        await _dials_in(asterisk, gateway)
        await _is_forgotten(first, gateway, radicale)

        everybody[BOB].behaviour = everybody[CARL].behaviour = "answer"
        second = MEETING.within(SOON)
        await second.write(radicale)
        for number in (ANNA, BOB, CARL):
            await everybody[number].rings(2, deadline=LONG)
        await tells(gateway, "8501", {ANNA: ["up"], BOB: ["up"], CARL: ["up"], DORA: rejected})
        await asterisk.kill()
        asterisk.astdb.unlink()  # worse than a crash: all that it held is lost
        await asterisk.up()
        for phone in everybody.values():
            await phone.sign_in(asterisk)
        await tells(gateway, "8501", {ANNA: lost, BOB: lost, CARL: lost, DORA: rejected})
        people = await told(gateway, "8501")
        assert [people[number].was_in for number in (ANNA, BOB, CARL, DORA)] == [True, True, True, False]
        await _dials_in(asterisk, gateway)
        await _is_forgotten(second, gateway, radicale)
        assert [len(phone.calls) for phone in everybody.values()] == [2, 2, 2, 2]


async def _dials_in(asterisk: Asterisk, gateway: Gateway) -> None:
    """See that rooms are held again, and that nobody is in but who dials in now."""
    async with asterisk.observe() as ami:
        await opens(ami, "8501", within=LONG)
    assert await asterisk.inside("8501") == []
    assert not any(person.is_in for person in (await told(gateway, "8501")).values())
    async with call(asterisk, BOB, "*26") as bob:
        await bob.is_answered(LONG)
        await are_inside(asterisk, "8501", 1)


async def _is_forgotten(meeting: Meeting, gateway: Gateway, radicale: Radicale) -> None:
    await meeting.cancel(radicale)
    async with asyncio.timeout(LONG):
        while await planned(gateway):
            await asyncio.sleep(POLL)
