"""Calls to several people at once: whoever is diverted takes no call from the others and says nothing.

The PBX's group, follow-me, page and queues are those of peers/asterisk_etc; the last two phones are in all of them.
"""

import asyncio

import pytest

from gateway.planning.hand import Hand, write
from peers.leg import Leg
from peers.phone import Phone, call
from peers.process import until
from tests.system.dialplan.conftest import Desk, window

BUSY = 17
AWAY, THERE = "1039", "1040"
GROUP, FOLLOW_ME, PAGE, OWN_FOLLOW_ME = "6001", "6002", "6003", "6005"
QUEUES = ("6000", "6004")
PERSON, REASON = "ringplan/sv/person", "ringplan/sv/reason-meeting"
WAYS = ["at", "qt", "ab", "qb", "av", "ao"]


def said(desk: Desk) -> list[str]:
    """Ringplan's own sounds that were opened."""
    return [sound for sound in desk.played if sound.startswith("ringplan/")]


async def leg_ends(desk: Desk, number: str, cause: int = BUSY) -> None:
    """The leg to `number` has ended with `cause`."""
    async with asyncio.timeout(60):
        while True:
            event = await desk.ami.event("Hangup", {"Cause": str(cause)})
            if event["Channel"].startswith(f"Local/{number}@") and event["Channel"].endswith(";2"):
                return


async def talks(made: Leg, phone: Phone, deadline: float = 60.0) -> Leg:
    """The caller and the phone hear each other; returns the call as the phone sees it."""
    got = await phone.rings(deadline=deadline)
    await got.hears()
    await made.hears()
    return got


async def divert(desk: Desk, how: str, letters: str) -> None:
    """Let one of the two be diverted to 1002 by the calendar or by hand; 1006 is the operator."""
    if how == "calendar":
        await desk.plan(AWAY, window(letters, target="1002"), operator="1006")
    else:
        await desk.set("ringplan-hand", AWAY, write(Hand(1, window=window(letters, target="1002"))))


@pytest.mark.parametrize("letters", WAYS)
@pytest.mark.parametrize(("number", "how"), [(GROUP, "calendar"), (GROUP, "hand"), *((q, "calendar") for q in QUEUES)])
async def test_the_others_ring_and_take_the_call(desk: Desk, number, how, letters):
    await divert(desk, how, letters)
    async with (
        Phone.register(desk.asterisk, AWAY) as away,
        Phone.register(desk.asterisk, "1002") as target,
        Phone.register(desk.asterisk, "1006") as operator,
        Phone.register(desk.asterisk, THERE, ring_for=1.0) as there,
        call(desk.asterisk, "1003", number) as made,
    ):
        await talks(made, there)
        await leg_ends(desk, AWAY)
        assert [away.calls, target.calls, operator.calls] == [[], [], []]
    assert said(desk) == []
    assert desk.warnings == []


@pytest.mark.parametrize("letters", ["ar", "qr"])
@pytest.mark.parametrize("how", ["calendar", "hand"])
async def test_whom_callers_get_through_to_rings_in_a_group_too(desk: Desk, how, letters):
    await divert(desk, how, letters)
    async with Phone.register(desk.asterisk, AWAY) as away, call(desk.asterisk, "1003", GROUP) as made:
        await talks(made, away)
    assert said(desk) == []


async def test_a_caller_from_outside_meets_the_group_in_the_same_way(desk: Desk):
    await desk.plan(AWAY, window("qt", "at", target="1002"))
    async with (
        Phone.register(desk.asterisk, AWAY) as away,
        Phone.register(desk.asterisk, THERE, ring_for=1.0) as there,
        Phone.register(desk.asterisk, "1005") as colleague,
        call(desk.asterisk, "+46812345678", "1005", trunk=True) as made,
    ):
        got = await talks(made, colleague)
        await got.transfer(GROUP)
        taken = await talks(made, there)
        assert taken.caller == "+46812345678"
        await leg_ends(desk, AWAY)
        assert away.calls == []
    assert said(desk) == []


