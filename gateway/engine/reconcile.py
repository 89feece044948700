"""Bringing a PBX to what is planned: steps 6 to 9 of an appointment's way (docs/architecture.md).

Level-triggered: what the PBX says it holds is read back on every connection and on each full hour, what it should hold
is computed from the store, and the difference is written. Nothing is replayed after a restart, a reconnect or a clock
that was set. What was dialled is taken over before anything is written (engine/by_hand.py).
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.conference import Conference, RoomOf
from gateway.domain.diversion import Diversion
from gateway.domain.held import ClockSeen, Dialled, Held, PbxEvent, Place, QueuesChanged
from gateway.domain.user import User
from gateway.engine.by_hand import take_over
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.pulse import Pulse
from gateway.planning.conference.joining import Joining, joining
from gateway.planning.difference import difference
from gateway.planning.fitting import full_hour
from gateway.planning.plan import Plan, plan
from gateway.planning.rules import Rules
from gateway.ports import Clock, Switch
from gateway.store import absences, conferences, diversions, rooms, switches
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows
from gateway.store.store import Store

HOUR = timedelta(hours=1)
TRY_AGAIN = timedelta(seconds=30)  # what the PBX refused
NOUNS = ("diversions", "users", "absences", "codes", "organisation", "switches")
MEETINGS = ("conferences", "rooms")
UNSURE = ""  # a hand that no PBX holds: what is there is to be written


@dataclass(slots=True)
class Following:
    """One user's plan since an instant; `turn` is the last one that was taken over from the user's telephones."""

    user: User
    asked: tuple[Diversion, ...]
    turn: int
    plan: Plan
    since: datetime


class Reconcile:
    """Holds the plan of all users of the PBX `name`, and its conference rooms; `dry_run` computes and writes nothing.

    Whoever reads the events of the connection hands them to `hear`. It tells as `held` for how many numbers the PBX
    holds anything by which calls are decided, whoever wrote it: 0 is what "released" means.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        decided: Decided,
        takes_part: TakesPart,
        clock: Clock,
        pulse: Pulse,
        *,
        dry_run: bool = False,
    ) -> None:
        self._name = name
        self._store = store
        self._decided = decided
        self._takes_part = takes_part
        self._clock = clock
        self._pulse = pulse
        self._dry_run = dry_run
        self._rules: Rules | None = None
        self._users: Mapping[int, User] = {}
        self._here: Mapping[Place, User] = {}  # by main number
        self._turns: Mapping[Place, int] = {}
        self._following: dict[int, Following] = {}
        self._asked: Mapping[int, tuple[Diversion, ...]] = {}  # by calendars
        self._seen: tuple[int | None, ...] = ()
        self._is_off = False
        self._conferences: Collection[Conference] = ()
        self._rooms: Collection[RoomOf] = ()
        self._joining: Joining | None = None  # None: to be computed
        self._woken = asyncio.Event()
        self._dialled: list[Dialled] = []  # not taken over yet, also when the connection is lost meanwhile
        self._paused: frozenset[Place] | None = None
        self._queues_say = ""

    async def hear(self, event: PbxEvent) -> None:
        """Take what the PBX tells; most of it is for others."""
        match event:
            case ClockSeen(ahead=ahead):
                await self._pulse.tell(f"pbx:{self._name}", {"clock_ahead": round(ahead.total_seconds(), 1)})
            case Dialled() if not self._dry_run:
                self._dialled.append(event)
                self._woken.set()
            case QueuesChanged():
                self._paused = None
                self._woken.set()

    async def follow(self, switch: Switch) -> None:
        """Keep this connection's PBX at what is planned; raises `Unreachable` when it is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name=f"pbx {self._name} changes")
            tasks.create_task(self._follow(switch), name=f"pbx {self._name} plan")

    async def _watch(self) -> None:
        async with aclosing(self._store.watch(*NOUNS, *MEETINGS)) as changes:
            async for _ in changes:
                self._woken.set()

    async def _follow(self, switch: Switch) -> None:
        holds: dict[Place, Held] = {}
        refused: frozenset[Place] = frozenset()
        read_at: datetime | None = None
        while True:
            self._woken.clear()
            await self._reload()
            now = self._clock.now()
            if read_at is None or not read_at <= now < full_hour(read_at) + HOUR:
                holds, read_at = dict(await switch.held()), now
                self._paused = None
                await self._pulse.say(f"pbx:{self._name}", None)
            if not self._dry_run:
                await self._take_over(holds)
            wanted, until = self._wanted(now)
            changed = {} if self._dry_run else difference(holds, wanted)
            if changed:
                refused_now = frozenset(await switch.hold(changed))
                refused = (refused - changed.keys()) | refused_now
                holds = written(holds, changed, refused_now)
            if not self._dry_run:
                await self._pause(switch)
            await self._tell(holds, wanted, refused)
            await self._clock.until(min(until, now + TRY_AGAIN) if refused else until, self._woken)

    async def _take_over(self, holds: dict[Place, Held]) -> None:
        """Take over what was dialled, as it was told or read back; what was told may cross what is being written."""
        heard = tuple(self._dialled)
        told = [(dialled.place, dialled.hand) for dialled in heard]
        told += [(place, held.hand) for place, held in holds.items() if held.hand not in (None, UNSURE)]
        if self._rules and await take_over(self._store, self._here, self._rules, told, self._turns, self._clock):
            await self._reload()
        del self._dialled[: len(heard)]
        for dialled in heard:
            for place in {dialled.place, *dialled.phones}:
                holds[place] = replace(holds.get(place, Held()), hand=UNSURE, lamp=None)

    async def _pause(self, switch: Switch) -> None:
        """Let queues pass over who is diverted."""
        diverted = frozenset(
            place for one in self._following.values() if one.plan.diverted for place in one.user.places
        )
        if diverted != self._paused:
            self._paused = diverted
            refusal = await switch.pause(diverted)
            self._queues_say = refusal.why if refusal else ""

    async def _reload(self) -> None:
        """Take from the store what is asked for now, if it has changed."""
        async with self._store.read() as rows:
            seen = await revisions_of(rows.connection, NOUNS + MEETINGS)
            if seen == self._seen:
                return
            many = len(NOUNS)
            if seen[:1] != self._seen[:1]:  # very many, and what is set by hand changes none of them
                await self._reload_diversions(rows)
            if seen[many:] != self._seen[many:]:
                await self._reload_meetings(rows)
            if seen[:many] != self._seen[:many]:
                await self._reload_plans(rows)
        self._seen = seen

    async def _reload_diversions(self, rows: Rows) -> None:
        """Take over what calendars ask for; what is the same as before is kept once, by all who have it."""
        known = self._asked
        found = await diversions.every(rows)
        self._asked = {user: known[user] if known.get(user) == some else some for user, some in found.items()}

    async def _reload_meetings(self, rows: Rows) -> None:
        """Take over conferences and rooms; what organisers have been told decides nothing here."""
        there = [replace(one, told="") for one in await conferences.every(rows)]
        numbers = await rooms.every(rows)
        if (there, numbers) != (self._conferences, self._rooms):
            self._conferences, self._rooms, self._joining = there, numbers, None

    async def _reload_plans(self, rows: Rows) -> None:
        """Plan anew for users of whom something has changed; others keep their plan."""
        self._is_off = await switches.off_since(rows) is not None
        asked, by_hand = self._asked, await absences.every(rows)
        self._turns = await absences.turns(rows)
        decisions = await self._decided.now(rows)
        rules = decisions.rules
        if rules != self._rules or decisions.users is not self._users:
            self._users, self._joining = decisions.users, None
        self._here = {user.extension: user for user in self._users.values() if user.pbx == self._name}
        followed = [user for user in self._here.values() if user.enabled and self._takes_part(user)]
        before = self._following if rules == self._rules else {}
        self._rules = rules
        now = self._clock.now()
        self._following = {}
        for user in [] if self._is_off else followed:
            mine, same, turn = asked.get(user.id, ()), before.get(user.id), self._turns.get(user.extension, 0)
            if user.id in by_hand:
                mine = (*mine, by_hand[user.id])
            unchanged = same is not None and (same.user, same.asked, same.turn) == (user, mine, turn)
            self._following[user.id] = same if same and unchanged else follow(user, mine, turn, rules, now)

    def _wanted(self, now: datetime) -> tuple[dict[Place, Held], datetime]:
        """Return what the PBX should hold at `now`, and until when that is so."""
        until = full_hour(now) + HOUR
        wanted: dict[Place, Held] = {}
        for user, one in self._following.items():
            if self._rules and not one.since <= now < one.plan.changes:
                one = self._following[user] = follow(one.user, one.asked, one.turn, self._rules, now)
            until = min(until, one.plan.changes)
            wanted.update(one.plan.held)
        joins = self._joins(now)
        for place, held in joins.held.items() if joins else ():
            planned = wanted.get(place)
            wanted[place] = replace(planned, room=held.room, invited=held.invited) if planned else held
        return wanted, min(until, joins.changes) if joins else until

    def _joins(self, now: datetime) -> Joining | None:
        """Return what lets people into conferences at `now`; None: nobody is let in by us."""
        if self._is_off or self._rules is None:
            return None
        if self._joining is None or not self._joining.since <= now < self._joining.changes:
            self._joining = joining(self._name, self._conferences, self._rooms, self._users, self._rules, now)
        return self._joining

    async def _tell(self, holds: Mapping[Place, Held], wanted: Mapping[Place, Held], refused: frozenset[Place]) -> None:
        await self._pulse.tell(
            f"pbx:{self._name}",
            {
                "held": _deciding(holds),
                "would_hold": _deciding(wanted) if self._dry_run else 0,
                "left_out": sum(one.plan.left_out for one in self._following.values()),
                "conferences_left_out": self._joining.left_out if self._joining and not self._is_off else 0,
                "refused": sorted(refused),
                "queues": self._queues_say,
            },
        )


def _deciding(holds: Mapping[Place, Held]) -> int:
    return sum(bool({one.schedule, one.hand, one.room, one.invited} - {None}) for one in holds.values())


def follow(user: User, asked: tuple[Diversion, ...], turn: int, rules: Rules, now: datetime) -> Following:
    """Return the plan of `user` at `now`."""
    return Following(user, asked, turn, plan(user, asked, rules, now, turn), now)


def written(
    holds: dict[Place, Held], changed: Mapping[Place, Held | None], refused: Collection[Place]
) -> dict[Place, Held]:
    """Return what the PBX holds after `changed` was written but for what it `refused`."""
    done = {place: held for place, held in changed.items() if place not in refused}
    after = {**holds, **{place: held for place, held in done.items() if held is not None}}
    return {place: held for place, held in after.items() if done.get(place, held) is not None}
