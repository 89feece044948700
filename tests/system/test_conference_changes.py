"""A meeting that is moved, cancelled, or gets somebody new; two in one room; and dialling in while no gateway runs."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Setup
from peers.leg import Leg
from peers.phone import Phone, call
from peers.process import POLL
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import HOUR, held
from tests.system.rooms import AT_ONCE, SOON, Meeting, are_inside, late, opens, planned, speaks, told
from tests.system.test_conference_autocall import ANNA, BOB, CARL, SECOND, owners, phones

A_TONE = 8  # packets: what is said instead of words
QUIET = 5.0  # seconds in which somebody would have been called


async def test_a_moved_meeting_calls_at_its_new_start_and_a_cancelled_one_nobody(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    async with (
        phones(exchange, x1001="answer", x1002="answer") as both,
        Gateway.start(folder, Setup(exchange, radicale.url, owners(radicale))) as gateway,
        exchange.observe() as ami,
    ):
        first = Meeting("ulla", ("vera",)).within(2 * SOON)
        await first.write(radicale)
        await opens(ami, "8501")
        moved = replace(first, starts=first.starts + 6 * SECOND)
        await moved.write(radicale)
        cancelled = Meeting("ulla", ("vera",), name="cancelled").within(HOUR / 2)
        await cancelled.write(radicale)
        for phone in both.values():
            await phone.rings(deadline=60)
            assert 0 <= late(phone, moved) < AT_ONCE
            await speaks(phone.calls[0])
        await cancelled.cancel(radicale)
        await moved.cancel(radicale)
        for phone in both.values():
            await phone.calls[0].is_over(60)
        await opens(ami, "8501", there=False)

        # cancelled just before it begins
        last = Meeting("ulla", ("vera",), name="last").within(2 * SOON)
        await last.write(radicale)
        await opens(ami, "8501")
        await last.cancel(radicale)
        await opens(ami, "8501", there=False)
        await _pass(last.on_the_loop + QUIET)
        assert [len(phone.calls) for phone in both.values()] == [1, 1]
        assert await planned(gateway) == []


async def test_a_meeting_that_is_moved_while_people_are_in_it_calls_nobody_again(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    async with (
        phones(exchange, x1001="answer", x1002="answer", x1003="answer") as everybody,
        Gateway.start(folder, Setup(exchange, radicale.url, owners(radicale))) as gateway,
        exchange.observe() as ami,
    ):
        anna, bob, carl = everybody.values()
        meeting = Meeting("ulla", ("vera",)).within(SOON)
        await meeting.write(radicale)
        for phone in (anna, bob):
            await phone.rings(deadline=60)
            await speaks(phone.calls[0])
        before = await held(ami, "ringplan-room", "8501")

        # moved, and somebody new is asked: they alone are called, into what goes on
        later = replace(meeting, asked=("vera", "walter"), starts=meeting.starts + 3 * SECOND, lasts=2 * HOUR)
        await later.write(radicale)
        await carl.rings(deadline=60)
        await speaks(carl.calls[0])
        await are_inside(exchange, "8501", 3)
        assert len({_bridge(value) for value in (before, await held(ami, "ringplan-room", "8501"))}) == 1
        assert (await told(gateway, "8501"))[CARL].is_in

        # everybody leaves: nobody is fetched back
        for phone in (anna, bob, carl):
            await phone.calls[0].hang_up()
        await are_inside(exchange, "8501", 0)
        await _pass(asyncio.get_running_loop().time() + QUIET)
        assert [len(phone.calls) for phone in (anna, bob, carl)] == [1, 1, 1]
        assert (await told(gateway, "8501"))[BOB].results == ("left",)
        await later.cancel(radicale)
        await opens(ami, "8501", there=False)


async def test_two_meetings_at_a_time_have_two_rooms_and_do_not_hear_each_other(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    setup = Setup(exchange, radicale.url, owners(radicale), pool=("8590",))
    async with (
        phones(exchange, x1001="answer", x1002="answer") as both,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        first = Meeting("ulla", location="PBX", name="first").within(-60 * SECOND)
        await first.write(radicale)
        await opens(ami, "8501")
        second = Meeting("ulla", ("vera",), location="PBX", name="second").within(-30 * SECOND)
        await second.write(radicale)
        await opens(ami, "8590")
        assert sorted(str(one["room"]) for one in await planned(gateway)) == ["8501", "8590"]
        async with call(exchange, ANNA, "8501") as anna, call(exchange, BOB, "*26") as bob:
            await are_inside(exchange, "8501", 1)
            await are_inside(exchange, "8590", 1)
            assert [len(phone.calls) for phone in both.values()] == [0, 0]
            await first.cancel(radicale)
            await anna.is_over(60)
            assert len(await exchange.inside("8590")) == 1
            assert not bob.ended
            await second.cancel(radicale)
            await bob.is_over(60)


async def test_people_dial_in_while_no_gateway_runs_and_are_put_out_when_it_is_back_and_all_is_over(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    setup = Setup(exchange, radicale.url, [replace(one, pin="2468") for one in owners(radicale)])
    async with (
        Phone.register(exchange, CARL) as _,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        meeting = Meeting("ulla", ("vera",), location="Sal 3; PBX").within(-60 * SECOND)
        await meeting.write(radicale)
        await opens(ami, "8501")
        await gateway.stop()
        async with (
            call(exchange, ANNA, "8501") as anna,  # whoever is asked needs no PIN
            call(exchange, BOB, "*26") as bob,
            call(exchange, CARL, "8501") as carl,
            call(exchange, "004685550100", "8901", trunk=True) as guest,
        ):
            await are_inside(exchange, "8501", 2)
            await _enter(carl, "2468#")
            await _enter(guest, "8501#", "2468#")
            await are_inside(exchange, "8501", 4)
            for one in (anna, bob, carl, guest):
                await speaks(one)
            await meeting.cancel(radicale)
            await gateway.up()
            for one in (anna, bob, carl, guest):
                await one.is_over(60)
        await opens(ami, "8501", there=False)
        assert await planned(gateway) == []


async def test_a_late_start_of_the_gateway_still_calls_and_a_later_one_does_not(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    async with (
        phones(exchange, x1001="answer", x1002="answer") as both,
        Gateway.start(folder, Setup(exchange, radicale.url, owners(radicale))) as gateway,
        exchange.observe() as ami,
    ):
        meeting = Meeting("ulla", ("vera",)).within(2 * SOON)
        await meeting.write(radicale)
        await opens(ami, "8501")
        await gateway.stop()
        long_ago = Meeting("ulla", ("walter",), name="long-ago").within(timedelta(minutes=-7))
        await long_ago.write(radicale)
        await _pass(meeting.on_the_loop + QUIET)
        assert [len(phone.calls) for phone in both.values()] == [0, 0]
        await gateway.up()
        for phone in both.values():
            await phone.rings(deadline=60)
            await speaks(phone.calls[0])
        await _pass(asyncio.get_running_loop().time() + QUIET)
        assert [len(phone.calls) for phone in both.values()] == [1, 1]
        for one in (meeting, long_ago):
            await one.cancel(radicale)
        await both[BOB].calls[0].is_over(60)
        await _gone(ami)


async def _gone(ami: RawAmi) -> None:
    """Wait until the PBX holds nothing of conferences but marks, which stay as long as the meeting was to last."""
    await opens(ami, "8501", there=False)
    for extension in (ANNA, BOB):
        async with asyncio.timeout(60):
            while await held(ami, "ringplan-invited", extension) is not None:
                await asyncio.sleep(POLL)


async def _enter(leg: Leg, *numbers: str) -> None:
    """Press each number while it is asked for."""
    await leg.is_answered(60)
    heard = 0
    for number in numbers:
        await leg.hears(heard + A_TONE)
        heard = len(leg.heard)
        await leg.press(number)


async def _pass(until: float) -> None:
    await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))


def _bridge(value: str | None) -> str:
    """Return the name of the first conference in the value of a room."""
    assert value is not None
    return value.split("|")[3].split("-")[4]