async def test_when_all_of_a_group_are_diverted_the_caller_gets_busy(desk: Desk):
    await desk.plan(AWAY, window("at", target="1002"))
    await desk.plan(THERE, window("av"))
    async with call(desk.asterisk, "1003", GROUP) as made:
        await made.is_over()
        assert (made.status, made.cause, made.answered) == (486, BUSY, False)
    assert desk.played == []


async def test_with_follow_me_the_next_number_is_tried(desk: Desk):
    await desk.plan(AWAY, window("at", target="1002"))
    async with Phone.register(desk.asterisk, AWAY) as away, Phone.register(desk.asterisk, THERE) as there:
        async with call(desk.asterisk, "1003", FOLLOW_ME) as made:
            await talks(made, there)
        assert away.calls == []
    assert said(desk) == []


async def test_follow_me_that_finds_nobody_ends_busy(desk: Desk):
    await desk.plan(AWAY, window("at", target="1002"))
    await desk.plan(THERE, window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", FOLLOW_ME) as made:
        await made.is_over(deadline=60)
        assert made.cause == BUSY
        assert target.calls == []
    assert said(desk) == []


async def test_the_others_are_paged(desk: Desk):
    await desk.plan(AWAY, window("at", target="1002"))
    async with Phone.register(desk.asterisk, AWAY) as away, Phone.register(desk.asterisk, THERE) as there:
        async with call(desk.asterisk, "1003", PAGE) as made:
            await made.is_answered()
            got = await there.rings()
            await got.hears()
            await leg_ends(desk, AWAY)
        assert away.calls == []
    assert said(desk) == []


@pytest.mark.parametrize("key", ["", "1"], ids=["who has waited long enough", "who presses a key"])
async def test_who_leaves_the_queue_to_somebody_diverted_hears_why(desk: Desk, key):
    for member in (AWAY, THERE):
        await desk.plan(member, window("at", target="1002"))
    await desk.plan("1001", window("at", target="1002"))
    number = "6006" if key else "6004"
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", number) as made:
        await made.is_answered()
        if key:
            await until(lambda: f"{number}@" in desk.log and "Queue(" in desk.log, 60.0, "that the caller waits")
            await made.press(key)
        await talks(made, target, deadline=60)
    assert said(desk)[:2] == [PERSON, REASON]


async def originated(desk: Desk, channel: str, **more: str) -> str:
    """Originate a call from `channel`, and return whether that was answered."""
    await desk.ami.action("Originate", {"Channel": channel, "Async": "true", **more})
    async with asyncio.timeout(60):
        return (await desk.ami.event("OriginateResponse"))["Response"]


async def test_an_autocall_to_somebody_diverted_is_not_answered(desk: Desk):
    await desk.plan("1001", window("at", target="1002"))
    answer = await originated(desk, "Local/1001@phones", Application="Wait", Data="5")
    assert answer == "Failure"
    await leg_ends(desk, "1001")
    assert desk.played == []


@pytest.mark.parametrize("channel", ["PJSIP/1004", "Local/1004@phones", "Local/1004@phones/n"])
async def test_who_has_the_pbx_call_somebody_diverted_hears_why(desk: Desk, channel):
    await desk.plan("1001", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1004") as asks, Phone.register(desk.asterisk, "1002") as target:
        answer = await originated(desk, channel, Context="phones", Exten="1001", Priority="1")
        assert answer == "Success"
        got = await asks.rings()
        await talks(got, target, deadline=60)
    assert said(desk)[:2] == [PERSON, REASON]


async def test_the_administrator_may_say_that_a_local_channel_is_a_persons_call(desk: Desk):
    await desk.plan("1001", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", OWN_FOLLOW_ME) as made:
        await talks(made, target, deadline=60)
    assert said(desk)[:2] == [PERSON, REASON]


async def test_the_administrator_may_say_that_any_call_is_a_leg(desk: Desk):
    await desk.plan("1001", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1004") as asks:
        leg = {"Context": "phones", "Exten": "1001", "Priority": "1", "Variable": "RINGPLAN_LEG=1"}
        await originated(desk, "PJSIP/1004", **leg)
        got = await asks.rings()
        await got.is_over()
        assert got.cause == BUSY
    assert desk.played == []
