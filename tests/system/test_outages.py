"""Somebody is away for a while: the PBX, the gateway, or the calendar server. Calls stay right, and nothing lingers."""

import asyncio
import json
import sqlite3
from contextlib import aclosing, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.store import diversions, mailboxes
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import LOOK, until
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, clock_passes, holds, instant, is_planned, lands, quietly_to

SECOND = MINUTE / 60
PEOPLE = {"alice": "password of alice"}
OWNER = Owner("1001", "alice", PEOPLE["alice"])


async def test_asterisk_is_killed_and_restarted_in_the_middle_of_a_diversion(radicale: Radicale, folder: Path) -> None:
    owner, calendar = Owner("1001", "karin", radicale.people["karin"]), radicale.calendar("karin")
    async with Asterisk.start(folder / "asterisk") as asterisk:
        setup = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1004"))
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        async with Gateway.start(folder / "gateway", setup):
            async with asterisk.observe() as ami:
                await holds(ami, "1001", diverted=True)
            await asterisk.kill()
            asterisk.astdb.unlink()  # worse than a crash: all that it held is lost
            await asterisk.up()
            async with (
                asterisk.observe() as ami,
                Phone.register(asterisk, "1001") as own,
                Phone.register(asterisk, "1004") as target,
            ):
                await holds(ami, "1001", diverted=True)
                await lands(asterisk, "1001", target)
                await calendar.delete("board")
                await holds(ami, "1001", diverted=False)
                await lands(asterisk, "1001", own)


async def test_a_diversion_starts_and_ends_while_the_gateway_is_dead(
    asterisk: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner, calendar = Owner("1008", "lars", radicale.people["lars"]), radicale.calendar("lars")
    async with (
        Phone.register(asterisk, "1008") as own,
        Phone.register(asterisk, "1009") as target,
        asterisk.observe() as ami,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1009"))) as gateway,
    ):
        begins, ends = instant(20 * SECOND), instant(40 * SECOND)
        await calendar.put("short", event("short", begins, ends, "M: kort"))
        await is_planned(ami, "1008")
        await gateway.kill()
        await lands(asterisk, "1008", own)
        await clock_passes(ami, begins)
        await lands(asterisk, "1008", target)
        await clock_passes(ami, ends)
        await lands(asterisk, "1008", own)
        await gateway.up()
        await holds(ami, "1008", diverted=False)
        async with gateway.store() as store, asyncio.timeout(MINUTE.seconds):  # so long it may stay (engine/sweep.py)
            while await _planned(store):
                await asyncio.sleep(LOOK)


async def test_a_calendar_server_that_is_gone_lets_known_diversions_run_to_their_end(
    asterisk: Asterisk, folder: Path
) -> None:
    owner = Owner("1010", "alice", PEOPLE["alice"])
    async with (
        Radicale.start(folder / "radicale", PEOPLE) as radicale,
        Phone.register(asterisk, "1010") as own,
        Phone.register(asterisk, "1011") as target,
        asterisk.observe() as ami,
    ):
        calendar = radicale.calendar("alice")
        ends = instant(40 * SECOND)
        await calendar.put("now", event("now", instant(-MINUTE), ends, "M: pågår"))
        setup = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1011"))
        async with Gateway.start(folder / "gateway", setup) as gateway:
            await holds(ami, "1010", diverted=True)
            gone = datetime.now(UTC)
            await radicale.stop()
            await _is_failing(gateway)
            noticed = datetime.now(UTC)
            await lands(asterisk, "1010", target)
            await clock_passes(ami, ends)
            await holds(ami, "1010", diverted=False)
            await lands(asterisk, "1010", own)
            (told,) = json.loads(await gateway.command("status", "--json"))["calendars"]
            assert told["error"] == "Unreachable"
            assert gone <= datetime.fromisoformat(told["failing_since"]) <= noticed
            assert "FAILING SINCE" in await gateway.command("status")
            await radicale.up()
            await calendar.put("new", event("new", instant(-MINUTE), instant(HOUR), "M: ny"))
            await gateway.command("sync")
            await holds(ami, "1010", diverted=True)


async def test_a_database_that_is_locked_for_long_ends_nothing(
    asterisk: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner, calendar = Owner("1026", "maria", radicale.people["maria"]), radicale.calendar("maria")
    async with (
        asterisk.observe() as ami,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1011"))) as gateway,
    ):
        process = gateway.process.pid
        with closing(sqlite3.connect(gateway.database, isolation_level=None)) as backup:
            backup.execute("BEGIN EXCLUSIVE")
            await until(lambda: "begin anew" in gateway.log.read_text(), 100, "the gateway has waited for it in vain")
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        await holds(ami, "1026", diverted=True)
        assert gateway.process.pid == process
        await calendar.delete("board")
        await holds(ami, "1026", diverted=False)


async def _is_failing(gateway: Gateway) -> None:
    async with asyncio.timeout(60), gateway.store() as store, aclosing(store.watch("progress")) as changes:
        async for _ in changes:
            async with store.read() as rows:
                if all(one.failing_since for one in (await mailboxes.progress(rows)).values()):
                    return


async def _planned(store: Store) -> bool:
    async with store.read() as rows:
        return bool(await diversions.every(rows))
