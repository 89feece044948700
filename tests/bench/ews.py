"""Speed of the Exchange source: what a mailbox costs in which nothing is new, and how long the loop is held up.

The scripted Exchange runs in a process of its own (`exchange`), over TLS and NTLM, so that all time that is counted
here is the gateway's. What exchangelib costs by itself is measured in the same run: the same question to the same
server, by its own connection and its own parsing. Rows of a whole gateway are in `ews_gateway`.
"""

import asyncio
import gc
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import exchangelib
import exchangelib.protocol
from exchangelib.items import ID_ONLY
from exchangelib.services import SyncFolderItems
from exchangelib.transport import NTLM
from requests.adapters import HTTPAdapter

from gateway.domain.mailbox import Account, Cursor, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.engine import collector
from gateway.engine.clock import WallClock
from gateway.engine.decided import Decided
from gateway.engine.reading import read_mailbox, window
from gateway.ports import CalendarSource
from gateway.sources.ews.requests import calendar_of
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from gateway.store import accounts, diversions, mailboxes, organisation, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.bench import ews_gateway
from tests.bench.exchange import CROWD, FULL, LOGIN, PASSWORD, Exchange, address
from tests.bench.measure import Row, resident, row, stalls

PEOPLE, TIMES = 100, 10
ROUNDS, WARM, LOOK = 10_000, 2_000, 2_000
STALLS = 7
ZONE = ZoneInfo("Europe/Stockholm")
ORGANISATION = Organisation(ZONE)
SERVICE = Account(1, "office", LOGIN, Secret(PASSWORD), service=True)
SERVER = "the scripted Exchange in a process of its own, TLS and NTLM, one service account that impersonates"


async def rows() -> list[Row]:
    """Measure; each row {name, value, unit, goal, met, how, samples}."""
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        async with Exchange.start(Path(name), PEOPLE) as exchange:
            found = [*await _stalls(exchange), *await _unchanged(exchange), *await _growth(exchange)]
    return [*found, *await ews_gateway.rows()]


def settings(exchange: Exchange) -> EwsSettings:
    """Return how the gateway reaches the scripted Exchange."""
    return EwsSettings(url=exchange.url, pin=exchange.pin, access="impersonation")


@asynccontextmanager
async def _opened(exchange: Exchange) -> AsyncIterator[CalendarSource]:
    async with connect(settings(exchange))(SERVICE) as opened:
        assert opened.calendar is not None
        yield opened.calendar


def _mailbox(number: int) -> Mailbox:
    return Mailbox(number + 1, number + 1, 1, address(number), frozenset({address(number)}), ZONE)


class Followed:
    """Mailboxes that were read once, to be read again with the cursor that they have."""

    def __init__(self, source: CalendarSource) -> None:
        self.source = source
        self.window = window(datetime.now(UTC), User(0, "20000", (), ZONE), ORGANISATION)
        self.cursors: dict[Mailbox, Cursor | None] = {}

    async def begin(self) -> None:
        for mailbox in map(_mailbox, range(PEOPLE)):
            reading = await self.source.read(mailbox, self.window, None)
            assert reading is not None
            assert len(reading.appointments) > 4, "a calendar with something in it"
            self.cursors[mailbox] = reading.cursor

    async def again(self, mailbox: Mailbox) -> None:
        assert await self.source.read(mailbox, self.window, self.cursors[mailbox]) is None

    async def all_again(self) -> None:
        await asyncio.gather(*map(self.again, self.cursors))


async def _unchanged(exchange: Exchange) -> list[Row]:
    one_by_one: list[float] = []
    at_once: list[float] = []
    async with _opened(exchange) as source:
        followed = Followed(source)
        await followed.begin()
        for _ in range(TIMES):
            began = time.process_time()
            for mailbox in followed.cursors:
                await followed.again(mailbox)
            one_by_one.append((time.process_time() - began) * 1000 / PEOPLE)
            began = time.process_time()
            await followed.all_again()
            at_once.append((time.process_time() - began) * 1000 / PEOPLE)
    bare = await asyncio.to_thread(_bare, exchange)
    ours, theirs = sum(one_by_one) / TIMES, sum(bare) / TIMES
    return [
        row(
            "ews.unchanged_cpu", ours, "ms", "<= 4", f"processor time of the gateway's side of a reading of an "
            f"unchanged mailbox by its cursor, mean of {PEOPLE * TIMES}, one after the other; four at once: "
            f"{sum(at_once) / TIMES:.2f} ms; {SERVER}; 4 ms lets one core refresh 15,000 mailboxes a minute",
            {"one by one": one_by_one, "at once": at_once},
        ),
        row(
            "ews.unchanged_ratio", ours / theirs, "x", "<= 1.5", "the row above by what exchangelib alone takes for "
            f"the same SyncFolderItems, {theirs:.2f} ms, in one thread that does nothing else; a thread for each call, "
            "deadlines and answers that are checked may add half of it",
            {"ours": one_by_one, "exchangelib": bare},
        ),
    ]  # fmt: skip


