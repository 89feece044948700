"""Conferences at the full hour: how soon telephones ring, and whether those who answer hear each other.

A real Asterisk whose thousand telephones are behind one socket (peers/farm.py), and a gateway as a process of its own;
its calendar server cannot be reached, so that what was read stays. The peer is a socket that writes the same Originates
as fast as they are taken, to the same Asterisk in the same run: what it needs is Asterisk's own.

Goals: nobody notices a quarter of a second; a gateway that commits each call before it makes it may cost a third more
than none; a limit is a promise to a trunk, and to the PBX.
"""

import asyncio
import itertools
import pickle
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.cli.prompts import build
from gateway.domain.conference import Call, Meeting, Participant, RoomOf
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.pbx.asterisk.calls import originate
from gateway.planning.conference.calling import AHEAD
from gateway.store import accounts, calls, mailboxes, meetings, organisation, rooms, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk, Setup
from peers.farm import Farm, Heard
from peers.process import POLL
from peers.raw_ami import RawAmi
from tests.bench.gateway import ZONE, Row, row, started
from tests.bench.hand import SOUNDS

EACH = 10
MANY, FEW, LIMITED = 100, 20, 10  # meetings
FIRST, FIRST_ROOM = 11_000, 8500
SOON = timedelta(seconds=12)
LISTEN = 15.0  # seconds
SOUND_PORTS = range(10_000, 14_000)  # two for each call
DEADLINE = 120.0
LIMIT = 20
UNLIMITED = "calls_per_second = 1000\ncalls_at_once = 2000\n"
WHO = "a real Asterisk 22, a gateway and 1,000 telephones over loopback"


@dataclass(frozen=True, slots=True)
class House:
    """What is measured."""

    folder: Path
    asterisk: Asterisk
    farm: Farm
    people: tuple[User, ...]
    boxes: tuple[Mailbox, ...]
    watcher: "Watcher"

    async def meet(self, many: int) -> float:
        """Let `many` meetings begin soon; return when, on the event loop's clock, once all of it is planned."""
        self.farm.forget()
        self.watcher.inside.clear()
        loop, begins = asyncio.get_running_loop(), (datetime.now(UTC) + SOON).replace(microsecond=0)
        async with Store.open(StoreSettings(path=self.folder / "ringplan.db")) as store:
            async with store.write() as rows:
                for number in range(many):
                    one = _meeting(self.people[number * EACH : (number + 1) * EACH], begins)
                    await meetings.replace(rows, self.boxes[number].id, [one], datetime.now(UTC))
            async with asyncio.timeout(DEADLINE):
                while True:
                    async with store.read() as rows:
                        if sum(one.at == begins for one in await calls.every(rows)) == many * EACH:
                            break
                    await asyncio.sleep(POLL)
        start = loop.time() + (begins - datetime.now(UTC)).total_seconds()
        if start - loop.time() < 1:
            raise AssertionError("it was not planned in time")
        return start

    async def over(self) -> None:
        """Take the meetings out again, and wait until nobody is in any of them."""
        async with Store.open(StoreSettings(path=self.folder / "ringplan.db")) as store, store.write() as rows:
            for box in self.boxes:
                await meetings.replace(rows, box.id, [], datetime.now(UTC))
        await _until(lambda: all(call.ended is not None for call in self.farm.calls))


class Watcher:
    """Notes when somebody has come into a conference, as the dialplan tells it."""

    def __init__(self) -> None:
        self.inside: list[float] = []

    async def run(self, ami: RawAmi) -> None:
        """Listen until cancelled."""
        while True:
            await ami.event("UserEvent", {"UserEvent": "RingplanRoom", "State": "in"})
            self.inside.append(asyncio.get_running_loop().time())


