"""Conferences while they run, by the connection to one PBX: who is in, and who is told that it is over and put out.

Who is in is read once per connection, and followed by what the PBX tells. A conference that is cancelled, whose time is
over or that nobody knows any more is closed for as long as anybody is in it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

from gateway.domain.conference import Attendance, Conference, Member, Prompt
from gateway.domain.held import Came, PbxEvent, Went
from gateway.engine.decided import Decided
from gateway.planning.conference.calling import by_who, guest_of
from gateway.ports import Clock, Switch
from gateway.store import attendances, calls, conferences, switches
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows
from gateway.store.store import Store

NOUNS = ("conferences", "switches")
AGAIN = timedelta(seconds=30)  # who is still in then is put out once more
IDLE = timedelta(minutes=10)


class Live:
    """The conferences of the PBX `name` on one connection: `hear` what it tells, `begin`, and `run`.

    `dry_run`: nobody is put out.
    """

    def __init__(
        self, name: str, switch: Switch, store: Store, decided: Decided, clock: Clock, *, dry_run: bool = False
    ) -> None:
        self._name = name
        self._switch = switch
        self._store = store
        self._decided = decided
        self._clock = clock
        self._dry_run = dry_run
        self._known: Mapping[str, Conference] = {}  # by the names that the PBX has for them
        self._seen: tuple[int | None, ...] = ()
        self._inside: dict[str, Member] = {}  # by channel
        self._heard: list[Came | Went] = []
        self._closed: dict[str, datetime] = {}  # by name, when
        self._woken = asyncio.Event()

    def hear(self, event: PbxEvent) -> None:
        """Take what the PBX tells of who comes and goes."""
        if isinstance(event, Came | Went):
            self._heard.append(event)
            self._woken.set()

    async def begin(self) -> frozenset[Member]:
        """Read who is in, note it, and return it: who is in already is not called."""
        members = await self._switch.members()
        self._inside = {member.channel: member for member in members}
        async with self._store.write() as rows:
            await self._look(rows)
            present = await self._present(rows, members)
            await attendances.keep(rows, present, self._clock.now(), among=[one.key for one in self._known.values()])
        return members

    async def run(self) -> None:
        """Follow who comes and goes, and close what is over; raises `Unreachable` when the connection is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name=f"pbx {self._name} conferences")
            tasks.create_task(self._go_on(), name=f"pbx {self._name} attendance")

    async def _watch(self) -> None:
        async with aclosing(self._store.watch(*NOUNS)) as changes:
            async for _ in changes:
                self._woken.set()

    async def _go_on(self) -> None:
        while True:
            self._woken.clear()
            await self._note()
            async with self._store.read() as rows:
                await self._look(rows)
                is_off = await switches.off_since(rows) is not None
            until = self._clock.now() + IDLE
            if not is_off and not self._dry_run:
                until = min(until, await self._close())
            await self._clock.until(until, self._woken)

    async def _look(self, rows: Rows) -> None:
        """Read the conferences of this PBX if any has changed: people come by hundreds, and they are many."""
        seen = await revisions_of(rows.connection, ("conferences",))
        if seen != self._seen:
            self._known = {one.name: one for one in await conferences.every(rows) if one.pbx == self._name}
            self._seen = seen

    async def _note(self) -> None:
        heard = tuple(self._heard)
        if not heard:
            return
        async with self._store.write() as rows:
            await self._look(rows)
            known, now = self._known, self._clock.now()
            for event in heard:
                match event:
                    case Came(member=member):
                        for one in await self._present(rows, [member]):
                            await attendances.came(rows, one)
                    case Went(member=member) if member.name in known:
                        await attendances.went(rows, known[member.name].key, member.channel, now)
        for event in heard:
            if isinstance(event, Came):
                self._inside[event.member.channel] = event.member
            else:
                self._inside.pop(event.member.channel, None)
        del self._heard[: len(heard)]

    async def _close(self) -> datetime:
        """Put people out of what is over; return when to look again.

        Who is still in after that may have gone without a word, or never have been in: it is read once more.
        """
        now = self._clock.now()
        until = now + IDLE
        if any(self._is_due_again(member.name, now) for member in self._inside.values()):
            await self.begin()
        for name in {member.name for member in self._inside.values()}:
            conference = self._known.get(name)
            if conference is not None and not conference.cancelled and now < conference.closes:
                until = min(until, conference.closes)
                continue
            until = min(until, now + AGAIN)
            if name not in self._closed or self._is_due_again(name, now):
                self._closed[name] = now
                is_cancelled = conference is not None and conference.cancelled
                await self._switch.close(name, Prompt.CANCELLED if is_cancelled else Prompt.ENDED)
        return until

    def _is_due_again(self, name: str, now: datetime) -> bool:
        closed = self._closed.get(name)
        return closed is not None and not closed <= now < closed + AGAIN

    async def _present(self, rows: Rows, members: Iterable[Member]) -> list[Attendance]:
        """Return what is to be noted of `members` in conferences that are known, each as somebody who is asked."""
        now, present = self._clock.now(), []
        for member in members:
            conference = self._known.get(member.name)
            if conference is not None:
                who = await self._who(rows, member, conference)
                present.append(Attendance(conference.key, member.channel, who, now))
        return present

    async def _who(self, rows: Rows, member: Member, conference: Conference) -> str:
        """Return whom a channel belongs to (`Participant.who`), "" for a guest."""
        if member.call is not None:
            called = {attempt.id: attempt.who for attempt in await calls.of(rows, conference.key)}
            who = called.get(member.call, "")
            participant = by_who(conference).get(who) or guest_of(
                conference, who, (await self._decided.now(rows)).users if who else ()
            )
            return participant.who if participant else ""
        owner = (await self._decided.now(rows)).owners.get(member.number)
        return "" if owner is None else f"user:{owner.id}"
