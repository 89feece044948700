"""What several system tests do: write an item, read what a PBX holds, and see where a call lands."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.domain.code import Behaviour, Code, Treatment
from peers.asterisk import Asterisk
from peers.phone import Phone, call
from peers.process import POLL
from peers.raw_ami import RawAmi

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def quietly_to(target: str, code: Code) -> Code:
    """Lead callers to `target` without a word: what is said on the way is for the dialplan's own tests."""
    quiet = Treatment(announce=False, then=Behaviour.TARGET)
    return replace(code, internal=quiet, external=quiet, target=target)


def instant(from_now: timedelta) -> str:
    """Return an instant as iCalendar writes it behind DTSTART or DTEND."""
    return f":{datetime.now(UTC) + from_now:%Y%m%dT%H%M%SZ}"


async def lands(asterisk: Asterisk, extension: str, at: Phone, *, caller: str = "1040") -> None:
    """Call `extension`, and see that the call is answered `at` this phone and that sound flows both ways."""
    before = len(at.calls)
    async with call(asterisk, caller, extension) as made:
        await made.is_answered()
        leg = await at.rings(before + 1)
        await leg.hears()
        await made.hears()


async def holds(ami: RawAmi, extension: str, *, diverted: bool, presence: str = "dnd", within: float = 15) -> None:
    """Wait until schedule, lamp and presence in the PBX all say that `extension` is diverted, or all that it is not.

    `presence` is the one of the code that diverts.
    """
    wanted = ("INUSE", presence, True) if diverted else ("UNAVAILABLE", "available", False)
    seen: tuple[str, str, bool] | None = None
    try:
        async with asyncio.timeout(within):
            while seen != wanted:
                lamp = await ami.value(f"DEVICE_STATE(Custom:ringplan-{extension})")
                shown = await ami.value(f"PRESENCE_STATE(CustomPresence:ringplan-{extension},value)")
                answer = await ami.action("DBGet", {"Family": "ringplan", "Key": extension})
                seen = (lamp, shown, answer["Response"] == "Success")
                await asyncio.sleep(POLL)
    except TimeoutError:
        raise AssertionError(f"{extension} after {within} s: {seen}, not {wanted}") from None


async def is_planned(ami: RawAmi, extension: str, within: float = 15) -> None:
    """Wait until the PBX holds a schedule for `extension`, whether it is in force yet or not."""
    async with asyncio.timeout(within):
        while (await ami.action("DBGet", {"Family": "ringplan", "Key": extension}))["Response"] != "Success":
            await asyncio.sleep(POLL)


async def clock_passes(ami: RawAmi, when: str, within: float = 60) -> None:
    """Wait until the PBX's own clock has passed `when`, as `instant` writes it."""
    end = datetime.strptime(when, ":%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    async with asyncio.timeout(within):
        while float((await ami.action("Ping"))["Timestamp"]) < end:
            await asyncio.sleep(POLL)
