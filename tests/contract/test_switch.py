"""What the engine counts on at every PBX (`gateway.ports.Switch`): one suite for real ones and for that in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, product

import pytest

from gateway.domain.code import Availability
from gateway.domain.held import PRESENT, Asked, ClockSeen, Dialled, Held, Lamp, Place, Presence, QueuesChanged

HAND = "1|5-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
DIVERTED = Held(
    "2|Europe/Stockholm|1795240000-90000-sv-|0-3600-3600-0-at-qb-meeting-1004-",
    Lamp.ON,
    Presence(Availability.AWAY, "meeting", "Möte"),
    "1|Europe/Stockholm|1001-sv--0-1|1001||1795240000-28800.61200|1-t-at-qb-meeting-1004",
    HAND,
)
FREE = Held(None, Lamp.OFF, PRESENT, DIVERTED.phone)
BY_HAND = Held(hand=HAND, lamp=Lamp.ON)
SOON = 60.0  # seconds, for what takes less than four

numbers = count(500001)


@pytest.fixture
def place() -> Place:
    """Return an extension of the test's own."""
    return str(next(numbers))


async def news(events):
    return await anext(event async for event in events if not isinstance(event, ClockSeen))


@pytest.mark.parametrize(("before", "after"), [*product([DIVERTED, FREE, None], repeat=2)])
async def test_it_holds_what_is_wanted_whatever_it_held(any_pbx, place, before, after):
    async with any_pbx.pbx.connect() as switch:
        for wanted in (before, after):
            assert await switch.hold({place: wanted}) == {}
            assert (await switch.held()).get(place) == wanted
    async with any_pbx.pbx.connect() as switch:
        assert (await switch.held()).get(place) == after


async def test_a_part_that_is_none_is_not_there(any_pbx, place):
    async with any_pbx.pbx.connect() as switch:
        for part in ("schedule", "phone", "hand", "lamp", "presence"):
            await switch.hold({place: DIVERTED})
            without = replace(DIVERTED, **{part: None})
            assert await switch.hold({place: without}) == {}
            assert (await switch.held())[place] == without


async def test_what_is_dialled_is_held_and_told(any_pbx, place):
    async with any_pbx.pbx.connect() as switch, asyncio.timeout(SOON):
        events = switch.events()
        await switch.hold({place: FREE})
        dialled = Dialled(place, HAND, Lamp.ON, (place,))
        await any_pbx.dial(dialled)
        assert await news(events) == dialled
        assert (await switch.held())[place] == replace(FREE, hand=HAND, lamp=Lamp.ON)


async def test_what_was_dialled_before_is_read(any_pbx, place):
    await any_pbx.dial(Dialled(place, HAND, Lamp.ON, (place,)))
    async with any_pbx.pbx.connect() as switch:
        assert (await switch.held())[place] == BY_HAND


@pytest.mark.parametrize("wanted", [None, FREE, BY_HAND])
async def test_what_is_dialled_while_it_is_written_is_made_right_by_the_next_hold(any_pbx, place, wanted):
    dialled = Dialled(place, HAND, Lamp.ON, (place,))
    async with any_pbx.pbx.connect() as switch, asyncio.timeout(SOON):
        events = switch.events()
        await switch.held()
        calling = asyncio.create_task(any_pbx.dial(dialled))
        writes = 0
        while not calling.done() or writes < 10:
            await switch.hold({place: (FREE, BY_HAND, None)[writes % 3]})
            writes += 1
        assert await news(events) == dialled
        assert await switch.hold({place: wanted}) == {}
        assert (await switch.held()).get(place) == wanted


async def test_members_of_queues_are_paused_by_us_and_others_are_left(any_pbx):
    ours, theirs, free = (str(next(numbers)) for _ in range(3))
    for one in (ours, theirs, free):
        await any_pbx.join(one)
    await any_pbx.pause(theirs, "coffee")
    async with any_pbx.pbx.connect() as switch:
        for wanted in ([ours, theirs, "777777"], [ours, theirs]):
            assert await switch.pause(wanted) is None
            assert [await any_pbx.paused(one) for one in (ours, theirs, free)] == ["Ringplan", "coffee", None]
    async with any_pbx.pbx.connect() as switch:
        assert await switch.pause([]) is None
        assert [await any_pbx.paused(one) for one in (ours, theirs, free)] == [None, "coffee", None]


async def test_changes_of_queues_are_told(any_pbx, place):
    async with any_pbx.pbx.connect() as switch, asyncio.timeout(SOON):
        events = switch.events()
        await any_pbx.join(place)
        assert await news(events) == QueuesChanged()
        await any_pbx.pause(place, "coffee")
        assert await news(events) == QueuesChanged()


async def test_whoever_has_hung_up_meanwhile_needs_no_name(any_pbx, place):
    gone = Asked("PJSIP/trunk-00ffff00", place, "+46812345678", datetime.now(UTC))
    async with any_pbx.pbx.connect() as switch:
        await switch.be_asked(timedelta(minutes=1))
        await switch.name({gone: "Anna", replace(gone, channel="PJSIP/trunk-00ffff01"): None})
        await switch.name({})
        await switch.be_asked(timedelta())
        assert place not in await switch.held()
