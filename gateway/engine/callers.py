"""Whose call it is: a PBX that is about to ring asks for the caller's name, and waits for moments only.

The PBX asks while we say again and again that we are there; when we are not, it soon asks no more, and rings at once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from gateway.domain.held import Asked, ClockSeen, PbxEvent
from gateway.domain.user import Extension
from gateway.errors import Unreachable
from gateway.ports import Clock, Switch

Names = Callable[[Extension, str], str | None]
"""Returns the name that whoever has this extension may see for a caller's number, None: there is none.

It is called for each call from outside, and must have its answer in memory: the telephone is kept waiting.
"""

AGAIN = timedelta(seconds=10)
LASTING = 3 * AGAIN
LATE = timedelta(seconds=1)
"""By then the call has gone on without a name, perhaps to somebody who knows the caller by another one."""

_FAREWELL = 1.0  # seconds


class Callers:
    """The callers of the PBX `name` on one connection: `hear` what it tells, and `run`."""

    def __init__(self, name: str, names: Names, clock: Clock, switch: Switch) -> None:
        self._name = name
        self._switch = switch
        self._names = names
        self._clock = clock
        self._ahead = timedelta()
        self._asked: list[Asked] = []
        self._woken = asyncio.Event()

    def hear(self, event: PbxEvent) -> None:
        """Take what the PBX asks, and its clock."""
        match event:
            case Asked():
                self._asked.append(event)
                self._woken.set()
            case ClockSeen(ahead=ahead):
                self._ahead = ahead

    async def run(self) -> None:
        """Answer as long as the connection lasts; raises `Unreachable` when it is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._be_asked(), name=f"pbx {self._name} names")
            tasks.create_task(self._answer(), name=f"pbx {self._name} callers")

    async def _be_asked(self) -> None:
        try:
            while True:
                await self._switch.be_asked(LASTING)
                await self._clock.until(self._clock.now() + AGAIN, asyncio.Event())
        finally:
            with suppress(Unreachable, TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._switch.be_asked(timedelta())

    async def _answer(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            asked, self._asked = self._asked, []
            since = self._clock.now() + self._ahead - LATE
            await self._switch.name({one: self._names(one.place, one.number) for one in asked if one.at > since})
