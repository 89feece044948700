"""Trying Ringplan out: a dry run writes nothing, and with a pilot group nobody else takes part."""

import asyncio
import json
from contextlib import aclosing
from functools import partial
from pathlib import Path

from gateway.store import diversions, mailboxes
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to

PEOPLE = {"alice": "password of alice", "bob": "password of bob"}
OWNERS = (Owner("1036", "alice", PEOPLE["alice"]), Owner("1037", "bob", PEOPLE["bob"]))
MEETING = event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp")
ITEMS = {name: {"board": MEETING} for name in PEOPLE}


async def test_a_dry_run_plans_and_says_so_and_writes_nothing(asterisk: Asterisk, folder: Path) -> None:
    async with (
        Radicale.start(folder / "radicale", PEOPLE, items=ITEMS) as radicale,
        Phone.register(asterisk, "1036") as own,
    ):
        setup = Setup(asterisk, radicale.url, OWNERS, code=partial(quietly_to, "1038"), run="dry_run = true")
        async with Gateway.start(folder / "gateway", setup) as gateway:
            async with asyncio.timeout(60):
                await are_planned(gateway, len(OWNERS))
            await lands(asterisk, "1036", own)
            told = json.loads(await gateway.command("status", "--json"))
            assert any("dry run" in problem for problem in told["problems"])
            assert {one["extension"] for one in told["diverted"]} == {"1036", "1037"}
            assert "dry run" in await gateway.command("explain", "1036")
    assert await held_for(asterisk, "1036", "1037") == []


async def test_only_the_pilot_group_is_diverted_and_read(asterisk: Asterisk, folder: Path) -> None:
    async with (
        Radicale.start(folder / "radicale", PEOPLE, items=ITEMS) as radicale,
        Phone.register(asterisk, "1036") as own,
        Phone.register(asterisk, "1038") as target,
        asterisk.observe() as ami,
    ):
        setup = Setup(asterisk, radicale.url, OWNERS, code=partial(quietly_to, "1038"), run='pilot = ["1037"]')
        async with Gateway.start(folder / "gateway", setup) as gateway:
            await holds(ami, "1037", diverted=True)
            await lands(asterisk, "1037", target)
            await lands(asterisk, "1036", own)
            assert len(await held_for(asterisk, "1037")) == len(("schedule", "lamp", "presence"))
            assert await held_for(asterisk, "1036") == []
            async with gateway.store() as store, store.read() as rows:
                read = {
                    box.user for box in await mailboxes.every(rows) if (await mailboxes.progress(rows))[box.id].tried
                }
            assert read == {gateway.users["1037"].id}
            assert "pilot group" in await gateway.command("explain", "1036")


async def held_for(asterisk: Asterisk, *extensions: str) -> list[str]:
    """Return what the PBX keeps of ours for these: schedules, lamps and presences."""
    ours = tuple(f"ringplan{separator}{extension} " for extension in extensions for separator in "/-")
    return [line for line in (await asterisk.cli("database show")).splitlines() if any(one in line for one in ours)]


async def are_planned(gateway: Gateway, many: int) -> None:
    """Wait until `many` users have a diversion, and the plan has been computed for them."""
    async with gateway.store() as store, aclosing(store.watch("diversions", "health")) as changes:
        async for _ in changes:
            async with store.read() as rows:
                known = await diversions.every(rows)
            parts = json.loads(await gateway.command("status", "--json"))["parts"]
            planned = next(part["facts"].get("would_hold", 0) for part in parts if part["name"] == "pbx:main")
            if len(known) == planned == many:
                return
