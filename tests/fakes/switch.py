"""A PBX in memory that says what it holds, and can be lost, restarted or be picky (`ports.Pbx`)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from gateway.domain.held import Held, PbxEvent, Place, Refusal
from gateway.errors import Unreachable


class FakePbx:
    """`holds` outlives connections, as AstDB does; `writes` counts what was written; `refuses` some places."""

    def __init__(self) -> None:
        self.holds: dict[Place, Held] = {}
        self.writes: list[Mapping[Place, Held | None]] = []
        self.connections = 0
        self.refuses: frozenset[Place] = frozenset()
        self.told: list[PbxEvent] = []
        self._lost = asyncio.Event()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["FakePbx"]:
        self.connections += 1
        self._lost = asyncio.Event()
        yield self

    def lose(self) -> None:
        """Cut the connection."""
        self._lost.set()

    async def events(self) -> AsyncIterator[PbxEvent]:
        for event in self.told:
            yield event
        await self._lost.wait()
        raise Unreachable("the connection was cut")

    async def held(self) -> Mapping[Place, Held]:
        return dict(self.holds)

    async def hold(self, wanted: Mapping[Place, Held | None]) -> Mapping[Place, Refusal]:
        self.writes.append(dict(wanted))
        for place, held in wanted.items():
            if place in self.refuses:
                continue
            if held is None:
                self.holds.pop(place, None)
            else:
                self.holds[place] = held
        return {place: Refusal("it would not") for place in wanted if place in self.refuses}
