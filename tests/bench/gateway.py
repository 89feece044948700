"""A whole gateway with 10,000 users: a process of its own, its store filled, a real Asterisk beside it.

Everybody has a calendar that is refreshed each minute and has nothing new; the calendar server is scripted, since no
real one answers as fast as it is asked here. Time is counted from the start of the process, memory is the kernel's
highest (VmHWM), processor time the kernel's too (/proc/<pid>/stat), of the gateway alone.

Goals: a start is over before a telephone has registered again (30 s), and costs no order of magnitude more than the
planning in it; a change of another process is seen within the second between two looks, and written within two more;
four minutes are as long as a server that answers 170 a second needs to be asked four times by everybody; 500 MB are
50 kB for each user; a fifth of a core is left for everything else than refreshing.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from gateway.domain.diversion import Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Account, Cursor, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.engine.reading import window
from gateway.planning.plan import plan
from gateway.planning.rules import Rules
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from gateway.store import accounts, codes, diversions, health, mailboxes, organisation, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.process import POLL, Process
from peers.raw_ami import RawAmi
from tests.fakes.dav import Dav

USERS, EACH = 10_000, 3
STARTS, CHANGES = 2, 9
LOOK, CALM = 10.0, 3  # seconds between two looks whether all is in its turn, and how many must find it so
WATCHED = 30.0  # seconds of processor time
REFRESH = 60  # seconds, as a mailbox has it by itself
READY = 600.0
ZONE = ZoneInfo("Europe/Stockholm")
HOUR = timedelta(hours=1)
ORGANISATION = Organisation(ZONE, hours=WorkingHours(country="SE"))
WHO = f"{USERS} users with {EACH} diversions each; a real Asterisk 22 over loopback"
CALENDARS = f"{USERS} calendars refreshed each minute, nothing new in them"

Row = dict[str, object]


async def rows() -> list[Row]:
    """Return the rows of a gateway with 10,000 users."""
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        folder = Path(name)
        async with Dav.start() as dav, Asterisk.start(folder / "pbx") as asterisk:
            planned = await fill(folder, dav)
            write_settings(folder, asterisk, dav)
            alone = _plan(*planned)
            began: list[float] = []
            again: list[float] = []
            for _ in range(STARTS):
                for family in ("ringplan", "ringplan-phone", "CustomDevstate", "CustomPresence"):
                    await asterisk.cli(f"database deltree {family}")
                async with started(folder) as gateway:
                    began.append(gateway.took)
                    if f"{USERS} results found" not in await asterisk.cli("database show ringplan"):
                        raise AssertionError("Asterisk does not hold everybody's schedule")
                async with started(folder) as gateway:
                    again.append(gateway.took)
            async with started(folder) as gateway:
                settled = await _settled(dav)
                late = [await _change(folder, asterisk, number) for number in range(CHANGES)]
                asked = len(dav.requests)
                processor = await _processor(gateway.process.pid)
                missed = 1 - (len(dav.requests) - asked) / (USERS * WATCHED / REFRESH)
                peak = _status(gateway.process.pid, "VmHWM")
    share = median(again) / alone
    return [
        row("gateway.start_until_all_is_held", median(began), "s", "<= 30", f"an empty PBX; {WHO}", began),
        row("gateway.start_until_all_is_compared", median(again), "s", "<= 20", f"a PBX that holds it; {WHO}", again),
        row("gateway.start_to_planning_alone", share, "x", "<= 10", f"the row above by plan; {WHO}", [alone]),
        row("gateway.one_change", max(late), "s", "<= 3", f"another process's, looked for each second; {WHO}", late),
        row("gateway.peak_memory", peak / 1024, "MB", "<= 500", f"{CALENDARS}; {WHO}; VmHWM", [peak]),
        row("gateway.start_until_all_are_in_turn", settled, "s", "<= 240", f"after the start; {CALENDARS}", [settled]),
        row("gateway.refreshes_missed", missed, "1", "<= 0.05", f"share of those that are due; {CALENDARS}", [missed]),
        row("gateway.processor_share", processor, "1", "<= 0.8", f"of one core; {CALENDARS}; {WHO}", [processor]),
    ]


@dataclass(frozen=True, slots=True)
class Started:
    """A running gateway, and how many seconds it `took` until the PBX held everybody's schedule."""

    process: Process
    took: float


async def fill(folder: Path, dav: Dav, refresh: int = REFRESH) -> tuple[Rules, dict[User, tuple[Diversion, ...]]]:
    """Write a store as it is after a day, calendars refreshed every so many seconds; return what is in it."""
    asked: dict[User, tuple[Diversion, ...]] = {}
    now = datetime.now(UTC).replace(microsecond=0)
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as rows:
        await organisation.put(rows, ORGANISATION)
        people = await users.add_every(rows, [_user(number) for number in range(USERS)])
        account = await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))
        cursor: Cursor | None = None
        for user in people:
            mailbox = Mailbox(0, user.id, account.id, user.emails[0], frozenset(), ZONE, "/home/", refresh=refresh)
            mailbox = await mailboxes.add(rows, mailbox)
            cursor = cursor or await _cursor(dav, account, mailbox, user)
            asked[user] = tuple(_diversion(user.id, at, now) for at in range(EACH))
            await mailboxes.replace(rows, mailbox.id, asked[user], cursor, epoch=0, now=now)
        rules = Rules(ORGANISATION, await codes.every(rows), frozenset(user.extension for user in people))
    return rules, asked


