"""Whose call it is: asked of the gateway before a telephone rings, and never waited for longer than 200 ms.

What the dialplan does is measured by its own clock, around the administrator's line; some calls are made by telephones.
A machine that is so busy that an answer comes too late is asked again: that calls go on then is what is to be.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.engine.callers import Callers
from gateway.engine.clock import WallClock
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers.phone import Phone, call
from peers.process import POLL, until
from tests.system.dialplan.conftest import Desk, all_are_gone, window

CALLER = "+46812345678"
TRUNK = "TELIA: 08 (a?b) $[1+1]=2"
HOSTILE = '"Anna", <sip:1@x>;a|b\\ ${SHELL(id)} $[1+1]\r\nAction: Hangup'
LONGEST = 220  # milliseconds, with what lies around the 200
MANY = 50
TIMES = 10  # that an answer may come too late


@asynccontextmanager
async def gateway(desk: Desk, names: Callable[[str, str], str | None]) -> AsyncIterator[None]:
    """Be a gateway that knows these names."""
    login = desk.asterisk.ami
    settings = {"port": desk.asterisk.ami_port, "user": login.user, "secret": login.secret}
    async with Asterisk(AsteriskSettings.model_validate(settings)).connect() as switch:
        callers = Callers("main", names, WallClock(), switch)

        async def listen() -> None:
            async for event in switch.events():
                callers.hear(event)

        tasks = [asyncio.create_task(callers.run()), asyncio.create_task(listen())]
        try:
            async with asyncio.timeout(60):
                while not await desk.ami.value("RINGPLAN_NAMES"):
                    await asyncio.sleep(POLL)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def nobody_answers(desk: Desk) -> None:
    """Let the dialplan believe that a gateway is there."""
    await desk.put_global("RINGPLAN_NAMES", str(int(time.time()) + 3600))


async def begin(desk: Desk, number: str = CALLER, extension: str = "1001", **variables: str) -> None:
    """Let somebody call, without a telephone."""
    given = {"FROM": number, "TRUNK": TRUNK, **variables}
    request = {
        "Channel": f"Local/{extension}@asked-name",
        "Application": "Wait",
        "Data": "1",
        "Async": "true",
        "Variable": ",".join(f"__{name}={value}" for name, value in given.items()),
    }
    assert (await desk.ami.action("Originate", request))["Response"] == "Success"


async def rang(desk: Desk, number: str = "") -> tuple[int, str]:
    """Return how many milliseconds a call has taken to where the telephone rings, and which name it has there."""
    async with asyncio.timeout(60):
        event = await desk.ami.event("UserEvent", {"UserEvent": "Asked", **({"From": number} if number else {})})
    return int(event["Ms"]), event["Name"]


async def named(desk: Desk, number: str = CALLER) -> str:
    """Return the name that somebody who calls has in the end."""
    for _ in range(TIMES):
        await nobody_answers(desk)  # somebody does
        await begin(desk, number)
        _, name = await rang(desk)
        if name != TRUNK:
            return name
    raise AssertionError("nobody answers")


async def test_the_telephone_shows_who_it_is_and_the_next_one_by_what_its_owner_knows(desk: Desk):
    known = {"1001": "Farmor Åsa \N{EM DASH} privat", "1002": "Öberg & Söner"}
    shown = ["Farmor Åsa privat", "Öberg & Söner", CALLER]  # the last one is what this trunk gives
    async with (
        gateway(desk, lambda place, _: known.get(place)),
        Phone.register(desk.asterisk, "1001") as first,
        Phone.register(desk.asterisk, "1002") as second,
        Phone.register(desk.asterisk, "1003", "ring") as third,
    ):
        seen: list[str] = []
        for count in range(1, TIMES + 1):
            await nobody_answers(desk)  # but somebody does
            async with call(desk.asterisk, CALLER, "1001", trunk=True):
                got = [await first.rings(count)]
                for phone in (second, third):
                    await got[-1].hears()
                    await got[-1].transfer(phone.number)
                    got.append(await phone.rings(count))
            seen = [leg.invite.header("From").partition('" <')[0].strip('"') for leg in got]
            assert all(name in (wanted, CALLER) for name, wanted in zip(seen, shown, strict=True))
            if seen == shown:
                break
        assert seen == shown
    await until(lambda: "1003@ringplan-name" in desk.log, 60.0, "the end of it in the log")
    assert not any(name in desk.log for name in ("Farmor", "Söner"))


@pytest.mark.parametrize("number", [CALLER, "0046812345678", "08-123 456 78"])
async def test_the_name_of_a_contact_comes_before_that_of_the_trunk(desk: Desk, number):
    asked: list[tuple[str, str]] = []

    def name_of(place: str, caller: str) -> str:
        asked.append((place, caller))
        return HOSTILE

    async with gateway(desk, name_of):
        name = await named(desk, number)
    assert name == "Anna sip 1 x a b SHELL id 1 1 Action Hangup"[:40].strip()
    assert set(asked) == {("1001", "".join(letter for letter in number if letter in "+0123456789"))}


async def test_what_the_trunk_says_is_put_back_for_the_next_one_as_it_was(desk: Desk):
    async with gateway(desk, lambda place, _: {"1001": "Anna"}.get(place)):
        for _ in range(TIMES):
            await nobody_answers(desk)  # but somebody does
            await begin(desk, extension="1001-1002")
            async with asyncio.timeout(60):
                event = await desk.ami.event("UserEvent", {"UserEvent": "Asked"})
            assert event["Name"] == TRUNK
            if event["First"] == "Anna":
                return
    raise AssertionError("nobody answers")


async def test_who_is_not_known_is_called_as_the_trunk_says(desk: Desk):
    async with gateway(desk, lambda *_: None):
        await begin(desk)
        assert (await rang(desk))[1] == TRUNK
    assert await desk.ami.value("RINGPLAN_NAMES") == ""


async def test_where_no_gateway_is_nobody_waits_and_nothing_is_asked(desk: Desk):
    await begin(desk)
    assert (await rang(desk))[1] == TRUNK
    await desk.put_global("RINGPLAN_NAMES", str(int(time.time()) - 1))  # not heard of again
    await begin(desk)
    assert (await rang(desk))[1] == TRUNK
    assert "RingplanAsk" not in desk.log


async def test_a_gateway_that_hangs_is_waited_for_once_and_for_less_than_200_ms(desk: Desk):
    waited: list[int] = []
    while not waited or (waited[-1] >= LONGEST and len(waited) < TIMES):
        await nobody_answers(desk)
        await begin(desk)
        ms, name = await rang(desk)
        assert name == TRUNK
        waited.append(ms)
    assert min(waited) > 120
    assert waited[-1] < LONGEST
    asked = desk.log.count("RingplanAsk")
    assert asked == len(waited)
    await begin(desk)
    await rang(desk)
    await nobody_answers(desk)
    await begin(desk, RINGPLAN_ASK="0")  # as after a wait in the same call
    await rang(desk)
    assert desk.log.count("RingplanAsk") == asked
    assert desk.complaints == []


async def test_of_fifty_callers_at_once_nobody_has_the_name_of_another(desk: Desk):
    own = {f"+468123456{number:02}": f"Nummer {number:02}" for number in range(MANY)}
    names: dict[str, str] = {}
    async with gateway(desk, lambda _, number: own[number]):
        for _ in range(TIMES):
            await nobody_answers(desk)  # but somebody does
            for number in own:
                await begin(desk, number)
            names = {number: (await rang(desk, number))[1] for number in own}
            assert all(name in (own[number], TRUNK) for number, name in names.items())
            if set(names.values()) != {TRUNK}:
                break
    assert set(names.values()) != {TRUNK}


@pytest.mark.parametrize(
    "who",
    [
        {"number": "1003"},
        {"number": "99999"},  # from outside, but it looks like one of ours
        {"number": "anonymous"},
        {"number": ""},
        {"number": "+46812345678@example.test"},
        {"number": "1" * 21},
        {"number": "46+81"},
        {"PRES": "prohib"},
        {"RINGPLAN_CALLER": "internal"},
        {"RINGPLAN_ASK": "0"},
        {"RINGPLAN_CALL": "0123456789abcdef0123456789abcdef"},
    ],
)
async def test_who_is_not_asked_for(desk: Desk, who):
    await nobody_answers(desk)
    await begin(desk, **{"RINGPLAN_CALLER": "external", **who})
    assert (await rang(desk))[1] == TRUNK
    assert "RingplanAsk" not in desk.log


@pytest.mark.parametrize("family", ["DND", "CF", "ringplan", "off"])
async def test_where_no_telephone_rings_nobody_is_asked(desk: Desk, family):
    await nobody_answers(desk)
    if family == "off":
        await desk.put_global("RINGPLAN_OFF", "1")
    elif family == "ringplan":
        await desk.plan("1001", window("qb"))
    else:
        await desk.set(family, "1001", "1")
    await begin(desk)
    if family == "ringplan":
        await until(lambda: "Hangup(" in desk.log, 60.0, "the end of the call in the log")
        await all_are_gone(desk.ami)
    else:
        await rang(desk)
    assert "RingplanAsk" not in desk.log
