"""What searches of telephones cost the directory's server, beside OpenLDAP with the same entries in the same run.

Two of OpenLDAP: plain with its indexes, where everybody reads everything, and one that shows each user what is theirs
(`peers.slapd`). A transaction is what a telephone does: connect, bind, search, read, unbind. What counts is the
processor time of the server's process, as the kernel counts it; the load comes from this process. The servers are asked
in turn, so that what else the machine does falls upon all.

With RINGPLAN_BENCH_MILLION=1 there are a million contacts, and memory and the index alone are measured.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import trustme

from gateway.directory.index.catalogue import BASE
from gateway.directory.query import Equal, Filter, Or, Substrings
from gateway.planning.folding import folded
from gateway.planning.numbers import forms
from peers import ports
from peers.process import Process, answers
from peers.slapd import Slapd
from tests.bench.directory_load import Load, Transaction, run, run_secure
from tests.bench.directory_world import NUMBERING, World, as_ldif, made
from tests.bench.measure import Row, resident, row, ticks
from tests.wire import bind, search

USERS, EACH, COMPANY = 2_000, 45, 10_000
MILLION = (20_000, 45, 100_000)
SECONDS, ROUNDS = 2.0, 2  # of one measurement
WARM = 1.0
OPEN, OPEN_RUNS = 5.0, 3  # seconds at a steady rate, how often
READY = 300.0
HERTZ = os.sysconf("SC_CLK_TCK")
SHOWN = ("cn", "sn", "givenName", "telephoneNumber", "mobile", "homePhone", "company")
ASKED = 2_000  # different transactions
MOST = 50  # entries that a telephone shows


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers; `secure`: the port of LDAPS."""

    port: int
    secure: int
    pid: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of asking: `said` in words; `asked` makes the filter; `own`: of one's own contacts alone."""

    name: str
    said: str
    asked: Callable[[World, Random, int], Filter]
    own: bool = False
    size: int = MOST


def _name(world: World, random: Random, user: int) -> str:
    contact = random.choice(world.people[user] if random.random() < 0.5 else world.company)
    return folded(random.choice((contact.name, contact.family)))


def _begins(shortest: int, longest: int) -> Callable[[World, Random, int], Filter]:
    def made_up(world: World, random: Random, user: int) -> Filter:
        value = _name(world, random, user)[: random.randint(shortest, longest)].strip().encode()
        return Or((Substrings("cn", value, (), None), Substrings("sn", value, (), None)))

    return made_up


def _part(world: World, random: Random, user: int) -> Filter:
    name = folded(random.choice(world.people[user] if random.random() < 0.5 else world.company).family)
    value = name[1 : 1 + random.randint(3, 5)].encode()
    return Or((Substrings("cn", None, (value,), None), Substrings("sn", None, (value,), None)))


def _number(world: World, random: Random, user: int) -> Filter:
    contact = random.choice(world.people[user] if random.random() < 0.5 else world.company)
    value = random.choice(forms(random.choice(contact.numbers).key, NUMBERING)[1:]).encode()
    return Or(tuple(Equal(name, value) for name in ("telephoneNumber", "mobile", "homePhone", "numberKey")))


NUMBER = Kind("number", "a number in one of its forms", _number, size=1)
TYPED = Kind("letters", "names that begin with three to five letters", _begins(3, 5))
KINDS = (
    Kind("letter", "names that begin with one letter", _begins(1, 1)),
    TYPED,
    Kind("part", "names with three to five letters anywhere", _part),
    NUMBER,
    Kind("own", "names among one's own contacts that begin with one to three letters", _begins(1, 3), own=True),
)


async def rows() -> list[Row]:
    """Return the rows of the directory."""
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        if os.environ.get("RINGPLAN_BENCH_MILLION"):
            await made(folder, *MILLION)
            async with _ours(folder, _certificate(folder)) as ours:
                return _standing(folder, ours, "a million", limits=("<= 1500", "<= 60", "<= 50"))
        world = await made(folder, USERS, EACH, COMPANY)
        told, tls = folder / "entries.ldif", _certificate(folder)
        told.write_text("".join(as_ldif(world)))
        async with AsyncExitStack() as stack:
            ours = await stack.enter_async_context(_ours(folder, tls))
            found = _standing(folder, ours, "100,000", limits=("<= 150", "<= 5", "<= 50"))
            plain = await stack.enter_async_context(Slapd.start(told, most="500", tls=tls))
            scoped = await stack.enter_async_context(Slapd.start(told, most="500", tls=tls, scoped=True))
            servers = {
                "plain": Server(plain.port, plain.secure, plain.pid),
                "scoped": Server(scoped.port, scoped.secure, scoped.pid),
                "ours": ours,
            }
            rates: dict[str, float] = {}
            for kind in KINDS:
                for at_once in (1, 50):
                    found.append(await asyncio.to_thread(_measured, world, kind, at_once, servers, rates))
            found.append(await asyncio.to_thread(_secured, world, servers))
            found.append(await asyncio.to_thread(_steady, world, servers, rates))
            kept = resident(ours.pid) / 1000
            how = "resident memory of our server, in MB, after all of the above; 100,000 contacts"
            found.append(row("directory.memory.after", kept, "MB", "<= 150", how, {"MB": [kept]}))
            found.append(await _bare(world, folder))
        return found


