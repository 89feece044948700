"""Calls that bring people into a conference, placed as the gateway places them: each once, and how they end."""

from peers.media import loudness
from peers.phone import Phone
from tests.system.dialplan.conferences import marked, members, new_id, place, told, told_of_room
from tests.system.dialplan.conftest import Desk

LOUD = 1000.0


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
        await place(desk, second, "1002")
        heard = await (await other.rings()).hears()
        await told(desk, second, "u")
        assert await members(desk) == 2
        await heard.until(lambda it: loudness(it.heard[-20:]) > LOUD, 10.0, "the other's sound")
        await leg.hang_up()
        await told(desk, first, "o", "left")
        await told_of_room(desk, "out", call=first, member=event["Member"])
    await told(desk, second, "o", "left")


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
