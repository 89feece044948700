"""How fast an Asterisk is made to hold something else, against a real one.

Rates are a share of what a bare socket reaches with the same actions, in turns; the first of a turn alternates. Lamps
are told of by a process of its own (tests/bench/lamps.py), with the kernel's time of each notification's arrival.
"""

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from gateway.domain.code import Availability
from gateway.domain.held import PRESENT, Held, Lamp, Place, Presence
from gateway.pbx.asterisk import image
from gateway.pbx.asterisk.driver import Asterisk, AsteriskSwitch
from gateway.pbx.asterisk.image import Part
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers.asterisk import Asterisk as RealAsterisk
from tests.bench import bare_ami

EXTENSIONS, LAMPS, PHONES = 10_000, 1_000, 20
TURNS = 8
SETTLED = 10.0  # seconds, for what takes less than one
BEFORE = Held("1|Europe/Stockholm|1795240000-86400-sv-100|3600-7200-7200-at-qb-meeting-1004-", Lamp.OFF, PRESENT)
AFTER = Held(
    "1|Europe/Stockholm|1795240000-90000-sv-100|3600-7200-7200-at-qb-meeting-1004-",
    Lamp.ON,
    Presence(Availability.AWAY, "meeting", "Sitter i möte"),
)

Row = dict[str, object]


async def rows() -> list[Row]:
    """Return the rows of writing to an Asterisk 22."""
    with tempfile.TemporaryDirectory(prefix="ringplan-") as folder:
        async with RealAsterisk.start(Path(folder) / "pbx") as server:
            settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
            async with Asterisk(settings).connect() as switch:
                return [
                    await _lamps_at_20_phones(server, switch),
                    await _lamps_of_1000_keys(server, switch),
                    await _rate(server, switch),  # last: Asterisk goes on telling itself of 10,000 states
                ]


async def _rate(server: RealAsterisk, switch: AsteriskSwitch) -> Row:
    bare = await _bare(server)
    places = [str(20_000 + number) for number in range(EXTENSIONS)]
    ours: list[float] = []
    theirs: list[float] = []
    await switch.hold(dict.fromkeys(places, BEFORE))
    for turn in range(TURNS):
        for by_driver in (True, False) if turn % 2 else (False, True):
            held = BEFORE if len(ours) + len(theirs) & 1 else AFTER
            wanted = dict.fromkeys(places, held)
            actions = _actions(wanted)
            await switch.held()  # reads back what the bare socket wrote
            begun = time.perf_counter()
            if by_driver:
                await switch.hold(wanted)
                ours.append(len(actions) / (time.perf_counter() - begun))
            else:
                await asyncio.to_thread(bare_ami.send_all, bare, actions)
                theirs.append(len(actions) / (time.perf_counter() - begun))
            if {place: held for place, held in (await switch.held()).items() if place in wanted} != wanted:
                raise AssertionError("Asterisk does not hold what was written")
    bare.close()
    await switch.hold(dict.fromkeys(places))
    how = f"{EXTENSIONS} extensions change schedule, lamp and presence; actions/s, of driver.hold and of a bare socket"
    samples = {"gateway": [round(rate) for rate in ours], "bare": [round(rate) for rate in theirs]}
    return _row("reconcile.rate_share_of_bare_socket", median(ours) / median(theirs), "1", ">= 0.6", how, samples)