def transactions(world: World, kind: Kind) -> list[Transaction]:
    """Return what telephones ask, each bound as its user."""
    random = Random(5)
    made_up = []
    for _ in range(ASKED):
        user = random.choice(list(world.telephones))
        name = f"uid={user},ou=people,{BASE}"
        asked = search(name if kind.own else BASE, kind.asked(world, random, user), SHOWN, size=kind.size)
        made_up.append(Transaction(bind(name, world.telephones[user]), asked))
    return made_up


def _measured(world: World, kind: Kind, at_once: int, servers: Mapping[str, Server], rates: dict[str, float]) -> Row:
    """Return the row of one kind; `rates`: transactions in a second that each server did, to be filled."""
    asked = transactions(world, kind)
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for turn in range(ROUNDS):
        for name, server in servers.items():
            if not turn:
                run(server.port, asked, WARM, at_once=at_once)
            cost, load = _cost(server, lambda port: run(port, asked, SECONDS, at_once=at_once))
            taken[name].append(cost)
            rates[f"{kind.name} {at_once} {name}"] = load.rate
            assert set(load.codes) <= {0, 4}, (kind, load.codes)
    plain, scoped = median(taken["plain"]), median(taken["scoped"])
    goal = min(plain / 2, scoped / 3) if kind is NUMBER else min(plain, scoped)
    least = "half of plain slapd's and a third of the scoped one's" if kind is NUMBER else "less than either slapd"
    how = (
        f"processor time of the server for connect, bind, search, unbind; {at_once} at once: {kind.said}; goal: {least}"
    )
    return row(f"directory.{kind.name}.at{at_once}", median(taken["ours"]), "µs", f"<= {goal:.0f}", how, taken)


def _cost(server: Server, loaded: Callable[[int], Load]) -> tuple[float, Load]:
    """Return the processor time of a transaction in µs, and what was done."""
    before = ticks(server.pid)
    load = loaded(server.port)
    return (ticks(server.pid) - before) / HERTZ / len(load.seconds) * 1e6, load


def _secured(world: World, servers: Mapping[str, Server]) -> Row:
    """Return the row of numbers over LDAPS, a connection and a handshake for each."""
    asked = transactions(world, NUMBER)
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            cost, _ = _cost(server, lambda _, port=server.secure: run_secure(port, asked, SECONDS))  # type: ignore[misc]
            taken[name].append(cost)
    goal = min(median(taken["plain"]), median(taken["scoped"]))
    how = "processor time of the server for connect, handshake, bind, a number, unbind; goal: less than either slapd"
    return row("directory.number.ldaps", median(taken["ours"]), "µs", f"<= {goal:.0f}", how, taken)


def _steady(world: World, servers: Mapping[str, Server], rates: Mapping[str, float]) -> Row:
    """Return the row of the slowest hundredth at half of what plain slapd can do, whatever comes back."""
    asked = transactions(world, TYPED)
    rate = rates[f"{TYPED.name} 50 plain"] / 2
    slowest: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(OPEN_RUNS):
        for name, server in servers.items():
            slowest[name].append(run(server.port, asked, OPEN, at_once=0, rate=rate).percentile(0.99))
    goal = min(median(slowest["plain"]), median(slowest["scoped"]))
    how = f"99 of 100 are answered within; {rate:.0f} transactions begun in a second: {TYPED.said}; goal: slapd's"
    return row("directory.steady", median(slowest["ours"]), "ms", f"<= {goal:.2f}", how, slowest)


def _standing(folder: Path, ours: Server, many: str, limits: Sequence[str]) -> list[Row]:
    """Return the rows of what it takes to be there."""
    told = json.loads((folder / "ready.json").read_text())
    kept = resident(ours.pid) / 1000
    return [
        row("directory.memory", kept, "MB", limits[0], f"resident memory with {many} contacts", {"MB": [kept]}),
        row("directory.index", told["index"], "s", limits[1], "index from the store", {"s": [told["index"]]}),
        row(
            "directory.visible", max(told["visible"]), "ms", limits[2],
            "from the commit of a changed contact until a search finds it", {"ms": told["visible"]},
        ),
    ]  # fmt: skip


async def _bare(world: World, folder: Path) -> Row:
    """Return the row of what the load generator can do at the most."""
    port = ports.free()
    bare = await Process.start(
        sys.executable, "-m", "tests.bench.directory_bare", str(port), log=folder / "bare.log", name="bare"
    )
    try:
        await bare.ready(lambda: answers("127.0.0.1", port), 20.0)
        load = await asyncio.to_thread(lambda: run(port, transactions(world, NUMBER), SECONDS, at_once=50))
    finally:
        await bare.stop()
        ports.release(port)
    how = f"a transaction with a server that does nothing, 50 at once: {load.rate:.0f} in a second is the load's limit"
    return row("directory.load", 1e6 / load.rate, "µs", "<= 1000", how, {"µs": [1e6 / load.rate]})


@asynccontextmanager
async def _ours(folder: Path, tls: tuple[Path, Path]) -> AsyncIterator[Server]:
    port, secure = ports.free(), ports.free()
    process = await Process.start(
        sys.executable, "-m", "tests.bench.directory_server", str(folder), str(port), str(secure), *map(str, tls),
        log=folder / "ours.log", name="directory",
    )  # fmt: skip
    try:
        await process.ready(_exists(folder / "ready.json"), READY)
        yield Server(port, secure, process.pid)
    finally:
        await process.stop()
        ports.release(port, secure)


def _exists(path: Path) -> Callable[[], "asyncio.Future[bool]"]:
    async def exists() -> bool:
        return path.exists() and path.stat().st_size > 0

    return lambda: asyncio.ensure_future(exists())


def _certificate(folder: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return certificate, key
