"""A PBX in memory (`ports.Pbx`) that is no kinder than a real one.

What it holds outlives connections, as AstDB does, but its last second is lost when it is killed. It is read and written
part by part, so what is dialled may come in between; a connection may be lost in the middle; and people go on dialling
while no gateway is there. How a connection writes is the driver's way (pbx/asterisk/driver.py): only what differs from
what this connection has read, or had acknowledged.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.conference import Call, CallId, Member, Prompt
from gateway.domain.held import Asked, CallTold, Dialled, Held, PbxEvent, Place, QueuesChanged, Refusal
from gateway.errors import Unreachable
from tests.fakes.dialplan import Answer, dial
from tests.fakes.switch_calls import CallsOfLine, Telephones

PARTS = ("phone", "schedule", "lamp", "presence", "hand", "room", "invited")  # in the order of writing
OURS = "ringplan"  # the reason with which queue members are paused by us
NOTHING = Held()
UNSURE = object()  # what nobody wants: it is written, whatever is to be there


class FakePbx:
    """`holds` outlives connections; `writes` counts what was written; `refuses` some places.

    `slow` turns of the loop pass at each step of reading and writing, `late` before an event is told. `cut_after`: the
    connection is lost after that many further single values are written. `members` are those of a queue, None:
    everybody; `pauses` are those that are paused, and by whom. `on_overwrite` is called with the place whose hand is
    about to be written by a connection, `on_lost` whenever one is lost. `telephones` ring, and talk in conferences.
    `named` is what was answered to `ask`, `asking` for how long it may be asked from when that was last said.
    """

    def __init__(self) -> None:
        self.holds: dict[Place, Held] = {}
        self.writes: list[Mapping[Place, Held | None]] = []
        self.connections = 0
        self.refuses: frozenset[Place] = frozenset()
        self.told: list[PbxEvent] = []
        self.is_up = True
        self.slow = 1
        self.late = 0
        self.cut_after: int | None = None
        self.members: set[Place] | None = None
        self.pauses: dict[Place, str] = {}
        self.turns = 0  # of the loop that were spent on being slow or late
        self.on_overwrite: Callable[[Place], None] = lambda _: None
        self.on_lost: Callable[[], None] = lambda: None
        self.telephones = Telephones(self._tell)
        self.named: dict[Asked, str | None] = {}
        self.asking = timedelta()
        self._given: dict[Place, int] = {}  # the last turns, which the dialplan keeps while the PBX runs
        self._line: Line | None = None
        self._not_kept: list[tuple[Place, str, Any]] = []  # what was there before each write of the last second

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Line"]:
        if not self.is_up:
            raise Unreachable("nobody listens")
        self.connections += 1
        self._line = line = Line(self)
        carrying = asyncio.create_task(line.carry())
        try:
            yield line
        finally:
            line.lose()
            carrying.cancel()

    def lose(self) -> None:
        """Cut the connection: what has not been read of it is lost with it."""
        if self._line is not None:
            self._line.lose()
            self._line = None
            self.on_lost()

    @property
    def is_connected(self) -> bool:
        """Whether somebody hears the events."""
        return self._line is not None and self._line.is_alive

    @property
    def paused(self) -> frozenset[Place]:
        """The queue members that are paused by us."""
        return frozenset(place for place, by in self.pauses.items() if by == OURS)

    def cut_if_due(self) -> None:
        """Cut the connection if that was asked for just here."""
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                self.cut_after = None
                self.lose()

    def put(self, place: Place, part: str, value: Any) -> None:
        """Write one value; None: take it out."""
        before = self.holds.get(place, NOTHING)
        self._not_kept.append((place, part, getattr(before, part)))
        self._put(place, part, value)

    def _put(self, place: Place, part: str, value: Any) -> None:
        after = replace(self.holds.get(place, NOTHING), **{part: value})
        if after == NOTHING:
            self.holds.pop(place, None)
        else:
            self.holds[place] = after

    def keep(self) -> None:
        """A second has passed: AstDB has put everything on its disk."""
        self._not_kept.clear()
        self.telephones.keep()

    def stop(self) -> None:
        """End in good order."""
        self.keep()
        self.kill(0)

    def kill(self, lost: int | None = None) -> None:
        """Die: `lost` of the last second's writes (None: all of them), the latest ones, are gone. Pauses are, too."""
        self.lose()
        self.is_up = False
        self.telephones.kill(lost)
        self.pauses.clear()
        self._given.clear()
        many = len(self._not_kept) if lost is None else min(lost, len(self._not_kept))
        for _ in range(many):
            self._put(*self._not_kept.pop())
        self._not_kept.clear()

    def start(self) -> None:
        """Be up again, with what was kept."""
        self.is_up = True
        self.telephones.start()

    def dial(self, phone: Place, dialled: str, now: datetime, *, operator: bool = False) -> Answer:
        """Dial a star code at `phone`; the dialplan writes by itself, and tells who is connected."""
        if not self.is_up:
            return Answer("")
        answer = dial(self.holds, phone, dialled, now, self._given, operator=operator)
        if answer.hand is not None and answer.lamp is not None:
            self._given[answer.main] = answer.turn
            self.put(answer.main, "hand", answer.hand)
            for place in answer.phones:
                self.put(place, "lamp", answer.lamp)
            self._tell(Dialled(answer.main, answer.hand, answer.lamp, answer.phones))
        return answer

    def join(self, place: Place) -> None:
        """A queue gets another member, which is not paused."""
        self.members = (self.members or set()) | {place}
        self.pauses.pop(place, None)
        self._tell(QueuesChanged())

    def leave(self, place: Place) -> None:
        """A member leaves its queue."""
        self.members = (self.members or set()) - {place}
        self.pauses.pop(place, None)
        self._tell(QueuesChanged())

    def pause_by(self, place: Place, reason: str = "coffee") -> None:
        """Somebody else pauses a member."""
        self.pauses[place] = reason
        self._tell(QueuesChanged())

    def unpause(self, place: Place) -> None:
        """Somebody else takes a member out of its pause, whoever had paused it."""
        if self.pauses.pop(place, None) is not None:
            self._tell(QueuesChanged())

    def ask(self, asked: Asked) -> None:
        """A telephone is about to ring."""
        self._tell(asked)

    def is_member(self, place: Place) -> bool:
        """Whether a queue calls `place`."""
        return self.members is None or place in self.members

    def _tell(self, event: PbxEvent) -> None:
        if self._line is not None:
            self._line.tell(event)


