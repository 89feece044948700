"""Calling people into conferences, by the connection to one PBX: never twice, never lost.

That a call is made is committed before the PBX is asked for it, and how it went when the PBX has told; what was lost
in between, with a connection or a gateway, is read back from the PBX on the next connection (engine/conference/due.py).
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.conference import Call, CallId, CallState, Result
from gateway.domain.held import CallTold, Came, PbxEvent, SignedIn
from gateway.engine.conference.due import Heard, Line, Turn
from gateway.engine.conference.pace import Pace
from gateway.engine.conference.seen import NOUNS, Seen
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.pulse import Pulse
from gateway.ports import Clock, Switch
from gateway.store import calls
from gateway.store.rows import Rows
from gateway.store.store import Store

LATER = timedelta(seconds=30)
AT_A_TIME = 100  # calls that are committed together: the more they are, the later the first one leaves
AWAITED = 20
"""More organisers than these who are not yet being called keep everybody else waiting: asked for a thousand calls at
once, a PBX calls nobody for a while. A few may have got lost on the way, and keep nobody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls are placed `per_second`, how many may ring `at_once`, and for how long they `ring`.

    `subjects`: telephones show what the meeting is called.
    """

    per_second: float = 20.0
    at_once: int = 200
    ring: timedelta = timedelta(seconds=25)
    subjects: bool = True


class Calling:
    """The calls of the PBX `name` on one connection: `hear` what it tells, and `run`."""

    def __init__(
        self,
        name: str,
        switch: Switch,
        limits: Limits,
        store: Store,
        decided: Decided,
        takes_part: TakesPart,
        clock: Clock,
        pulse: Pulse,
    ) -> None:
        self._name = name
        self._switch = switch
        self._limits = limits
        self._store = store
        self._takes_part = takes_part
        self._clock = clock
        self._pulse = pulse
        self._seen = Seen(decided)
        self._pace = Pace(limits.per_second)
        self._heard: list[Heard] = []
        self._woken = asyncio.Event()

    def hear(self, event: PbxEvent) -> None:
        """Take what the PBX tells of calls, of who has come in, and of telephones."""
        if isinstance(event, CallTold | Came | SignedIn):
            self._heard.append(event)
            self._woken.set()

    async def run(self) -> None:
        """Call whoever is due, as long as the connection lasts; raises `Unreachable` when it is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name=f"pbx {self._name} calls due")
            tasks.create_task(self._go_on(tasks), name=f"pbx {self._name} calls")

    async def _watch(self) -> None:
        async with aclosing(self._store.watch(*NOUNS)) as changes:
            async for _ in changes:
                self._woken.set()

    async def _go_on(self, tasks: asyncio.TaskGroup) -> None:
        """Look, write, and ask the PBX, in this order, again and again.

        Raises `Unreachable` when the connection is lost.
        """
        limits = self._limits
        line = Line(self._name, await self._switch.boot(), limits.ring, limits.subjects, self._takes_part)
        noted: Mapping[CallId, CallTold] | None = await self._switch.calls()
        while True:
            self._woken.clear()
            turn = await self._turn(line, noted)
            turn.done()
            self._pace.take(len(turn.calls), self._clock.now())
            if turn.calls:
                tasks.create_task(self._place(turn.calls), name=f"pbx {self._name} placing")
            self._let_go(line, turn, tasks)
            asks_by = line.asks_by
            await self._clock.until(min(self._until(turn), asks_by or turn.until), self._woken)
            noted = await self._switch.calls() if asks_by and asks_by <= self._clock.now() else None

    async def _turn(self, line: Line, noted: Mapping[CallId, CallTold] | None) -> Turn:
        """Write what follows from what there is; what came in between two looks counts in the second."""
        async with self._store.read() as rows:
            turn, heard = await self._look(rows, line, noted)
        if turn.rows:
            async with self._store.write() as rows:
                turn, heard = await self._look(rows, line, noted)
                await calls.put(rows, turn.rows.values())
            self._seen.has_written(turn.rows)
        del self._heard[:heard]
        return turn

    async def _look(self, rows: Rows, line: Line, noted: Mapping[CallId, CallTold] | None) -> tuple[Turn, int]:
        await self._seen.look(rows)
        now, heard = self._clock.now(), len(self._heard)  # heard after it was read who is in: who was called is known
        turn = Turn(self._seen, line, now)
        if noted is not None and line.is_new:
            turn.adopt(noted)
        elif noted is not None:
            turn.settle(noted)
        turn.hear(self._heard[:heard])
        turn.drop()
        if turn.is_due():
            await self._seen.look_at_absences(rows)
        free = min(self._pace.free(now), self._limits.at_once - turn.awaits, AT_A_TIME)
        turn.begin(0 if self._is_held(turn) else free)
        return turn, heard

    def _until(self, turn: Turn) -> datetime:
        if not turn.has_more:
            return turn.until
        is_held = self._is_held(turn) or turn.awaits >= self._limits.at_once
        return self._clock.now() + LATER if is_held else self._pace.next

    def _is_held(self, turn: Turn) -> bool:
        """Say whether nobody is called before something else happens."""
        return self._seen.is_off or turn.placing - len(turn.calls) > AWAITED

    async def _place(self, some: Sequence[Call]) -> None:
        refused = await self._switch.call(some)
        for call in refused:
            self.hear(CallTold(call, CallState.OVER, Result.FAILED))
        for refusal in list(refused.values())[:1]:
            await self._pulse.tell(f"pbx:{self._name}", {"calls_refused": refusal.why})

    def _let_go(self, line: Line, turn: Turn, tasks: asyncio.TaskGroup) -> None:
        """Let the PBX end what should not ring, and forget what nobody knows any more."""
        hang_up, forget = turn.hang_up, turn.forget
        line.hung |= hang_up
        for call in forget:
            del line.noted[call]
        if hang_up or forget:
            tasks.create_task(self._end(hang_up, forget), name=f"pbx {self._name} ending")

    async def _end(self, hang_up: Collection[CallId], forget: Collection[CallId]) -> None:
        if hang_up:
            await self._switch.hang_up(hang_up)
        if forget:
            await self._switch.forget(forget)
