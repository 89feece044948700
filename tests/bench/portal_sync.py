"""Whether fifty people who press Sync at once delay what somebody else sets by hand: with real servers.

A gateway as a process of its own with its portal and its directory, a real Asterisk, and a Radicale with a calendar and
contacts for each; everything is read whole each time. Somebody sets and ends an absence through the API meanwhile, and
it is measured until Asterisk holds it, which is when a call follows it. On a machine with two cores the servers beside
the gateway take their share: the quiet time is that of the same gateway, with nobody reading.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from gateway.deciding.sync import APART
from gateway.domain.signin import Scope
from gateway.store import books, mailboxes, signins, tokens
from gateway.store.store import Store
from peers import ports
from peers.asterisk import Asterisk
from peers.dav import card, event
from peers.gateway import Gateway, Owner, Setup
from peers.process import answers
from peers.radicale import CONTACTS, Radicale
from peers.raw_ami import RawAmi
from tests.bench.measure import Row, resident, row

WHO_SYNC, ITEMS, CARDS = 50, 50, 40  # people; in the calendar and the contacts of each
QUIET, ENOUGH, ROUNDS = 60, 60, 6
POLL = 0.002  # seconds between two looks at what Asterisk holds
LOOK = 0.25  # and at what has been read
EVER = datetime.min.replace(tzinfo=UTC)
LONG = 180.0  # seconds
A_DAY = 86_400
SECRET = "secret"
HAND = "2999"
TABLES = """[web]
port = {web}
[directory]
host = "pbx.example.org"
[directory.listen.inside]
address = "127.0.0.1"
port = {ldap}
tls = "none"
"""
HOW = f"{WHO_SYNC} calendars of {ITEMS} items and as many address books of {CARDS}, all read whole; Radicale, Asterisk"


@dataclass(frozen=True, slots=True)
class Portal:
    """The API of a gateway; `programs`: what people's tokens are, by extension."""

    client: httpx.AsyncClient
    programs: Mapping[str, Mapping[str, str]]

    async def call(self, method: str, path: str, extension: str, body: object = None) -> None:
        """Call it as somebody."""
        answer = await self.client.request(method, path, json=body, headers=dict(self.programs[extension]))
        answer.raise_for_status()


async def rows() -> list[Row]:
    """Return the rows of fifty people who press Sync."""
    people = {f"p{number}": SECRET for number in range(WHO_SYNC)} | {"hand": SECRET}
    owners = [Owner(str(2000 + number), f"p{number}", SECRET) for number in range(WHO_SYNC)]
    owners.append(Owner(HAND, "hand", SECRET))
    port, ldap = ports.free(), ports.free()
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            asterisk = await stack.enter_async_context(Asterisk.start(folder / "pbx"))
            radicale = await stack.enter_async_context(
                Radicale.start(folder / "radicale", people, {person: _items() for person in people})
            )
            _write_cards(radicale)
            tables = TABLES.format(web=port, ldap=ldap)
            setup = Setup(asterisk, radicale.url, owners, refresh=A_DAY, log="info", tables=tables)
            gateway = await stack.enter_async_context(Gateway.start(folder / "gateway", setup))
            store = await stack.enter_async_context(gateway.store())
            await gateway.process.ready(lambda: answers("127.0.0.1", port), LONG)
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api", timeout=LONG)
            await stack.enter_async_context(client)
            portal = Portal(client, await _programs(store, gateway))
            ami = await stack.enter_async_context(asterisk.observe())
            await _read(store, 2 * len(owners))
            quiet = [await _set_by_hand(portal, ami, turn) for turn in range(QUIET)]
            busy, took = await _while_all_are_read(portal, ami, store)
            kept = resident(gateway.process.pid) / 1000
        ports.release(port, ldap)
    delayed = _p95(busy) - _p95(quiet)
    samples = {"quiet": quiet, "busy": busy}
    how = f"from the call of the API until Asterisk holds it, 95 of 100, beyond the same in quiet; {HOW}"
    return [
        row("portal.sync_50.delay", delayed, "ms", "<= 250", how, samples),
        row("portal.sync_50.busy", _p95(busy), "ms", "<= 500", f"the same while they are read; {HOW}", {"ms": busy}),
        row("portal.sync_50.quiet", _p95(quiet), "ms", "<= 250", f"the same in quiet; {HOW}", {"ms": quiet}),
        row("portal.sync_50.read", max(took), "s", "<= 30", f"from the press until all are read; {HOW}", {"s": took}),
        row("portal.memory", kept, "MB", "<= 200", f"resident memory of the gateway afterwards; {HOW}", {"MB": [kept]}),
    ]


