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

from gateway.domain.diversion import Diversion
from gateway.domain.held import ClockSeen, Dialled, Held, Place, QueuesChanged
from gateway.domain.user import User
from gateway.engine.by_hand import take_over
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.pulse import Pulse
from gateway.planning.difference import difference
from gateway.planning.fitting import full_hour
from gateway.planning.plan import Plan, plan
from gateway.planning.rules import Rules
from gateway.ports import Clock, Switch
from gateway.store import absences, diversions, switches
from gateway.store.revisions import revisions_of
from gateway.store.store import Store

HOUR = timedelta(hours=1)
TRY_AGAIN = timedelta(seconds=30)  # what the PBX refused
NOUNS = ("users", "diversions", "absences", "codes", "organisation", "switches")
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
    """Holds the plan of all users of the PBX `name`; `dry_run` computes and counts, and writes nothing.

    It tells as `held` for how many numbers the PBX holds a schedule or an absence by hand, whoever wrote them: 0 is
    what "released" means.
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
        self._here: Mapping[Place, User] = {}  # by main number
        self._turns: Mapping[Place, int] = {}
        self._following: dict[int, Following] = {}
        self._seen: tuple[int | None, ...] = ()
        self._dialled: list[Dialled] = []  # not taken over yet, also when the connection is lost meanwhile
        self._paused: frozenset[Place] | None = None
        self._queues_say = ""

    async def hold(self, switch: Switch) -> None:
        """Follow the plan on this connection; raises `Unreachable` when it is lost."""
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(switch, woken), name=f"pbx {self._name} events")
            tasks.create_task(self._watch(woken), name=f"pbx {self._name} changes")
            tasks.create_task(self._follow(switch, woken), name=f"pbx {self._name} plan")

    async def _listen(self, switch: Switch, woken: asyncio.Event) -> None:
        async for event in switch.events():
            match event:
                case ClockSeen(ahead=ahead):
                    await self._pulse.tell(f"pbx:{self._name}", {"clock_ahead": round(ahead.total_seconds(), 1)})
                case Dialled() if not self._dry_run:
                    self._dialled.append(event)
                    woken.set()
                case QueuesChanged():
                    self._paused = None
                    woken.set()

    async def _watch(self, woken: asyncio.Event) -> None:
        async with aclosing(self._store.watch(*NOUNS)) as changes:
            async for _ in changes:
                woken.set()

    async def _follow(self, switch: Switch, woken: asyncio.Event) -> None:
        holds: dict[Place, Held] = {}
        refused: frozenset[Place] = frozenset()
        read_at: datetime | None = None
        while True:
            woken.clear()
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
            await self._clock.until(min(until, now + TRY_AGAIN) if refused else until, woken)

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
        """Take from the store what is asked for now, if it has changed; others than changed users keep their plan."""
        async with self._store.read() as rows:
            seen = await revisions_of(rows.connection, NOUNS)
            if seen == self._seen:
                return
            off = await switches.off_since(rows) is not None
            asked, by_hand = await diversions.every(rows), await absences.every(rows)
            self._turns = await absences.turns(rows)
            decisions = await self._decided.now(rows)
        self._seen = seen
        rules, everybody = decisions.rules, decisions.users.values()
        self._here = {user.extension: user for user in everybody if user.pbx == self._name}
        followed = [user for user in self._here.values() if user.enabled and self._takes_part(user)]
        before = self._following if rules == self._rules else {}
        self._rules = rules
        now = self._clock.now()
        self._following = {}
        for user in [] if off else followed:
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
        return wanted, until

    async def _tell(self, holds: Mapping[Place, Held], wanted: Mapping[Place, Held], refused: frozenset[Place]) -> None:
        await self._pulse.tell(
            f"pbx:{self._name}",
            {
                "held": _diverting(holds),
                "would_hold": _diverting(wanted) if self._dry_run else 0,
                "left_out": sum(one.plan.left_out for one in self._following.values()),
                "refused": sorted(refused),
                "queues": self._queues_say,
            },
        )


def _diverting(holds: Mapping[Place, Held]) -> int:
    return sum(held.schedule is not None or held.hand is not None for held in holds.values())


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
