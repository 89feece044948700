"""What callers hear, in three languages: same day the clock, within six days the weekday, else the date.

Around midnight and both changes of the clock, on an Asterisk with a false clock.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.planning.schedule import Schedule, Window, write
from peers.asterisk import Asterisk, Setup
from peers.phone import Phone, call
from peers.raw_ami import RawAmi
from tests.system.dialplan.conftest import Desk, treatment, window

ASKED = """
[asked]
exten => _X!,1,Gosub(ringplan-now,${EXTEN},1)
 same => n,Set(treatment=ab)
 same => n,Set(then=b)
 same => n,Gosub(ringplan-words,${EXTEN},1)
 same => n,UserEvent(Words,Said: ${words},Missing: ${missing})
 same => n,Hangup(21)
"""
BOTH = pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
TOLD = treatment("at")
SENTENCES = {
    "sv": "person reason-lunch back-clock hour-14 minute-30 key-operator key-voicemail connecting",
    "de": "person reason-lunch back-clock hour-14 minute-30 key-operator key-voicemail connecting",
    "en": "person reason-lunch back-clock hour-14 minute-30 pm key-operator key-voicemail connecting",
}

# the PBX's clock (UTC), and what is said there of a return at a time (UTC)
TABLE: dict[str, list[tuple[str, str, str]]] = {
    "2027-03-28 00:59:54": [  # Sunday 01:59:54 in Stockholm, six seconds before 03:00
        ("Europe/Stockholm", "2027-03-28 01:30:00", "back-clock hour-03 minute-30"),
        ("Europe/Stockholm", "2027-03-28 21:59:00", "back-clock hour-23 minute-59"),
        ("Europe/Stockholm", "2027-03-28 22:00:00", "back-weekday weekday-1"),
        ("Europe/Stockholm", "2027-04-03 21:30:00", "back-weekday weekday-6"),
        ("Europe/Stockholm", "2027-04-03 22:15:00", "back-date day-04 month-04"),
        ("America/New_York", "2027-03-28 03:05:00", "back-clock hour-23 minute-05"),
        ("America/New_York", "2027-03-28 04:00:00", "back-weekday weekday-7"),
        ("Pacific/Auckland", "2027-03-28 11:00:00", "back-weekday weekday-1"),
    ],
    "2027-03-27 22:30:00": [  # Saturday 23:30, the evening before the day of 23 hours
        ("Europe/Stockholm", "2027-03-27 22:59:00", "back-clock hour-23 minute-59"),
        ("Europe/Stockholm", "2027-03-27 23:00:00", "back-weekday weekday-7"),
        ("Europe/Stockholm", "2027-03-28 22:00:00", "back-weekday weekday-1"),
        ("Europe/Stockholm", "2027-04-02 21:59:00", "back-weekday weekday-5"),
        ("Europe/Stockholm", "2027-04-02 22:00:00", "back-date day-03 month-04"),
    ],
    "2027-10-30 22:30:00": [  # Sunday 00:30, the day of 25 hours
        ("Europe/Stockholm", "2027-10-31 00:30:00", "back-clock hour-02 minute-30"),
        ("Europe/Stockholm", "2027-10-31 01:30:00", "back-clock hour-02 minute-30"),
        ("Europe/Stockholm", "2027-10-31 22:45:00", "back-clock hour-23 minute-45"),
        ("Europe/Stockholm", "2027-10-31 23:00:00", "back-weekday weekday-1"),
        ("Europe/Stockholm", "2027-11-06 22:59:00", "back-weekday weekday-6"),
        ("Europe/Stockholm", "2027-11-06 23:00:00", "back-date day-07 month-11"),
    ],
    "2027-12-31 22:59:30": [  # Friday 23:59:30, half a minute before a new year
        ("Europe/Stockholm", "2027-12-31 22:59:59", "back-clock hour-23 minute-59"),
        ("Europe/Stockholm", "2027-12-31 23:00:00", "back-weekday weekday-6"),
        ("Europe/Stockholm", "2028-01-06 07:00:00", "back-weekday weekday-4"),
        ("Europe/Stockholm", "2028-01-07 07:00:00", "back-date day-07 month-01"),
        ("Europe/London", "2027-12-31 23:30:00", "back-clock hour-23 minute-30"),
    ],
    "2028-01-01 00:00:00": [  # midnight itself in London
        ("Europe/London", "2028-01-01 00:10:00", "back-clock hour-00 minute-10"),
        ("Europe/London", "2028-01-01 08:00:00", "back-clock hour-08"),
        ("Europe/London", "2028-01-02 00:00:00", "back-weekday weekday-7"),
        ("Europe/London", "2028-02-29 08:00:00", "back-date day-29 month-02"),
    ],
}


def at(text: str) -> datetime:
    """Return the UTC time that `text` says."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def absent(back: datetime, zone: str, language: str = "sv") -> str:
    """Return a schedule of somebody who has been away for long, and is back at `back`."""
    base = at("2026-12-01 00:00:00")
    away = Window(base, back, back, treatment("ab"), treatment("ab"), "meeting")
    return write(Schedule(zone, base, back + timedelta(days=1), language, None, (away,)))


