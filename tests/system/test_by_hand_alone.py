"""The PBX alone does what is dialled, and a gateway that starts takes it over once; what was dialled last counts."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import until
from peers.radicale import Radicale
from tests.system.calls import (
    HOUR,
    clock,
    committed,
    dialled_last,
    dialling,
    dials,
    has_taken_over,
    held,
    is_gone,
    is_present,
    kept,
    lands,
    last_turn,
    passes,
    quietly_to,
    shows,
)
from tests.system.dialplan.conftest import spoken_for_long

SOON = timedelta(seconds=30)  # of which a code takes some, and a call


async def test_what_is_dialled_while_no_gateway_runs_counts_and_is_taken_over_once(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner = Owner("1011", "petra", radicale.people["petra"])
    async with (
        Phone.register(exchange, "1011") as own,
        Phone.register(exchange, "1012") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1012"))) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1011")
        await gateway.kill()
        begun = await last_turn(ami, "1011")
        sooner, _ = clock(HOUR)
        later, last = clock(2 * HOUR)
        with spoken_for_long(exchange, "hand-set"):
            async with dialling(exchange, "1011", f"*23*2*{sooner}#") as dialled:
                await dialled.is_answered()
                await lands(exchange, "1011", target)
                assert not dialled.ended
        assert await ami.value("DEVICE_STATE(Custom:ringplan-1011)") == "INUSE"
        await dials(exchange, "1011", "#23#")
        assert await ami.value("DEVICE_STATE(Custom:ringplan-1011)") == "UNAVAILABLE"
        await lands(exchange, "1011", own)
        for code in (f"*23*1*{sooner}", "*23*0", f"*23*2*{sooner}", f"*23*1*{later}"):
            await dials(exchange, "1011", code)
        await lands(exchange, "1011", target)
        assert (await dialled_last(ami, "1011")).turn == begun + 6

        await gateway.up()
        await shows(ami, "1011", away=True)
        await lands(exchange, "1011", target)
        explained = json.loads(await gateway.command("explain", "1011", "--json"))
        assert explained["why"] == "by_hand"
        assert (explained["segment"]["diversion"]["code"], explained["segment"]["end"]) == ("meeting", last.isoformat())
        assert await has_taken_over(gateway, ami, "1011", last) == begun + 6
        before = await kept(gateway), await dialled_last(ami, "1011")
        assert before[1].turn == begun + 6
        assert before[1].window is not None
        assert before[1].window.end == last
        await gateway.kill()
        await gateway.up()
        await gateway.command("sync")
        assert (await kept(gateway), await dialled_last(ami, "1011")) == before

        await gateway.kill()
        await dials(exchange, "1011", f"*23*2*{sooner}")
        await dials(exchange, "1011", "#23#")
        await gateway.up()
        await shows(ami, "1011", away=False)
        await lands(exchange, "1011", own)
        assert await has_taken_over(gateway, ami, "1011", None) == begun + 8
        await is_gone(ami, "ringplan-hand", "1011")


async def test_the_pbx_ends_an_absence_by_itself(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    owner = Owner("1013", "petra", radicale.people["petra"])
    async with (
        Phone.register(exchange, "1013") as own,
        Phone.register(exchange, "1014") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1014"))) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1013")
        await gateway.kill()
        until_, ends = clock(SOON)
        await dials(exchange, "1013", f"*23*1*{until_}")
        await lands(exchange, "1013", target)
        await passes(ami, ends)
        await lands(exchange, "1013", own)
        await gateway.up()
        await shows(ami, "1013", away=False)
        await has_taken_over(gateway, ami, "1013", None)
        await is_gone(ami, "ringplan-hand", "1013")


async def test_an_asterisk_that_is_killed_still_has_what_was_dialled(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner = Owner("1001", "petra", radicale.people["petra"])
    async with Asterisk.start(folder / "asterisk", exchange.setup) as asterisk:
        given = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1004"))
        async with Gateway.start(folder / "gateway", given) as gateway:
            async with asterisk.observe() as ami, Phone.register(asterisk, "1001"):
                await is_present(ami, "1001")
                await gateway.kill()
                until_, ends = clock(1.5 * SOON)
                await dials(asterisk, "1001", f"*23*1*{until_}")
                value = await held(ami, "ringplan-hand", "1001")
                assert value is not None
                await until(partial(committed, asterisk, value), 60, "in AstDB's file")
            await asterisk.kill()
            await asterisk.up()
            async with (
                asterisk.observe() as ami,
                Phone.register(asterisk, "1001") as own,
                Phone.register(asterisk, "1004") as target,
            ):
                assert await held(ami, "ringplan-hand", "1001") == value
                assert await ami.value("DEVICE_STATE(Custom:ringplan-1001)") == "INUSE"
                await lands(asterisk, "1001", target)
                await passes(ami, ends)
                await lands(asterisk, "1001", own)
                await gateway.up()
                await shows(ami, "1001", away=False)
                await is_gone(ami, "ringplan-hand", "1001")


async def test_an_asterisk_that_lost_everything_is_told_again_what_was_taken_over(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner = Owner("1001", "petra", radicale.people["petra"])
    async with Asterisk.start(folder / "asterisk", exchange.setup) as asterisk:
        given = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1004"))
        async with Gateway.start(folder / "gateway", given) as gateway:
            async with asterisk.observe() as ami, Phone.register(asterisk, "1001"):
                await is_present(ami, "1001")
                until_, when = clock(2 * HOUR)
                await dials(asterisk, "1001", f"*23*1*{until_}")
                before = await has_taken_over(gateway, ami, "1001", when)
                await shows(ami, "1001", away=True)
            await asterisk.kill()
            asterisk.astdb.unlink()
            await asterisk.up()
            async with (
                asterisk.observe() as ami,
                Phone.register(asterisk, "1001") as own,
                Phone.register(asterisk, "1004") as target,
            ):
                await shows(ami, "1001", away=True)
                await lands(asterisk, "1001", target)
                await dials(asterisk, "1001", "#23#")  # counts on from what was taken over before, whatever was lost
                await lands(asterisk, "1001", own)
                await shows(ami, "1001", away=False)
                assert await has_taken_over(gateway, ami, "1001", None) > before
