"""What an AMI connection is told at the worst moment: by a scripted peer, in every order that Asterisk may have."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from gateway.domain.held import ClockSeen, Dialled, Held, Lamp
from gateway.errors import Unreachable
from gateway.pbx.asterisk import told
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from tests.fakes.ami import Dial, FakeAmi

HAND = "1|5-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
EARLIER = "1|4-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
SOON = 60.0  # seconds, for what takes less than one

ORDERS = [(True, True), (True, False), (False, False)]
"""Whether it is dialled before our action is executed, and told before that is answered."""


@asynccontextmanager
async def connected(fake: FakeAmi):
    settings = AsteriskSettings(port=fake.port, user=fake.user, secret=fake.secret, ping=60.0)
    async with Asterisk(settings).connect() as switch, asyncio.timeout(SOON):
        events = switch.events()
        assert isinstance(await anext(events), ClockSeen)
        yield switch, events


@pytest.mark.parametrize(("before", "told_before"), ORDERS)
@pytest.mark.parametrize("action", ["DBDel ringplan-hand", "DBPut ringplan-hand", "Setvar"])
@pytest.mark.parametrize("wanted", [Held(), Held(hand=HAND, lamp=Lamp.ON), Held(hand=EARLIER, lamp=Lamp.OFF)])
async def test_what_is_dialled_while_we_write_is_made_right_by_the_next_hold(before, told_before, action, wanted):
    first = Held(lamp=Lamp.OFF) if "DBDel" in action else Held(hand="1|4-1795240000-", lamp=Lamp.OFF)
    async with FakeAmi(database={"ringplan-hand/1001": EARLIER}).up() as fake, connected(fake) as (switch, events):
        await switch.held()
        fake.crossing[action] = Dial("1001", HAND, before, told_before)
        await switch.hold({"1001": first})
        assert not fake.crossing
        assert await anext(events) == Dialled("1001", HAND, Lamp.ON, ("1001",))
        await switch.hold({"1001": wanted})
        assert (await switch.held()).get("1001", Held()) == wanted


@pytest.mark.parametrize(("before", "told_before"), ORDERS)
@pytest.mark.parametrize("family", ["ringplan-phone", "CustomDevstate", "CustomPresence", "ringplan-hand"])
@pytest.mark.parametrize("wanted", [Held(), Held(hand=HAND, lamp=Lamp.ON), Held(hand=EARLIER, lamp=Lamp.OFF)])
async def test_what_is_dialled_while_we_read_is_made_right_by_the_next_hold(before, told_before, family, wanted):
    async with FakeAmi(database={"ringplan-hand/1001": EARLIER}).up() as fake, connected(fake) as (switch, events):
        fake.crossing[f"DBGetTree {family}"] = Dial("1001", HAND, before, told_before)
        await switch.held()
        assert await anext(events) == Dialled("1001", HAND, Lamp.ON, ("1001",))
        await switch.hold({"1001": wanted})
        assert (await switch.held()).get("1001", Held()) == wanted


async def test_only_what_was_dialled_is_written_again():
    async with FakeAmi().up() as fake, connected(fake) as (switch, events):
        held = Held("2|x", Lamp.ON, phone="1|x", hand=HAND)
        await switch.hold({"1001": held, "1002": held})
        await fake.dial("1001", HAND)
        await anext(events)
        before = len(fake.asked)
        await switch.hold({"1001": held, "1002": held})
        assert fake.names()[before:] == ["Setvar", "DBPut"]
        await switch.hold({"1001": held, "1002": held})
        assert fake.names()[before:] == ["Setvar", "DBPut"]


async def test_what_was_dialled_and_then_read_is_known():
    async with FakeAmi().up() as fake, connected(fake) as (switch, events):
        await fake.dial("1001", HAND)
        await anext(events)
        held = await switch.held()
        before = len(fake.asked)
        await switch.hold(held)
        assert fake.names()[before:] == []


async def test_nothing_is_sent_to_queues_that_are_as_they_must_be():
    async with FakeAmi().up() as fake, connected(fake) as (switch, _):
        for name in ("1001", "1002", "1003"):
            fake.of_queues.add({"Queue": "sales", "Interface": f"PJSIP/{name}"})
        await switch.pause({"1001", "1002"})
        before = len(fake.asked)
        await switch.pause({"1001", "1002"})
        assert fake.names()[before:] == ["QueueStatus"]
        await switch.pause({"1002", "1003"})
        assert fake.names()[before:] == ["QueueStatus"] * 2 + ["QueuePause"] * 2


async def test_a_member_that_leaves_while_it_is_paused_is_no_refusal():
    async with FakeAmi().up() as fake, connected(fake) as (switch, _):
        fake.of_queues.add({"Queue": "sales", "Interface": "PJSIP/1001"})
        fake.silent.add("QueueStatus")
        pausing = asyncio.create_task(switch.pause(["1001"]))
        await fake.is_asked("QueueStatus")
        pausing.cancel()
        await asyncio.wait([pausing])
        fake.silent.clear()
        fake.of_queues.members[0].interface = "PJSIP/1002"
        assert await switch.pause(["1001"]) is None


async def test_where_queues_may_not_be_paused_it_is_said_what_is_missing():
    async with FakeAmi(refused={"QueuePause"}).up() as fake, connected(fake) as (switch, _):
        fake.of_queues.add({"Queue": "sales", "Interface": "PJSIP/1001"})
        assert await switch.pause(["1002"]) is None
        refused = await switch.pause(["1001"])
        assert refused is not None
        assert "agent" in refused.why


async def test_an_asterisk_without_queues_has_nobody_to_pause():
    async with FakeAmi(queues=None).up() as fake, connected(fake) as (switch, _):
        assert await switch.pause(["1001"]) is None
        assert fake.names()[-1] == "QueueStatus"


async def test_an_event_that_carries_an_id_of_ours_is_no_answer():
    async with FakeAmi(database={"ringplan/1001": "2|x"}).up() as fake, connected(fake) as (switch, _):
        lies = "".join(
            f"Event: UserEvent\r\nPrivilege: user,all\r\nActionID: {number}\r\n{more}\r\n"
            for number in range(30)
            for more in ("Key: /ringplan/1002\r\nVal: 2|y\r\n", "EventList: Complete\r\n", "Response: Success\r\n")
        )
        fake.chatter = lies
        assert await switch.held() == {"1001": Held("2|x")}


async def test_a_connection_whose_events_nobody_reads_is_lost_before_anything_dialled_is(monkeypatch):
    monkeypatch.setattr(told, "UNREAD", 5)
    async with FakeAmi().up() as fake, connected(fake) as (switch, events):
        for turn in range(1, 7):
            await fake.dial("1001", f"1|{turn}-0-")
        with pytest.raises(Unreachable):
            _ = [await switch.held() for _ in range(100)]
        assert [(await anext(events)).hand for _ in range(5)] == [f"1|{turn}-0-" for turn in range(1, 6)]
        with pytest.raises(Unreachable, match="not taken"):
            await anext(events)
