"""The gateway is killed at random moments around a conference's start, and so is Asterisk: who is called how often?

Each round is a meeting that begins in some seconds, and one kill between two seconds before and eight after that. What
is killed is started again at once. RINGPLAN_SOAK_SEED and RINGPLAN_SOAK_KILLS (`100+20`: of the gateway, of Asterisk)
repeat a run, or make a shorter one.
"""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.prompts import build
from gateway.domain.conference import Attempt, CallState, Conference, Result
from gateway.planning.conference.calling import by_who
from gateway.store import calls, conferences
from gateway.store.store import Store
from peers import asterisk as servers
from peers.asterisk import Asterisk
from peers.gateway import Gateway, Setup
from peers.phone import Behaviour, Phone
from peers.process import POLL
from peers.radicale import Radicale
from tests.servers import IN_ROOMS, PEOPLE
from tests.system.dialplan.conftest import beep
from tests.system.rooms import Meeting, is_well
from tests.system.test_conference_autocall import LOGINS, owners

GATEWAY, ASTERISK = "gateway", "asterisk"
LANES = 2  # each with servers of its own: rounds mostly wait
EARLIEST, LATEST = -2.0, 8.0  # seconds from the start
LEAD = timedelta(seconds=3)
LONG = 60.0  # seconds, for what takes less than ten
ON_ITS_WAY = (CallState.SENT, CallState.UP)
UP, LOST = "up", "over restarted"
TELEPHONES: Sequence[tuple[Behaviour, float, Sequence[str]]] = (  # what each does, after how long, what comes of it
    ("answer", 0.0, (UP,)),
    ("answer", 1.0, (UP,)),
    ("answer", 3.0, (UP,)),
    ("busy", 0.0, ("over busy",)),
    ("reject", 0.0, ("over rejected",)),
    ("ring", 0.0, ("sent", "over noanswer")),
)
COMES_OF_IT = {number: wanted for number, (_, _, wanted) in zip(LOGINS, TELEPHONES, strict=True)}
COLUMNS = ("kills", "in flight", "asked", "once", "again", "twice", "not called", "silently", "reported")


@dataclass(frozen=True, slots=True)
class Lane:
    """Servers of one lane, and telephones by extension."""

    asterisk: Asterisk
    radicale: Radicale
    gateway: Gateway
    store: Store
    phones: Mapping[str, Phone]


@pytest.mark.soak
@pytest.mark.timeout(5400)
async def test_killed_at_random_moments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("RINGPLAN_SOAK_SEED") or secrets.randbelow(1_000_000))
    of_gateway, of_asterisk = map(int, os.environ.get("RINGPLAN_SOAK_KILLS", "100+20").split("+"))
    kills = [GATEWAY] * of_gateway + [ASTERISK] * of_asterisk
    random.Random(seed).shuffle(kills)
    counts: dict[str, Counter[str]] = {GATEWAY: Counter(), ASTERISK: Counter()}
    wrong: list[str] = []
    await build(folder / "sounds", speak=beep)

    async def run(lane: Lane, mine: Sequence[str], chance: random.Random) -> None:
        for place, what in enumerate(mine):
            after = chance.uniform(EARLIEST, LATEST)
            found = await play(lane, f"round-{place}", what, after, counts[what])
            wrong.extend(f"round {place} of {len(mine)}: {what} at {after:+.3f} s: {one}" for one in found)

    async with AsyncExitStack() as stack:  # one after another: Alembic knows one database at a time
        entered = [open_lane(folder / f"lane-{number}", folder / "sounds") for number in range(LANES)]
        lanes = [await stack.enter_async_context(lane) for lane in entered]
        async with asyncio.TaskGroup() as tasks:
            for number, lane in enumerate(lanes):
                tasks.create_task(run(lane, kills[number::LANES], random.Random(seed + number)))
    with capsys.disabled():
        print("", f"seed {seed}", *table(counts), *wrong, sep="\n")
    assert wrong == [], seed
    for count in counts.values():
        assert (count["twice"], count["silently"]) == (0, 0), seed
    assert counts[GATEWAY]["reported"] == 0, seed
    assert counts[ASTERISK]["reported"] <= counts[ASTERISK]["in flight"], seed


def table(counts: Mapping[str, Counter[str]]) -> list[str]:
    """Lay out what is counted: `again` as often as it should, `silently` not called, and not reported either."""
    lines = [("killed", *COLUMNS), *((what, *(str(count[one]) for one in COLUMNS)) for what, count in counts.items())]
    return ["".join(f"{cell:>12}" for cell in line) for line in lines]


