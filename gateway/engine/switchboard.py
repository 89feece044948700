"""All that uses one connection to a PBX: what it holds, who calls, who is called, and who is in a conference.

The connection's events are read in one place, and handed to each. Who is in is known before anybody is called.
"""

import asyncio
from collections.abc import Callable

from gateway.domain.held import Came
from gateway.engine.callers import Callers
from gateway.engine.conference.calling import Calling
from gateway.engine.conference.live import Live
from gateway.engine.reconcile import Reconcile
from gateway.ports import Switch


class Switchboard:
    """The PBX `name`; the others are made anew for each connection.

    `calling` None: nobody is called at all. `callers` None: it is not asked for the names of those who call.
    """

    def __init__(
        self,
        name: str,
        reconcile: Reconcile,
        live: Callable[[Switch], Live],
        calling: Callable[[Switch], Calling] | None,
        callers: Callable[[Switch], Callers] | None = None,
    ) -> None:
        self._name = name
        self._reconcile = reconcile
        self._live = live
        self._calling = calling
        self._callers = callers

    async def hold(self, switch: Switch) -> None:
        """Do all that is to be done on this connection; raises `Unreachable` when it is lost."""
        live = self._live(switch)
        calling = self._calling(switch) if self._calling else None
        callers = self._callers(switch) if self._callers else None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(switch, live, calling, callers), name=f"pbx {self._name} events")
            if callers is not None:
                tasks.create_task(callers.run(), name=f"pbx {self._name} callers")
            tasks.create_task(self._reconcile.follow(switch), name=f"pbx {self._name} plan")
            members = await live.begin()
            tasks.create_task(live.run(), name=f"pbx {self._name} live")
            if calling is not None:
                for member in members:
                    calling.hear(Came(member))
                tasks.create_task(calling.run(), name=f"pbx {self._name} calling")

    async def _listen(self, switch: Switch, live: Live, calling: Calling | None, callers: Callers | None) -> None:
        async for event in switch.events():
            if callers is not None:
                callers.hear(event)
            live.hear(event)
            if calling is not None:
                calling.hear(event)
            await self._reconcile.hear(event)