class Line:
    """One connection (`ports.Switch`); lost, every call raises `Unreachable`.

    What is dialled is on its way for `late` turns of the loop, and comes before or after the answers to what was
    written meanwhile. Once it is heard, nobody knows which of the two is there.
    """

    def __init__(self, pbx: FakePbx) -> None:
        self._pbx = pbx
        self._lost = asyncio.Event()
        self._sent: asyncio.Queue[PbxEvent] = asyncio.Queue()
        self._heard: asyncio.Queue[PbxEvent] = asyncio.Queue()
        self._known: dict[str, dict[Place, Any]] = {part: {} for part in PARTS}
        self._crossed: set[tuple[str, Place]] = set()
        self._lock = asyncio.Lock()  # reading and writing wait for each other
        self._calls = CallsOfLine(pbx.telephones, self._step, self._write, self._has_turned)
        for event in pbx.told:
            self._sent.put_nowait(event)

    @property
    def is_alive(self) -> bool:
        """Whether it has not been lost."""
        return not self._lost.is_set()

    def lose(self) -> None:
        """Be lost."""
        self._lost.set()

    def tell(self, event: PbxEvent) -> None:
        """Send an event on its way."""
        self._sent.put_nowait(event)

    async def carry(self) -> None:
        """Bring events to who listens, in their order."""
        while True:
            event = await self._sent.get()
            for _ in range(self._pbx.late):
                await self._turn()
            if self._lost.is_set():
                return
            if isinstance(event, Dialled):
                for key in (("hand", event.place), *(("lamp", phone) for phone in event.phones)):
                    self._known[key[0]][key[1]] = UNSURE
                    self._crossed.add(key)
            self._heard.put_nowait(event)

    async def events(self) -> AsyncIterator[PbxEvent]:
        while True:
            yield await self._next()

    async def _next(self) -> PbxEvent:
        getting = asyncio.ensure_future(self._heard.get())
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait((getting, losing), return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                raise Unreachable("the connection was cut")
            return getting.result()
        finally:
            getting.cancel()
            losing.cancel()

    async def held(self) -> Mapping[Place, Held]:
        async with self._lock:
            read: dict[str, dict[Place, Any]] = {}
            self._crossed.clear()
            for part in PARTS:
                await self._step()
                every = {place: getattr(held, part) for place, held in self._pbx.holds.items()}
                read[part] = {place: value for place, value in every.items() if value is not None}
            await self._step()
            self._known = read
            places = {place for values in read.values() for place in values}
            holds = {place: Held(**{part: read[part].get(place) for part in PARTS}) for place in places}
            for part, place in self._crossed:
                read[part][place] = UNSURE
            return holds

    async def hold(self, wanted: Mapping[Place, Held | None]) -> Mapping[Place, Refusal]:
        self._pbx.writes.append(dict(wanted))
        async with self._lock:
            for part in PARTS:
                for place, held in wanted.items():
                    value = getattr(held or NOTHING, part)
                    if place in self._pbx.refuses or self._known[part].get(place) == value:
                        continue
                    self._known[part][place] = UNSURE
                    self._crossed.discard((part, place))
                    await self._write()
                    if part == "hand":
                        self._pbx.on_overwrite(place)
                    self._pbx.put(place, part, value)
                    if (part, place) not in self._crossed:
                        self._known[part][place] = value
            await self._step()
        return {place: Refusal("it would not") for place in wanted if place in self._pbx.refuses}

    async def pause(self, places: Collection[Place]) -> Refusal | None:
        await self._step()
        for place, by in list(self._pbx.pauses.items()):
            if by == OURS and place not in places:
                del self._pbx.pauses[place]
        for place in places:
            if self._pbx.is_member(place):
                self._pbx.pauses.setdefault(place, OURS)
        await self._step()
        return None

    async def boot(self) -> str:
        return await self._calls.boot()

    async def call(self, calls: Sequence[Call]) -> Mapping[CallId, Refusal]:
        return await self._calls.call(calls)

    async def calls(self) -> Mapping[CallId, CallTold]:
        return await self._calls.calls()

    async def hang_up(self, calls: Collection[CallId]) -> None:
        await self._calls.hang_up(calls)

    async def forget(self, calls: Collection[CallId]) -> None:
        await self._calls.forget(calls)

    async def members(self) -> frozenset[Member]:
        return await self._calls.members()

    async def close(self, name: str, prompt: Prompt) -> None:
        await self._calls.close(name, prompt)

    async def be_asked(self, lasting: timedelta) -> None:
        await self._step()
        self._pbx.asking = lasting

    async def name(self, names: Mapping[Asked, str | None]) -> None:
        await self._step()
        self._pbx.named.update(names)

    def _has_turned(self) -> None:
        self._pbx.turns += 1

    async def _turn(self) -> None:
        self._has_turned()
        await asyncio.sleep(0)

    async def _write(self) -> None:
        """Write one value: here the connection may be cut."""
        await self._step()
        self._pbx.cut_if_due()
        await self._step()

    async def _step(self) -> None:
        for _ in range(self._pbx.slow):
            await self._turn()
        if self._lost.is_set():
            raise Unreachable("the connection was cut")


assert {field.name for field in fields(Held)} == set(PARTS)
