"""What every PBX must tell (`gateway.ports.Pbx`), and the members of its queues: for real servers and the scripted."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import pytest

from gateway.domain.held import ClockSeen, Dialled, Held, Lamp, PbxEvent, Place, QueuesChanged
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.driver import Asterisk, AsteriskSwitch
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers import asterisk
from peers.raw_ami import RawAmi

HAND = "1|5-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
ENDED = "1|6-1795243000-"
DEADLINE = 60.0  # seconds, for what takes less than one

numbers = count(400001)


@pytest.fixture
def place() -> Place:
    """Return an extension of the test's own."""
    return str(next(numbers))


def dialled(place: Place, hand: str = HAND) -> Dialled:
    return Dialled(place, hand, Lamp.ON if hand == HAND else Lamp.OFF, (place, f"9{place}"))


@asynccontextmanager
async def listening(peer) -> AsyncIterator[tuple[AsteriskSwitch, AsyncIterator[PbxEvent]]]:
    """Yield a connection that often asks for a sign of life, and its events."""
    often = peer.settings.model_copy(update={"ping": 0.05})
    async with Asterisk(often).connect() as switch, asyncio.timeout(4 * DEADLINE):
        yield switch, switch.events()


async def news(events: AsyncIterator[PbxEvent]) -> PbxEvent:
    return await anext(event async for event in events if not isinstance(event, ClockSeen))


async def all_news(events: AsyncIterator[PbxEvent]) -> list[PbxEvent]:
    """Return what is told until the clock has been told for some time."""
    found: list[PbxEvent] = []
    clocks = 0
    async for event in events:
        if isinstance(event, ClockSeen):
            clocks += 1
            if clocks > 5:
                break
        else:
            found.append(event)
            clocks = 0
    return found


async def test_what_is_dialled_is_told_and_held(peer, place):
    async with listening(peer) as (switch, events):
        for hand in (HAND, ENDED):
            await peer.dial(dialled(place, hand))
            assert await news(events) == dialled(place, hand)
            held = (await switch.held())[place]
            assert (held.hand, held.lamp) == (hand, dialled(place, hand).lamp)


async def test_many_who_dial_at_once_are_all_told(peer):
    wanted = [dialled(str(next(numbers))) for _ in range(10)]
    async with listening(peer) as (_, events):
        await asyncio.gather(*map(peer.dial, wanted))
        told = [await news(events) for _ in wanted]
    assert sorted(told, key=repr) == sorted(wanted, key=repr)


async def test_all_that_one_person_dials_is_told(peer, place):
    wanted = [dialled(place, HAND.replace("5", str(turn), 1)) for turn in range(11, 21)]
    async with listening(peer) as (switch, events):
        for event in wanted:
            await peer.dial(event)
        await switch.held()
        told = [await news(events) for _ in wanted]
    assert sorted(told, key=repr) == sorted(wanted, key=repr)


async def test_what_is_dialled_can_be_forgotten(peer, place):
    async with listening(peer) as (switch, events):
        await switch.held()
        await peer.dial(dialled(place))
        await news(events)
        assert await switch.hold({place: Held(lamp=Lamp.OFF), f"9{place}": None}) == {}
        assert (await switch.held())[place] == Held(lamp=Lamp.OFF)


@pytest.mark.parametrize("wanted", [Held(), Held(hand=HAND, lamp=Lamp.ON), Held(hand=ENDED, lamp=Lamp.OFF)])
async def test_what_is_dialled_while_it_is_written_is_made_right_by_the_next_hold(peer, place, wanted):
    """Whatever the order of our writing, the dialplan's, the answers and the events."""
    others = [str(next(numbers)) for _ in range(20)]
    async with listening(peer) as (switch, events):
        await switch.held()
        calls = asyncio.gather(*(peer.dial(dialled(one)) for one in (place, *others)))
        writes = 0
        while not calls.done() or writes < 20:
            held = (Held(hand=ENDED, lamp=Lamp.OFF), Held())[writes % 2]
            await switch.hold(dict.fromkeys((place, *others), held))
            writes += 1
        await calls
        told = [await news(events) for _ in (place, *others)]
        assert {event.place for event in told if isinstance(event, Dialled)} == {place, *others}
        assert await switch.hold(dict.fromkeys((place, *others), wanted)) == {}
        held_now = await switch.held()
        assert {one: held_now.get(one, Held()) for one in (place, *others)} == dict.fromkeys((place, *others), wanted)