def _user(number: int) -> User:
    return User(0, str(20_000 + number), (f"person{number}@example.org",), ZONE, name=f"Person {number}")


def _diversion(user: int, at: int, now: datetime) -> Diversion:
    start = now + (3 * at - 1) * HOUR
    return Diversion(user, f"{at:032x}", "meeting", start, start + 2 * HOUR, text="Styrgrupp i Kiruna")


async def _cursor(dav: Dav, account: Account, mailbox: Mailbox, user: User) -> Cursor:
    """Return the cursor of a calendar that was read twice, so that it is believed."""
    now = datetime.now(UTC)
    cursor: Cursor | None = None
    for _ in range(2):
        now += timedelta(minutes=1)
        async with connect(CalDavSettings(url=dav.url), now=lambda: now)(account) as opened:  # noqa: B023
            assert opened.calendar is not None
            reading = await opened.calendar.read(mailbox, window(datetime.now(UTC), user, ORGANISATION), cursor)
        assert reading is not None
        cursor = reading.cursor
    assert cursor is not None
    return cursor


def write_settings(folder: Path, asterisk: Asterisk, dav: Dav) -> None:
    """Write the settings file of a gateway between both."""
    secret = folder / "ami.secret"
    secret.touch(mode=0o600)
    secret.write_text(asterisk.ami.secret)
    (folder / "ringplan.toml").write_text(
        f'[store]\npath = "ringplan.db"\n[pbx.main]\nkind = "asterisk"\nport = {asterisk.ami_port}\n'
        f'user = "{asterisk.ami.user}"\nsecret = "file:{secret.name}"\n'
        f'[sources.office]\nkind = "caldav"\nurl = "{dav.url}"\n'
    )


def _plan(rules: Rules, asked: dict[User, tuple[Diversion, ...]]) -> float:
    """Return how long planning alone takes for the same people, in seconds."""
    now, begun = datetime.now(UTC), time.perf_counter()
    for user, some in asked.items():
        plan(user, some, rules, now)
    return time.perf_counter() - begun


@asynccontextmanager
async def started(folder: Path, held: int = USERS) -> AsyncIterator[Started]:
    """Run the gateway whose settings are in `folder`, once Asterisk holds `held` schedules: everybody's."""
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as rows:
        await health.forget(rows, keep=())
    begun = time.perf_counter()
    process = await Process.start(
        sys.executable, "-m", "gateway", "--config", str(folder / "ringplan.toml"), "run",
        log=folder / "gateway.log", name="gateway",
        environment={key: value for key, value in os.environ.items() if not key.startswith("RINGPLAN_")},
    )  # fmt: skip
    try:
        async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:

            async def holds_all() -> bool:
                async with store.read() as rows:
                    told = await health.get(rows, "pbx:main")
                return told is not None and told.facts.get("held") == held

            await process.ready(holds_all, READY)
        yield Started(process, time.perf_counter() - begun)
    finally:
        await process.stop(10.0)


async def _settled(dav: Dav) -> float:
    """Wait until no more is asked than is due; return after how many seconds, give or take a look.

    Before that every calendar is found, which takes several requests, and what is late by then is caught up with.
    """
    begun = time.perf_counter()
    calm = 0
    async with asyncio.timeout(READY):
        while calm < CALM:
            asked = len(dav.requests)
            await asyncio.sleep(LOOK)
            calm = calm + 1 if (len(dav.requests) - asked) / (USERS * LOOK / REFRESH) < 1.1 else 0
    return time.perf_counter() - begun - CALM * LOOK


async def _change(folder: Path, asterisk: Asterisk, number: int) -> float:
    """Let one user be diverted, from another process as commands are; return how late the PBX holds it."""
    extension = str(20_000 + number)
    async with asterisk.observe() as ami, Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
        before = await _schedule(ami, extension)
        async with store.write() as rows:
            user = await users.by_extension(rows, extension)
            assert user is not None
            (mailbox,) = await mailboxes.of(rows, user.id)
            first, *others = await diversions.of(rows, user.id)
            longer = replace(first, end=first.end + timedelta(minutes=7))
            await diversions.replace(rows, mailbox.id, [longer, *others], datetime.now(UTC))
        begun = time.perf_counter()
        while await _schedule(ami, extension) == before:
            await asyncio.sleep(POLL)
        return time.perf_counter() - begun


async def _schedule(ami: RawAmi, extension: str) -> str:
    answer = await ami.action("DBGet", {"Family": "ringplan", "Key": extension})
    return (await ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]


async def _processor(pid: int) -> float:
    """Return the share of a core that a process takes, over a while in which nothing happens but refreshing."""
    before, begun = _ticks(pid), time.perf_counter()
    await asyncio.sleep(WATCHED)
    return (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / (time.perf_counter() - begun)


def _ticks(pid: int) -> int:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def _status(pid: int, key: str) -> int:
    """Return a value of /proc/<pid>/status, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def row(name: str, value: float, unit: str, goal: str, how: str, samples: Sequence[float]) -> Row:
    """Return a row of which the goal is a limit: `<= 3`."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "met": value <= float(goal.removeprefix("<= ")),
        "how": how,
        "samples": [round(sample, 3) for sample in samples],
    }
