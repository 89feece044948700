"""What system tests of conferences do: write a meeting, see who is called and how it came out, and who is in."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.store import health
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway
from peers.leg import Leg
from peers.media import loudness
from peers.phone import Phone
from peers.process import LOOK
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import held

AUTOCALL = "PBX AUTOCALL"
SOON = timedelta(seconds=12)  # from writing a meeting until it begins: two readings, and what stands between
AT_ONCE = 40.0  # seconds after the start, of which an idle machine takes less than one
SOUNDLESS = 100  # root mean square of 16-bit samples
SOUND = 50  # packets
Answers = Mapping[str, str] | Sequence[str]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting in somebody's calendar. `asked`: logins, or logins with what they have answered (PARTSTAT)."""

    organiser: str
    asked: Answers = ()
    starts: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    lasts: timedelta = timedelta(minutes=30)
    location: str = AUTOCALL
    subject: str = "Veckomöte"
    name: str = "weekly"

    def within(self, from_now: timedelta) -> "Meeting":
        """Return it with a start that is so far from now, on a whole second."""
        return replace(self, starts=(datetime.now(UTC) + from_now).replace(microsecond=0))

    async def write(self, radicale: Radicale) -> None:
        """Put it into its organiser's calendar, new or changed."""
        start, end = (f":{at:%Y%m%dT%H%M%SZ}" for at in (self.starts, self.starts + self.lasts))
        answers = self.asked if isinstance(self.asked, Mapping) else dict.fromkeys(self.asked, "NEEDS-ACTION")
        people = [f"ATTENDEE;PARTSTAT={said}:mailto:{login}@example.org" for login, said in answers.items()]
        lines = [f"LOCATION:{self.location}", f"ORGANIZER:mailto:{self.organiser}@example.org", *people]
        calendar = radicale.calendar(self.organiser)
        await calendar.put(self.name, event(self.name, start, end, self.subject, *lines))

    async def cancel(self, radicale: Radicale) -> None:
        """Take it out of the calendar."""
        await radicale.calendar(self.organiser).delete(self.name)

    @property
    def on_the_loop(self) -> float:
        """When it starts, on the event loop's clock."""
        return asyncio.get_running_loop().time() + (self.starts - datetime.now(UTC)).total_seconds()


async def opens(ami: RawAmi, room: str, *, there: bool = True, within: float = 60) -> None:
    """Wait until the PBX knows of conferences behind `room`, or of none."""
    async with asyncio.timeout(within):
        while (await held(ami, "ringplan-room", room) is not None) is not there:
            await asyncio.sleep(LOOK)


async def speaks(leg: Leg, within: float = 60) -> None:
    """Wait until the call is answered, and somebody is heard on it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not hears_somebody(leg):
                await asyncio.sleep(LOOK)
    assert hears_somebody(leg), leg.ladder()


def hears_somebody(leg: Leg) -> bool:
    """Say whether somebody is heard on a call just now."""
    return leg.answered and not leg.ended and loudness(leg.heard[-SOUND:]) > SOUNDLESS


async def are_inside(asterisk: Asterisk, room: str, many: int, within: float = 60) -> None:
    """Wait until so many are in."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while len(await asterisk.inside(room)) != many:
                await asyncio.sleep(LOOK)
    assert len(await asterisk.inside(room)) == many


@dataclass(frozen=True, slots=True)
class Person:
    """What `ringplan conferences show` tells of somebody: results and states of the calls, and whether they are in."""

    results: tuple[str | None, ...]
    states: tuple[str, ...]
    is_in: bool
    was_in: bool


async def told(gateway: Gateway, room: str) -> dict[str, Person]:
    """Return what the command tells of the conference behind `room`, by the beginning of who it is: the extension."""
    shown = json.loads(await gateway.command("conferences", "show", room, "--json"))
    return {
        one["who"].split()[0]: Person(
            results=tuple(call["result"] for call in one["calls"]),
            states=tuple(call["state"] for call in one["calls"]),
            is_in=any(stay["left"] is None for stay in one["in"]),
            was_in=bool(one["in"]),
        )
        for one in shown["people"]
    }


async def tells(gateway: Gateway, room: str, wanted: Mapping[str, Sequence[str]], within: float = 60) -> None:
    """Wait until the command tells this of each of these people's calls, such as `["over busy", "due"]`."""
    seen: dict[str, list[str]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while seen != wanted:
                people = await told(gateway, room)
                seen = {who: _calls(people[who]) for who in wanted}
    assert seen == wanted


def _calls(person: Person) -> list[str]:
    both = zip(person.states, person.results, strict=True)
    return [f"{state} {result}" if result else state for state, result in both]


async def is_well(store: Store, since: datetime, *, well: bool = True, within: float = 60) -> None:
    """Wait until a gateway with this store has come to a connection to its PBX, or has lost it, after `since`."""
    async with asyncio.timeout(within):
        while True:
            async with store.read() as rows:
                row = await health.get(rows, "pbx:main")
            if row is not None and row.ok is well and row.since >= since:
                return
            await asyncio.sleep(LOOK)


async def planned(gateway: Gateway) -> list[dict[str, object]]:
    """Return all conferences that the command tells of."""
    listed: list[dict[str, object]] = json.loads(await gateway.command("conferences", "--json"))
    return listed


def late(phone: Phone, meeting: Meeting, call: int = 0) -> float:
    """Return how many seconds after the start the phone got a call."""
    return phone.calls[call].invite.at - meeting.on_the_loop
