"""A connection to a PBX on which nothing is done but to hold what is planned."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.engine.reconcile import Reconcile
from gateway.ports import Switch


def alone(reconcile: Reconcile) -> Callable[[Switch], Awaitable[None]]:
    """Return what `supervise` does with each connection; engine/switchboard.py does so beside calls and conferences."""

    async def listen(switch: Switch) -> None:
        async for event in switch.events():
            await reconcile.hear(event)

    async def hold(switch: Switch) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(switch), name="events")
            tasks.create_task(reconcile.follow(switch), name="plan")

    return hold
