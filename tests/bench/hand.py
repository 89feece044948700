"""How soon what is dialled counts: for the next caller, on colleagues' lamps, and in the store of a gateway.

A real Asterisk with the sounds as they are spoken, and beside it a gateway as a process of its own that follows 10,000
users; their calendars are not due, so that what is measured is not their refreshing (tests/bench/gateway.py). Lamps are
told of by a process of its own, too (tests/bench/lamps.py), with the kernel's time of each notification's arrival.

Goals: whoever hears the whole confirmation can leave, since it counts by then; 300 ms are what seems to happen at once;
a change by another process may be 3 s late, and what is dialled needs no looking for, which is one of them.
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.cli.prompts import build
from gateway.domain.code import Behaviour, Treatment
from gateway.domain.user import User
from gateway.store import codes, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk, Setup
from peers.phone import Phone, call
from peers.raw_ami import RawAmi
from tests.bench.dialler import Dialler
from tests.bench.gateway import USERS, ZONE, Row, fill, row, started, write_settings
from tests.bench.reconcile import PHONES, phones
from tests.fakes.dav import Dav

SOUNDS = Path("build/sounds")
DIALLER, TARGET, CALLER = "1030", "1031", "1032"
CONFIRMED, DIALS = 8, 200
LONG = 60.0  # seconds, for a confirmation
SOON = 0.005  # seconds between two looks
SETTLED = 10.0
A_DAY = 86_400
EXTRA = "[internal](+)\ninclude => ringplan-codes\ninclude => ringplan-hints\n"
WHO = f"a gateway that follows {USERS} users; a real Asterisk 22 over loopback"


async def rows() -> list[Row]:
    """Return the rows of what is dialled."""
    await build(SOUNDS)
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            dav = await stack.enter_async_context(Dav.start())
            setup = Setup(sounds=SOUNDS.absolute(), extra=EXTRA)
            asterisk = await stack.enter_async_context(Asterisk.start(folder / "pbx", setup))
            await _add_who_dials(folder)
            await fill(folder, dav, A_DAY)
            write_settings(folder, asterisk, dav)
            await stack.enter_async_context(started(folder))
            ami = await stack.enter_async_context(asterisk.observe())
            while await _turn(ami) is None:
                await asyncio.sleep(SOON)
            dialler = Dialler(asterisk, DIALLER)
            stack.callback(dialler.close)
            shares, seconds = await _confirmed(asterisk, dialler, ami)
            late, back = await _told(asterisk, dialler, ami)
    confirmation = f"{sum(seconds) / len(seconds):.1f} s"
    return [
        row(
            "hand.diverted_within_confirmation",
            max(shares),
            "1",
            "<= 1",
            f"from the INVITE of *23 until a call is led away, by the confirmation's {confirmation}; {WHO}",
            shares,
        ),
        row(
            "hand.lamp_lateness_p99",
            _p99(late),
            "ms",
            "<= 300",
            f"from the INVITE of *23 or #23# to the NOTIFY at {PHONES} phones with its key, {DIALS} dials; {WHO}",
            late,
        ),
        row(
            "hand.taken_over",
            _p99(back),
            "s",
            "<= 2",
            f"from the INVITE until the turn has been to the store and is back in Asterisk, p99 of {DIALS}; {WHO}",
            back,
        ),
    ]


async def _add_who_dials(folder: Path) -> None:
    """Add a user with a telephone, and lead callers to another one without a word."""
    quiet = Treatment(announce=False, then=Behaviour.TARGET)
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as some:
        await users.add(some, User(0, DIALLER, ("dialler@example.org",), ZONE, name="Dialler"))
        for code in await codes.every(some):
            await codes.put(some, replace(code, internal=quiet, external=quiet, target=TARGET))


async def _confirmed(asterisk: Asterisk, dialler: Dialler, ami: RawAmi) -> tuple[list[float], list[float]]:
    """Return how soon somebody who calls during the confirmation is led away, by its length, and the lengths."""
    shares, seconds = [], []
    async with Phone.register(asterisk, TARGET) as target:
        for count in range(1, CONFIRMED + 1):
            async with call(asterisk, DIALLER, _code()) as dialled:
                await dialled.is_answered()
                async with call(asterisk, CALLER, DIALLER):
                    led = await target.rings(count)
                await dialled.is_over(LONG)
            assert dialled.ended_at is not None
            begun = dialled.messages[0].at
            seconds.append(dialled.ended_at - begun)
            shares.append((led.invite.at - begun) / seconds[-1])
            before = await _turn(ami)
            await asyncio.to_thread(dialler.dial, "#23#")
            await _another(ami, before)
    return shares, seconds


async def _told(asterisk: Asterisk, dialler: Dialler, ami: RawAmi) -> tuple[list[float], list[float]]:
    """Return how late lamps are told, in ms, and how long taking over takes, in seconds."""
    late: list[float] = []
    back: list[float] = []
    async with phones(asterisk, [f"*21{DIALLER}"] * PHONES) as subscribed:
        for number in range(DIALS):
            code, state = (_code(), "confirmed") if number % 2 == 0 else ("#23#", "terminated")
            before = await _turn(ami)
            dialled = await asyncio.to_thread(dialler.dial, code)
            await _another(ami, before)
            back.append(time.time() - dialled.invited)
            async with asyncio.timeout(SETTLED):
                late += [(at - dialled.invited) * 1000 for at in await subscribed.told(state)]
    return late, back


async def _turn(ami: RawAmi) -> int | None:
    """Return the last turn that the gateway has taken over, as it tells the dialplan; None: it has told nothing."""
    answer = await ami.action("DBGet", {"Family": "ringplan-phone", "Key": DIALLER})
    if answer["Response"] != "Success":
        return None
    value = (await ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]
    ami.events.clear()
    return int(value.split("|")[2].split("-")[3])


async def _another(ami: RawAmi, before: int | None) -> None:
    """Wait until the gateway tells of another turn than `before`."""
    async with asyncio.timeout(SETTLED):
        while await _turn(ami) == before:
            await asyncio.sleep(SOON)


def _code() -> str:
    """Return the code of a meeting until two hours from now."""
    return f"*23*1*{(datetime.now(UTC) + timedelta(hours=2)).astimezone(ZONE):%H%M}"


def _p99(values: list[float]) -> float:
    return sorted(values)[-1 - len(values) // 100]
