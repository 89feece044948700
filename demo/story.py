"""The story, step by step. Each step does something, looks at what the far ends saw, and says whether it came out."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.calendars import Entry
from demo.meeting import a_conference
from demo.phonebook import a_phone_book
from demo.portal import a_portal
from demo.stage import Heard, Stage
from demo.step import Step
from gateway.domain.code import NEUTRAL_TEXTS

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MINUTE = timedelta(minutes=1)
PRIVATE = "hemma med Alva"


async def nobody_is_away(stage: Stage) -> Step:
    """Before anything: the phone rings."""
    heard = await stage.call("1002", "1001")
    return _step("Nobody is away: Bertil calls Anna", "1001 rings, nothing is said", heard, "1001")


async def a_meeting(stage: Stage) -> Step:
    """`M:` diverts."""
    name = "Anna writes M: Styrgrupp, and Bertil calls her"
    before, back = await stage.value("1001"), _whole(60)
    await stage.write("anna", "board", _item(-MINUTE, back, "M: Styrgrupp"))
    came = await stage.comes(_diverted, "1001")
    heard = await stage.call("1002", "1001")
    expected = f"the caller hears the reason and {_clock(back)}, and lands at 1004; Anna's telephone stays silent"
    sounds = ("reason-meeting", *_clock_sounds(back))
    return _step(name, expected, heard, "1004", *sounds, also=came, before=before, lamp=await stage.lamp("1001"))


async def lunch_inside_a_trip(stage: Stage) -> Step:
    """The caller hears when the person is back, not when the lunch is over."""
    name = "Bertil has L: inside a longer TJR:, and Cecilia calls him"
    lunch, trip, before = _whole(45), _whole(150), await stage.value("1002")
    await stage.write("bertil", "trip", _item(-2 * MINUTE, trip, "TJR: Göteborg"))
    await stage.write("bertil", "lunch", _item(-MINUTE, lunch, "L:"))
    came = await stage.comes(lambda value, lamp: "lunch" in value and "trip" in value and lamp == "INUSE", "1002")
    heard = await stage.call("1003", "1002")
    expected = f"the reason is lunch, the time {_clock(trip)}, which is the end of the trip; the call lands at 1004"
    sounds = ("reason-lunch", *_clock_sounds(trip))
    ends = {"lunch_ends": _clock(lunch), "trip_ends": _clock(trip)}
    return _step(name, expected, heard, "1004", *sounds, also=came, before=before, **ends)


async def deleted(stage: Stage) -> Step:
    """What is deleted lets the phone ring."""
    name = "Anna deletes the meeting, and Bertil calls again"
    before = await stage.value("1001")
    await stage.delete("anna", "board")
    came = await stage.comes(lambda value, lamp: value == "" and lamp == "UNAVAILABLE", "1001")
    heard = await stage.call("1002", "1001")
    return _step(name, "1001 rings at once", heard, "1001", also=came, before=before, lamp=await stage.lamp("1001"))


async def a_private_sick_child(stage: Stage) -> Step:
    """A sensitive, private item: nobody learns why, and its text is nowhere."""
    name = "Cecilia writes a private VAB:, and Bertil calls her"
    back, before = _whole(90), await stage.value("1003")
    item = _item(-MINUTE, back, f"VAB: {PRIVATE}", private=True)
    await stage.write("cecilia", "child", item)
    came = await stage.comes(_diverted, "1003")
    heard = await stage.call("1002", "1003")
    value = await stage.value("1003")
    presence = await stage.ami.value("PRESENCE_STATE(CustomPresence:ringplan-1003,message)")
    found = _files_with(stage, PRIVATE)
    expected = f"the caller hears only “away” and {_clock(back)}; “{PRIVATE}” is in no file of gateway or PBX"
    silent = "-away-" in value and presence == NEUTRAL_TEXTS["sv"] and not found
    sounds = ("reason-away", *_clock_sounds(back))
    more: dict[str, object] = {"before": before, "colleagues_read": presence, "files_with_it": found}
    return _step(name, expected, heard, "1004", *sounds, also=came and silent, **more)


async def set_and_ended_by_telephone(stage: Stage) -> AsyncIterator[Step]:
    """What is dialled counts more than the calendar, and goes on doing so when the calendar is read again."""
    meeting, lunch = _whole(60), _whole(90)
    await stage.write("anna", "budget", _item(-MINUTE, meeting, "M: Budget"))
    came = await stage.comes(_diverted, "1001")
    said, code = ("reason-lunch", *_clock_sounds(lunch)), f"*23*2*{lunch.astimezone(STOCKHOLM):%H%M}"
    dialled = await stage.dial("1001", code)
    yield _dialled(
        f"Anna's calendar says M: Budget, but she dials {code}: lunch until {_clock(lunch)}",
        f"she hears what her callers will hear: the reason is lunch, the time {_clock(lunch)}",
        dialled,
        "hand-set",
        *said,
        also=came,
    )
    came = await stage.comes(lambda value, lamp: lamp == "INUSE", "1001")
    heard = await stage.call("1002", "1001")
    expected = f"he hears of a lunch until {_clock(lunch)}, not of a meeting until {_clock(meeting)}; he lands at 1004"
    by_hand = await stage.value("1001", "ringplan-hand")
    yield _step("Bertil calls Anna", expected, heard, "1004", *said, also=came, **{"by hand in the PBX": by_hand})
    dialled = await stage.dial("1001", "#23#")
    yield _dialled(
        "Anna is back early, and dials #23#", "she hears that her telephone rings again", dialled, "hand-ended"
    )
    await stage.gateway.command("sync", "1001")
    came = await stage.comes(lambda value, lamp: lamp == "UNAVAILABLE", "1001")
    still = await stage.calendars.subject("anna", "budget") == "M: Budget"
    heard = await stage.call("1002", "1001")
    name = "Her calendar still says M: Budget, and has been read again: Bertil calls"
    yield _step(name, "1001 rings, nothing is said", heard, "1001", also=came and still, calendar_still_says=still)


async def the_gateway_is_stopped(stage: Stage) -> AsyncIterator[Step]:
    """A diversion starts and ends while nothing of Ringplan runs."""
    now = datetime.now(UTC).replace(microsecond=0)
    begins, ends, before = now + timedelta(seconds=12), now + timedelta(seconds=26), await stage.value("1001")
    await stage.write("anna", "short", Entry(begins, ends, "UTE: kort ärende"))
    came = await stage.comes(lambda value, lamp: value != "", "1001")
    await stage.gateway.stop()
    heard = await stage.call("1002", "1001")
    yield _step(
        "The gateway is stopped; Anna's UTE: has not begun", "1001 rings", heard, "1001", also=came, before=before
    )
    await _pass(begins)
    heard = await stage.call("1002", "1001")
    yield _step("It has begun, and the gateway is still stopped", "the call lands at 1004", heard, "1004")
    await _pass(ends)
    heard = await stage.call("1002", "1001")
    yield _step("It is over, and the gateway is still stopped", "1001 rings", heard, "1001")
    before = await stage.value("1001")
    await stage.gateway.up()
    came = await stage.comes(lambda value, lamp: value == "" and lamp == "UNAVAILABLE", "1001")
    seen = f"schedule {await stage.value('1001') or 'gone'}, lamp {await stage.lamp('1001')}"
    expected = "it removes what is over: no schedule, lamp off"
    yield Step("The gateway starts again", expected, seen, came, {"before": before, "after": await stage.value("1001")})


async def story(stage: Stage) -> AsyncIterator[Step]:
    """Tell it all, a step at a time."""
    for tell in (nobody_is_away, a_meeting, lunch_inside_a_trip, deleted, a_private_sick_child):
        yield await tell(stage)
    for scene in (set_and_ended_by_telephone, the_gateway_is_stopped, a_conference, a_phone_book, a_portal):
        async for step in scene(stage):
            yield step


def _dialled(name: str, expected: str, heard: Heard, *sounds: str, also: bool = True) -> Step:
    """Return the step of a star code: `sounds` are to be among what is said, the first one first, in Swedish."""
    names = [sound.rpartition("/")[2] for sound in heard.sounds]
    told = names[:1] == [*sounds[:1]] and all(sound in names for sound in sounds)
    swedish = all(sound.startswith("ringplan/sv/") for sound in heard.sounds)
    return Step(name, expected, f"said: “{heard.words}”", told and swedish and also, heard.evidence)


def _step(
    name: str, expected: str, heard: Heard, lands: str, *sounds: str, also: bool = True, **evidence: object
) -> Step:
    """Return the step of a call: it has to land at `lands`, after `sounds` among others, or none, in Swedish."""
    said = f"said: “{heard.words}”; " if heard.words else ""
    seen = f"{said}{'answered by ' + heard.landed if heard.landed else 'nobody got the call'}"
    names = [sound.rpartition("/")[2] for sound in heard.sounds]
    told = all(sound in names for sound in sounds) if sounds else not names
    swedish = all(sound.startswith("ringplan/sv/") for sound in heard.sounds)
    ok = heard.landed == lands and told and swedish and also
    return Step(name, expected, seen, ok, {**heard.evidence, **evidence})


def _diverted(value: str, lamp: str) -> bool:
    return value != "" and lamp == "INUSE"


def _item(start: timedelta, end: datetime, subject: str, *, private: bool = False) -> Entry:
    return Entry(datetime.now(UTC) + start, end, subject, private)


def _whole(minutes: int) -> datetime:
    """Return an instant about so many minutes from now, on a whole minute."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(STOCKHOLM):%H:%M}"


def _clock_sounds(instant: datetime) -> tuple[str, ...]:
    """Return the sounds of a time of today, or of the weekday when it is tomorrow."""
    local = instant.astimezone(STOCKHOLM)
    if local.date() != datetime.now(STOCKHOLM).date():
        return ("back-weekday", f"weekday-{local.isoweekday()}")
    return ("back-clock", f"hour-{local:%H}")


async def _pass(instant: datetime) -> None:
    while (left := (instant - datetime.now(UTC)).total_seconds()) >= 0:
        await asyncio.sleep(left)


def _files_with(stage: Stage, text: str) -> list[str]:
    """Return the files of gateway and PBX that hold `text`, plain or as base64."""
    raw = text.encode()
    forms = [raw, *(base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3))]
    kept = [*stage.asterisk.records(), *(file for file in stage.gateway.folder.rglob("*") if file.is_file())]
    return [file.name for file in kept if any(form in file.read_bytes() for form in forms)]