@pytest.mark.parametrize(
    "change",
    [{"Extension": "1001a"}, {"Hand": "Möte"}, {"Hand": "1" * 250}, {"Lamp": "RINGING"}, {"Phones": "1001,1002"}],
)
async def test_what_is_told_and_not_understood_is_dropped_with_one_line_in_the_log(peer, place, change, caplog):
    fields = {"Extension": place, "Hand": HAND, "Lamp": "INUSE", "Phones": place}
    async with peer.others() as ami, listening(peer) as (_, events):
        with caplog.at_level(logging.INFO, "gateway"):
            await ami.action("UserEvent", {"UserEvent": "RingplanHand", **fields, **change})
            await ami.action("UserEvent", {"UserEvent": "Door", **fields})
            await peer.dial(dialled(place))
            assert await news(events) == dialled(place)
    (line,) = caplog.messages
    assert not any(value in line for value in (*change.values(), HAND, place))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the queue `sales` of a test's own."""

    ami: RawAmi
    interface: str

    async def state(self) -> tuple[str, str]:
        """Return Paused and PausedReason."""
        self.ami.events.clear()
        await self.ami.action("QueueStatus")
        await self.ami.event("QueueStatusComplete")
        (one,) = [event for event in self.ami.events if event.get("Location") == self.interface]
        return one["Paused"], one["PausedReason"]

    async def pause(self, paused: bool, reason: str = "") -> None:
        said = {"Queue": "sales", "Interface": self.interface, "Paused": str(paused).lower()}
        answer = await self.ami.action("QueuePause", said | ({"Reason": reason} if reason else {}))
        assert answer["Response"] == "Success"


@asynccontextmanager
async def member(peer, interface: str, state: str = "") -> AsyncIterator[Member]:
    where = {"Queue": "sales", "Interface": interface}
    async with peer.others() as ami:
        answer = await ami.action("QueueAdd", where | ({"StateInterface": state} if state else {}))
        assert answer["Response"] == "Success"
        try:
            yield Member(ami, interface)
        finally:
            await ami.action("QueueRemove", where)


OURS = ("1", "Ringplan")
FREE = ("0", "")


@pytest.mark.parametrize(
    ("interface", "state"),
    [
        ("PJSIP/{}", ""),
        ("Local/{}@internal/n", ""),
        ("Local/{}@internal/n", "hint:{}@phones"),
        ("Local/FM-{}@internal/n", "hint:{}@phones"),
    ],
)
async def test_a_member_is_paused_while_its_extension_is_named(peer, place, interface, state):
    async with member(peer, interface.format(place), state.format(place)) as one, peer.pbx.connect() as switch:
        assert await switch.pause([]) is None
        assert await one.state() == FREE
        assert await switch.pause([place, "777777"]) is None
        assert await switch.pause([place]) is None
        assert await one.state() == OURS
        assert await switch.pause(["777777"]) is None
        assert await one.state() == FREE


async def test_a_member_is_paused_in_each_of_its_queues(peer, place):
    async with member(peer, f"PJSIP/{place}") as one, peer.pbx.connect() as switch:
        support = {"Queue": "support", "Interface": f"PJSIP/{place}"}
        await one.ami.action("QueueAdd", support)
        await switch.pause([place])
        await one.ami.action("QueueStatus")
        await one.ami.event("QueueStatusComplete")
        paused = [event for event in one.ami.events if event.get("Location") == f"PJSIP/{place}"]
        assert [(event["Queue"], event["PausedReason"]) for event in paused if event["Event"] == "QueueMember"] in (
            [("sales", "Ringplan"), ("support", "Ringplan")],
            [("support", "Ringplan"), ("sales", "Ringplan")],
        )
        await one.ami.action("QueueRemove", support)