async def _lamps_at_20_phones(server: RealAsterisk, switch: AsteriskSwitch) -> Row:
    """One key at each phone, spread over the extensions in the order of writing."""
    watched = _lamps()[LAMPS // PHONES // 2 :: LAMPS // PHONES]
    late: list[float] = []
    async with phones(server, watched) as subscribed:
        for turn in range(2 * TURNS):
            late += await subscribed.lateness(switch, turn)
    how = f"{LAMPS} lamps change; from the call of driver.hold to the NOTIFY at {PHONES} phones with a key each"
    return _row("reconcile.lamp_lateness_p99", _p99(late), "ms", "<= 150", how, {"gateway": late})


async def _lamps_of_1000_keys(server: RealAsterisk, switch: AsteriskSwitch) -> Row:
    """A key for each of the lamps, 50 at each phone: beside it the same actions by a bare socket."""
    bare = await _bare(server)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    async with phones(server, _lamps()) as subscribed:
        for turn in range(2 * TURNS):
            by_driver = turn // 2 % 2 == 0
            (ours if by_driver else theirs).append(await subscribed.lateness(switch, turn, None if by_driver else bare))
            await switch.held()
    bare.close()
    samples = {"gateway": [_p99(turn) for turn in ours], "bare": [_p99(turn) for turn in theirs]}
    how = f"p99 in ms of the NOTIFYs for {LAMPS} lamps, {LAMPS // PHONES} keys at each of {PHONES} phones"
    share = median(samples["gateway"]) / median(samples["bare"])
    return _row("reconcile.lamp_lateness_of_1000_keys_to_bare_socket", share, "1", "<= 1.5", how, samples)


class Phones:
    """The process of tests/bench/lamps.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def lateness(self, switch: AsteriskSwitch, turn: int, bare: socket.socket | None = None) -> list[float]:
        """Change all lamps, through `bare` if it is given; return how late each key was told, in ms."""
        held, state = ((AFTER, "confirmed"), (BEFORE, "terminated"))[turn % 2]
        wanted = dict.fromkeys(_lamps(), held)
        actions = _actions(wanted)
        begun = time.time()
        if bare is None:
            await switch.hold(wanted)
        else:
            await asyncio.to_thread(bare_ami.send_all, bare, actions)
        async with asyncio.timeout(SETTLED):
            return [round((at - begun) * 1000, 1) for at in await self.told(state)]

    async def told(self, state: str) -> list[float]:
        """Wait until every key has been told `state` since the last time; return when, in seconds since 1970."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{state}\n".encode())
        found = []
        while len(line := (await self._process.stdout.readline()).split()) == 2:
            found.append(float(line[1]))
        return found


@asynccontextmanager
async def phones(server: RealAsterisk, watched: Sequence[Place]) -> AsyncIterator[Phones]:
    """Let each of `PHONES` phones in turn subscribe to one of `watched`, and yield what they are told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.lamps", server.host, str(server.sip_port), server.sip_secret),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        lines = [f"{server.setup.phones[number % PHONES]} {place}\n" for number, place in enumerate(watched)]
        process.stdin.write("".join([*lines, "\n"]).encode())
        async with asyncio.timeout(6 * SETTLED):
            if await process.stdout.readline() != b"ready\n":
                raise AssertionError("the phones could not subscribe")
        yield Phones(process)
    finally:
        process.stdin.close()
        await process.wait()


def _lamps() -> list[Place]:
    return [str(1000 + number) for number in range(LAMPS)]


async def _bare(server: RealAsterisk) -> socket.socket:
    return await asyncio.to_thread(bare_ami.signed_in, server.ami_port, server.ami.user, server.ami.secret)


def _actions(wanted: Mapping[Place, Held]) -> list[tuple[str, bare_ami.Fields]]:
    """Return what the driver sends for `wanted` where all that is there differs, in its order."""
    values = {place: image.values(place, held) for place, held in wanted.items()}
    return [
        (action.name, action.fields)
        for number, part in enumerate(Part)
        for place, of_place in values.items()
        if (value := of_place[number]) is not None
        for action in image.writes(part, place, value)
    ]


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[-1 - len(values) // 100]


def _row(name: str, value: float, unit: str, goal: str, how: str, samples: Mapping[str, Sequence[float]]) -> Row:
    limit = float(goal.split()[1])
    met = value >= limit if goal.startswith(">=") else value <= limit
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "met": met,
        "how": f"{how}; a real Asterisk 22 over loopback",
        "samples": samples,
    }