async def rows() -> list[Row]:
    """Return the rows of conferences."""
    await build(SOUNDS)
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        async with _house(folder) as house:
            await _all_rung(house, await _bare(house, EACH), EACH)  # the first calls of an Asterisk are slower
            bare = await _all_rung(house, await _bare(house, MANY * EACH), MANY * EACH)
            bare_in, _ = await _all_in(house, lambda: _bare(house, FEW * EACH))
            await _empty(house)
            _settings(folder, house.asterisk, UNLIMITED)
            async with started(folder, 0):
                start = await house.meet(MANY)
                rung = await _all_rung(house, start, MANY * EACH)
                firsts = _firsts(house, start)
                await house.over()
                joined, heard = await _all_in(house, lambda: house.meet(FEW))
                await house.over()
            _settings(folder, house.asterisk, f"calls_per_second = {LIMIT}\ncalls_at_once = 2000\n")
            async with started(folder, 0):
                start = await house.meet(LIMITED)
                house.farm.then = "reject"
                await _all_rung(house, start, LIMITED * EACH)
                at = sorted(call.at for call in house.farm.calls)
                await house.over()
    rate = (len(at) - 1) / (at[-1] - at[0])
    busiest = max(sum(one <= other < one + 1 for other in at) for one in at)
    limited = f"{LIMITED * EACH} calls, {LIMIT} a second allowed: {rate:.2f}; {busiest} in the busiest second; {WHO}"
    return [
        row(
            "conference.first_invite_p99",
            sorted(firsts)[int(len(firsts) * 0.99) - 1] * 1000,
            "ms",
            "<= 250",
            f"from the start second to the first INVITE of each of {MANY} meetings; {WHO}",
            [one * 1000 for one in firsts],
        ),
        row(
            "conference.invites_to_bare_socket",
            max(rung) / max(bare),
            "x",
            "<= 1.3",
            f"until the last of {MANY * EACH} INVITEs: {max(rung):.2f} s, the socket {max(bare):.2f} s; {WHO}",
            rung,
        ),
        row(
            "conference.joined_to_bare_socket",
            max(joined) / max(bare_in),
            "x",
            "<= 1.3",
            f"until {FEW * EACH} who answer are in {FEW} conferences: {max(joined):.2f} s, the socket "
            f"{max(bare_in):.2f} s; {WHO}",
            joined,
        ),
        row(
            "conference.sound_missing",
            sum(one.missing + one.pauses for one in heard) / sum(one.packets for one in heard) * 1000,
            "per 1000 packets",
            "<= 1",
            f"missing or late by 100 ms, at {FEW * EACH} telephones in {FEW} conferences, {LISTEN:.0f} s; all speak",
            [one.missing + one.pauses for one in heard],
        ),
        row(
            "conference.limit_missed_by",
            abs(rate / LIMIT - 1),
            "1",
            "<= 0.05",
            limited,
            [later - earlier for earlier, later in itertools.pairwise(at)],
        ),
    ]


@asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[House]:
    numbers = tuple(str(FIRST + number) for number in range(MANY * EACH))
    async with Farm.open() as farm:
        setup = Setup(
            phones=numbers,
            pattern="_1XXXX",
            at=f"{farm.host}:{farm.port}",
            sounds=SOUNDS.absolute(),
            rtp=SOUND_PORTS,
            log="notice,warning,error",
        )
        async with Asterisk.start(folder / "pbx", setup) as asterisk, asterisk.observe() as ami:
            people, boxes = await _fill(folder, numbers)
            await ami.action("Events", {"EventMask": "user"})
            watcher = Watcher()
            watching = asyncio.create_task(watcher.run(ami))
            try:
                yield House(folder, asterisk, farm, people, boxes, watcher)
            finally:
                watching.cancel()


async def _fill(folder: Path, numbers: Sequence[str]) -> tuple[tuple[User, ...], tuple[Mailbox, ...]]:
    """Write a store: a user for each number, and for each organiser a room and a calendar."""
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as written:
        await organisation.put(written, Organisation(ZONE))
        new = [User(0, number, (f"person{number}@example.org",), ZONE) for number in numbers]
        people = await users.add_every(written, new)
        account = await accounts.add(written, Account(0, "office", "reader", Secret("x"), service=True))
        boxes = []
        for number, user in enumerate(people[::EACH]):
            await rooms.put(written, RoomOf(str(FIRST_ROOM + number), owner=user.id))
            box = Mailbox(0, user.id, account.id, user.emails[0], frozenset(), ZONE, "/home/", refresh=86_400)
            boxes.append(await mailboxes.add(written, box))
    return people, tuple(boxes)


