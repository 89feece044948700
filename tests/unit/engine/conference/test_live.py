"""Who is in a conference, and who is put out of it."""

from gateway.domain.conference import Prompt
from gateway.store import switches
from tests.fakes.switch_calls import Phone
from tests.unit.engine.conference.meeting import MINUTE, SECOND, Meetings, meeting
from tests.unit.store.made import HOUR, NOON

START = NOON + HOUR
END = START + HOUR


async def opened(held: Meetings) -> str:
    """Hold a meeting without calls, come to its start, and return the name of its conference."""
    held.start()
    await held.read(meeting(location="PBX"))
    await held.until(START)
    [conference] = await held.conferences()
    return conference.name


async def inside(held: Meetings) -> list[str]:
    return sorted(one.who for one in await held.attendances() if one.left is None)


async def test_who_comes_and_goes_is_noted(held: Meetings) -> None:
    name = await opened(held)
    user, _ = held.people["1002"]
    mine = held.pbx.telephones.dial_in(name, "1002")
    held.pbx.telephones.dial_in(name)
    await held.settle()
    assert await inside(held) == ["", f"user:{user.id}"]
    await held.until(START + MINUTE)
    held.pbx.telephones.leave(mine)
    await held.settle()
    assert await inside(held) == [""]
    [left] = [one for one in await held.attendances() if one.left]
    assert (left.joined, left.left) == (START, START + MINUTE)


async def test_who_was_called_is_noted_as_who_was_asked(held: Meetings) -> None:
    held.pbx.telephones.phones["1002"] = Phone.ANSWERS
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(START)
    assert await inside(held) == [f"user:{held.people['1002'][0].id}"]


async def test_who_was_called_and_talks_on_is_known_when_their_row_has_gone_and_is_not_called_again(
    held: Meetings,
) -> None:
    held.pbx.telephones.phones["1002"] = Phone.ANSWERS
    held.start()
    await held.read(meeting(others=("1002",)))
    await held.until(END + 6 * MINUTE)
    assert await held.attempts() == ()
    held.pbx.lose()
    await held.until(END + 7 * MINUTE)
    assert await inside(held) == [f"user:{held.people['1002'][0].id}"]
    await held.read(meeting(END + 10 * MINUTE, others=("1002",)))
    await held.until(END + 11 * MINUTE)
    assert held.rung.count("1002") == 1


async def test_who_came_and_went_without_a_gateway_is_known_afterwards(held: Meetings) -> None:
    name = await opened(held)
    first = held.pbx.telephones.dial_in(name, "1001")
    await held.settle()
    await held.kill()
    held.pbx.telephones.leave(first)
    held.pbx.telephones.dial_in(name, "1002")
    held.start()
    await held.settle()
    assert await inside(held) == [f"user:{held.people['1002'][0].id}"]


async def test_a_conference_goes_on_until_the_grace_is_over(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.dial_in(name, "1001")
    await held.until(END + 15 * MINUTE - SECOND)
    assert len(held.pbx.telephones.inside) == 1
    await held.until(END + 15 * MINUTE)
    assert held.pbx.telephones.closed == [(name, Prompt.ENDED)]
    assert not held.pbx.telephones.inside
    await held.until(END + 16 * MINUTE)
    assert (await held.conferences(), await held.attendances()) == ((), ())


async def test_a_conference_goes_when_the_last_one_leaves_after_its_end(held: Meetings) -> None:
    name = await opened(held)
    channel = held.pbx.telephones.dial_in(name, "1001")
    await held.until(END + MINUTE)
    assert len(await held.conferences()) == 1
    held.pbx.telephones.leave(channel)
    await held.settle()
    assert (await held.conferences(), await held.attendances()) == ((), ())


async def test_a_cancelled_meeting_puts_everybody_out_and_says_why(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.dial_in(name, "1001")
    held.pbx.telephones.dial_in(name)
    await held.settle()
    await held.read()
    await held.settle()
    assert held.pbx.telephones.closed == [(name, Prompt.CANCELLED)]
    await held.until(START + MINUTE)
    assert (await held.conferences(), await held.attendances()) == ((), ())


async def test_who_is_in_what_nobody_knows_any_more_is_put_out(held: Meetings) -> None:
    name = await opened(held)
    await held.kill()
    held.pbx.telephones.dial_in(name, "1001")
    held.clock.turn(END + 16 * MINUTE)
    held.start()
    await held.until(END + 18 * MINUTE)
    assert not held.pbx.telephones.inside


async def test_who_was_not_put_out_at_once_is_put_out_again(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.dial_in(name, "1001")
    await held.settle()
    await held.read()
    await held.settle()
    held.pbx.telephones.dial_in(name, "1002")
    await held.until(START + MINUTE)
    assert not held.pbx.telephones.inside


async def test_who_was_told_to_be_in_and_never_was_keeps_nothing_open(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.pretend(name)
    await held.settle()
    assert await inside(held) == [""]
    await held.read()
    await held.until(START + MINUTE)
    assert (await held.conferences(), await held.attendances()) == ((), ())
    assert len(held.pbx.telephones.closed) == 1


async def test_nobody_is_put_out_while_ringplan_is_off(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.dial_in(name, "1001")
    await held.settle()
    async with held.store.write() as rows:
        await switches.turn_off(rows, held.clock.now())
    await held.read()
    await held.until(END + 30 * MINUTE)
    assert len(held.pbx.telephones.inside) == 1


async def test_nobody_is_put_out_in_a_dry_run(held: Meetings) -> None:
    held.dry_run = True
    held.start()
    held.pbx.telephones.dial_in("0123456789ab", "1001")
    await held.until(START)
    assert held.pbx.telephones.closed == []


async def test_a_pbx_that_was_killed_has_nobody_in_it(held: Meetings) -> None:
    name = await opened(held)
    held.pbx.telephones.dial_in(name, "1001")
    await held.settle()
    held.pbx.kill()
    held.pbx.start()
    await held.until(START + MINUTE)
    assert await inside(held) == []