async def test_nobody_else_is_paused(peer, place):
    of_place, of_another = member(peer, f"PJSIP/{place}"), member(peer, f"PJSIP/{place}1")
    async with of_place as one, of_another as other, peer.pbx.connect() as switch:
        await switch.pause([place])
        assert (await one.state(), await other.state()) == (OURS, FREE)


@pytest.mark.parametrize("reason", ["", "coffee", "ringplan"])
async def test_who_was_paused_by_others_stays_so(peer, place, reason):
    async with member(peer, f"PJSIP/{place}") as one, peer.pbx.connect() as switch:
        await one.pause(True, reason)
        for places in ([place], []):
            assert await switch.pause(places) is None
            assert await one.state() == ("1", reason)


async def test_who_takes_over_a_pause_keeps_it(peer, place):
    async with member(peer, f"PJSIP/{place}") as one, peer.pbx.connect() as switch:
        await switch.pause([place])
        await one.pause(True, "coffee")
        await switch.pause([])
        assert await one.state() == ("1", "coffee")


async def test_another_connection_knows_whose_pause_it_is(peer, place):
    async with member(peer, f"PJSIP/{place}") as one:
        async with peer.pbx.connect() as switch:
            await switch.pause([place])
        async with peer.pbx.connect() as switch:
            await switch.pause([])
        assert await one.state() == FREE


async def test_changes_of_queues_are_told_and_answered_by_pausing_again(peer, place):
    async with listening(peer) as (switch, events):
        async with member(peer, f"PJSIP/{place}") as one:
            assert await news(events) == QueuesChanged()
            await switch.pause([place])
            await one.pause(False)
            assert await news(events) == QueuesChanged()
            await switch.pause([place])
            assert await one.state() == OURS
            await one.pause(True, "coffee")
            assert await news(events) == QueuesChanged()
        assert await news(events) == QueuesChanged()


async def test_what_we_do_to_queues_is_not_told(peer, place):
    async with member(peer, f"PJSIP/{place}") as one, listening(peer) as (switch, events):
        await all_news(events)
        for _ in range(3):
            await switch.pause([place])
            await switch.pause([])
        await peer.dial(dialled(place))
        assert await all_news(events) == [dialled(place)]
        await one.pause(True)
        await one.pause(False)
        assert await news(events) == QueuesChanged()


async def test_many_changes_of_queues_that_nobody_has_read_are_told_as_few(peer, place):
    async with member(peer, f"PJSIP/{place}") as one, listening(peer) as (_, events):
        for number in range(50):
            await one.pause(number % 2 == 0)
        assert 1 <= len(await all_news(events)) < 25


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_an_asterisk_where_we_may_not_pause_says_what_is_missing(folder, version):
    setup = asterisk.Setup(version=version, read=lines.READ, write="system,call,reporting")
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        async with Asterisk(settings).connect() as switch:
            assert await switch.pause(["777777"]) is None
            refused = await switch.pause([server.setup.phones[-1]])
            assert refused is not None
            assert "write = system,call,reporting,agent" in refused.why
            assert "manager.conf" in refused.why
            await server.cli("module unload app_queue.so")
            assert await switch.pause([server.setup.phones[-1]]) is None


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_pauses_of_before_a_restart(folder, version):
    """Dynamic members come back with their pause and its reason, static ones without."""
    setup = asterisk.Setup(version=version, read=lines.READ, write=lines.WRITE)
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        queues = server.folder / "etc" / "queues.conf"
        queues.write_text(queues.read_text().replace("persistentmembers = no", "persistentmembers = yes"))
        await server.restart()
        static = server.setup.phones[-1]
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        async with server.observe() as ami:
            await ami.action("QueueAdd", {"Queue": "sales", "Interface": "PJSIP/1005"})
            async with Asterisk(settings).connect() as switch:
                await switch.pause([static, "1005"])
        await server.restart()
        async with server.observe() as ami, Asterisk(settings).connect() as switch:
            dynamic, of_file = Member(ami, "PJSIP/1005"), Member(ami, f"Local/{static}@internal/n")
            assert (await dynamic.state(), await of_file.state()) == (OURS, FREE)
            await switch.pause([static])
            assert (await dynamic.state(), await of_file.state()) == (FREE, OURS)
