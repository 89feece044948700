"""The gateway is killed with SIGKILL at each step of an appointment's way, and finds back to what is planned.

Proxies stand between it and both servers; what they stop at is what the step puts on the wire. Steps 3 to 7 are inside
the process: the answer has arrived, and what follows is killed at whatever it has come to.
"""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.fakes.crossing import Crossing, Toward
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to

CALENDAR, PBX = "calendar", "pbx"
WINDOW = b" 207 "  # behind a REPORT; its body may be compressed
STEPS = [
    pytest.param(CALENDAR, Toward.SERVER, b"PROPFIND", False, id="1 due, before it asks"),
    pytest.param(CALENDAR, Toward.SERVER, b"REPORT", False, id="2 before the window is asked for"),
    pytest.param(CALENDAR, Toward.CLIENT, WINDOW, False, id="2 while the window arrives"),
    pytest.param(CALENDAR, Toward.CLIENT, WINDOW, True, id="3 to 7 once it has arrived"),
    pytest.param(PBX, Toward.SERVER, b"Action: DBPut", False, id="8 before the schedule leaves"),
    pytest.param(PBX, Toward.SERVER, b"Action: DBPut", True, id="9 before it is acknowledged"),
    pytest.param(PBX, Toward.SERVER, b"Value: dnd", False, id="9 before the presence leaves"),
    pytest.param(PBX, Toward.CLIENT, b"Message: Variable Set", True, id="10 everything is written"),
]


@pytest.mark.parametrize(("between", "toward", "at", "passed"), STEPS)
async def test_killed_and_started_again(
    asterisk: Asterisk, radicale: Radicale, folder: Path, between: str, toward: Toward, at: bytes, passed: bool
) -> None:
    owner, calendar = Owner("1005", "ingrid", radicale.people["ingrid"]), radicale.calendar("ingrid")
    async with (
        Phone.register(asterisk, "1005") as own,
        Phone.register(asterisk, "1006") as target,
        Crossing.open(radicale.port) as to_calendar,
        Crossing.open(asterisk.ami_port) as to_pbx,
        asterisk.observe() as ami,
    ):
        setup = Setup(asterisk, f"http://127.0.0.1:{to_calendar.port}/", (owner,), code=partial(quietly_to, "1006"))
        setup = replace(setup, ami_port=to_pbx.port)
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        crossing = to_calendar if between is CALENDAR else to_pbx
        crossing.stop(toward, at, pass_it=passed, after=b"REPORT" if at is WINDOW else None)
        async with Gateway.start(folder, setup, connected=False) as gateway:
            await asyncio.wait_for(crossing.reached.wait(), 60)
            await gateway.kill()
            crossing.go_on()
            await gateway.up()
            await holds(ami, "1005", diverted=True)
            await lands(asterisk, "1005", target)

            await calendar.delete("board")
            await holds(ami, "1005", diverted=False)
            await lands(asterisk, "1005", own)


@pytest.mark.parametrize(
    ("at", "passed"),
    [
        pytest.param(b"Action: DBDel", False, id="before the schedule is removed"),
        pytest.param(b"Action: DBDel", True, id="before that is acknowledged"),
        pytest.param(b"Value: available", False, id="before the presence is"),
    ],
)
async def test_killed_while_it_forgets_and_started_after_the_end(
    asterisk: Asterisk, radicale: Radicale, folder: Path, at: bytes, passed: bool
) -> None:
    owner, calendar = Owner("1007", "johan", radicale.people["johan"]), radicale.calendar("johan")
    async with (
        Phone.register(asterisk, "1007") as own,
        Crossing.open(asterisk.ami_port) as to_pbx,
        asterisk.observe() as ami,
    ):
        setup = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1006"), ami_port=to_pbx.port)
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        async with Gateway.start(folder, setup) as gateway:
            await holds(ami, "1007", diverted=True)
            to_pbx.stop(Toward.SERVER, at, pass_it=passed)
            await calendar.delete("board")
            await asyncio.wait_for(to_pbx.reached.wait(), 60)
            await gateway.kill()
            to_pbx.go_on()
            await gateway.up()
            await holds(ami, "1007", diverted=False)
            await lands(asterisk, "1007", own)
