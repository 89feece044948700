"""A gateway that can be started and killed at any point, with its calendar, its PBX and its clock in a test's hand.

All that it does is driven by turns of one event loop. A turn in which the database works ends when that has ended, so
a sequence goes the same way each time. What has been read of a calendar is noted as it is read.
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite.core
import pytest

from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.domain.user import User
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.reconcile import Reconcile
from gateway.engine.supervise import supervise
from gateway.engine.sweep import sweep
from gateway.engine.sync import Sync
from gateway.ports import ContactSource, Opened
from gateway.store import users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock
from tests.fakes.switch import FakePbx
from tests.unit.engine.alone import alone
from tests.unit.store.made import someone

PHONES = {"1001": ("1001", "1501"), "1002": ("1002",)}  # by main number
STILL = 30  # turns in which nothing happens: then nothing will
LONG = timedelta(minutes=6)  # more than any pause of the gateway
WITHIN = 180.0


class NotedCalendar(FakeCalendar):
    """Tells `noted` of each reading: the mailbox, and what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: Callable[[int, Reading], None] = lambda _mailbox, _reading: None

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        await asyncio.sleep(0)
        reading = await super().read(mailbox, window, since)
        if reading is not None:
            self.noted(mailbox.id, reading)
        return reading


class House:
    """Use `House.open`. `people` are users with their mailboxes' ids, by main number."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        people: dict[str, tuple[User, int]],
        working: set[asyncio.Future[None]],
        now: datetime,
    ) -> None:
        self.store = store
        self._working = working
        self.people = people
        self.clock = HandClock(now)
        self.calendar = NotedCalendar()
        self.contacts: ContactSource | None = None
        self.pbx = FakePbx()
        self._folder = folder
        self._parts: list[asyncio.Task[Any]] = []
        self._loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def open(cls, built: Path, now: datetime) -> AsyncIterator["House"]:
        """Open a house like the one that was `built`."""
        async with AsyncExitStack() as stack:
            working = stack.enter_context(noted_work())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="house-")))
            shutil.copytree(built, folder, dirs_exist_ok=True)
            store = await stack.enter_async_context(Store.open(_settings(folder)))
            news = await stack.enter_async_context(aclosing(store.watch("users")))
            await anext(news)  # what looks for news is warm from now on
            async with store.read() as rows:
                everybody = await users.every(rows)
            people = {user.extension: (user, at + 1) for at, user in enumerate(everybody)}
            house = cls(folder, store, people, working, now)
            stack.push_async_callback(house.kill)
            yield house

    @property
    def is_running(self) -> bool:
        """Whether there is a gateway."""
        return bool(self._parts)

    @property
    def is_up(self) -> bool:
        """Whether the gateway and the PBX are there and have each other."""
        return self.is_running and self.pbx.is_up and self.pbx.is_connected

    def turn_of(self, main: str) -> int:
        """Return the last turn that has been taken over, whatever the loop is doing."""
        with closing(sqlite3.connect(_settings(self._folder).path)) as database:
            row = database.execute('SELECT turn FROM turns WHERE "number" = ?', (main,)).fetchone()
        return int(row[0]) if row else 0

    def start(self) -> None:
        """Start a gateway, as app.py does."""
        pulse, decided = Pulse(self.store, self.clock), Decided()
        reconcile = Reconcile("main", self.store, decided, _everybody, self.clock, pulse)
        say = partial(pulse.say, "pbx:main")
        connect, has_contacts = {"office": self._opened}, self.contacts is not None
        parts: list[Coroutine[Any, Any, Any]] = [
            pulse.run(),
            sweep(self.store, self.clock),
            Sync(self.store, decided, connect, _everybody, self.clock, pulse, with_contacts=has_contacts).run(),
            supervise(self.pbx.connect, alone(reconcile), say, self.clock),
        ]
        self._parts = [self._loop.create_task(part) for part in parts]

    async def kill(self) -> None:
        """Let the gateway end where it is."""
        parts, self._parts = self._parts, []
        for part in parts:
            part.cancel()
        if parts:
            await asyncio.wait(parts)
        for part in parts:
            if not part.cancelled():
                part.result()

    @asynccontextmanager
    async def _opened(self, _: Account) -> AsyncIterator[Opened]:
        yield Opened(self.calendar, self.contacts)

    async def turns(self, many: int) -> None:
        """Let the loop turn so often."""
        await turned(self._working, many)

    async def settle(self) -> None:
        """Let everything happen that happens at this instant."""
        await settled(self._parts, self._working, lambda: (self.pbx.turns, self.clock.waiting))

    async def rest(self) -> None:
        """Let nothing fail any more and time pass until all is well."""
        self.pbx.start()
        self.pbx.refuses, self.pbx.cut_after = frozenset(), None
        self.calendar.error = None
        if not self.is_running:
            self.start()
        await self.settle()
        self.pbx.keep()
        self.clock.turn(LONG)
        await self.settle()
        for _ in range(20):
            if self.pbx.is_connected:
                return
            assert self.clock.next is not None
            self.clock.turn(self.clock.next)
            await self.settle()
        raise AssertionError("the PBX is up, and the gateway does not come")


def _everybody(_: User) -> bool:
    return True


@contextmanager
def noted_work() -> Iterator[set[asyncio.Future[None]]]:
    """Yield what a database's thread is doing: a future for each thing that it has been asked to do."""
    working: set[asyncio.Future[None]] = set()

    def noted(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def work(*args: Any, **kwargs: Any) -> Any:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            working.add(done)
            try:
                return await method(*args, **kwargs)
            finally:
                working.discard(done)
                done.set_result(None)

        return work

    with pytest.MonkeyPatch.context() as patched:
        for name in ("_connect", "_execute", "close"):
            patched.setattr(aiosqlite.core.Connection, name, noted(getattr(aiosqlite.core.Connection, name)))
        yield working


async def turned(working: Collection[asyncio.Future[None]], many: int) -> None:
    """Let the loop turn so often, each time until the database's thread (`noted_work`) has done what it was asked."""
    async with asyncio.timeout(WITHIN):
        for _ in range(many):
            await asyncio.sleep(0)
            if working:
                await asyncio.wait(working)


async def settled(
    parts: Collection[asyncio.Task[Any]], working: Collection[asyncio.Future[None]], told: Callable[[], object]
) -> None:
    """Turn until nothing happens any more: `told` stays as it is. No part may end by it."""
    still = 0
    before: object = None
    async with asyncio.timeout(WITHIN):
        while still < STILL:
            busy = bool(working)
            await turned(working, 1)
            for part in parts:
                if part.done():
                    part.result()
                    raise AssertionError("a part of the gateway has ended")
            now = told()
            still = 0 if busy or now != before else still + 1
            before = now


def _settings(folder: Path) -> StoreSettings:
    return StoreSettings(path=folder / "ringplan.db")


def build(folder: Path) -> Path:
    """Make a database with two people in it: 1001, who has a second phone 1501, and 1002."""

    async def made() -> None:
        async with Store.open(_settings(folder)) as store, store.write() as rows:
            first, _ = await someone(rows, "1001")
            await someone(rows, "1002")
            await users.put(rows, replace(first, phones=PHONES["1001"][1:]))

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(made())
    return folder