def _items() -> dict[str, str]:
    """Return a calendar: a meeting each day, a few of them every week."""
    first = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=5)
    found = {}
    for number in range(ITEMS):
        start = first + timedelta(days=number)
        repeated = ("RRULE:FREQ=WEEKLY;COUNT=40",) if number % 5 == 0 else ()
        times = (f":{start:%Y%m%dT%H%M%SZ}", f":{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}")
        found[f"i{number}"] = event(f"i{number}", *times, f"M: Styrgrupp {number}", *repeated)
    return found


def _write_cards(radicale: Radicale) -> None:
    for person in radicale.people:
        folder = radicale.folder / "collections" / "collection-root" / person / CONTACTS
        for number in range(CARDS):
            text = card(f"c{number}", f"Karin {person} {number}", f"TEL;TYPE=WORK:+46 8 123 {number:04}")
            (folder / f"c{number}.vcf").write_bytes(text.encode())


async def _programs(store: Store, gateway: Gateway) -> dict[str, dict[str, str]]:
    """Give everybody a token, and return what their programs send."""
    found = {}
    async with store.write() as some:
        for extension, user in gateway.users.items():
            signin = await signins.add(some, user.id)
            scopes = [Scope.OWN_READ, Scope.OWN_WRITE]
            _, secret = await tokens.add(some, signin.id, "a program", scopes, datetime.now(UTC), None)
            found[extension] = {"Authorization": f"Bearer {secret.reveal()}"}
    return found


async def _while_all_are_read(portal: Portal, ami: RawAmi, store: Store) -> tuple[list[float], list[float]]:
    """Return how late what is set by hand is held meanwhile, in ms, and how many seconds each reading of all took."""
    late: list[float] = []
    took: list[float] = []
    everybody = [one for one in portal.programs if one != HAND]
    while len(late) < ENOUGH and len(took) < ROUNDS:
        if took:
            await asyncio.sleep(APART.total_seconds())  # who has just been heard is not heard again
        async with store.write() as some:
            await mailboxes.reread(some)
            await books.reread(some)
        begun, since = time.perf_counter(), datetime.now(UTC)
        pressing = asyncio.gather(*(portal.call("POST", "/account/sync", one) for one in everybody))
        reading = asyncio.create_task(_read(store, 2 * len(everybody), since))
        while not reading.done():
            late.append(await _set_by_hand(portal, ami, len(late)))
        await pressing
        await reading
        took.append(time.perf_counter() - begun)
    return late, took


async def _read(store: Store, many: int, since: datetime = EVER) -> None:
    """Wait until so many calendars and books have been read, after `since`."""
    async with asyncio.timeout(LONG):
        while True:
            async with store.read() as some:
                boxes, cards = await mailboxes.progress(some), await books.progress(some)
            read = [one.succeeded for one in boxes.values()] + [one.succeeded for one in cards.values()]
            if sum(at is not None and at >= since for at in read) >= many:
                return
            await asyncio.sleep(LOOK)


async def _set_by_hand(portal: Portal, ami: RawAmi, turn: int) -> float:
    """Set or end an absence in turns; return how many milliseconds later Asterisk holds it."""
    before, begun = await _held(ami), time.perf_counter()
    if turn % 2 == 0:
        until = datetime.now(UTC) + timedelta(hours=2, minutes=turn)
        await portal.call("PUT", "/absences/by-hand", HAND, {"code": "trip", "until": until.isoformat()})
    else:
        await portal.call("DELETE", "/absences/now", HAND)
    async with asyncio.timeout(LONG):
        while await _held(ami) == before:
            await asyncio.sleep(POLL)
    return (time.perf_counter() - begun) * 1000


async def _held(ami: RawAmi) -> str | None:
    """Return what Asterisk holds of what somebody has set by hand."""
    answer = await ami.action("DBGet", {"Family": "ringplan-hand", "Key": HAND})
    if answer["Response"] != "Success":
        return None
    value = (await ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]
    ami.events.clear()
    return value


def _p95(taken: Sequence[float]) -> float:
    return sorted(taken)[math.ceil(len(taken) * 0.95) - 1]
