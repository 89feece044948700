"""Ending by hand what the calendar says: that occurrence stays away until its times change, and nothing else does."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import (
    HOUR,
    MINUTE,
    clock,
    clock_passes,
    dialling,
    dials,
    has_taken_over,
    holds,
    instant,
    lands,
    quietly_to,
    shows,
)

SECOND = MINUTE / 60


@pytest.mark.parametrize("running", [True, False], ids=["while the gateway runs", "while it is down"])
async def test_a_meeting_that_was_ended_by_hand_stays_away_until_its_times_change(
    exchange: Asterisk, radicale: Radicale, folder: Path, running: bool
) -> None:
    owner, calendar = Owner("1015", "rolf", radicale.people["rolf"]), radicale.calendar("rolf")
    start = instant(-5 * MINUTE)
    async with (
        Phone.register(exchange, "1015") as own,
        Phone.register(exchange, "1016") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1016"))) as gateway,
        exchange.observe() as ami,
    ):
        await calendar.put("board", event("board", start, instant(HOUR), "M: Styrgrupp"))
        await holds(ami, "1015", diverted=True)
        await lands(exchange, "1015", target)
        if not running:
            await gateway.kill()
        async with dialling(exchange, "1015", "#23#") as dialled:
            await dialled.is_answered()
            await lands(exchange, "1015", own)
        if not running:
            await gateway.up()
        await holds(ami, "1015", diverted=False)
        await lands(exchange, "1015", own)

        for _ in range(2):
            await gateway.command("sync", "1015")
            await lands(exchange, "1015", own)
            assert json.loads(await gateway.command("explain", "1015", "--json"))["why"] == "dismissed"
            await gateway.kill()
            await gateway.up()
        await gateway.command("sync", "1015")
        await holds(ami, "1015", diverted=False)
        await lands(exchange, "1015", own)
        assert "dismissed by its owner" in await gateway.command("explain", "1015")
        answered = len(target.calls)

        await calendar.put("board", event("board", start, instant(2 * HOUR), "M: Styrgrupp"))
        await holds(ami, "1015", diverted=True)
        await lands(exchange, "1015", target)
        assert len(target.calls) == answered + 1
        await calendar.delete("board")
        await holds(ami, "1015", diverted=False)


async def test_the_next_occurrence_of_a_series_starts_as_usual(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner, calendar = Owner("1017", "sanna", radicale.people["sanna"]), radicale.calendar("sanna")
    async with (
        Phone.register(exchange, "1017") as own,
        Phone.register(exchange, "1018") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1018"))) as gateway,
        exchange.observe() as ami,
    ):
        begins = instant(60 * SECOND)
        series = event("series", instant(-MINUTE), instant(50 * SECOND), "M: varje dag", f"RDATE{begins}")
        await calendar.put("series", series)
        await holds(ami, "1017", diverted=True)
        await dials(exchange, "1017", "#23#")
        await shows(ami, "1017", away=False)
        await lands(exchange, "1017", own)
        await gateway.kill()  # what begins next is planned already
        await gateway.up()
        await clock_passes(ami, begins)
        await holds(ami, "1017", diverted=True)
        await lands(exchange, "1017", target)
        await calendar.delete("series")
        await holds(ami, "1017", diverted=False)


async def test_what_is_set_by_hand_lies_over_the_calendar_and_both_end_together(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owner, calendar = Owner("1019", "tove", radicale.people["tove"]), radicale.calendar("tove")
    until, when = clock(2 * HOUR)
    async with (
        Phone.register(exchange, "1019") as own,
        Phone.register(exchange, "1020") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1020"))) as gateway,
        exchange.observe() as ami,
    ):
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        await holds(ami, "1019", diverted=True)
        await dials(exchange, "1019", f"*23*2*{until}")
        await holds(ami, "1019", diverted=True, presence="away")
        await lands(exchange, "1019", target)
        explained = json.loads(await gateway.command("explain", "1019", "--json"))
        assert explained["why"] == "by_hand"
        assert [beneath["code"] for beneath in explained["beneath"]] == ["meeting"]
        assert datetime.fromisoformat(explained["segment"]["end"]) == when

        await dials(exchange, "1019", "#23#")
        await holds(ami, "1019", diverted=False)
        await lands(exchange, "1019", own)
        explained = json.loads(await gateway.command("explain", "1019", "--json"))
        assert (explained["why"], len(explained["dismissed"])) == ("dismissed", 1)
        await has_taken_over(gateway, ami, "1019", None)

        soon = instant(10 * SECOND)
        await calendar.put("lunch", event("lunch", soon, instant(HOUR), "L:"))
        await clock_passes(ami, soon)
        await holds(ami, "1019", diverted=True, presence="away")
        await lands(exchange, "1019", target)
        for name in ("board", "lunch"):
            await calendar.delete(name)
        await holds(ami, "1019", diverted=False)
        assert when > datetime.now(UTC) + timedelta(minutes=30)
