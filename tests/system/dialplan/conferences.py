"""What the gateway would ask a PBX for when it calls people into a conference, and what the PBX tells of it."""

import asyncio
import cmath
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.domain.code import Language
from gateway.planning.conference import invited
from gateway.planning.conference.room import Openings, Window, write
from peers.leg import Leg
from peers.media import samples
from peers.process import POLL
from tests.system.dialplan.conftest import HOUR, Desk
from tests.system.dialplan.owners import STOCKHOLM

ROOM, NAME = "8501", "00ff11ee22dd"
RING = 10
LOUD = 1000.0


def new_id() -> str:
    """Return the id of a call that has never been placed."""
    return uuid.uuid4().hex


async def place(desk: Desk, call: str, to: str, **differently: str) -> Mapping[str, str]:
    """Ask for the call `call` to the number `to`, as the gateway does; `differently`: other variables, or another
    `room` or `timeout` (milliseconds).
    """
    variables = {
        "call": call,
        "to": to,
        "name": NAME,
        "language": "sv",
        "before": str(int(time.time()) + 300),
        "ring": str(RING),
        "forced": "0",
        "confirm": "0",
        "recorded": "0",
        "moderator": "0",
        **differently,
    }
    room = variables.pop("room", ROOM)
    timeout = variables.pop("timeout", str((RING + 5) * 1000))
    lines = ",".join(f"RINGPLAN_{name.upper()}={value}" for name, value in variables.items())
    return await desk.ami.action(
        "Originate",
        {
            "Channel": f"Local/{call}@ringplan-call/n",
            "Context": "ringplan-called",
            "Exten": room,
            "Priority": "1",
            "Async": "true",
            "Timeout": timeout,
            "CallerID": f'"Planning" <{room}>',
            "Variable": lines,
        },
    )


async def told(desk: Desk, call: str, state: str, result: str = "", deadline: float = 60.0) -> None:
    """Wait until the PBX tells that the call is in `state`, with this result; its mark says the same."""
    try:
        async with asyncio.timeout(deadline):
            event = await desk.ami.event("UserEvent", {"UserEvent": "RingplanCall", "Id": call, "State": state})
    except TimeoutError:
        raise AssertionError(f"not told {state} {result} of {call}: {desk.log[-4000:]}") from None
    assert event["Result"] == result
    version, mark = (await marked(desk, call)).split("|")
    assert version == "1"
    noted, at, why = mark.split("-")
    assert abs(int(at) - time.time()) < 60
    assert (noted, why) == (state, result) or noted > state or noted == "o"


async def marked(desk: Desk, call: str) -> str:
    """Return the mark of a call, empty where there is none."""
    answer = await desk.asterisk.cli(f"database get ringplan-call {call}")
    found = [line for line in answer.splitlines() if line.startswith("Value: ")]
    return found[0].removeprefix("Value: ").strip() if found else ""


async def told_of_room(desk: Desk, state: str, deadline: float = 60.0, **what: str) -> Mapping[str, str]:
    """Wait until somebody has come into (`in`) or left (`out`) a conference, and return what the PBX tells of it."""
    wanted = {"UserEvent": "RingplanRoom", "State": state, **{key.title(): value for key, value in what.items()}}
    try:
        async with asyncio.timeout(deadline):
            return await desk.ami.event("UserEvent", wanted)
    except TimeoutError:
        raise AssertionError(f"not told {state} {what}: {desk.log[-4000:]}") from None


async def members(desk: Desk, room: str = ROOM, name: str = NAME) -> int:
    """Return how many are in a conference, with what may just be announcing somebody there."""
    return int(await desk.ami.value(f"CONFBRIDGE_INFO(parties,ringplan-{room}-{name})") or 0)


async def are_in(desk: Desk, count: int, name: str = NAME) -> None:
    """Wait until so many are in the conference: that somebody comes is told a moment before."""
    async with asyncio.timeout(60):
        while await members(desk, name=name) != count:
            await asyncio.sleep(POLL)


async def listens(leg: Leg) -> None:
    """Wait until half a second more has been heard: the end of a prompt, in which keys are not taken."""
    await leg.hears(len(leg.heard) + 25)


async def hears_somebody(leg: Leg, hertz: int) -> None:
    """Wait until the last 0.4 s are the tone of another telephone: 620 of who has called, 440 of who was called.

    Prompts are tones of 500 here.
    """

    def loud(it: Leg) -> bool:
        heard = samples(it.heard[-20:])
        wave = sum(sample * cmath.exp(-2j * cmath.pi * hertz * at / 8000) for at, sample in enumerate(heard))
        return abs(wave) / max(len(heard), 1600) > LOUD

    await leg.until(loud, 60.0, f"a tone of {hertz} Hz")


async def later(desk: Desk, room: str = ROOM) -> None:
    """Let the time be over in which somebody who comes or leaves is not announced, as another one just was."""
    await desk.put_global(f"RINGPLAN_SAID_{room}", "")


async def opens(
    desk: Desk,
    room: str = ROOM,
    *,
    begins: datetime | None = None,
    lasts: timedelta = HOUR,
    grace: timedelta = HOUR / 2,
    name: str = NAME,
    then: str = "",
    language: Language = "sv",
    pin: str = "",
    moderator: str | None = None,
    flags: str = "",
) -> str:
    """Let the PBX hold a conference behind `room`, which began just now unless `begins` says otherwise.

    `then`: the name of another one that begins at its end. Returns the value.
    """
    start = (begins or datetime.now(UTC) - timedelta(minutes=1)).replace(microsecond=0)
    end = start + lasts
    early = timedelta(minutes=10)
    windows = [Window(start - early, start, end, end + grace, name, moderator, flags)]
    if then:
        windows.append(Window(end, end, end + HOUR, end + HOUR, then, moderator, flags))
    value = write(Openings(STOCKHOLM, start - HOUR, windows[-1].closes, language, pin, tuple(windows)))
    await desk.set("ringplan-room", room, value)
    return value


async def invite(desk: Desk, main: str, *, name: str = NAME, also: tuple[str, str] | None = None) -> str:
    """Let the PBX hold that the owner of `main` is invited to what is behind the room; `also`: room and name."""
    now = datetime.now(UTC).replace(microsecond=0)
    asked = [(ROOM, name), *([also] if also else [])]
    windows = (invited.Window(now - HOUR / 2, now + HOUR, room, one) for room, one in asked)
    value = invited.write(invited.Invitations(now - HOUR, tuple(windows)))
    await desk.set("ringplan-invited", main, value)
    return value
