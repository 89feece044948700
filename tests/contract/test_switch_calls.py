"""What the engine counts on at every PBX when it calls people into conferences: one suite, as in test_switch."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.conference import Call, CallId, CallState, Member, Prompt, Result
from gateway.domain.held import CallTold, Came, ClockSeen, Held, PbxEvent, Place, SignedIn, Went
from gateway.planning.conference import room as of_room
from gateway.planning.conference.room import Openings, Window
from gateway.ports import Switch

ROOM = "8501"
SOON = 60.0  # seconds, for what takes less than eight
OVER = CallState.OVER


def new_call(to: Place, name: str) -> Call:
    before = datetime.now(UTC) + timedelta(minutes=5)
    return Call(uuid.uuid4().hex, ROOM, name, to, "sv", before, timedelta(seconds=20), "Styrgrupp 7")


@pytest.fixture
def name() -> str:
    """Return what a conference of the test's own is called."""
    return uuid.uuid4().hex[:12]


class Desk:
    """A connection, and what was told on it of calls, members and telephones."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.told: list[PbxEvent] = []
        self._is_told = asyncio.Event()

    async def read(self) -> None:
        async for event in self.switch.events():
            if not isinstance(event, ClockSeen):
                self.told.append(event)
                self._is_told.set()

    async def hears(self, *events: PbxEvent) -> None:
        """Wait until all of this has been told."""
        while not set(events) <= set(self.told):
            self._is_told.clear()
            await self._is_told.wait()

    async def came(self, call: CallId) -> Member:
        """Wait until who was called by `call` is in."""
        return await self._first(lambda event: isinstance(event, Came) and event.member.call == call)

    async def dialled_in(self, number: Place) -> Member:
        """Wait until the telephone `number` is in."""
        return await self._first(lambda event: isinstance(event, Came) and event.member.number == number)

    async def _first(self, is_it: Callable[[PbxEvent], bool]) -> Member:
        while not (found := [event for event in self.told if is_it(event)]):
            self._is_told.clear()
            await self._is_told.wait()
        assert isinstance(found[0], Came)
        return found[0].member

    def told_of(self, call: CallId) -> list[CallTold]:
        return [event for event in self.told if isinstance(event, CallTold) and event.call == call]


@asynccontextmanager
async def at_desk(any_pbx) -> AsyncIterator[Desk]:
    async with any_pbx.pbx.connect() as switch, asyncio.timeout(SOON):
        desk = Desk(switch)
        reading = asyncio.create_task(desk.read())
        try:
            yield desk
        finally:
            reading.cancel()
            await asyncio.wait([reading])


async def test_a_run_has_one_name_on_every_connection(any_pbx):
    async with any_pbx.pbx.connect() as one, any_pbx.pbx.connect() as other:
        boot = await one.boot()
        assert boot
        assert boot == await other.boot() == await one.boot()


async def test_who_answers_is_in_until_they_are_hung_up(any_pbx, name):
    async with any_pbx.telephones.phone("answer") as number, at_desk(any_pbx) as desk:
        call = new_call(number, name)
        assert await desk.switch.call([call]) == {}
        member = await desk.came(call.id)
        assert member == Member(name, member.channel, "", call.id)
        assert member in await desk.switch.members()
        await desk.hears(CallTold(call.id, CallState.UP))
        assert (await desk.switch.calls())[call.id] == CallTold(call.id, CallState.UP)
        await desk.switch.hang_up([call.id])
        await desk.hears(Went(member), CallTold(call.id, OVER, Result.LEFT))
        assert [event.state for event in desk.told_of(call.id)] == [CallState.SENT, CallState.UP, OVER]
        assert (await desk.switch.calls())[call.id] == CallTold(call.id, OVER, Result.LEFT)
        assert member not in await desk.switch.members()


async def test_how_calls_end_that_nobody_answers(any_pbx, name):
    async with any_pbx.telephones.phone("busy") as number, at_desk(any_pbx) as desk:
        busy, gone = new_call(number, name), new_call(any_pbx.telephones.nobody(), name)
        ends = {
            busy.id: CallTold(busy.id, OVER, Result.BUSY),
            gone.id: CallTold(gone.id, OVER, Result.UNREGISTERED),
        }
        assert await desk.switch.call([busy, gone]) == {}
        await desk.hears(*ends.values())
        noted = await desk.switch.calls()
        assert {call: noted[call] for call in ends} == ends
        assert [event.state for event in desk.told_of(busy.id)] == [CallState.SENT, OVER]


async def test_what_rings_is_dropped(any_pbx, name):
    async with any_pbx.telephones.phone("ring") as number, at_desk(any_pbx) as desk:
        call = new_call(number, name)
        await desk.switch.call([call])
        await desk.hears(CallTold(call.id, CallState.SENT))
        assert (await desk.switch.calls())[call.id] == CallTold(call.id, CallState.SENT)
        await desk.switch.hang_up([call.id])
        dropped = CallTold(call.id, OVER, Result.DROPPED)
        await desk.hears(dropped)
        assert (await desk.switch.calls())[call.id] == dropped
        await desk.switch.hang_up([call.id])
        assert (await desk.switch.calls())[call.id] == dropped


async def test_an_id_is_called_once_however_often_it_is_asked_for(any_pbx, name):
    async with any_pbx.telephones.phone("busy") as number:
        call, last = new_call(number, name), new_call(number, name)
        busy = CallTold(call.id, OVER, Result.BUSY)
        async with at_desk(any_pbx) as desk:
            for _ in range(3):
                await desk.switch.call([call, call])
            await desk.hears(busy)
        async with at_desk(any_pbx) as later:
            await later.switch.call([call])
            await later.switch.call([last])
            await later.hears(CallTold(last.id, OVER, Result.BUSY))
            assert desk.told_of(call.id) + later.told_of(call.id) == [CallTold(call.id, CallState.SENT), busy]


async def test_what_is_forgotten_is_not_known(any_pbx, name):
    async with at_desk(any_pbx) as desk:
        one, other = (new_call(any_pbx.telephones.nobody(), name) for _ in range(2))
        await desk.switch.call([one, other])
        await desk.hears(*(CallTold(call.id, OVER, Result.UNREGISTERED) for call in (one, other)))
        await desk.switch.forget([one.id])
        noted = await desk.switch.calls()
        assert one.id not in noted
        assert other.id in noted
        await desk.switch.forget([one.id])


async def test_a_conference_that_is_closed_puts_out_all_its_members_and_nobody_else(any_pbx, name):
    telephones, another = any_pbx.telephones, uuid.uuid4().hex[:12]
    async with (
        telephones.phone("answer") as first,
        telephones.phone("answer") as second,
        telephones.phone("answer") as third,
        at_desk(any_pbx) as desk,
    ):
        some = [new_call(first, name), new_call(second, name), new_call(third, another)]
        await desk.switch.call(some)
        members = [await desk.came(call.id) for call in some]
        assert set(members) <= await desk.switch.members()
        await desk.switch.close(name, Prompt.ENDED)
        await desk.hears(*(Went(member) for member in members[:2]))
        await desk.hears(*(CallTold(call.id, OVER, Result.LEFT) for call in some[:2]))
        assert set(members) & await desk.switch.members() == {members[2]}
        await desk.switch.close(name, Prompt.CANCELLED)
        await desk.switch.close(another, Prompt.CANCELLED)
        await desk.hears(Went(members[2]))


async def test_who_dials_in_is_known_by_the_telephone(any_pbx, name):
    async with any_pbx.telephones.phone("answer") as number, at_desk(any_pbx) as desk:
        now = datetime.now(UTC).replace(microsecond=0)
        opens, start, end, closes = (now + timedelta(minutes=some) for some in (-10, -5, 30, 40))
        window = Window(opens, start, end, closes, name, moderator=number)
        openings = Openings("Europe/Stockholm", opens, now + timedelta(hours=24), "sv", windows=(window,))
        await desk.switch.hold({ROOM: Held(room=of_room.write(openings))})
        async with any_pbx.telephones.dial_in(ROOM, name, number):
            member = await desk.dialled_in(number)
            assert member == Member(name, member.channel, number)
            assert member in await desk.switch.members()
        await desk.hears(Went(member))
        assert member not in await desk.switch.members()
        await desk.switch.hold({ROOM: None})


async def test_a_telephone_that_signs_in_is_told(any_pbx):
    async with at_desk(any_pbx) as desk, any_pbx.telephones.phone("ring") as number:
        await desk.hears(SignedIn(number))
