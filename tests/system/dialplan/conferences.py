"""What the gateway would ask a PBX for when it calls people into a conference, and what the PBX tells of it."""

import asyncio
import time
import uuid
from collections.abc import Mapping

from tests.system.dialplan.conftest import Desk

ROOM, NAME = "8501", "00ff11ee22dd"
RING = 10


def new_id() -> str:
    """Return the id of a call that has never been placed."""
    return uuid.uuid4().hex


async def place(desk: Desk, call: str, to: str, **differently: str) -> Mapping[str, str]:
    """Ask for the call `call` to the number `to`, as the gateway does; `differently`: other variables."""
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
    lines = ",".join(f"RINGPLAN_{name.upper()}={value}" for name, value in variables.items())
    return await desk.ami.action(
        "Originate",
        {
            "Channel": f"Local/{call}@ringplan-call/n",
            "Context": "ringplan-called",
            "Exten": room,
            "Priority": "1",
            "Async": "true",
            "Timeout": str((RING + 5) * 1000),
            "CallerID": f'"Planning" <{room}>',
            "Variable": lines,
        },
    )


async def told(desk: Desk, call: str, state: str, result: str = "", deadline: float = 10.0) -> None:
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


async def told_of_room(desk: Desk, state: str, deadline: float = 10.0, **what: str) -> Mapping[str, str]:
    """Wait until somebody has come into (`in`) or left (`out`) a conference, and return what the PBX tells of it."""
    wanted = {"UserEvent": "RingplanRoom", "State": state, **{key.title(): value for key, value in what.items()}}
    try:
        async with asyncio.timeout(deadline):
            return await desk.ami.event("UserEvent", wanted)
    except TimeoutError:
        raise AssertionError(f"not told {state} {what}: {desk.log[-4000:]}") from None


async def members(desk: Desk, room: str = ROOM, name: str = NAME) -> int:
    """Return how many are in a conference."""
    return int(await desk.ami.value(f"CONFBRIDGE_INFO(parties,ringplan-{room}-{name})") or 0)
