"""Registers that cannot be read, and what stays behind in the PBX's records of what was dialled."""

import re
import shutil
from datetime import UTC, datetime

import pytest

from gateway.planning.hand import Hand, write
from peers.asterisk import Asterisk, Setup
from peers.phone import Phone, call
from peers.process import until
from tests.system.dialplan.conftest import HOUR, Desk, schedule, window
from tests.system.dialplan.owners import STOCKHOLM, again, clock, hand, holds, midnight, nothing_is_written, owner, says

GOOD = "1|Europe/Stockholm|1001-sv--0-|1001||1790000000-|3-n-qb-qb-out-"
ABSENT = "100-9999999999-9999999999-0-qb-qb-meeting--"
OWNERS = [
    "",
    "x",
    "1",
    GOOD.replace("1|Eu", "2|Eu"),
    GOOD.replace("Europe/Stockholm", "../../etc/passwd"),
    GOOD.replace("1001-sv", "-sv"),
    GOOD.replace("1001-sv", "1001&1002-sv"),
    GOOD.replace("-sv-", "-fi-"),
    GOOD.replace("--0-|", "---|"),
    GOOD.replace("--0-|", "--01-|"),
    GOOD.replace("|1001|", "||"),
    GOOD.replace("|1001|", "|1001.|"),
    GOOD.replace("|1001|", "|1001,1002|"),
    GOOD.replace("||179", "|.|179"),
    GOOD.replace("1790000000-", "1790000000"),
    GOOD.replace("1790000000-", "1790000000-3600"),
    GOOD.replace("1790000000-", "1790000000-3600.7200.9000"),
    GOOD.replace("3-n", "3-x"),
    GOOD.replace("3-n", "-n"),
    GOOD.replace("qb-qb", "qb-zz"),
    GOOD.replace("out", "../out"),
    GOOD.replace("out-", "out"),
    GOOD + "|",
    GOOD + " ",
    GOOD.replace("out-", 'out-"1"'),
    GOOD.replace("out-", "out-${SHELL(touch @RAN@)}"),
    GOOD.replace("Europe/Stockholm", "Europe/${SHELL(touch @RAN@)}"),
    "${SHELL(touch @RAN@)}",
    "Z" * 900,
]
HANDS = [
    "",
    "x",
    "1",
    "1|",
    "2|1-0-",
    "1|01-0-",
    "1|1-0",
    "1|-0-",
    "1|1234567890123-0-",
    "1|1-0-x",
    "1|1-0-3|",
    "1|1-0-3|x",
    "1|1-0-3|" + ABSENT.replace("-0-qb", "-qb"),
    "1|1-0-3|" + ABSENT.replace("meeting", "Möte"),
    "1|1-0-3|" + ABSENT + "|" + ABSENT,
    "1|1-0-3|" + ABSENT.replace("meeting", "${SHELL(touch @RAN@)}"),
    '1|1-0-3|")}${SHELL(touch @RAN@)}' + ABSENT,
    "Z" * 900,
]
NO_OWNER = "Ringplan: the owner of 1001 cannot be read: star codes do not work"
NO_HAND = "Ringplan: the absence by hand of 1001 cannot be read: the phone rings"
NO_SCHEDULE = "Ringplan: the schedule of 1001 cannot be read: the phone rings"


async def rings(desk: Desk) -> None:
    """A call to 1001 rings there."""
    async with Phone.register(desk.asterisk, "1001", behaviour="ring") as phone, call(desk.asterisk, "1003", "1001"):
        await phone.rings()


async def test_what_is_garbled_below_was_good():
    assert re.fullmatch(r"1\|[^|]+\|1001-sv--0-\|1001\|\|1790000000-\|3-n-qb-qb-out-", GOOD)


async def test_the_good_values_are_obeyed(desk: Desk):
    await desk.set("ringplan-phone", "1001", GOOD)
    assert (await desk.asked("asked-now", "1001"))["known"] == "1"
    await desk.set("ringplan-hand", "1001", "1|1-0-3|" + ABSENT)
    assert (await desk.asked("asked-now", "1001"))["decides"] == "hand"
    assert (desk.warnings, desk.complaints) == ([], [])


@pytest.mark.parametrize("value", OWNERS)
async def test_an_owner_who_cannot_be_read_is_said_once_and_nothing_is_written(desk: Desk, value, tmp_path):
    ran = tmp_path / "ran"
    await desk.set("ringplan-phone", "1001", value.replace("@RAN@", str(ran)))
    await says(desk, "1001", "*23*3", "hand-not-now")
    await desk.warns(NO_OWNER)
    await nothing_is_written(desk)
    assert not ran.exists()
    assert desk.complaints == []


@pytest.mark.parametrize("value", HANDS)
async def test_a_hand_that_cannot_be_read_rings_with_one_warning(desk: Desk, value, tmp_path):
    ran = tmp_path / "ran"
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", window("qb"))
    await desk.set("ringplan-hand", "1001", value.replace("@RAN@", str(ran)))
    event = await desk.asked("asked-now", "1001")
    assert (event["decides"], event["turn"], event["ended"]) == ("", "0", "0")
    await desk.warns(NO_HAND)
    assert not ran.exists()
    assert desk.complaints == []


