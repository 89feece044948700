"""Away by hand: what is dialled on a telephone, or set by command, is what the next call meets."""

import asyncio
import json
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from peers.asterisk import Asterisk
from peers.gateway import STOCKHOLM, Gateway, Owner, Setup
from peers.lamp import Lamp
from peers.phone import Phone, call
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import (
    HOUR,
    clock,
    dialling,
    dials,
    has_taken_over,
    held,
    is_present,
    kept,
    lands,
    quietly_to,
    shows,
)
from tests.system.dialplan.conftest import spoken_for_long


async def test_what_is_set_on_the_telephone_counts_before_its_confirmation_is_over(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner = Owner("1001", "petra", radicale.people["petra"])
    async with (
        Phone.register(exchange, "1001") as own,
        Phone.register(exchange, "1004") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1004"))) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1001")
        until, when = clock(2 * HOUR)
        with spoken_for_long(exchange, "hand-set"):
            async with dialling(exchange, "1001", f"*23*1*{until}") as dialled:
                await dialled.is_answered()
                await lands(exchange, "1001", target)
                assert not dialled.ended
        assert own.calls == []
        await shows(ami, "1001", away=True)

        explained = json.loads(await gateway.command("explain", "1001", "--json"))
        assert explained["why"] == "by_hand"
        assert explained["segment"]["end"] == when.isoformat()
        assert "set by hand" in await gateway.command("explain", "1001")
        (listed,) = json.loads(await gateway.command("absence", "list", "--json"))
        assert (listed["extension"], listed["code"], listed["until"]) == ("1001", "meeting", when.isoformat())
        (diverted,) = json.loads(await gateway.command("status", "--json"))["diverted"]
        assert (diverted["extension"], diverted["by_hand"], diverted["until"]) == ("1001", True, when.isoformat())
        assert "by hand" in await gateway.command("status")

        await dials(exchange, "1001", "#23#")
        await lands(exchange, "1001", own)
        await shows(ami, "1001", away=False)
        explained = json.loads(await gateway.command("explain", "1001", "--json"))
        assert (explained["why"], explained["segment"]) == ("nothing_runs", None)
        assert json.loads(await gateway.command("absence", "list", "--json")) == []
        assert json.loads(await gateway.command("status", "--json"))["diverted"] == []
        assert await held(ami, "ringplan-hand", "1001") is None
        assert "Traceback" not in gateway.log.read_text()


async def test_queues_pass_over_who_is_away_by_hand(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    owners = [Owner("1039", "petra", radicale.people["petra"]), Owner("1040", "rolf", radicale.people["rolf"])]
    until, _ = clock(2 * HOUR)
    async with (
        Phone.register(exchange, "1039", "ring") as first,
        Phone.register(exchange, "1040", "ring") as second,
        Gateway.start(folder, Setup(exchange, radicale.url, owners, code=partial(quietly_to, "1004"))),
        exchange.observe() as ami,
    ):
        await rings_at(exchange, first, second)
        await dials(exchange, "1039", f"*23*1*{until}")
        await is_paused(ami, "1039", "1", "Ringplan")
        rang = len(first.calls)
        await rings_at(exchange, second)
        assert len(first.calls) == rang
        await dials(exchange, "1039", "#23#")
        await is_paused(ami, "1039", "0")
        await rings_at(exchange, first, second)

        await pauses(ami, "1040", paused=True)
        await dials(exchange, "1040", f"*23*1*{until}")
        await shows(ami, "1040", away=True)
        await dials(exchange, "1039", f"*23*1*{until}")  # what is done for it comes after all that was done before
        await is_paused(ami, "1039", "1", "Ringplan")
        await is_paused(ami, "1040", "1", "Lunch")
        await dials(exchange, "1040", "#23#")
        await shows(ami, "1040", away=False)
        await dials(exchange, "1039", "#23#")
        await is_paused(ami, "1039", "0")
        await is_paused(ami, "1040", "1", "Lunch")
        await pauses(ami, "1040", paused=False)


async def test_all_phones_of_a_user_and_their_diversion_key_follow_together(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner = Owner("1005", "petra", radicale.people["petra"], phones=("1006",))
    setup = Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1007"))
    until, _ = clock(2 * HOUR)
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(Phone.register(exchange, "1005"))
        cordless = await stack.enter_async_context(Phone.register(exchange, "1006"))
        target = await stack.enter_async_context(Phone.register(exchange, "1007"))
        await stack.enter_async_context(Gateway.start(folder, setup))
        ami = await stack.enter_async_context(exchange.observe())
        keys = [
            await stack.enter_async_context(Lamp.subscribe(exchange, phone, watched))
            for phone, watched in (("1005", "*211005"), ("1006", "*211006"), ("1003", "1005"))
        ]
        for number in ("1005", "1006"):
            await is_present(ami, number)
        for at, begins, ends, presence in (
            ("1006", f"*23*1*{until}", "*23*0", "dnd"),
            ("1005", "*211005", "*211005", "xa"),
            ("1006", "*211006", "*211006", "xa"),
        ):
            await dials(exchange, at, begins)
            for lamp in keys:
                await lamp.shows("confirmed")
            for number in ("1005", "1006"):
                await lands(exchange, number, target)
                await shows(ami, number, away=True, presence=presence)
            await dials(exchange, at, ends)
            for lamp in keys:
                await lamp.shows("terminated")
            for number in ("1005", "1006"):
                await shows(ami, number, away=False)
            answered = len(target.calls)
            await lands(exchange, "1005", desk)
            await lands(exchange, "1006", cordless)
            assert len(target.calls) == answered


async def test_a_command_does_what_a_telephone_does(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    owners = [Owner("1008", "petra", radicale.people["petra"]), Owner("1009", "rolf", radicale.people["rolf"])]
    _, when = clock(2 * HOUR)
    until = f"{when.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
    async with (
        Phone.register(exchange, "1008") as own,
        Phone.register(exchange, "1009") as colleague,
        Phone.register(exchange, "1010") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, owners, code=partial(quietly_to, "1010"))) as gateway,
        exchange.observe() as ami,
    ):
        await gateway.command("absence", "set", "1008", "M", "--until", until)
        await shows(ami, "1008", away=True)
        await lands(exchange, "1008", target)
        await gateway.command("absence", "set", "1008", "L", "--until", until, "--to", "1009")
        await shows(ami, "1008", away=True, presence="away")
        await lands(exchange, "1008", colleague)
        await gateway.command("absence", "end", "1008")
        await shows(ami, "1008", away=False)
        await lands(exchange, "1008", own)
        assert await kept(gateway) == ({}, {})

        await gateway.stop()
        await gateway.command("absence", "set", "1008", "M", "--until", until)
        await lands(exchange, "1008", own)
        await gateway.up()
        await shows(ami, "1008", away=True)
        await lands(exchange, "1008", target)
        await dials(exchange, "1008", "#23#")  # the last one wins, wherever it was said
        await lands(exchange, "1008", own)
        await shows(ami, "1008", away=False)
        await gateway.command("absence", "set", "1008", "M", "--until", until)
        await shows(ami, "1008", away=True)

        await gateway.stop()
        await gateway.command("absence", "end", "1008")
        await lands(exchange, "1008", target)
        await gateway.up()
        await shows(ami, "1008", away=False)
        await lands(exchange, "1008", own)
        await has_taken_over(gateway, ami, "1008", None)


async def rings_at(exchange: Asterisk, *phones: Phone) -> None:
    """Call the queue, and see all of `phones` ring."""
    before = [len(phone.calls) for phone in phones]
    async with call(exchange, "1030", "6000") as made:
        await made.is_answered()
        for phone, count in zip(phones, before, strict=True):
            await phone.rings(count + 1, deadline=60)


async def is_paused(ami: RawAmi, number: str, paused: str, reason: str = "") -> None:
    """Wait until the queue 6000 says so of a member."""
    seen: tuple[str, str] | None = None
    async with asyncio.timeout(60):
        while seen != (paused, reason):
            answer = await ami.action("QueueStatus", {"Queue": "sales"})
            asked = {"ActionID": answer["ActionID"]}
            await ami.event("QueueStatusComplete", asked)
            member = await ami.event("QueueMember", {**asked, "Location": f"Local/{number}@internal/n"})
            seen = member["Paused"], member["PausedReason"]


async def pauses(ami: RawAmi, number: str, *, paused: bool) -> None:
    """Pause a member of the queue 6000, or take it out of its pause, as a supervisor does."""
    fields = {"Queue": "sales", "Interface": f"Local/{number}@internal/n", "Paused": str(paused).lower()}
    done = await ami.action("QueuePause", fields | ({"Reason": "Lunch"} if paused else {}))
    assert done["Response"] == "Success", done
