"""Calls to somebody who has set or ended an absence by hand, while the gateway is away."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from gateway.planning.hand import Hand, write
from peers.phone import Phone, call
from peers.process import until
from tests.system.dialplan.conftest import HOUR, Desk, spoken_for_long, window
from tests.system.dialplan.owners import again, clock, dial, hand, lamp, owner, says, written

MINUTE = timedelta(minutes=1)


async def rings(desk: Desk, number: str = "1001", caller: str = "1003") -> None:
    """A call to `number` rings there and nothing has answered it."""
    owners = Phone.register(desk.asterisk, number, behaviour="ring")
    async with owners as phone, call(desk.asterisk, caller, number) as made:
        assert (await phone.rings()).target == number
        assert not made.answered


async def is_busy(desk: Desk, number: str = "1001", caller: str = "1003") -> None:
    """A call to `number` hears busy."""
    async with call(desk.asterisk, caller, number) as made:
        await made.is_over()
        assert (made.status, made.cause) == (486, 17)


async def by_hand(desk: Desk, number: str, letters: str = "qt", *, target: str = "1002", ended: datetime | None = None):
    """Put an absence by hand of an hour, as the gateway would write it."""
    await desk.set("ringplan-phone", number, owner(number))
    one = window(letters, target=target)
    await desk.set("ringplan-hand", number, write(Hand(1, ended, "1", one)))


async def decides(desk: Desk, when: datetime, number: str = "1001") -> tuple[str, str]:
    """Return what decides at an instant, and why."""
    event = await desk.asked("asked-now", number, int(when.timestamp()))
    return event["decides"], event["reason"]


async def test_a_call_is_diverted_while_the_confirmation_is_still_spoken(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    dialled, _ = clock(HOUR)
    with spoken_for_long(desk.asterisk, "hand-set"):
        async with Phone.register(desk.asterisk, "1002") as target, dial(desk, "1001", f"*23*1*{dialled}") as setting:
            await until(lambda: desk.played, 60.0, "the confirmation")
            async with call(desk.asterisk, "1003", "1001") as made:
                got = await target.rings()
                assert not setting.ended
                await got.hears()
                await made.hears()
                assert "<sip:1001@" in got.diversions[0]


async def test_set_called_ended_and_called_again(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await rings(desk)
    dialled, back = clock(HOUR)
    told = ["person", "reason-lunch", *again(back)]
    await says(desk, "1001", f"*23*2*{dialled}#", "hand-set", *told)
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.is_over(deadline=60)
    count = 1 + len(told)
    assert desk.played[count : count + len(told)] == [f"ringplan/sv/{sound}" for sound in told]
    await says(desk, "1001", "#23#", "hand-ended")
    await rings(desk)
    assert (desk.warnings, desk.complaints) == ([], [])


async def test_by_hand_beats_the_calendar_and_gives_way_to_it_when_it_is_over(desk: Desk):
    await by_hand(desk, "1001")
    await desk.plan("1001", window("qb", end=4 * HOUR))
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001"):
        await (await target.rings()).hears()
    now = datetime.now(UTC)
    event = await desk.asked("asked-now", "1001", int((now + 59 * MINUTE).timestamp()))
    assert (event["decides"], event["inside"], event["target"]) == ("hand", "qt", "1002")
    event = await desk.asked("asked-now", "1001", int((now + 61 * MINUTE).timestamp()))
    assert (event["decides"], event["inside"]) == ("schedule", "qb")


async def test_the_end_dismisses_what_runs_and_lies_beneath_and_not_what_is_to_come(desk: Desk):
    now = datetime.now(UTC).replace(microsecond=0)
    await desk.set("ringplan-phone", "1001", owner())
    lunch = window("qb", start=-30 * MINUTE, end=30 * MINUTE, reason="lunch", back=now + 5 * HOUR)
    later = now + 5 * HOUR
    trip = window("qb", start=30 * MINUTE, end=4 * HOUR, reason="trip", back=later, begun=now - 3 * HOUR)
    meeting = window("qb", start=4 * HOUR, end=5 * HOUR, reason="meeting")
    await desk.plan("1001", lunch, trip, meeting)
    await is_busy(desk)
    assert await decides(desk, now + HOUR) == ("schedule", "trip")
    await says(desk, "1001", "#23#", "hand-ended")
    assert (await written(desk))["Lamp"] == "UNAVAILABLE"
    await rings(desk)
    assert await decides(desk, now + HOUR) == ("", "")
    assert await decides(desk, now + 4 * HOUR + MINUTE) == ("schedule", "meeting")
    await says(desk, "1001", "*23*0", "hand-nothing")
    assert (desk.warnings, desk.complaints) == ([], [])


async def test_the_end_of_an_absence_by_hand_dismisses_the_calendar_beneath_it(desk: Desk):
    await by_hand(desk, "1001")
    await desk.plan("1001", window("qb", end=4 * HOUR), window("qb", start=5 * HOUR, end=6 * HOUR, reason="trip"))
    await says(desk, "1001", "*23*0#", "hand-ended")
    await rings(desk)
    assert await decides(desk, datetime.now(UTC) + 2 * HOUR) == ("", "")
    assert await decides(desk, datetime.now(UTC) + 5.5 * HOUR) == ("schedule", "trip")


async def test_an_absence_after_an_end_leaves_what_was_dismissed_away(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", window("qb", end=6 * HOUR))
    await says(desk, "1001", "#23#", "hand-ended")
    dialled, back = clock(2 * HOUR)
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(back))
    assert await decides(desk, datetime.now(UTC) + 3 * HOUR) == ("", "")


async def test_callers_hear_when_the_calendar_after_an_absence_by_hand_is_over(desk: Desk):
    now = datetime.now(UTC).replace(microsecond=0)
    await desk.set("ringplan-phone", "1001", owner())
    dialled, by = clock(HOUR)
    later = now + 40 * HOUR
    windows = [
        window("ab", start=30 * MINUTE, end=2 * HOUR, back=later),
        window("ab", start=2 * HOUR, end=3 * HOUR, back=later),
    ]
    await desk.plan("1001", *windows)
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(later))
    got = await hand(desk)
    assert got.window is not None
    assert got.window.back == by


async def test_back_is_the_end_of_the_run_where_what_follows_was_dismissed(desk: Desk):
    now = datetime.now(UTC).replace(microsecond=0)
    end, later = now + 20 * MINUTE, now + 5 * HOUR
    lunch = window("ab", start=-10 * MINUTE, end=20 * MINUTE, back=later)
    trip = window("ab", start=20 * MINUTE, end=5 * HOUR, begun=now - 3 * HOUR)
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", lunch, trip)
    for ended, back in ((None, later), (now - HOUR, end)):
        await desk.set("ringplan-hand", "1001", write(Hand(1, ended)))
        event = await desk.asked("asked-now", "1001")
        assert (event["decides"], int(event["back"])) == ("schedule", int(back.timestamp()))


@pytest.mark.parametrize(("family", "value"), [("DND", "YES"), ("CF", "1004")])
async def test_the_phones_own_setting_is_obeyed_before_the_hand(desk: Desk, family, value):
    await by_hand(desk, "1001", "qb")
    await desk.set(family, "1001", value)
    await rings(desk)


async def test_all_phones_of_a_person_are_diverted(desk: Desk):
    for number in ("1001", "1011"):
        await desk.set("ringplan-phone", number, owner(phones=("1001", "1011")))
    dialled, back = clock(HOUR)
    await says(desk, "1011", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(back))
    async with Phone.register(desk.asterisk, "1002") as target:
        for count, number in enumerate(("1001", "1011"), 1):
            async with call(desk.asterisk, "1003", number):
                await (await target.rings(count)).hears()


async def test_what_is_known_of_the_owner_leads_the_call(desk: Desk):
    """Nothing is planned, so language and operator are those of the phone."""
    await desk.set("ringplan-phone", "1001", owner(language="de", operator="1004"))
    await desk.set("ringplan-hand", "1001", write(Hand(1, None, "1", window("ao", target=None))))
    async with Phone.register(desk.asterisk, "1004") as operator, call(desk.asterisk, "1003", "1001"):
        await (await operator.rings(deadline=60)).hears()
    assert {sound.split("/")[1] for sound in desk.played} == {"de"}


async def test_a_chain_over_three_people_some_of_them_by_hand(desk: Desk):
    await by_hand(desk, "1001", target="1002")
    await desk.plan("1002", window("qt", target="1004"))
    await by_hand(desk, "1004", target="1005")
    async with Phone.register(desk.asterisk, "1005") as last, call(desk.asterisk, "1003", "1001"):
        got = await last.rings()
        await got.hears()
        assert "<sip:1004@" in got.diversions[0]


@pytest.mark.parametrize("hands", [(0,), (1,), (0, 1), (0, 2), (0, 1, 2)])
async def test_a_loop_with_somebody_by_hand_ends_in_a_message(desk: Desk, hands):
    people = ["1001", "1002", "1004"][: max(2, max(hands) + 1)]
    for place, (number, following) in enumerate(itertools.pairwise([*people, people[0]])):
        if place in hands:
            await by_hand(desk, number, target=following)
        else:
            await desk.plan(number, window("qt", target=following))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await made.is_over(deadline=60)
    assert desk.played[0] == "ringplan/sv/circle"


async def test_the_target_reaches_whom_it_stands_in_for(desk: Desk):
    await by_hand(desk, "1001", target="1002")
    await rings(desk, caller="1002")
    await desk.plan("1004", window("ab", target="1002"))
    await rings(desk, "1004", caller="1002")
    assert desk.played == []


async def test_the_target_reaches_them_from_another_phone_of_theirs(desk: Desk):
    await by_hand(desk, "1001", target="1002")
    await desk.set("ringplan-phone", "1012", owner("1002", phones=("1002", "1012")))
    await rings(desk, caller="1012")


async def test_numbers_that_always_ring_through_do(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(through=("1007", "10030", "0701234567")))
    await desk.set("ringplan-phone", "1017", owner("1007", phones=("1007", "1017")))
    await desk.plan("1001", window("qb"))
    await rings(desk, caller="1007")
    await rings(desk, caller="1017")
    await is_busy(desk, caller="1003")


async def test_who_calls_from_outside_rings_through_by_a_number_from_outside_only(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(through=("1007", "0701234567")))
    await desk.plan("1001", window("qb", target="1002"))
    for shown in ("1007", "1002", "+46701234567", "0701234568"):
        async with call(desk.asterisk, shown, "1001", trunk=True) as made:
            assert (await made.is_over()).status == 486
    phones = Phone.register(desk.asterisk, "1001", behaviour="ring")
    async with phones as phone, call(desk.asterisk, "0701234567", "1001", trunk=True):
        await phone.rings()


async def test_an_operator_reaches_anybody_with_a_prefix(desk: Desk):
    await desk.plan("1001", window("ab"))
    await by_hand(desk, "1004", "qb")
    async with Phone.register(desk.asterisk, "1001") as phone, call(desk.asterisk, "1030", "*241001") as made:
        got = await phone.rings()
        await got.hears()
        await made.hears()
    async with Phone.register(desk.asterisk, "1004", behaviour="ring") as phone, call(desk.asterisk, "1030", "*241004"):
        await phone.rings()
    assert desk.played == []


async def test_the_prefix_is_the_operators_alone_and_reaches_permitted_targets_only(desk: Desk):
    await desk.plan("1001", window("ab"))
    for caller, dialled in (("1003", "*241001"), ("1030", "*247777"), ("1030", "*2410x1"), ("1030", "*241001%2C1")):
        async with Phone.register(desk.asterisk, "1001", behaviour="ring") as phone:
            async with call(desk.asterisk, caller, dialled) as made:
                await made.is_over(deadline=60)
                assert made.status == 404
            assert phone.calls == []


async def test_a_leg_of_somebody_away_by_hand_is_busy(desk: Desk):
    await by_hand(desk, "1001", "ab")
    channel = {"Channel": "Local/1001@phones", "Application": "Wait", "Data": "1", "Async": "true"}
    await desk.ami.action("Originate", channel)
    async with asyncio.timeout(60):
        await desk.ami.event("Hangup", {"Cause": "17", "Context": "ringplan", "Exten": "1001"})
    assert desk.played == []


async def test_the_lamp_is_put_out_again(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", window("qb"))
    await desk.put_global("DEVICE_STATE(Custom:ringplan-1001)", "INUSE")
    await says(desk, "1001", "#23#", "hand-ended")
    await lamp(desk, "1001", "UNAVAILABLE")