@asynccontextmanager
async def open_lane(folder: Path, sounds: Path) -> AsyncIterator[Lane]:
    folder.mkdir()
    people = {name: PEOPLE[name] for name in IN_ROOMS}
    async with (
        Asterisk.start(folder / "asterisk", servers.Setup(sounds=sounds)) as asterisk,
        Radicale.start(folder / "radicale", people) as radicale,
        AsyncExitStack() as stack,
    ):
        phones = {
            number: await stack.enter_async_context(Phone.register(asterisk, number, does, after))
            for number, (does, after, _) in zip(LOGINS, TELEPHONES, strict=True)
        }
        setup = Setup(asterisk, radicale.url, owners(radicale), pbx="ring = 5\n", log="info")
        async with Gateway.start(folder / "gateway", setup) as gateway, gateway.store() as store:
            yield Lane(asterisk, radicale, gateway, store, phones)


async def play(lane: Lane, name: str, what: str, after: float, count: Counter[str]) -> list[str]:
    """Play one round, with a kill so many seconds after the start; count what came of it, and return what is wrong."""
    organiser, *asked = LOGINS.values()
    meeting = Meeting(organiser, asked, lasts=timedelta(minutes=10), name=name).within(LEAD)
    round_ = Round(lane, {number: len(phone.calls) for number, phone in lane.phones.items()})
    await meeting.write(lane.radicale)
    await asyncio.sleep(max(0.0, meeting.on_the_loop + after - asyncio.get_running_loop().time()))
    if what == GATEWAY:
        await lane.gateway.kill()
        await lane.gateway.up()
    else:
        count["in flight"] += await round_.crash()
    wrong = await round_.settle((LOST,) if what == ASTERISK else ())
    await meeting.cancel(lane.radicale)
    await round_.is_gone()
    count.update({"kills": 1, **round_.counted()})
    if what == ASTERISK:  # telephones to which nobody will hang up
        await asyncio.gather(*(leg.leave() for phone in lane.phones.values() for leg in phone.calls if not leg.ended))
    return wrong


@dataclass(slots=True)
class Round:
    """One round: what each telephone had been called `before`, the conference, and its attempts by extension."""

    lane: Lane
    before: Mapping[str, int]
    key: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Attempt]] = field(default_factory=dict)

    async def crash(self) -> int:
        """Kill Asterisk, and start it again when the gateway knows; return how many calls were on their way, or up."""
        since = datetime.now(UTC)
        await self.lane.asterisk.kill()
        await is_well(self.lane.store, since, well=False, within=LONG)
        await self.look()
        in_flight = sum(row.state in ON_ITS_WAY for rows in self.rows.values() for row in rows)
        since = datetime.now(UTC)
        await self.lane.asterisk.up()
        await is_well(self.lane.store, since, within=LONG)
        return in_flight

    async def settle(self, others: Sequence[str]) -> list[str]:
        """Wait until each first call has come to what its telephone does, or one of `others`; return what has not."""
        wrong: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(LONG):
                while True:
                    await self.look()
                    wrong = [f"{one}: {self.came_to(one)}" for one in LOGINS if not self.is_right(one, others)]
                    if not wrong:
                        break
                    await asyncio.sleep(POLL)
        return wrong

    async def is_gone(self) -> None:
        """Wait until nothing is left of the conference but what came of its calls."""
        async with asyncio.timeout(LONG):
            while await self.look() is not None:
                await asyncio.sleep(POLL)

    def counted(self) -> Counter[str]:
        """Count how often telephones were called, beside what was committed, and what is told of the others."""
        counted: Counter[str] = Counter()
        for number, phone in self.lane.phones.items():
            rung, rows = len(phone.calls) - self.before[number], self.rows.get(number, ())
            made = sum(row.state in (*ON_ITS_WAY, CallState.OVER) for row in rows)
            lost = sum(row.result is Result.RESTARTED for row in rows)
            called = "not called" if not rung else "twice" if rung > made else "once" if rung == 1 else "again"
            counted.update({"asked": 1, called: 1, "silently": int(not rung and not lost), "reported": lost})
        return counted

    def is_right(self, number: str, others: Sequence[str]) -> bool:
        """Say whether the first call has come to what it should; whoever is said to be in must be."""
        came_to = self.came_to(number)
        leg = self.lane.phones[number].calls[-1] if came_to == UP else None
        stays = leg is None or (leg.answered and not leg.ended)
        return stays and came_to in (*COMES_OF_IT[number], *others)

    def came_to(self, number: str) -> str:
        """Return what the first call has come to."""
        first = min(self.rows.get(number, ()), key=lambda row: row.number, default=None)
        if first is None:
            return "not planned"
        return f"{first.state.value} {first.result.value}" if first.result else first.state.value

    async def look(self) -> Conference | None:
        """Read the conference, None: it is gone; and its attempts."""
        extensions = {user.id: extension for extension, user in self.lane.gateway.users.items()}
        async with self.lane.store.read() as rows:
            conference = next(iter(await conferences.every(rows)), None)
            if conference is not None:
                self.key = conference.key
                self.people = {who: extensions.get(one.user or 0, "") for who, one in by_who(conference).items()}
            attempts = await calls.of(rows, self.key)
        self.rows = {extension: [row for row in attempts if row.who == who] for who, extension in self.people.items()}
        return conference
