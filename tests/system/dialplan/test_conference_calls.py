"""Calls that bring people into a conference, placed as the gateway places them: each once, and how they end."""

import time
from contextlib import AsyncExitStack

from peers.media import loudness
from peers.phone import Behaviour, Phone
from peers.process import until
from tests.system.dialplan.conferences import (
    LOUD,
    are_in,
    hears_somebody,
    later,
    marked,
    members,
    new_id,
    place,
    told,
    told_of_room,
)
from tests.system.dialplan.conftest import HOUR, Desk, window
from tests.system.dialplan.owners import clock, dial, owner


async def test_a_telephone_rings_is_answered_and_is_in_the_conference(desk: Desk):
    first, second = new_id(), new_id()
    async with Phone.register(desk.asterisk, "1001") as one, Phone.register(desk.asterisk, "1002") as other:
        await place(desk, first, "1001")
        await told(desk, first, "d")
        leg = await one.rings()
        assert leg.caller == "8501"
        assert '"Planning"' in leg.invite.header("From")
        await told(desk, first, "u")
        event = await told_of_room(desk, "in", call=first)
        assert (event["Room"], event["Name"], event["Number"]) == ("8501", "00ff11ee22dd", "")
        await later(desk)
        await place(desk, second, "1002")
        heard = await (await other.rings()).hears()
        await told(desk, second, "u")
        await until(lambda: desk.played == ["ringplan/sv/conf-joined"], 60.0, "that somebody has joined")
        await hears_somebody(heard, 440)
        await are_in(desk, 2)
        await later(desk)
        await leg.hang_up()
        await told(desk, first, "o", "left")
        await told_of_room(desk, "out", call=first, member=event["Member"])
        await until(lambda: "ringplan/sv/conf-left" in desk.played, 60.0, "that somebody has left")
    await told(desk, second, "o", "left")
    assert desk.played == ["ringplan/sv/conf-joined", "ringplan/sv/conf-left"]
    assert desk.complaints == desk.warnings == []


async def test_who_comes_at_the_same_moment_does_not_wait_for_the_others(desk: Desk):
    numbers = [f"10{number:02}" for number in range(1, 9)]
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(Phone.register(desk.asterisk, number)) for number in numbers]
        for number in numbers:
            await place(desk, new_id(), number)
        for phone in phones:
            await hears_somebody(await phone.rings(), 440)
        assert desk.played == []
        await are_in(desk, len(numbers))


async def test_of_three_requests_with_one_id_one_call_is_placed_also_after_it_has_ended(desk: Desk):
    call = new_id()
    async with Phone.register(desk.asterisk, "1001") as phone:
        for _ in range(3):
            await place(desk, call, "1001")
        leg = await phone.rings()
        await told(desk, call, "u")
        await leg.hang_up()
        await told(desk, call, "o", "left")
        mark = await marked(desk, call)
        await place(desk, call, "1001")
        other = new_id()
        await place(desk, other, "1001")
        await phone.rings(2)
        await told(desk, other, "u")
        assert len(phone.calls) == 2
        assert await marked(desk, call) == mark
    assert desk.log.count(f"Id: {call},State: d") == 1


async def test_how_a_telephone_that_is_not_answered_is_told(desk: Desk):
    asked: tuple[tuple[str, Behaviour, str], ...] = (
        ("1001", "busy", "busy"),
        ("1002", "reject", "rejected"),
        ("1003", "ring", "noanswer"),
        ("1004", "wait", "noanswer"),
    )
    for number, behaviour, result in asked:
        call = new_id()
        async with Phone.register(desk.asterisk, number, behaviour) as phone:
            await place(desk, call, number, ring="1")
            await phone.rings()
            await told(desk, call, "o", result)
        assert f"Id: {call},State: u" not in desk.log
    assert "VoiceMail(" in desk.log  # which answers
    assert await members(desk) == 0


async def test_a_telephone_that_rings_beyond_the_time_of_the_request(desk: Desk):
    call = new_id()
    async with Phone.register(desk.asterisk, "1001", "ring") as phone:
        await place(desk, call, "1001", ring="10", timeout="1000")
        leg = await phone.rings()
        await told(desk, call, "o", "noanswer")
        await leg.is_over()


async def test_who_is_not_signed_in_or_nobody(desk: Desk):
    call, other = new_id(), new_id()
    await place(desk, call, "1005")
    await told(desk, call, "o", "unregistered")
    await place(desk, other, "5005")
    await told(desk, other, "o", "failed")
    await desk.warns("Ringplan: ringplan-autocall does not lead to 5005: it is not called")


async def test_who_does_not_want_to_be_called_and_what_comes_too_late(desk: Desk):
    calls = [new_id() for _ in range(5)]
    async with Phone.register(desk.asterisk, "1001") as phone, Phone.register(desk.asterisk, "1002") as last:
        await desk.set("DND", "1001", "YES")
        await place(desk, calls[0], "1001")
        await told(desk, calls[0], "o", "dnd")
        await desk.asterisk.cli("database deltree DND")
        await place(desk, calls[1], "1001", before=str(int(time.time()) - 1))
        await told(desk, calls[1], "o", "late")
        await place(desk, calls[2], "1001", before="x")
        await told(desk, calls[2], "o", "late")
        await desk.put_global("RINGPLAN_OFF", "1")
        await place(desk, calls[3], "1001")
        await told(desk, calls[3], "o", "dropped")
        await desk.put_global("RINGPLAN_OFF", "")
        await place(desk, calls[4], "1002")
        await last.rings()
        assert not phone.calls


