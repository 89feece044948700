"""Once an absence by hand is over, nothing of it is left: not in the store, not in Asterisk's database, not in a log.

What is looked for is what is its own: its times, in each way in which somebody writes them. Each is first found where
it should be: a search that finds nothing says nothing.
"""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.planning.schedule import Window
from gateway.store.tables import EPOCH, MICROSECOND
from peers.asterisk import Asterisk
from peers.gateway import STOCKHOLM, Gateway, Owner, Setup
from peers.process import until
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import (
    HOUR,
    clock,
    committed,
    dialled_last,
    dials,
    has_taken_over,
    is_gone,
    is_present,
    passes,
    quietly_to,
    shows,
)
from tests.system.writings import files_with, inside

PROMISED = 60.0  # seconds from the end until nothing is left
SOON = timedelta(seconds=30)  # of which a code takes some, and a commit
DAY = timedelta(days=1)


@pytest.mark.parametrize("ended", ["by its owner", "by the clock"])
async def test_nothing_is_left_of_an_absence_that_is_over(
    exchange: Asterisk, radicale: Radicale, folder: Path, ended: str
) -> None:
    owner = Owner("1022", "petra", radicale.people["petra"])
    async with (
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1004"))) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1022")
        if ended == "by its owner":
            await dials(exchange, "1022", f"*23*41*{datetime.now(STOCKHOLM) + 3 * DAY:%m%d}")
            before = [await window(ami)]
            await dials(exchange, "1022", f"*23*1*{clock(2 * HOUR)[0]}")
        else:
            (short, ends), before = clock(SOON), []
            await dials(exchange, "1022", f"*23*1*{short}")
        last = await window(ami)
        await has_taken_over(gateway, ami, "1022", last.end)
        await until(partial(committed, exchange, held_as(last)), PROMISED, "in AstDB's file")
        for when in (last.start, last.end):
            assert stored(gateway, when)

        if ended == "by its owner":
            await dials(exchange, "1022", "#23#")
        else:
            await passes(ami, ends)
        windows = [*before, last]
        instants = [when for window in windows for when in (window.start, window.end)]
        for when in instants:
            await until(lambda: not stored(gateway, when), PROMISED, "gone from the store")  # noqa: B023
        await is_gone(ami, "ringplan-hand", "1022", PROMISED)
        await shows(ami, "1022", away=False)
        await has_taken_over(gateway, ami, "1022", None)
        shown = await exchange.cli("database show")
        assert not [when for when in instants if f"{when.timestamp():.0f}" in shown]
        files, written = list(exchange.astdb.parent.iterdir()), [held_as(window) for window in windows]
        await until(lambda: not files_with(files, *written), PROMISED, "gone from AstDB's file")
        assert files_with(inside(gateway.folder), *written) == set()
        assert files_with([gateway.log], *(form for when in instants for form in forms(when))) == set()
        assert files_with([gateway.log], " DEBUG "), "the gateway logs everything"


async def window(ami: RawAmi) -> Window:
    """Return the absence that Asterisk holds as dialled."""
    found = (await dialled_last(ami, "1022")).window
    assert found is not None
    return found


def held_as(window: Window) -> str:
    """Return what is its own of how Asterisk holds it."""
    return f"|{window.start.timestamp():.0f}-{window.end.timestamp():.0f}-"


def forms(when: datetime) -> list[str]:
    """Return how somebody would write an instant down."""
    local = when.astimezone(STOCKHOLM)
    return [f"{when.timestamp():.0f}", when.isoformat(), local.isoformat(), f"{local:%Y-%m-%d %H:%M:%S}"]


def stored(gateway: Gateway, when: datetime) -> bool:
    """Whether the store's files hold an instant as the store keeps it: microseconds, in SQLite's eight bytes."""
    raw = ((when - EPOCH) // MICROSECOND).to_bytes(8, "big")
    return any(raw in file.read_bytes() for file in inside(gateway.folder) if file.name.startswith("ringplan.db"))
