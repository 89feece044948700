"""The second act: a meeting with the location PBX AUTOCALL, from its being written until it is cancelled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.calendars import Entry
from demo.stage import PEOPLE, Stage, played, until, words
from demo.step import Step
from peers.leg import Leg
from peers.media import loudness
from peers.phone import call

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ROOM = "8501"
AHEAD = timedelta(seconds=20)
LEFT = (("anna", "budget"), ("bertil", "lunch"), ("bertil", "trip"), ("cecilia", "child"))
SOUNDLESS = 100  # root mean square of 16-bit samples
SOUND = 50  # packets, of which some are sure to hold somebody's voice


async def a_conference(stage: Stage) -> AsyncIterator[Step]:
    """Everybody is called at the start second: one joins, one is busy, and a mailbox answers for one."""
    await _everybody_is_back(stage)
    anna, bertil, cecilia, david = (stage.phones[extension] for extension in PEOPLE.values())
    bertil.behaviour, david.behaviour = "busy", "ring"
    before = {extension: len(phone.calls) for extension, phone in stage.phones.items()}
    begins = (datetime.now(UTC) + AHEAD).replace(microsecond=0)
    loop = asyncio.get_running_loop()
    start = loop.time() + (begins - datetime.now(UTC)).total_seconds()

    def legs(extension: str) -> list[Leg]:
        return stage.phones[extension].calls[before[extension] :]

    guests = tuple(f"{person}@example.org" for person in ("bertil", "cecilia", "david"))
    item = Entry(begins, begins + timedelta(minutes=30), "Veckomöte", location="PBX AUTOCALL", attendees=guests)
    await stage.write("anna", "weekly", item)
    came = await stage.holds(ROOM, "ringplan-room")
    value = await stage.value(ROOM, "ringplan-room")
    yield Step(
        f"Anna asks three people to Veckomöte at {begins.astimezone(STOCKHOLM):%H:%M:%S}, location PBX AUTOCALL",
        f"the PBX knows when room {ROOM} is open, before anything begins; nobody has been called",
        f"the PBX holds the room: {came}; calls so far: {sum(len(legs(extension)) for extension in PEOPLE.values())}",
        came and loop.time() < start and not any(legs(extension) for extension in PEOPLE.values()),
        {"room in the PBX": value},
    )

    await until(lambda: all(legs(extension) for extension in PEOPLE.values()))
    await until(lambda: all(_speaks(legs(phone.number)) for phone in (anna, cecilia)))
    late = {extension: _late(legs(extension), start) for extension in PEOPLE.values()}
    joined = [phone.number for phone in (anna, cecilia) if _speaks(legs(phone.number))]
    busy = [leg.status for leg in legs(bertil.number)]
    yield Step(
        "It begins: everybody is called at once",
        "Anna and Cecilia answer, and hear each other; Bertil is busy; David's telephone rings",
        f"in the room with sound: {', '.join(joined) or 'nobody'}; 1002 answers {busy}; 1004 rings; "
        f"called {min(late.values()):.2f} to {max(late.values()):.2f} s after the start second",
        joined == [anna.number, cecilia.number] and busy[:1] == [486] and 0 <= min(late.values()) < 5,
        {
            "far phone's INVITE": [leg.invite.uri for extension in PEOPLE.values() for leg in legs(extension)],
            "shown on the telephones": legs(anna.number)[0].invite.header("From") if legs(anna.number) else "",
            "seconds after the start": late,
        },
    )

    await until(lambda: bool(legs(david.number)) and legs(david.number)[0].ended)
    inside = await stage.asterisk.inside(ROOM)
    yield Step(
        "David does not answer, and his mailbox does in his place",
        "the mailbox does not get into the room: two people are in it",
        f"in the room: {len(inside)}",
        len(inside) == 2,
        {"channels in the room": inside},
    )

    log_from = stage.asterisk.log.stat().st_size
    async with call(stage.asterisk, bertil.number, "*26") as made:
        await until(lambda: _speaks([made]))
        inside = await stage.asterisk.inside(ROOM)
        yield Step(
            "Bertil is free again, and dials *26",
            "he is in, and is not called any more",
            f"in the room: {len(inside)}; he hears the others: {_speaks([made])}; calls to him: {len(legs('1002'))}",
            len(inside) == 3 and _speaks([made]) and len(legs(bertil.number)) <= 2,
            {"channels in the room": inside},
        )

        there = (*legs(anna.number), *legs(cecilia.number), made)
        await stage.delete("anna", "weekly")
        await until(lambda: all(leg.ended for leg in there))
        closed = not await stage.holds(ROOM, "ringplan-room", there=False)
        sounds = played(stage.asterisk.log, log_from)
        told = sounds.count("ringplan/sv/conf-cancelled")
        listed = await stage.gateway.command("conferences", "--json")
        calls = sum(len(legs(extension)) for extension in PEOPLE.values())
        yield Step(
            "Anna deletes the meeting from her calendar",
            "all three hear that it is cancelled, and are put out; the room is closed, and nothing of it is kept",
            f"said {told} times: “{words(('ringplan/sv/conf-cancelled',))}”; "
            f"still in: {sum(not leg.ended for leg in there)}; room closed: {closed}; planned now: {listed.strip()}",
            told == 3 and all(leg.ended for leg in there) and closed and listed.strip() == "[]",
            {"prompt files opened": list(sounds), "calls to all four": calls},
        )
    bertil.behaviour = david.behaviour = "answer"


async def _everybody_is_back(stage: Stage) -> None:
    """Take out what the first act has left in calendars: who is away for something else is not called."""
    for person, name in LEFT:
        await stage.delete(person, name)
    for extension in PEOPLE.values():
        await stage.comes(lambda value, lamp: value == "" and lamp == "UNAVAILABLE", extension)


def _speaks(legs: list[Leg]) -> bool:
    """Say whether somebody is heard on the last of these calls."""
    return bool(legs) and legs[-1].answered and loudness(legs[-1].heard[-SOUND:]) > SOUNDLESS


def _late(legs: list[Leg], start: float) -> float:
    return legs[0].invite.at - start if legs else float("inf")
