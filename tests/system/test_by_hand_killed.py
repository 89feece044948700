"""The gateway is killed at each kind of message while codes are dialled: what was dialled last counts, and once.

A proxy stands between it and Asterisk; what it stops at is what a step puts on the wire (tests/fakes/crossing.py).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.fakes.crossing import Crossing, Toward
from tests.system.calls import (
    HOUR,
    clock,
    dialling,
    dials,
    has_taken_over,
    held,
    is_gone,
    is_present,
    lands,
    quietly_to,
    shows,
)

STEPS = [
    pytest.param(Toward.CLIENT, b"RingplanHand", False, id="before it hears"),
    pytest.param(Toward.CLIENT, b"RingplanHand", True, id="once it has heard"),
    pytest.param(Toward.SERVER, b"Family: ringplan-phone", False, id="it is taken over, and nothing is written"),
    pytest.param(Toward.SERVER, b"Family: ringplan-phone", True, id="before that is acknowledged"),
    pytest.param(Toward.SERVER, b"Family: ringplan-hand", False, id="before its own hand leaves"),
    pytest.param(Toward.SERVER, b"Family: ringplan-hand", True, id="before that is acknowledged, too"),
    pytest.param(Toward.SERVER, b"DEVICE_STATE(Custom:ringplan-", False, id="before the lamp leaves"),
    pytest.param(Toward.SERVER, b"PRESENCE_STATE(CustomPresence:", False, id="before the presence leaves"),
    pytest.param(Toward.SERVER, b"PRESENCE_STATE(CustomPresence:", True, id="before that is acknowledged, as well"),
    pytest.param(Toward.SERVER, b"QueuePause", False, id="before a queue is told"),
]


@pytest.mark.parametrize(("toward", "at", "passed"), STEPS)
async def test_killed_and_started_again(
    exchange: Asterisk, radicale: Radicale, folder: Path, toward: Toward, at: bytes, passed: bool
) -> None:
    until, when = clock(2 * HOUR)
    async with house(exchange, radicale, folder) as house_:
        gateway, crossing, ami, own, target = house_
        for code, away, rings in ((f"*23*1*{until}", when, target), ("#23#", None, own)):
            crossing.stop(toward, at, pass_it=passed)
            await killed_while_dialling(exchange, gateway, crossing, code)
            await lands(exchange, "1039", rings)
            crossing.go_on()
            await gateway.up()
            await has_taken_over(gateway, ami, "1039", away)
            await shows(ami, "1039", away=away is not None)
            await lands(exchange, "1039", rings)
            await agrees(gateway, ami)


@pytest.mark.parametrize(("toward", "at", "passed"), [STEPS[0], STEPS[4]])
async def test_killed_and_dialled_again_before_it_starts(
    exchange: Asterisk, radicale: Radicale, folder: Path, toward: Toward, at: bytes, passed: bool
) -> None:
    until, when = clock(2 * HOUR)
    set_ = f"*23*1*{until}"
    async with house(exchange, radicale, folder) as house_:
        gateway, crossing, ami, own, target = house_
        for codes in ((set_, "#23#"), (set_, "*23*0", set_)):
            crossing.stop(toward, at, pass_it=passed)
            await killed_while_dialling(exchange, gateway, crossing, codes[0])
            for code in codes[1:]:
                await dials(exchange, "1039", code)
            crossing.go_on()
            await gateway.up()
            await has_taken_over(gateway, ami, "1039", when if codes[-1] == set_ else None)
            await shows(ami, "1039", away=codes[-1] == set_)
            await lands(exchange, "1039", target if codes[-1] == set_ else own)
            await agrees(gateway, ami)


House = tuple[Gateway, Crossing, RawAmi, Phone, Phone]


@asynccontextmanager
async def house(exchange: Asterisk, radicale: Radicale, folder: Path) -> AsyncIterator[House]:
    """1039, who is a member of a queue; callers are led to 1021. The gateway reaches Asterisk by a crossing."""
    owner = Owner("1039", "petra", radicale.people["petra"])
    async with (
        Phone.register(exchange, "1039") as own,
        Phone.register(exchange, "1021") as target,
        Crossing.open(exchange.ami_port) as crossing,
        exchange.observe() as ami,
    ):
        way = partial(quietly_to, "1021")
        setup = Setup(exchange, radicale.url, (owner,), code=way, ami_port=crossing.port)
        async with Gateway.start(folder, setup) as gateway:
            await is_present(ami, "1039")
            await lands(exchange, "1039", own)
            yield gateway, crossing, ami, own, target
            await gateway.command("absence", "end", "1039")
            await is_gone(ami, "ringplan-hand", "1039")


async def killed_while_dialling(exchange: Asterisk, gateway: Gateway, crossing: Crossing, code: str) -> None:
    """Dial, and kill the gateway when it has come to where it is to be stopped, while the confirmation is spoken."""
    async with dialling(exchange, "1039", code) as dialled:
        await asyncio.wait_for(crossing.reached.wait(), 60)
        await gateway.kill()
        await dialled.is_answered()


async def agrees(gateway: Gateway, ami: RawAmi) -> None:
    """See that the command tells what the PBX holds."""
    explained = json.loads(await gateway.command("explain", "1039", "--json"))
    value = await held(ami, "ringplan-hand", "1039")
    assert (explained["why"] == "by_hand") == (value is not None and value.count("|") == 2)