def _settings(folder: Path, asterisk: Asterisk, limits: str) -> None:
    secret = folder / "ami.secret"
    secret.touch(mode=0o600)
    secret.write_text(asterisk.ami.secret)
    (folder / "ringplan.toml").write_text(
        f'[store]\npath = "ringplan.db"\n[pbx.main]\nkind = "asterisk"\nport = {asterisk.ami_port}\n'
        f'user = "{asterisk.ami.user}"\nsecret = "file:{secret.name}"\n{limits}'
        '[sources.office]\nkind = "caldav"\nurl = "http://127.0.0.1:9"\n'
    )


def _meeting(people: Sequence[User], begins: datetime) -> Meeting:
    name = uuid.uuid4().hex
    asked = tuple(Participant(user.emails[0], user.id) for user in people)
    return Meeting(name, name, people[0].id, begins, begins + AHEAD / 2, True, "Budget", asked)


async def _bare(house: House, many: int) -> float:
    """Ask for `many` calls by a bare socket; return when that began."""
    house.farm.forget()
    house.watcher.inside.clear()
    asked = []
    for number in range(many):
        call = Call(
            id=uuid.uuid4().hex,
            room=str(FIRST_ROOM + number // EACH),
            name=f"{number // EACH:012x}",
            to=str(FIRST + number),
            language="sv",
            before=datetime.now(UTC) + AHEAD,
            ring=timedelta(seconds=25),
            shown="Budget",
        )
        action = originate(call)
        asked.append((action.name, action.fields))
    asterisk = house.asterisk
    login = (asterisk.ami_port, asterisk.ami.user, asterisk.ami.secret)
    socket = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare_ami", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await socket.communicate(pickle.dumps((*login, asked)))
    return float(said)


async def _empty(house: House) -> None:
    """Put everybody out whom the bare socket has called in."""
    await house.asterisk.cli("channel request hangup all")
    await _until(lambda: all(call.ended is not None for call in house.farm.calls))


async def _all_rung(house: House, start: float, many: int) -> list[float]:
    """Return how long after `start` each of `many` calls was at its telephone, which then rejects it."""
    await _until(lambda: len(house.farm.calls) >= many)
    await _until(lambda: all(call.ended is not None for call in house.farm.calls))
    if len(house.farm.calls) > many:
        raise AssertionError(f"{len(house.farm.calls)} calls instead of {many}")
    return [call.at - start for call in house.farm.calls]


async def _all_in(house: House, begin: Callable[[], Awaitable[float]]) -> tuple[list[float], list[Heard]]:
    """Let everybody answer and stay; return how long it took until each was in, and what they heard then."""
    house.farm.then = "answer"
    start = await begin()
    await _until(lambda: len(house.watcher.inside) >= FEW * EACH)
    joined = [at - start for at in house.watcher.inside]
    before = [replace(call.heard) for call in house.farm.calls]
    await asyncio.sleep(LISTEN)
    heard = [_since(call.heard, was) for call, was in zip(house.farm.calls, before, strict=True)]
    house.farm.then = "reject"
    return joined, heard


def _firsts(house: House, start: float) -> list[float]:
    """Return how long after `start` the first of each meeting was called."""
    first: dict[int, float] = {}
    for call in house.farm.calls:
        meeting = (int(call.number) - FIRST) // EACH
        first[meeting] = min(first.get(meeting, call.at), call.at)
    return [at - start for at in first.values()]


def _since(heard: Heard, was: Heard) -> Heard:
    return Heard(heard.packets - was.packets, heard.missing - was.missing, heard.pauses - was.pauses)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(POLL)
