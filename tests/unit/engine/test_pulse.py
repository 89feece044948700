"""How the parts are, as rows."""

import asyncio

import pytest

from gateway.engine.pulse import Pulse
from gateway.errors import Refused
from gateway.store import health
from gateway.store.health import Health
from gateway.store.store import Store
from tests.fakes.clock import HandClock

PBX = "pbx:main"


async def row(store: Store) -> Health:
    async with store.read() as rows:
        found = await health.get(rows, PBX)
    assert found is not None
    return found


async def test_a_figure_does_not_make_a_failing_part_well(store: Store, clock: HandClock) -> None:
    pulse = Pulse(store, clock)
    await pulse.say(PBX, Refused("it would not list", "give it the right"))
    await pulse.tell(PBX, {"clock_ahead": 0.3})
    await pulse.say(PBX, Refused("it would not list", "give it the right"))
    found = await row(store)
    assert (found.ok, found.said, found.remedy) == (False, "it would not list", "give it the right")
    assert found.facts == {"clock_ahead": 0.3}


async def test_figures_that_are_told_side_by_side_are_all_there(store: Store, clock: HandClock) -> None:
    pulse = Pulse(store, clock)
    await pulse.say(PBX, None)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pulse.tell(PBX, {"clock_ahead": 0.3}))
        tasks.create_task(pulse.tell(PBX, {"held": 3}))
    assert (await row(store)).facts == {"clock_ahead": 0.3, "held": 3}


@pytest.mark.parametrize("refusal", [Refused("no"), None])
async def test_what_could_not_be_written_is_written_when_it_is_said_again(
    store: Store, clock: HandClock, refusal: Refused | None
) -> None:
    pulse = Pulse(store, clock)
    await pulse.say(PBX, Refused("before"))

    async def say_and_tell() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pulse.say(PBX, refusal))
            tasks.create_task(pulse.tell(PBX, {"held": 3}))

    async with store.write():  # they have to wait, and the connection is lost meanwhile
        lost = asyncio.create_task(say_and_tell())
        for _ in range(5):
            await asyncio.sleep(0)
        lost.cancel()
        await asyncio.wait((lost,))
    assert (await row(store)).said == "before"

    await say_and_tell()
    found = await row(store)
    assert (found.ok, found.said, found.facts) == (refusal is None, "no" if refusal else "", {"held": 3})