async def test_the_phone_rings_where_a_hand_cannot_be_read(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", window("qb"))
    await desk.set("ringplan-hand", "1001", "garbage")
    await rings(desk)
    await desk.warns(NO_HAND)


async def test_setting_an_absence_replaces_a_hand_that_cannot_be_read(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(turn=6))
    await desk.set("ringplan-hand", "1001", "garbage")
    await says(desk, "1001", "#23#", "hand-nothing")
    assert await holds(desk) == "garbage"
    dialled, until_ = clock(HOUR)
    await says(desk, "1001", f"*23*1*{dialled}", "hand-set", "person", "reason-meeting", *again(until_))
    await desk.warns(NO_HAND, NO_HAND)
    got = await hand(desk)
    assert (got.turn > 6, got.ended) == (True, None)


async def test_a_call_is_led_by_the_calendar_alone_where_the_owner_cannot_be_read(desk: Desk):
    await desk.set("ringplan-phone", "1001", "garbage")
    await desk.plan("1001", window("qb"))
    async with call(desk.asterisk, "1003", "1001") as made:
        assert (await made.is_over()).status == 486
    await desk.warns(NO_OWNER)


async def test_a_schedule_that_cannot_be_read_rings_whatever_the_hand_says(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.set("ringplan-hand", "1001", "1|1-0-3|" + ABSENT)
    await desk.put("1001", "garbage")
    await rings(desk)
    await desk.warns(NO_SCHEDULE)


async def test_an_absence_set_over_a_schedule_that_cannot_be_read_is_kept_and_promises_nothing(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.put("1001", "garbage")
    await says(desk, "1001", "*23*3", "hand-set")
    assert (await hand(desk)).digit == "3"
    await desk.put("1001", schedule())
    assert (await desk.asked("asked-now", "1001"))["decides"] == "hand"


async def test_a_zone_that_the_pbx_does_not_know_sets_nothing(desk: Desk):
    await desk.set("ringplan-phone", "1001", GOOD.replace("Stockholm", "Nowhere"))
    await says(desk, "1001", "*23*3", "hand-not-now")
    await desk.warns("Ringplan: the zone of 1001 is not known here: nothing is changed")
    await nothing_is_written(desk)


async def test_without_sounds_codes_work_silently_with_one_warning(tmp_path, sounds):
    only_some = tmp_path / "sounds"
    shutil.copytree(sounds, only_some)
    (only_some / "sv" / "hand-set.wav").unlink()
    async with Asterisk.start(tmp_path / "pbx", Setup(sounds=only_some)) as asterisk, asterisk.observe() as ami:
        desk = Desk(asterisk, ami, asterisk.log.stat().st_size)
        await desk.set("ringplan-phone", "1001", owner())
        await says(desk, "1001", "*23*3")
        await desk.warns("Ringplan: the sound ringplan/sv/hand-set is missing: a star code is not answered in words")
        assert (await hand(desk)).digit == "3"


async def test_the_records_hold_what_was_dialled_and_nothing_of_the_calendar(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    now, later = window("ab", end=HOUR), window("qt", start=3 * HOUR, end=4 * HOUR, reason="trip", target="1017")
    value = schedule(now, later, operator="1019")
    await desk.put("1001", value)
    told = again(midnight(STOCKHOLM, datetime.now(UTC), 1))
    await says(desk, "1001", "*23*3", "hand-set", "person", "reason-gone_for_the_day", *told)
    await says(desk, "1001", "#23#", "hand-ended")
    for secret in (value, *value.split("|")[2:], "trip", "1017", owner(), desk.asterisk.sip_secret):
        assert secret not in desk.log


async def test_a_star_code_leaves_no_call_record(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    records = desk.asterisk.folder / "log" / "cdr-csv" / "Master.csv"
    before = len(records.read_text()) if records.exists() else 0
    await says(desk, "1001", "*23*9", "hand-unknown")
    await says(desk, "1001", "#23#", "hand-nothing")
    await says(
        desk,
        "1001",
        "*211001",
        "hand-set",
        "person",
        "reason-gone_for_the_day",
        *again(midnight(STOCKHOLM, datetime.now(UTC), 1)),
    )
    async with call(desk.asterisk, "1001", "9600") as made:
        await made.hears()
    await until(lambda: '"9600"' in records.read_text()[before:], 60.0, "the record of a call")
    assert len(records.read_text()[before:].splitlines()) == 1


async def test_a_hand_that_the_gateway_wrote_is_obeyed_and_ended(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(turn=4))
    await desk.set("ringplan-hand", "1001", write(Hand(4, None, None, window("qb"))))
    async with call(desk.asterisk, "1003", "1001") as made:
        assert (await made.is_over()).status == 486
    await says(desk, "1001", "#23#", "hand-ended")
    assert (await hand(desk)).turn > 4
    await rings(desk)
