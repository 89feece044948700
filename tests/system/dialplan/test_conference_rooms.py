"""Dialling into rooms with real phones, by what a PBX holds of conferences alone: no gateway is there."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from peers.leg import Leg
from peers.phone import call
from peers.process import until
from tests.system.dialplan.conferences import (
    NAME,
    ROOM,
    are_in,
    hears_somebody,
    invite,
    later,
    listens,
    members,
    opens,
    told_of_room,
)
from tests.system.dialplan.conftest import HOUR, Desk
from tests.system.dialplan.owners import again, owner

PIN = "0471"
MINUTE = timedelta(minutes=1)
LANGUAGES = pytest.mark.parametrize("language", ["sv", "de", "en"])


def said(desk: Desk, language: str = "sv") -> list[str]:
    """Return what was said in one language, and as it is called whatever was not."""
    return [sound.removeprefix(f"ringplan/{language}/") for sound in desk.played]


async def hears(desk: Desk, *sounds: str, language: str = "sv", deadline: float = 60.0) -> None:
    """Wait until exactly these sounds have been opened so far."""
    await until(lambda: len(desk.played) >= len(sounds), deadline, f"{sounds} after {desk.played}")
    assert said(desk, language) == list(sounds)


async def hears_so_often(desk: Desk, sound: str, times: int = 1, language: str = "sv") -> None:
    """Wait until a sound has been opened so many times."""
    await until(lambda: said(desk, language).count(sound) >= times, 60.0, f"{sound} after {desk.played}")


async def hears_and_is_out(desk: Desk, leg: Leg, *sounds: str, language: str = "sv") -> None:
    """Hear exactly these sounds to their end, after which the PBX hangs up."""
    await leg.is_over(deadline=60)
    await hears(desk, *sounds, language=language)
    assert await members(desk) == 0
    assert "RingplanRoom" not in desk.log


@LANGUAGES
async def test_a_room_is_open_and_everything_is_said_in_its_language(desk: Desk, language):
    await opens(desk, language=language)
    async with call(desk.asterisk, "1001", ROOM) as one:
        event = await told_of_room(desk, "in")
        assert (event["Name"], event["Room"], event["Number"], event["Call"]) == (NAME, ROOM, "1001", "")
        assert event["Member"].startswith("PJSIP/1001-")
        await hears_so_often(desk, "conf-alone", language=language)
        await later(desk)
        async with call(desk.asterisk, "1002", ROOM) as other:
            await told_of_room(desk, "in", number="1002")
            await hears_somebody(one, 620)
            await hears_somebody(other, 620)
            await one.press("1")
            await hears_so_often(desk, "conf-muted", language=language)
            await listens(one)
            await one.press("1")
            await hears_so_often(desk, "conf-unmuted", language=language)
            await listens(one)
            await one.press("*")
            await hears_so_often(desk, "conf-menu", language=language)
            await hears_so_often(desk, "conf-joined", language=language)
            await hears_somebody(one, 620)
            await later(desk)
        await told_of_room(desk, "out", number="1002", member=(await members_left(desk, "1002")))
        await hears_so_often(desk, "conf-left", language=language)
    await told_of_room(desk, "out", number="1001")
    assert all(sound.startswith(f"ringplan/{language}/conf-") for sound in desk.played)
    assert desk.complaints == desk.warnings == []


@LANGUAGES
async def test_no_conference_is_planned_and_when_the_next_one_is(desk: Desk, language):
    begins = datetime.now(UTC).replace(second=0, microsecond=0) + 50 * HOUR
    await opens(desk, begins=begins, language=language)
    async with call(desk.asterisk, "1001", ROOM) as made:
        sentence = [sound.replace("back-", "conf-next-") for sound in again(begins, language=language)]
        await hears_and_is_out(desk, made, "conf-none", *sentence, language=language)


async def test_when_the_next_one_is_on_the_same_day_and_far_away(desk: Desk):
    for begins in (datetime.now(UTC) + 11 * MINUTE, datetime.now(UTC) + 30 * 24 * HOUR):
        begins = begins.replace(second=0, microsecond=0)
        await opens(desk, begins=begins)
        heard = len(desk.played)
        async with call(desk.asterisk, "1001", ROOM) as made:
            await made.is_over(deadline=60)
        sentence = ["conf-none", *(sound.replace("back-", "conf-next-") for sound in again(begins))]
        await hears_so_often(desk, sentence[-1])
        assert said(desk)[heard:] == sentence


@pytest.mark.parametrize("value", ["", "1|Europe/Stockholm|x", "2|Europe/Stockholm|1-1-sv-", '1|${EPOCH}|"'])
async def test_a_room_of_which_nothing_is_known_is_closed(desk: Desk, value):
    if value:
        await desk.set("ringplan-room", ROOM, value)
    async with call(desk.asterisk, "1001", ROOM) as made:
        await hears_and_is_out(desk, made, "conf-none")
    await desk.warns(*([f"Ringplan: what is planned in the room {ROOM} cannot be read: it is closed"] if value else []))
    assert not value or value not in desk.log


async def test_all_of_it_is_switched_off(desk: Desk):
    await opens(desk)
    await desk.put_global("RINGPLAN_OFF", "1")
    async with call(desk.asterisk, "1001", ROOM) as made:
        await hears_and_is_out(desk, made, "conf-none")


async def test_before_it_opens_and_after_its_end_with_nobody_in_it(desk: Desk):
    now = datetime.now(UTC)
    await opens(desk, begins=now - 2 * HOUR, lasts=2 * HOUR - MINUTE)
    async with call(desk.asterisk, "1001", ROOM) as made:
        await hears_and_is_out(desk, made, "conf-none")


async def test_beyond_its_end_it_is_open_while_somebody_is_in_it_until_it_closes(desk: Desk):
    now = datetime.now(UTC)
    await opens(desk)
    async with call(desk.asterisk, "1001", ROOM):
        await told_of_room(desk, "in", number="1001")
        await opens(desk, begins=now - 2 * HOUR, lasts=2 * HOUR - MINUTE)
        async with call(desk.asterisk, "1002", ROOM):
            await told_of_room(desk, "in", number="1002")
            await are_in(desk, 2)
        await opens(desk, begins=now - 2 * HOUR, lasts=2 * HOUR - MINUTE, grace=MINUTE / 2)
        async with call(desk.asterisk, "1003", ROOM) as late:
            await late.is_over(deadline=60)
        await hears_so_often(desk, "conf-none")
        assert "Number: 1003" not in desk.log


async def test_one_after_another_in_one_room_never_mix(desk: Desk):
    now = datetime.now(UTC)
    await opens(desk)
    async with call(desk.asterisk, "1001", ROOM):
        await told_of_room(desk, "in", number="1001", name=NAME)
        await opens(desk, begins=now - HOUR, lasts=HOUR - MINUTE, then="aaaaaaaaaaaa")
        async with call(desk.asterisk, "1002", ROOM):
            await told_of_room(desk, "in", number="1002", name="aaaaaaaaaaaa")
            await are_in(desk, 1, name="aaaaaaaaaaaa")
            await are_in(desk, 1)


async def test_the_pin_is_asked_of_who_is_not_invited(desk: Desk):
    await opens(desk, pin=PIN)
    await desk.set("ringplan-phone", "1001", owner(phones=("1001", "1011")))
    await desk.set("ringplan-phone", "1011", owner(phones=("1001", "1011")))
    await invite(desk, "1001")
    async with call(desk.asterisk, "1011", ROOM), call(desk.asterisk, "1002", ROOM) as other:
        await told_of_room(desk, "in", number="1011")
        await hears_so_often(desk, "conf-pin")
        await other.press(f"{PIN}#")
        await told_of_room(desk, "in", number="1002")


async def test_an_invitation_to_another_conference_does_not_open_this_one(desk: Desk):
    await opens(desk, pin=PIN)
    await desk.set("ringplan-phone", "1001", owner())
    await invite(desk, "1001", name="aaaaaaaaaaaa")
    async with call(desk.asterisk, "1001", ROOM) as made:
        for tried in range(3):
            await hears_so_often(desk, "conf-pin", tried + 1)
            await made.press("471#")
        await hears_and_is_out(desk, made, *("conf-pin", "conf-wrong") * 3, "conf-goodbye")


async def test_strangers_are_let_in_with_the_pin_alone(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await invite(desk, "1001")
    await opens(desk, begins=datetime.now(UTC) + 50 * HOUR)
    async with call(desk.asterisk, "1001", ROOM, trunk=True) as made:
        await hears_and_is_out(desk, made, "conf-none")
    await opens(desk)
    async with call(desk.asterisk, "1001", ROOM, trunk=True) as made:
        await made.is_over(deadline=60)
    await hears(desk, "conf-none", "conf-none")
    await opens(desk, pin=PIN)
    async with call(desk.asterisk, "1001", ROOM, trunk=True) as made:
        await hears_so_often(desk, "conf-pin")
        await made.press(f"{PIN}#")
        event = await told_of_room(desk, "in")
        assert (event["Number"], event["Call"]) == ("", "")


async def test_the_moderator_locks_the_room_and_puts_out_who_came_last(desk: Desk):
    await opens(desk, pin=PIN, moderator="1001")
    await desk.set("ringplan-phone", "1001", owner())
    await desk.set("ringplan-phone", "1002", owner("1002"))
    await invite(desk, "1002")
    async with AsyncExitStack() as calls:
        first = await calls.enter_async_context(call(desk.asterisk, "1001", ROOM))
        await told_of_room(desk, "in", number="1001")
        second = await calls.enter_async_context(call(desk.asterisk, "1002", ROOM))
        await told_of_room(desk, "in", number="1002")
        await hears_somebody(first, 620)
        await hears_somebody(second, 620)
        await second.press("2")
        await first.press("*")
        await hears_so_often(desk, "conf-menu-moderator")
        await listens(first)
        await first.press("2")
        await hears_so_often(desk, "conf-locked-now")
        await later(desk)
        async with call(desk.asterisk, "1002", ROOM) as late:
            await late.is_over(deadline=60)
        await hears_so_often(desk, "conf-locked")
        await first.press("2")
        await hears_so_often(desk, "conf-unlocked-now")
        await listens(first)
        await first.press("3")
        await second.is_over(deadline=60)
        await told_of_room(desk, "out", number="1002")
        await hears_so_often(desk, "conf-kicked")
        await listens(first)
        await are_in(desk, 1)
        await first.press("3")
        await hears_so_often(desk, "conf-error")
    assert said(desk).count("conf-locked-now") == 1
    assert all(sound.startswith("ringplan/sv/conf-") for sound in desk.played)
    assert desk.warnings == []


async def test_a_recorded_room_tells_everybody_and_is_recorded(desk: Desk):
    await opens(desk, flags="r")
    async with call(desk.asterisk, "1001", ROOM) as one, call(desk.asterisk, "1002", ROOM) as other:
        await hears_somebody(one, 620)
        await hears_somebody(other, 620)
        files = f"spool/monitor/*{ROOM}-{NAME}*.wav"
        await until(
            lambda: any(file.stat().st_size > 4000 for file in desk.asterisk.folder.glob(files)), 60.0, "a recording"
        )
    assert said(desk).count("conf-recorded") == 2


async def test_the_star_code_leads_into_what_one_is_invited_to(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(language="de"))
    async with call(desk.asterisk, "1001", "*26") as made:
        await hears_and_is_out(desk, made, "conf-not-invited", language="de")
    await opens(desk, pin=PIN)
    await invite(desk, "1001")
    async with call(desk.asterisk, "1001", "*26"):
        await told_of_room(desk, "in", number="1001", name=NAME)
    async with call(desk.asterisk, "1002", "*26") as made:
        await made.is_over(deadline=60)
    await until(lambda: "ringplan/sv/conf-not-invited" in desk.played, 60.0, "not invited")
    await desk.set("ringplan-invited", "1001", "1|0|x")
    async with call(desk.asterisk, "1001", "*26") as made:
        await made.is_over(deadline=60)
    await desk.warns("Ringplan: what 1001 is invited to cannot be read: it counts as nothing")


async def test_of_two_invitations_the_one_that_is_open_counts(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await opens(desk)
    await opens(desk, room="8502", begins=datetime.now(UTC) - HOUR, lasts=HOUR - MINUTE, name="aaaaaaaaaaaa")
    await invite(desk, "1001", also=("8502", "aaaaaaaaaaaa"))
    async with call(desk.asterisk, "1001", "*26"):
        await told_of_room(desk, "in", number="1001", room=ROOM)


@pytest.mark.parametrize(("number", "language"), [("8901", "sv"), ("8902", "de"), ("8903", "en")])
async def test_guests_dial_room_and_pin(desk: Desk, number, language):
    await opens(desk, pin=PIN)
    async with call(desk.asterisk, "0700100100", number, trunk=True) as made:
        await hears_so_often(desk, "conf-room", language=language)
        await made.press("8500#")
        await hears_so_often(desk, "conf-pin", language=language)
        await made.press(f"{PIN}#")
        await hears_so_often(desk, "conf-room", 2, language)
        await made.press(f"{ROOM}#")
        await hears_so_often(desk, "conf-pin", 2, language)
        await made.press(f"{PIN}#")
        event = await told_of_room(desk, "in")
        assert (event["Number"], event["Room"]) == ("", ROOM)


@pytest.mark.parametrize("pin", ["", PIN])
async def test_a_guest_has_three_tries_in_all(desk: Desk, pin):
    await opens(desk, pin=pin)
    async with call(desk.asterisk, "0700100100", "8903", trunk=True) as made:
        for tried, (room, given) in enumerate([(ROOM, ""), ("8*01", PIN), (ROOM, "471")], 1):
            await hears_so_often(desk, "conf-room", tried, "en")
            await made.press(f"{room}#")
            await hears_so_often(desk, "conf-pin", tried, "en")
            await made.press(f"{given}#")
        asked = ("conf-room", "conf-pin", "conf-wrong") * 3
        await hears_and_is_out(desk, made, *asked, "conf-goodbye", language="en")


async def test_what_a_room_holds_is_in_no_record(desk: Desk):
    value = await opens(desk, pin="97531864", moderator="1017")
    invitation = await invite(desk, "1001")
    await desk.set("ringplan-phone", "1001", owner())
    async with call(desk.asterisk, "1001", ROOM):
        await told_of_room(desk, "in")
    await told_of_room(desk, "out")
    await until(lambda: "State: out" in desk.log, 60.0, "the end in the log")
    for secret in (value, *value.split("|")[2:], "97531864", invitation.split("|")[2]):
        assert secret not in desk.log
    calls = desk.asterisk.folder / "log" / "cdr-csv" / "Master.csv"
    assert not calls.exists() or NAME not in calls.read_text()


async def members_left(desk: Desk, number: str) -> str:
    """Return the channel of the phone `number`, as it was told when it came in."""
    line = next(line for line in desk.log.splitlines() if f"Number: {number}" in line and "State: in" in line)
    return line.partition("Member: ")[2].partition(",")[0]