def _bare(exchange: Exchange) -> list[float]:
    """Return milliseconds of processor time that exchangelib takes by itself."""

    class Trusting(HTTPAdapter):
        def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
            super().cert_verify(conn, url, str(exchange.ca), cert)

    protocol = exchangelib.protocol.BaseProtocol
    before, protocol.HTTP_ADAPTER_CLS = protocol.HTTP_ADAPTER_CLS, Trusting
    try:
        config = exchangelib.Configuration(
            service_endpoint=exchange.url,
            credentials=exchangelib.Credentials(LOGIN, PASSWORD),
            auth_type=NTLM,
            version=exchangelib.Version(exchangelib.Build(15, 1, 2507, 6)),
        )
        people = [
            exchangelib.Account(address(number), access_type=exchangelib.IMPERSONATION, config=config)
            for number in range(PEOPLE)
        ]
        states = [_asked(person, None) for person in people]
        took = []
        for _ in range(TIMES):
            began = time.process_time()
            for person, state in zip(people, states, strict=True):
                _asked(person, state)
            took.append((time.process_time() - began) * 1000 / PEOPLE)
        return took
    finally:
        protocol.HTTP_ADAPTER_CLS = before
        exchangelib.protocol.close_connections()


def _asked(person: exchangelib.Account, state: str | None) -> str:
    service = SyncFolderItems(account=person)
    folder = calendar_of(person)
    found = service.call(
        folder=folder,
        shape=ID_ONLY,
        additional_fields=folder.normalize_fields(("type",)),
        sync_state=state,
        ignore=None,
        max_changes_returned=100,
        sync_scope=None,
    )
    assert bool(list(found)) == (state is None)
    return str(service.sync_state)


async def _growth(exchange: Exchange) -> list[Row]:
    seen: list[dict[str, int]] = []
    async with _opened(exchange) as source:
        followed = Followed(source)
        await followed.begin()
        for number in range(0, ROUNDS, PEOPLE):
            if number and number % LOOK == 0:
                seen.append(_held())
            await followed.all_again()
        seen.append(_held())
    first, last = seen[WARM // LOOK - 1], seen[-1]
    grown = max(last[what] - first[what] for what in ("protocols", "sockets", "threads"))
    memory = last["kB"] - first["kB"]
    told = ", ".join(f"{what} {last[what]}" for what in ("protocols", "sockets", "threads"))
    samples = {what: [one[what] for one in seen] for what in last}
    return [
        row(
            "ews.growth", grown, "1", "<= 0", f"the most by which protocols of exchangelib, sockets or threads grew "
            f"from reading {WARM} to {ROUNDS}, of unchanged mailboxes, four at once; in the end: {told}; {SERVER}",
            samples,
        ),
        row(
            "ews.growth_memory", memory, "kB", "<= 2000", f"resident memory, between the same readings: "
            f"{ROUNDS - WARM} of them; a quarter of a kB for each is what allocators are given",
            samples,
        ),
    ]  # fmt: skip


def _held() -> dict[str, int]:
    gc.collect()
    links = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    return {
        "protocols": len(exchangelib.protocol.CachingProtocol._protocol_cache),
        "sockets": sum("socket:" in link for link in links),
        "threads": threading.active_count(),
        "kB": resident(os.getpid()),
    }


async def _stalls(exchange: Exchange) -> list[Row]:
    ours: list[float] = []
    with_others: list[float] = []
    idle: list[float] = []
    collector.pass_over()  # as a gateway does when it starts
    for _ in range(STALLS):
        with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
            async with Store.open(StoreSettings(path=Path(name) / "ringplan.db")) as store, _opened(exchange) as source:
                async with store.write() as rows:
                    await organisation.put(rows, ORGANISATION)
                    user = await users.add(rows, User(0, "20000", (FULL,), ZONE))
                    account = await accounts.add(rows, SERVICE)
                    mailbox = Mailbox(0, user.id, account.id, FULL, frozenset({FULL}), ZONE)
                    mailbox = await mailboxes.add(rows, mailbox)
                began = time.perf_counter()
                watching = asyncio.create_task(stalls())
                assert await read_mailbox(store, Decided(), source, mailbox, WallClock())
                watching.cancel()
                stall, whole = await watching
                ours.append(stall)
                with_others.append(whole)
                watching = asyncio.create_task(stalls())
                await asyncio.sleep(time.perf_counter() - began)
                watching.cancel()
                idle.append((await watching)[1])
                async with store.read() as rows:
                    assert await diversions.count(rows, mailbox.id) > CROWD / 2, "a calendar that is full"
    return [
        row(
            "ews.longest_stall", max(ours), "ms", "<= 50", "longest time for which the event loop waited while this "
            f"process computed something else, as a mailbox with {CROWD} appointments in the window was read for the "
            f"first time and put into the store; the longest of {STALLS} runs, seen by a task that wakes each "
            f"millisecond. By the clock alone {max(with_others):.0f} ms, and while nothing was done at all "
            f"{max(idle):.0f} ms, both with what the machine did meanwhile; {SERVER}",
            {"ours": ours, "by the clock": with_others, "by the clock, idle": idle},
        )
    ]  # fmt: skip
