"""When an absence by hand ends, and when its owner is back: clock times, dates and working time, in many zones.

The dialplan is asked for any instant, so no clock is changed; at the end two codes are dialled under a false one.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from peers.asterisk import Asterisk, Setup
from tests.system.dialplan.conftest import Desk
from tests.system.dialplan.owners import hand, owner, says

STOCKHOLM, NEW_YORK, KIRITIMATI = "Europe/Stockholm", "America/New_York", "Pacific/Kiritimati"
SANTIAGO, LORD_HOWE, KOLKATA = "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata"
BOTH = pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])

# zone, the clock there, what is dialled, and until when that is, as a clock there shows it, or what is said instead
TIMES = [
    (STOCKHOLM, "2026-11-23 10:00:00", "1530", "2026-11-23 15:30"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1001", "2026-11-23 10:01"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1000", "2026-11-24 10:00"),
    (STOCKHOLM, "2026-11-23 10:00:30", "1000", "2026-11-24 10:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "0959", "2026-11-24 09:59"),
    (STOCKHOLM, "2026-11-23 23:59:30", "0000", "2026-11-24 00:00"),
    (STOCKHOLM, "2026-11-23 00:00:00", "0000", "2026-11-24 00:00"),
    (STOCKHOLM, "2026-12-31 23:00:00", "0800", "2027-01-01 08:00"),
    (STOCKHOLM, "2026-11-23 08:00:00", "0909", "2026-11-23 09:09"),
    (NEW_YORK, "2026-11-23 23:10:00", "0730", "2026-11-24 07:30"),
    (KOLKATA, "2026-11-23 23:10:00", "0730", "2026-11-24 07:30"),
    # the day of 23 hours: 02:30 is not there, and is when it would have been
    (STOCKHOLM, "2027-03-27 12:00:00", "1200", "2027-03-28 12:00"),
    (STOCKHOLM, "2027-03-28 01:00:00", "0230", "2027-03-28 03:30"),
    (STOCKHOLM, "2027-03-28 01:00:00", "0400", "2027-03-28 04:00"),
    (STOCKHOLM, "2027-03-28 00:30:00", "0000", "2027-03-29 00:00"),
    (LORD_HOWE, "2027-10-03 01:00:00", "0215", "2027-10-03 02:45"),
    # the day of 25 hours
    (STOCKHOLM, "2027-10-31 00:30:00", "0400", "2027-10-31 04:00"),
    (STOCKHOLM, "2027-10-30 12:00:00", "1100", "2027-10-31 11:00"),
    (STOCKHOLM, "2027-10-30 12:00:00", "1101", "hand-time"),
    (STOCKHOLM, "2027-10-30 12:00:00", "1200", "hand-time"),
    (STOCKHOLM, "2026-11-23 10:00:00", "2400", "hand-time"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1260", "hand-time"),
]
DATES = [
    (STOCKHOLM, "2026-11-23 10:00:00", "1124", "2026-11-24 00:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1231", "2026-12-31 00:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "0101", "2027-01-01 00:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1122", "2027-11-22 00:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1123", "hand-date"),
    (STOCKHOLM, "2026-12-31 23:59:59", "0101", "2027-01-01 00:00"),
    (STOCKHOLM, "2026-11-23 10:00:00", "0229", "hand-date"),
    (STOCKHOLM, "2027-11-23 10:00:00", "0229", "2028-02-29 00:00"),
    (STOCKHOLM, "2028-02-28 10:00:00", "0229", "2028-02-29 00:00"),
    (STOCKHOLM, "2028-02-29 10:00:00", "0229", "hand-date"),
    (STOCKHOLM, "2028-03-01 10:00:00", "0229", "hand-date"),
    (STOCKHOLM, "2026-11-23 10:00:00", "2530", "hand-date"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1131", "hand-date"),
    (STOCKHOLM, "2026-11-23 10:00:00", "0230", "hand-date"),
    (STOCKHOLM, "2026-11-23 10:00:00", "1100", "hand-date"),
    (STOCKHOLM, "2027-03-27 10:00:00", "0328", "2027-03-28 00:00"),
    (STOCKHOLM, "2027-03-27 10:00:00", "0329", "2027-03-29 00:00"),
    (KIRITIMATI, "2026-11-24 02:00:00", "1123", "2027-11-23 00:00"),
    (KIRITIMATI, "2026-11-24 02:00:00", "1124", "hand-date"),
    (NEW_YORK, "2026-11-23 22:00:00", "1124", "2026-11-24 00:00"),
    # summer time begins at midnight: the day begins at one
    (SANTIAGO, "2027-09-01 10:00:00", "0905", "2027-09-05 01:00"),
]
OFFICE = [
    ("2026-11-23 08:00", "2026-11-23 12:00"),
    ("2026-11-23 13:00", "2026-11-23 17:00"),
    ("2026-11-24 08:00", "2026-11-24 17:00"),
    ("2026-11-27 08:00", "2026-11-27 17:00"),
    ("2026-11-30 08:00", "2026-11-30 17:00"),
]
NIGHTS = [("2026-11-23 22:00", "2026-11-24 06:00"), ("2026-11-24 22:00", "2026-11-25 06:00")]
WORK = [
    (OFFICE, "2026-11-23 07:00:00", "2026-11-23 08:00"),
    (OFFICE, "2026-11-23 08:00:00", "2026-11-24 08:00"),
    (OFFICE, "2026-11-23 12:30:00", "2026-11-24 08:00"),
    (OFFICE, "2026-11-23 18:00:00", "2026-11-24 08:00"),
    (OFFICE, "2026-11-24 07:59:59", "2026-11-24 08:00"),
    (OFFICE, "2026-11-27 15:00:00", "2026-11-30 08:00"),
    (OFFICE, "2026-11-28 10:00:00", "2026-11-30 08:00"),
    (OFFICE, "2026-11-30 10:00:00", "2026-12-01 00:00"),
    (OFFICE, "2026-12-05 10:00:00", "2026-12-06 00:00"),
    (NIGHTS, "2026-11-23 23:00:00", "2026-11-24 22:00"),
    (NIGHTS, "2026-11-24 03:00:00", "2026-11-24 22:00"),
    ([], "2026-11-23 10:00:00", "2026-11-24 00:00"),
    ([], "2027-10-31 00:10:00", "2027-11-01 00:00"),
    ([], "2027-03-28 00:10:00", "2027-03-29 00:00"),
]
# when the absence ends, and when its owner is back
BACK = [
    ("2026-11-23 09:00", "2026-11-23 09:00"),
    ("2026-11-23 08:00", "2026-11-23 08:00"),
    ("2026-11-23 12:00", "2026-11-23 12:00"),
    ("2026-11-23 12:01", "2026-11-23 13:00"),
    ("2026-11-23 17:00", "2026-11-23 17:00"),
    ("2026-11-23 18:00", "2026-11-24 08:00"),
    ("2026-11-24 00:00", "2026-11-24 08:00"),
]


def at(text: str, zone: str = STOCKHOLM) -> datetime:
    """Return the instant at which a clock in `zone` shows `text`, in summer time where it shows that twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def spans(work: list[tuple[str, str]]) -> list[tuple[datetime, datetime]]:
    return [(at(begin), at(end)) for begin, end in work]


