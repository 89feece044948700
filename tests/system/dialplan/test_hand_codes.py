"""Star codes dialled on real phones while the gateway is away: what is said, and what is written."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.code import Behaviour, Treatment
from gateway.planning.hand import Hand, write
from gateway.planning.schedule import Window
from peers.lamp import Lamp
from tests.system.dialplan.conftest import HOUR, Desk, spoken_for_long, window
from tests.system.dialplan.owners import (
    CODES,
    STOCKHOLM,
    again,
    clock,
    dial,
    hand,
    holds,
    lamp,
    midnight,
    nothing_is_written,
    owner,
    says,
    written,
)

ENDS = pytest.mark.parametrize("end", ["", "#"])
BUSY = Treatment(False, Behaviour.BUSY)


async def test_the_lamp_is_off_before(desk: Desk):
    for number in ("1001", "1011"):
        await desk.put_global(f"DEVICE_STATE(Custom:ringplan-{number})", "UNAVAILABLE")
        await lamp(desk, number, "UNAVAILABLE")


@ENDS
async def test_a_code_and_a_time(desk: Desk, end):
    await desk.set("ringplan-phone", "1001", owner())
    dialled, until = clock(2 * HOUR)
    before = datetime.now(UTC).replace(microsecond=0)
    await says(desk, "1001", f"*23*1*{dialled}{end}", "hand-set", "person", "reason-meeting", *again(until))
    got = await hand(desk)
    assert got.window is not None
    assert before <= got.window.start <= datetime.now(UTC)
    to = Treatment(False, Behaviour.TARGET)
    assert got == Hand(1, None, "1", Window(got.window.start, until, until, to, BUSY, "meeting", "1002"))
    event = await written(desk)
    assert (event["Extension"], event["Lamp"], event["Phones"]) == ("1001", "INUSE", "1001")
    assert event["Hand"] == await holds(desk) == write(got)


@ENDS
async def test_a_code_and_the_day_of_return(desk: Desk, end):
    await desk.set("ringplan-phone", "1001", owner())
    back = midnight(STOCKHOLM, datetime.now(UTC), 40)
    dialled = f"{back.astimezone():%m%d}" if back.hour == 0 else f"{back + 3 * HOUR:%m%d}"
    await says(desk, "1001", f"*23*4*{dialled}{end}", "hand-set", "person", "reason-holiday", *again(back))
    got = await hand(desk)
    assert got.window is not None
    assert (got.digit, got.window.end, got.window.back, got.window.reason) == ("4", back, back, "holiday")


@ENDS
async def test_a_code_that_takes_nothing_lasts_until_work_begins(desk: Desk, end):
    now = datetime.now(UTC).replace(microsecond=0)
    work = [(now - HOUR, now + HOUR), *((now + day * 24 * HOUR, now + (day * 24 + 4) * HOUR) for day in (2, 3))]
    await desk.set("ringplan-phone", "1001", owner(work=work))
    sentence = ["hand-set", "person", "reason-gone_for_the_day", *again(work[1][0])]
    await says(desk, "1001", f"*23*3{end}", *sentence)
    got = await hand(desk)
    assert got.window is not None
    assert (got.window.end, got.window.back, got.window.internal) == (work[1][0], work[1][0], BUSY)


async def test_a_code_of_two_digits(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    dialled, until = clock(HOUR)
    await says(desk, "1001", f"*23*12*{dialled}#", "hand-set", "person", "reason-out", *again(until))
    assert (await hand(desk)).digit == "12"


async def test_a_time_that_is_past_is_tomorrows(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    dialled, past = clock(timedelta(minutes=-2))
    until = past + 24 * HOUR
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(until))
    got = await hand(desk)
    assert got.window is not None
    assert got.window.end == until


async def test_back_is_when_work_begins_after_an_absence_that_ends_outside_it(desk: Desk):
    dialled, until = clock(HOUR)
    begins = until + 5 * HOUR
    await desk.set("ringplan-phone", "1001", owner(work=[(begins, begins + HOUR)]))
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(begins))
    got = await hand(desk)
    assert got.window is not None
    assert (got.window.end, got.window.back) == (until, begins)


@pytest.mark.parametrize("code", ["#23#", "*23*0", "*23*0#"])
async def test_every_end_ends_what_was_set_and_keeps_when(desk: Desk, code):
    await desk.set("ringplan-phone", "1001", owner())
    dialled, until = clock(HOUR)
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(until))
    await lamp(desk, "1001", "INUSE")
    before = datetime.now(UTC).replace(microsecond=0)
    await says(desk, "1001", code, "hand-ended")
    await lamp(desk, "1001", "UNAVAILABLE")
    got = await hand(desk)
    assert got.ended is not None
    assert before <= got.ended <= datetime.now(UTC)
    assert got == Hand(2, got.ended)
    assert [(await written(desk))["Lamp"] for _ in range(2)] == ["INUSE", "UNAVAILABLE"]
    await says(desk, "1001", code, "hand-nothing")
    assert await hand(desk) == got
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(until))
    assert (await hand(desk)).ended == got.ended


@pytest.mark.parametrize("language", ["sv", "de", "en"])
async def test_everything_is_said_in_the_owners_language(desk: Desk, language):
    await desk.set("ringplan-phone", "1001", owner(language=language))
    dialled, until = clock(HOUR)
    sentence = ["hand-set", "person", "reason-meeting", *again(until, language=language)]
    await says(desk, "1001", f"*23*1*{dialled}", *sentence, language=language)
    await says(desk, "1001", "#23#", "hand-ended", language=language)
    await says(desk, "1001", "#23#", "hand-nothing", language=language)
    await says(desk, "1001", "*23*9", "hand-unknown", language=language)


REFUSED = {
    "*23*9": "hand-unknown",
    "*23*9*1530": "hand-unknown",
    "*23*11111": "hand-unknown",
    "*23*#": "hand-unknown",
    "*23**": "hand-unknown",
    "*23*1##": "hand-unknown",
    "*23*1#1530": "hand-unknown",
    "*23*1": "hand-missing",
    "*23*1#": "hand-missing",
    "*23*1*": "hand-missing",
    "*23*4": "hand-missing",
    "*23*3*1530": "hand-missing",
    "*23*1*2530": "hand-time",
    "*23*1*2400": "hand-time",
    "*23*1*1260": "hand-time",
    "*23*1*930": "hand-time",
    "*23*1*15*30": "hand-time",
    "*23*1*153000": "hand-time",
    "*23*4*1301": "hand-date",
    "*23*4*0001": "hand-date",
    "*23*4*0431": "hand-date",
    "*23*4*0100": "hand-date",
    "*23*4*107": "hand-date",
    "*23*4*20270107": "hand-date",
}


@pytest.mark.parametrize("code", REFUSED)
async def test_what_cannot_be_is_refused_in_words(desk: Desk, code):
    await desk.set("ringplan-phone", "1001", owner())
    await says(desk, "1001", code, REFUSED[code])
    await nothing_is_written(desk)
    assert (desk.warnings, desk.complaints) == ([], [])


async def test_todays_date_is_refused(desk: Desk):
    zone = "Pacific/Kiritimati" if datetime.now(UTC).hour == 23 else STOCKHOLM
    today = midnight(zone, datetime.now(UTC)) + 15 * HOUR
    await desk.set("ringplan-phone", "1001", owner(zone=zone))
    await says(desk, "1001", f"*23*4*{today:%m%d}", "hand-date")
    await nothing_is_written(desk)


@pytest.mark.parametrize(
    "code",
    [
        "*23*1*15%2030",
        "*23*1%2C1530",
        "*23*1%22*1530",
        "*23*1%27",
        "*23*1%5C",
        "*23*%24%7BSHELL(touch%20@RAN@)%7D",
        "*23*1*%24%7BSHELL(touch%20@RAN@)%7D",
        "*23*1*$%5B1+1%5D",
        "*23*1)%7D%24%7BSHELL(touch%20@RAN@)%7D",
        "*23*" + "1" * 60,
        "*23*1*" + "1" * 60,
        "*23*a",
        "*23*1*1530x",
        "*23*1%7C1530",
        "*23*1%3B1530",
        "*23*%C3%A5",
    ],
)
async def test_text_that_is_no_code_is_refused_and_nothing_of_it_runs(desk: Desk, code, tmp_path):
    ran = tmp_path / "ran"
    await desk.set("ringplan-phone", "1001", owner())
    async with dial(desk, "1001", code.replace("@RAN@", str(ran))) as made:
        await made.is_over(deadline=60)
    assert set(desk.played) <= {"ringplan/sv/hand-unknown", "ringplan/sv/hand-time"}
    await nothing_is_written(desk)
    assert not ran.exists()
    assert desk.complaints == []


async def test_a_phone_of_nobody(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await says(desk, "1003", "*23*3", "hand-nobody")
    await says(desk, "1003", "#23#", "hand-nobody")
    await nothing_is_written(desk)
    await nothing_is_written(desk, "1003")


async def test_a_pbx_that_no_gateway_has_written_to(desk: Desk):
    for code in ("*23*3", "#23#", "*211001"):
        await says(desk, "1001", code, "hand-not-now")
    await nothing_is_written(desk)
    assert desk.warnings == []


async def test_ringplan_switched_off_promises_nothing(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.put_global("RINGPLAN_OFF", "1")
    await says(desk, "1001", "*23*3", "hand-not-now")
    await nothing_is_written(desk)


async def test_the_phones_name_counts_and_not_the_number_that_it_shows(desk: Desk):
    for number in ("1001", "1002"):
        await desk.set("ringplan-phone", number, owner(number))
    until = midnight(STOCKHOLM, datetime.now(UTC), 1)
    await says(desk, "1001", "*99*3#", "hand-set", "person", "reason-gone_for_the_day", *again(until))
    assert (await hand(desk)).digit == "3"
    assert await holds(desk, "1002") == ""


async def test_a_phone_that_has_another_name_is_known_by_its_number(desk: Desk):
    await desk.set("ringplan-phone", "1002", owner("1002"))
    until = midnight(STOCKHOLM, datetime.now(UTC), 1)
    await says(desk, "1001", "*99*3", "hand-set", "person", "reason-gone_for_the_day", *again(until))
    assert (await hand(desk, "1002")).digit == "3"


async def test_a_caller_from_outside_sets_nothing(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await says(desk, "1001", "*98*3", "hand-nobody")
    await nothing_is_written(desk)


async def test_all_phones_of_a_person_follow_at_once(desk: Desk):
    for number in ("1001", "1011", "1021"):
        await desk.set("ringplan-phone", number, owner(phones=("1001", "1011", "1021")))
    dialled, _ = clock(HOUR)
    with spoken_for_long(desk.asterisk, "hand-set", "hand-ended"):
        async with (
            Lamp.subscribe(desk.asterisk, "1040", "*211001") as one,
            Lamp.subscribe(desk.asterisk, "1040", "*211021") as other,
        ):
            for code, shown in ((f"*23*2*{dialled}", "confirmed"), ("#23#", "terminated")):
                async with dial(desk, "1011", code) as made:
                    await one.shows(shown)
                    await other.shows(shown)
                    event = await written(desk)
                    assert not made.ended
                assert (event["Extension"], event["Phones"]) == ("1001", "1001.1011.1021")
    assert await holds(desk, "1011") == ""
    assert (await hand(desk)).turn == 2


async def test_the_turn_counts_on_from_what_the_gateway_has_taken_over(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(turn=41))
    await says(desk, "1001", "#23#", "hand-nothing")
    await desk.plan("1001", window("ab"))
    await says(desk, "1001", "#23#", "hand-ended")
    assert (await hand(desk)).turn == 142  # the first code since the start: the last second before it may be lost
    await desk.set("ringplan-hand", "1001", "1|41-0-")  # as if what the gateway wrote had crossed it
    await says(desk, "1001", "#23#", "hand-ended")
    assert (await hand(desk)).turn == 143


@pytest.mark.parametrize("last", [999_999_999, 5_000_000_000, 999_999_999_999])
async def test_a_turn_that_has_no_room_is_refused(desk: Desk, last: int):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.set("ringplan-hand", "1001", f"1|{last}-0-")
    await says(desk, "1001", "*23*3", "hand-not-now")
    assert await holds(desk) == f"1|{last}-0-"
    await desk.set("ringplan-hand", "1001", "1|7-0-")  # as the gateway puts it right
    await desk.plan("1001", window("ab"))
    await says(desk, "1001", "#23#", "hand-ended")
    assert (await hand(desk)).turn == 108


async def test_codes_are_compared_whole(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(codes=CODES[-1:]))
    await says(desk, "1001", "*23*1*1530", "hand-unknown")
    await says(desk, "1001", "*23*2*1530", "hand-unknown")
    await says(desk, "1001", "*23*012*1530", "hand-unknown")
    await nothing_is_written(desk)