async def asked(ami: RawAmi, extension: str) -> list[str]:
    """Return the sounds that the dialplan chooses now for a call to `extension`."""
    async with asyncio.timeout(60):
        request = {"Channel": f"Local/{extension}@asked", "Application": "Wait", "Data": "1", "Async": "true"}
        await ami.action("Originate", request)
        event = await ami.event("UserEvent", {"UserEvent": "Words"})
    ami.events.clear()
    assert event["Missing"] == ""
    return event["Said"].split("&")


@BOTH
@pytest.mark.parametrize("clock", TABLE)
async def test_when_somebody_is_back_around_midnight_and_changes_of_the_clock(version, clock, tmp_path, sounds):
    setup = Setup(version=version, sounds=sounds, extra=ASKED, false_clock=clock)
    async with Asterisk.start(tmp_path / "pbx", setup) as asterisk, asterisk.observe() as ami:
        said = []
        for zone, back, _ in TABLE[clock]:
            await ami.action("DBPut", {"Family": "ringplan", "Key": "1001", "Val": absent(at(back), zone)})
            said.append(" ".join(name.removeprefix("ringplan/sv/") for name in await asked(ami, "1001")))
        assert said == [f"person reason-meeting {words}" for _, _, words in TABLE[clock]]


@BOTH
async def test_a_time_is_spoken_by_a_clock_that_is_not_ours(version, tmp_path, sounds):
    setup = Setup(version=version, sounds=sounds, false_clock="2027-03-28 00:59:54")
    async with Asterisk.start(tmp_path / "pbx", setup) as asterisk, asterisk.observe() as ami:
        desk = Desk(asterisk, ami, asterisk.log.stat().st_size)
        await desk.put_global("RINGPLAN_VOICEMAIL", "nobodys")
        await desk.put("1001", absent(at("2027-03-28 12:30:00"), "Europe/Stockholm"))
        async with call(asterisk, "1003", "1001") as made:
            await made.hears()
            words = ["person", "reason-meeting", "back-clock", "hour-14", "minute-30"]
            await desk.plays(*(f"ringplan/sv/{word}" for word in words))
            await made.is_over(deadline=60)


@BOTH
async def test_every_language_opens_its_own_files_alone(version, tmp_path, sounds):
    setup = Setup(version=version, sounds=sounds, false_clock="2027-01-13 12:00:00", language="en")
    back = at("2027-01-13 13:30:00")
    async with Asterisk.start(tmp_path / "pbx", setup) as asterisk, asterisk.observe() as ami:
        take_away_other_sounds(asterisk.folder / "data" / "sounds")
        async with Phone.register(asterisk, "1002") as target:
            for number, (language, words) in enumerate(SENTENCES.items(), 1):
                desk = Desk(asterisk, ami, asterisk.log.stat().st_size)
                away = Window(back - timedelta(hours=2), back, back, TOLD, TOLD, "lunch", "1002")
                zone, covered = "Europe/Stockholm", back + timedelta(days=1)
                await desk.put("1001", write(Schedule(zone, away.start, covered, language, "1004", (away,))))
                async with call(asterisk, "1003", "1001") as made:
                    await (await target.rings(number, deadline=60)).hears()
                    await made.hears()
                assert desk.played == [f"ringplan/{language}/{word}" for word in words.split()]
                assert "does not exist" not in desk.log


def take_away_other_sounds(folder: Path) -> None:
    """Leave nothing in Asterisk's sounds but ours: whatever else were opened would be missed, and the log say so."""
    for entry in folder.iterdir():
        if entry.name != "ringplan":
            entry.unlink()
    assert [entry.name for entry in folder.iterdir()] == ["ringplan"]


async def test_all_that_a_minute_may_be_is_there(sounds):
    for language in ("sv", "de", "en"):
        names = {path.stem for path in (sounds / language).glob("*.wav")}
        wanted = {f"hour-{hour:02}" for hour in range(24)} | {f"minute-{minute:02}" for minute in range(1, 60)}
        wanted |= {f"weekday-{day}" for day in range(1, 8)} | {f"day-{day:02}" for day in range(1, 32)}
        wanted |= {f"month-{month:02}" for month in range(1, 13)}
        assert wanted <= names


async def test_a_reason_that_is_nobodys_business_is_spoken_like_any_absence(desk: Desk):
    await desk.plan("1001", window("ab", reason="away"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await made.is_over(deadline=60)
    assert desk.played[1] == "ringplan/sv/reason-away"