async def answer(desk: Desk, zone: str, clock: str, takes: str, value: str) -> str:
    """Return until when the dialplan takes an absence that is dialled then, as `TIMES` has it."""
    event = await desk.asked("asked-until", "1001", int(at(clock, zone).timestamp()), takes, value)
    if event["say"]:
        return event["say"]
    return f"{datetime.fromtimestamp(int(event['until']), ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(("takes", "table"), [("t", TIMES), ("d", DATES)], ids=["times", "dates"])
async def test_when_a_time_or_a_date_is(desk: Desk, takes, table):
    said = []
    for zone, clock, value, _ in table:
        await desk.set("ringplan-phone", "1001", owner(zone=zone))
        said.append((zone, clock, value, await answer(desk, zone, clock, takes, value)))
    assert said == table
    assert (desk.warnings, desk.complaints) == ([], [])


async def test_who_says_neither_is_away_until_work_begins(desk: Desk):
    said = []
    for work, clock, _ in WORK:
        await desk.set("ringplan-phone", "1001", owner(work=spans(work)))
        said.append((work, clock, await answer(desk, STOCKHOLM, clock, "n", "")))
    assert said == WORK


@pytest.mark.parametrize(
    ("zone", "clock", "takes", "value", "until"),
    [
        (STOCKHOLM, "2027-10-31 01:00:00", "t", "0230", "2027-10-31 02:30"),
        ("America/St_Johns", "2028-11-04 02:06:05", "t", "0106", "2028-11-05 01:06"),
        (LORD_HOWE, "2027-04-03 12:00:00", "t", "0145", "2027-04-04 01:45"),
        ("America/Havana", "2027-11-01 12:00:00", "d", "1107", "2027-11-07 00:00"),
    ],
)
async def test_a_time_that_comes_twice_is_the_first(desk: Desk, zone, clock, takes, value, until):
    await desk.set("ringplan-phone", "1001", owner(zone=zone))
    event = await desk.asked("asked-until", "1001", int(at(clock, zone).timestamp()), takes, value)
    assert int(event["until"]) == int(at(until, zone).timestamp())


async def test_midnight_is_when_the_day_begins(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(zone=SANTIAGO))
    assert await answer(desk, SANTIAGO, "2027-09-04 12:00:00", "n", "") == "2027-09-05 01:00"


async def test_back_is_in_working_time(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(work=spans(OFFICE)))
    told = []
    for until, _ in BACK:
        just_before = int(at(until).timestamp()) - 60
        event = await desk.asked("asked-until", "1001", just_before, "t", until[-5:].replace(":", ""))
        assert int(event["until"]) == at(until).timestamp()
        told.append((until, f"{datetime.fromtimestamp(int(event['back']), ZoneInfo(STOCKHOLM)):%Y-%m-%d %H:%M}"))
    assert told == BACK


@BOTH
async def test_codes_dialled_in_the_night_of_summer_time(version, tmp_path, sounds):
    setup = Setup(version=version, sounds=sounds, false_clock="2027-03-28 00:30:00")
    async with Asterisk.start(tmp_path / "pbx", setup) as asterisk, asterisk.observe() as ami:
        desk = Desk(asterisk, ami, asterisk.log.stat().st_size)
        await desk.set("ringplan-phone", "1001", owner(work=[(at("2027-03-29 08:00"), at("2027-03-29 17:00"))]))
        told = ["hand-set", "person", "reason-meeting", "back-weekday", "weekday-1"]
        await says(desk, "1001", "*23*1*0330", *told)
        got = await hand(desk)
        assert got.window is not None
        assert (got.window.end, got.window.back) == (at("2027-03-28 03:30"), at("2027-03-29 08:00"))
        await says(desk, "1001", "*23*3", "hand-set", "person", "reason-gone_for_the_day", *told[3:])
        await says(desk, "1001", "*23*4*0328", "hand-date")
        await says(desk, "1001", "*23*4*0329#", "hand-set", "person", "reason-holiday", *told[3:])
        got = await hand(desk)
        assert got.window is not None
        assert (got.window.end, got.window.back) == (at("2027-03-29 00:00"), at("2027-03-29 08:00"))
