"""A house in which meetings are held: its gateway's parts for conferences run, its clock is turned by hand.

1001 has the room 8001, there is 8009 for all, and everybody's calendar is in a test's hand.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.deciding.conferences import call_in, colleague
from gateway.deciding.installation import Installation
from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.conference import Attempt, Attendance, Conference, RoomOf
from gateway.domain.mailbox import Mailbox
from gateway.domain.user import User
from gateway.engine.conference.calling import Calling, Limits
from gateway.engine.conference.conferences import Conferences
from gateway.engine.conference.live import Live
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.reading import read_mailbox
from gateway.engine.reconcile import Reconcile
from gateway.engine.supervise import supervise
from gateway.engine.sweep import sweep
from gateway.engine.switchboard import Switchboard
from gateway.ports import Switch
from gateway.store import attendances, calls, conferences, mailboxes, rooms, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock
from tests.fakes.switch import FakePbx
from tests.unit.engine.house import noted_work, settled, turned
from tests.unit.store.made import HOUR, NOON, someone

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PEOPLE = ("1001", "1002", "1003", "1004")
LIMITS = Limits(per_second=1000)
INSTALLATION = Installation(pbxs=("main",))


def everybody(_: User) -> bool:
    return True


def meeting(
    start: datetime = NOON + HOUR,
    length: timedelta = HOUR,
    location: str = "PBX AUTOCALL",
    uid: str = "1",
    others: tuple[str, ...] = ("1002", "1003"),
    answers: Response = Response.ACCEPTED,
    **values: Any,
) -> Appointment:
    """What stands in the calendar of 1001, who asks `others`."""
    given = {"subject": "Styrgrupp"} | values
    people = tuple(Attendee(one if "@" in one else f"u{one}@example.org", answers) for one in others)
    return Appointment(
        uid=uid,
        occurrence="",
        start=start,
        end=start + length,
        response=Response.OWN,
        organiser="u1001@example.org",
        attendees=people,
        location=location,
        **given,
    )


class Meetings:
    """Use `open`, and `start`."""

    def __init__(
        self,
        store: Store,
        pbx: FakePbx,
        calendar: FakeCalendar,
        clock: HandClock,
        working: set[asyncio.Future[None]],
    ) -> None:
        self._working = working
        self.store = store
        self.pbx = pbx
        self.calendar = calendar
        self.clock = clock
        self.decided = Decided()
        self.people: dict[str, tuple[User, Mailbox]] = {}
        self.limits = LIMITS
        self.dry_run = False
        self._parts: list[asyncio.Task[Any]] = []
        self._loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, store: Store, pbx: FakePbx, calendar: FakeCalendar, clock: HandClock
    ) -> AsyncIterator["Meetings"]:
        """Open the house, with people and rooms in it, and no gateway yet."""
        with noted_work() as working, pytest.MonkeyPatch.context() as patched:
            patched.setattr("gateway.engine.sweep.LONGEST", HOUR)  # hours pass here, which it would cut into pieces
            patched.setattr("gateway.store.news.LOOK", 3600.0)  # no other process writes, and seconds pass here
            async with aclosing(store.watch("users")) as news:
                await anext(news)  # what looks for news is warm from now on
                held = cls(store, pbx, calendar, clock, working)
                await held._build()
                try:
                    yield held
                finally:
                    await held.kill()

    @classmethod
    @asynccontextmanager
    async def copied(cls, built: Path, now: datetime) -> AsyncIterator["Meetings"]:
        """Open a house like the one that was `built`."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meetings-")))
            shutil.copytree(built, folder, dirs_exist_ok=True)
            store = await stack.enter_async_context(Store.open(StoreSettings(path=folder / "ringplan.db")))
            yield await stack.enter_async_context(cls.open(store, FakePbx(), FakeCalendar(), HandClock(now)))

    async def _build(self) -> None:
        """Put people and rooms into the database, unless they are there."""
        async with self.store.write() as rows:
            for user in await users.every(rows):
                self.people[user.extension] = user, (await mailboxes.of(rows, user.id))[0]
            if self.people:
                return
            for number in PEOPLE:
                self.people[number] = await someone(rows, number)
            await rooms.put(rows, RoomOf("8001", owner=self.people["1001"][0].id))
            await rooms.put(rows, RoomOf("8009"))

    def start(self) -> None:
        """Start a gateway, as app.py does; calendars are read by hand."""
        pulse = Pulse(self.store, self.clock)
        decided, clock, store = self.decided, self.clock, self.store
        reconcile = Reconcile("main", store, decided, everybody, clock, pulse, dry_run=self.dry_run)

        def live(switch: Switch) -> Live:
            return Live("main", switch, store, decided, clock, dry_run=self.dry_run)

        def calling(switch: Switch) -> Calling:
            return Calling("main", switch, self.limits, store, decided, everybody, clock, pulse)

        board = Switchboard("main", reconcile, live, None if self.dry_run else calling)
        parts: list[Coroutine[Any, Any, Any]] = [
            sweep(store, clock),
            Conferences(store, decided, everybody, clock).run(),
            supervise(self.pbx.connect, board.hold, partial(pulse.say, "pbx:main"), clock),
        ]
        self._parts = [self._loop.create_task(part) for part in parts]

    def with_part(self, part: Coroutine[Any, Any, Any]) -> None:
        """Let something run that `kill` ends."""
        self._parts.append(self._loop.create_task(part))

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

    async def read(self, *appointments: Appointment, whose: str = "1001") -> None:
        """Let somebody's calendar hold exactly these, and be read."""
        _, mailbox = self.people[whose]
        self.calendar.write(mailbox.id, *appointments)
        await read_mailbox(self.store, self.decided, self.calendar, mailbox, self.clock)

    async def call_in(self, number: str, name: str | None = None) -> bool:
        """Let the organiser of a conference, the first one, call somebody in now; False also where it is gone."""
        async with self.store.write() as rows:
            every = await conferences.every(rows)
            one = next((one for one in every if name in (None, one.name)), None)
            return one is not None and await call_in(
                rows, INSTALLATION, one, await colleague(rows, one, number), self.clock.now()
            )

    async def conferences(self) -> tuple[Conference, ...]:
        async with self.store.read() as rows:
            return await conferences.every(rows)

    async def attempts(self) -> tuple[Attempt, ...]:
        async with self.store.read() as rows:
            return await calls.every(rows)

    async def attendances(self) -> tuple[Attendance, ...]:
        async with self.store.read() as rows:
            return await attendances.every(rows)

    async def until(self, when: datetime) -> None:
        """Let time pass, with all that happens on its way."""
        await self.settle()
        while self.clock.now() < when:
            following = self.clock.next
            self.clock.turn(min(when, max(following, self.clock.now())) if following else when)
            await self.settle()

    async def turns(self, many: int) -> None:
        """Let the loop turn so often."""
        await turned(self._working, many)

    async def settle(self) -> None:
        """Let everything happen that happens at this instant."""
        await settled(self._parts, self._working, lambda: (self.pbx.turns, self.clock.waiting))

    @property
    def is_running(self) -> bool:
        """Whether there is a gateway."""
        return bool(self._parts)

    @property
    def is_up(self) -> bool:
        """Whether the gateway and the PBX are there and have each other."""
        return self.is_running and self.pbx.is_up and self.pbx.is_connected

    @property
    def rung(self) -> list[str]:
        """The numbers that were rung, in their order."""
        return [call.to for call in self.pbx.telephones.rung]


def build(folder: Path) -> Path:
    """Make a database with the people and rooms of a house in it."""

    async def made() -> None:
        async with (
            Store.open(StoreSettings(path=folder / "ringplan.db")) as store,
            Meetings.open(store, FakePbx(), FakeCalendar(), HandClock(NOON)),
        ):
            pass

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(made())
    return folder
