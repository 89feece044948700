"""Bringing a PBX to what is planned: steps 6 to 9 of an appointment's way (docs/architecture.md).

Level-triggered: what the PBX says it holds is read back on every connection and on each full hour, what it should hold
is computed from the store, and the difference is written. Nothing is replayed after a restart, a reconnect or a clock
that was set.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.diversion import Diversion
from gateway.domain.held import ClockSeen, Held, Place
from gateway.domain.user import User
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.pulse import Pulse
from gateway.planning.difference import difference
from gateway.planning.plan import Plan, full_hour, plan
from gateway.planning.rules import Rules
from gateway.ports import Clock, Switch
from gateway.store import diversions, switches
from gateway.store.store import Store

HOUR = timedelta(hours=1)
TRY_AGAIN = timedelta(seconds=30)  # what the PBX refused


@dataclass(slots=True)
class Following:
    """One user's plan, and the stretch of time for which it holds."""

    user: User
    asked: tuple[Diversion, ...]
    plan: Plan
    since: datetime
    until: datetime


class Reconcile:
    """Holds the plan of all users of the PBX `name`; `dry_run` computes and counts, and writes nothing.

    It tells as `held` how many schedules the PBX holds, whoever wrote them: 0 is what "released" means.
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
        self._following: dict[int, Following] = {}

    async def hold(self, switch: Switch) -> None:
        """Follow the plan on this connection; raises `Unreachable` when it is lost."""
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(switch), name=f"pbx {self._name} events")
            tasks.create_task(self._watch(woken), name=f"pbx {self._name} changes")
            tasks.create_task(self._follow(switch, woken), name=f"pbx {self._name} plan")

    async def _listen(self, switch: Switch) -> None:
        async for event in switch.events():
            match event:
                case ClockSeen(ahead=ahead):
                    await self._pulse.tell(f"pbx:{self._name}", {"clock_ahead": round(ahead.total_seconds(), 1)})

    async def _watch(self, woken: asyncio.Event) -> None:
        async with aclosing(self._store.watch("users", "diversions", "codes", "organisation", "switches")) as changes:
            async for _ in changes:
                woken.set()

    async def _follow(self, switch: Switch, woken: asyncio.Event) -> None:
        holds: dict[Place, Held] = {}
        refused: frozenset[Place] = frozenset()
        read_at: datetime | None = None
        await self._reload()
        while True:
            now = self._clock.now()
            if read_at is None or not read_at <= now < full_hour(read_at) + HOUR:
                holds, read_at = dict(await switch.held()), now
                await self._pulse.say(f"pbx:{self._name}", None)
            wanted, until = self._wanted(now)
            changed = {} if self._dry_run else difference(holds, wanted)
            if changed:
                refused_now = frozenset(await switch.hold(changed))
                refused = (refused - changed.keys()) | refused_now
                holds = written(holds, changed, refused_now)
            await self._tell(holds, wanted, refused)
            await self._clock.until(min(until, now + TRY_AGAIN) if refused else until, woken)
            if woken.is_set():
                woken.clear()
                await self._reload()

    async def _reload(self) -> None:
        """Take from the store what is asked for now; users for whom nothing changed keep their plan."""
        async with self._store.read() as rows:
            off = await switches.off_since(rows) is not None
            asked = await diversions.every(rows)
            decisions = await self._decided.now(rows)
        rules, everybody = decisions.rules, decisions.users.values()
        followed = [user for user in everybody if user.pbx == self._name and user.enabled and self._takes_part(user)]
        before = self._following if rules == self._rules else {}
        self._rules = rules
        now = self._clock.now()
        self._following = {}
        for user in [] if off else followed:
            mine, same = asked.get(user.id, ()), before.get(user.id)
            unchanged = same is not None and same.user == user and same.asked == mine
            self._following[user.id] = same if same and unchanged else follow(user, mine, rules, now)

    def _wanted(self, now: datetime) -> tuple[dict[Place, Held], datetime]:
        """Return what the PBX should hold at `now`, and until when that is so."""
        until = full_hour(now) + HOUR
        wanted: dict[Place, Held] = {}
        for user, one in self._following.items():
            if self._rules and not one.since <= now < one.until:
                one = self._following[user] = follow(one.user, one.asked, self._rules, now)
            until = min(until, one.until)
            wanted.update(one.plan.held)
        return wanted, until

    async def _tell(self, holds: Mapping[Place, Held], wanted: Mapping[Place, Held], refused: frozenset[Place]) -> None:
        await self._pulse.tell(
            f"pbx:{self._name}",
            {
                "held": _schedules(holds),
                "would_hold": _schedules(wanted) if self._dry_run else 0,
                "left_out": sum(one.plan.left_out for one in self._following.values()),
                "refused": sorted(refused),
            },
        )


def _schedules(holds: Mapping[Place, Held]) -> int:
    return sum(held.schedule is not None for held in holds.values())


def follow(user: User, asked: tuple[Diversion, ...], rules: Rules, now: datetime) -> Following:
    """Return the plan of `user` at `now`."""
    planned = plan(user, asked, rules, now)
    return Following(user, asked, planned, now, planned.changes)


def written(
    holds: dict[Place, Held], changed: Mapping[Place, Held | None], refused: Collection[Place]
) -> dict[Place, Held]:
    """Return what the PBX holds after `changed` was written but for what it `refused`."""
    done = {place: held for place, held in changed.items() if place not in refused}
    after = {**holds, **{place: held for place, held in done.items() if held is not None}}
    return {place: held for place, held in after.items() if done.get(place, held) is not None}