async def test_who_is_diverted_is_called_only_where_that_is_asked_for(desk: Desk):
    first, second, third = new_id(), new_id(), new_id()
    await desk.plan("1001", window("at", target="1002"))
    await desk.set("ringplan-phone", "1001", owner())
    async with Phone.register(desk.asterisk, "1001") as phone, Phone.register(desk.asterisk, "1002") as target:
        await place(desk, first, "1001")
        await told(desk, first, "o", "away")
        await place(desk, second, "1001", forced="1")
        await told(desk, second, "u")
        await (await phone.rings()).hang_up()
        dialled, _ = clock(HOUR)
        async with dial(desk, "1001", f"*23*1*{dialled}") as made:
            await made.is_over(60)
        await place(desk, third, "1001", forced="1")
        await told(desk, third, "o", "away")
        assert (len(phone.calls), len(target.calls)) == (1, 0)


async def test_only_who_presses_1_after_the_question_gets_in(desk: Desk):
    person, machine, eager, wrong = (new_id() for _ in range(4))
    async with (
        Phone.register(desk.asterisk, "1001") as one,
        Phone.register(desk.asterisk, "1002") as greeting,
        Phone.register(desk.asterisk, "1003") as early,
        Phone.register(desk.asterisk, "1004") as other,
    ):
        await place(desk, machine, "1002", confirm="1")
        await place(desk, eager, "1003", confirm="1")
        await (await (await early.rings()).is_answered()).press("1")
        await desk.set("CF", "1004", "0700100100")
        await place(desk, wrong, "1004")
        leg = await (await other.rings()).is_answered()
        await place(desk, person, "1001", confirm="1")
        answered = await (await one.rings()).is_answered()
        await answered.until(lambda it: loudness(it.heard) > LOUD, 60.0, "the question")
        await leg.press("2")
        await answered.press("1")
        await told(desk, person, "u")
        for call in (machine, eager, wrong):
            await told(desk, call, "o", "unconfirmed")
        await are_in(desk, 1)
        assert not any(f"Id: {call},State: u" in desk.log for call in (machine, eager, wrong))
        assert desk.played.count("ringplan/sv/conf-confirm") > 9
        leg = await (await greeting.rings()).is_over()
        assert 20 < (leg.ended_at or 0) - (leg.answered_at or 0) < 40  # it is asked for about 25


async def test_what_a_telephone_has_forwarded_is_asked_to_press_1(desk: Desk):
    call = new_id()
    async with (
        Phone.register(desk.asterisk, "1001", "wait") as phone,
        Phone.register(desk.asterisk, "1002") as other,
    ):
        await place(desk, call, "1001")
        (await phone.rings()).forward("1002")
        leg = await (await other.rings()).is_answered()
        await leg.until(lambda it: loudness(it.heard) > LOUD, 60.0, "the question")
        await desk.plays("ringplan/sv/conf-confirm")
        assert await members(desk) == 0
        await leg.press("1")
        await told(desk, call, "u")


async def test_who_answers_and_hangs_up_at_once(desk: Desk):
    call = new_id()
    async with Phone.register(desk.asterisk, "1001") as phone:
        await place(desk, call, "1001", confirm="1")
        leg = await phone.rings()
        await leg.until(lambda it: any(message.method == "ACK" for message in it.messages), 60.0, "ACK")
        await leg.hang_up()
        await told(desk, call, "o", "unconfirmed")


async def test_without_the_question_nobody_can_be_let_in_by_it(desk: Desk):
    call = new_id()
    async with Phone.register(desk.asterisk, "1001") as phone:
        await place(desk, call, "1001", confirm="1", language="fi")
        await phone.rings()
        await told(desk, call, "o", "unconfirmed")
    await desk.warns("Ringplan: the sound ringplan/fi/conf-confirm is missing: nobody can be asked to press 1")


async def test_who_is_put_out_hears_why_and_has_left(desk: Desk):
    for reason in ("ended", "cancelled"):
        call = new_id()
        async with Phone.register(desk.asterisk, "1001") as phone:
            await place(desk, call, "1001", language="de")
            await told(desk, call, "u")
            event = await told_of_room(desk, "in", call=call)
            out = {"Channel": event["Member"], "Context": "ringplan-out", "Exten": reason, "Priority": "1"}
            await desk.ami.action("Redirect", out)
            await told(desk, call, "o", "left")
            await told_of_room(desk, "out", call=call)
            await (await phone.rings()).is_over()
    await until(lambda: "ringplan/de/conf-ended" in desk.played, 60.0, "that it has ended")
    await until(lambda: "ringplan/de/conf-cancelled" in desk.played, 60.0, "that it is cancelled")


async def test_who_is_called_into_a_locked_conference_hears_so(desk: Desk):
    first, second, moderator = new_id(), new_id(), new_id()
    async with (
        Phone.register(desk.asterisk, "1001"),
        Phone.register(desk.asterisk, "1002") as late,
        Phone.register(desk.asterisk, "1003"),
    ):
        await place(desk, first, "1001")
        await told_of_room(desk, "in", call=first)
        await desk.asterisk.cli("confbridge lock ringplan-8501-00ff11ee22dd")
        await place(desk, second, "1002")
        await told(desk, second, "o", "dropped")
        await (await late.rings()).is_over()
        await until(lambda: "ringplan/sv/conf-locked" in desk.played, 60.0, "that it is locked")
        await place(desk, moderator, "1003", moderator="1")
        await told_of_room(desk, "in", call=moderator)
        await are_in(desk, 2)


async def test_a_mark_that_is_no_mark_is_still_one(desk: Desk):
    call, other = new_id(), new_id()
    await desk.set("ringplan-call", call, 'x"${EPOCH}|y')
    async with Phone.register(desk.asterisk, "1001") as phone:
        await place(desk, call, "1001")
        await place(desk, other, "1001")
        await told(desk, other, "u")
        assert len(phone.calls) == 1
    assert f"Id: {call}" not in desk.log
