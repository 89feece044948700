"""A whole gateway that reads 2,000 calendars of one service account on Exchange: what it costs, and what it misses.

The gateway is a process of its own with a store of its own and no PBX, which would only add what the bench `gateway`
counts. The scripted Exchange is a third process. Processor time and memory are the kernel's of the gateway alone.

Six hundred mailboxes come first, as many as streams tell about, and are read once an hour: what they bring within it
was pushed. With them all is made that does not depend on how many there are, so what the 2,000 add is theirs.
"""

import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from zoneinfo import ZoneInfo

from gateway import app
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.engine import collector
from gateway.settings import Settings
from gateway.sources.ews.settings import EwsSettings
from gateway.store import accounts, diversions, mailboxes, organisation, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.process import POLL, Process
from tests.bench.exchange import LOGIN, PASSWORD, Exchange, address
from tests.bench.measure import Row, resident, row, ticks

FIRST, MANY = 600, 2_000  # three streams carry the first
HOURLY, REFRESH = 3600, 60  # seconds
SETTLED, WATCHED = 60.0, 90.0  # seconds
CHANGES = 50
READY = 600.0
SOON = 30.0
LOOK = 1.0  # between two looks that shall cost the gateway little
ZONE = ZoneInfo("Europe/Stockholm")
WHO = (
    f"{MANY} unchanged mailboxes of one service account, each read every {REFRESH} s, beside {FIRST} that streams "
    "tell about; the whole gateway without a PBX; a scripted Exchange in a process of its own, TLS and NTLM"
)


async def rows() -> list[Row]:
    """Return the rows of a gateway with 2,000 mailboxes."""
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        async with Exchange.start(folder, FIRST + MANY) as exchange:
            await _fill(folder)
            gateway = await Process.start(
                sys.executable, "-m", "tests.bench.ews_gateway", str(folder), exchange.url, exchange.pin,
                log=folder / "gateway.log", name="gateway",
            )  # fmt: skip
            try:
                async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
                    return await _measured(exchange, gateway, store)
            finally:
                await gateway.stop(10.0)


async def _measured(exchange: Exchange, gateway: Process, store: Store) -> list[Row]:
    await _read(gateway, store, FIRST)
    await _streamed(gateway, exchange)
    alone = resident(gateway.pid)
    await _add(store)
    await _read(gateway, store, FIRST + MANY)
    await _streamed(gateway, exchange)
    await asyncio.sleep(SETTLED)
    await exchange.waits()
    before, begun = ticks(gateway.pid), time.perf_counter()
    await asyncio.sleep(WATCHED)
    share = (ticks(gateway.pid) - before) / os.sysconf("SC_CLK_TCK") / (time.perf_counter() - begun)
    waits = await exchange.waits()
    asked = [waits.get(address(number), (0, WATCHED)) for number in range(FIRST, FIRST + MANY)]
    readings, longest = sum(times for times, _ in asked), max(wait for _, wait in asked)
    memory = (resident(gateway.pid) - alone) / MANY
    late = [await _change(exchange, store, number) for number in range(CHANGES)]
    p99 = quantiles(late, n=100, method="inclusive")[98]
    return [
        row(
            "ews.gateway_share", share, "1", "<= 1",
            f"of one core, over {WATCHED:.0f} s with {readings} readings; {WHO}", {"ours": [share]},
        ),
        row(
            "ews.longest_wait", longest, "s", f"<= {1.1 * REFRESH:.0f}", "between two readings of a mailbox, of all in "
            f"those {WATCHED:.0f} s; nobody is starved; {WHO}", {"ours": [wait for _, wait in asked]},
        ),
        row(
            "ews.memory_per_mailbox", memory, "kB", "<= 5", f"resident memory, {alone} kB before, by {MANY} mailboxes "
            f"that were added to {FIRST}, after three rounds of readings, their rows in memory and the greatest need "
            f"between included; {WHO}", {"kB": [alone, resident(gateway.pid)]},
        ),
        row(
            "ews.pushed", p99, "s", "<= 1", f"from a change in the calendar to its row in the store, 99 of 100, of "
            f"{CHANGES} changes in mailboxes that are read once an hour by themselves; beside {WHO}", {"ours": late},
        ),
    ]  # fmt: skip


async def _fill(folder: Path) -> None:
    """Write a store with everybody as a user, and the first mailboxes."""
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as rows:
        await organisation.put(rows, Organisation(ZONE))
        people = [User(0, str(20_000 + number), (address(number),), ZONE) for number in range(FIRST + MANY)]
        people = list(await users.add_every(rows, people))
        account = await accounts.add(rows, Account(0, "office", LOGIN, Secret(PASSWORD), service=True))
        await mailboxes.add_every(rows, [_mailbox(user, account.id, HOURLY) for user in people[:FIRST]])


async def _add(store: Store) -> None:
    """Add the many mailboxes."""
    async with store.write() as rows:
        (account,) = await accounts.every(rows)
        people = await users.every(rows)
        await mailboxes.add_every(rows, [_mailbox(user, account.id, REFRESH) for user in people[FIRST:]])


def _mailbox(user: User, account: int, refresh: int) -> Mailbox:
    return Mailbox(0, user.id, account, user.emails[0], frozenset(), ZONE, refresh=refresh)


async def _read(gateway: Process, store: Store, many: int) -> None:
    """Wait until so many mailboxes were read."""

    async def are_read() -> bool:
        await asyncio.sleep(LOOK)
        async with store.read() as rows:
            progress = await mailboxes.progress(rows)
        return sum(one.cursor is not None for one in progress.values()) == many

    await gateway.ready(are_read, READY)


async def _streamed(gateway: Process, exchange: Exchange) -> None:
    """Wait until streams tell of the first mailboxes."""

    async def are_streamed() -> bool:
        await asyncio.sleep(LOOK)
        return await exchange.streamed() >= FIRST

    await gateway.ready(are_streamed, READY)


async def _change(exchange: Exchange, store: Store, number: int) -> float:
    """Return how many seconds after a change in somebody's calendar its row is in the store."""
    async with store.read() as rows:
        user = await users.by_extension(rows, str(20_000 + number))
        assert user is not None
        before = await diversions.of(rows, user.id)
    changed = await exchange.change(address(number))
    async with asyncio.timeout(SOON):
        while True:
            async with store.read() as rows:
                if len(await diversions.of(rows, user.id)) > len(before):
                    return time.monotonic() - changed
            await asyncio.sleep(POLL)


async def _run(folder: Path, url: str, pin: str) -> None:
    """Be the gateway."""
    office = EwsSettings(url=url, pin=pin, access="impersonation")
    settings = Settings(folder / "ringplan.toml", StoreSettings(path=folder / "ringplan.db"), {}, {"office": office})
    await app.run(settings)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    collector.pass_over()
    asyncio.run(_run(Path(sys.argv[1]), *sys.argv[2:]))
