"""What a PBX knows of a number's owner, written by hand here, and what it holds after a star code was dialled.

The values are put together from their description (dialplan/README.md) and not by the gateway, which is away.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.planning.hand import Hand, parse
from peers.leg import Leg
from peers.phone import call
from peers.process import until
from tests.system.dialplan.conftest import Desk

STOCKHOLM = "Europe/Stockholm"
CODES = (
    "1-t-qt-qb-meeting-1002",
    "2-t-ab-ab-lunch-",
    "3-n-qb-qb-gone_for_the_day-",
    "4-d-qb-qb-holiday-",
    "12-t-qb-qb-out-",
)


def owner(
    main: str = "1001",
    *,
    phones: Sequence[str] = (),
    through: Sequence[str] = (),
    language: str = "sv",
    zone: str = STOCKHOLM,
    operator: str = "",
    turn: int = 0,
    key: str = "",
    work: Sequence[tuple[datetime, datetime]] = (),
    codes: Sequence[str] = CODES,
) -> str:
    """Return the value of everybody's phone whose main number is `main`; `work` are spans of working time."""
    base = midnight(zone, min((begin for begin, _ in work), default=datetime.now(UTC)))
    spans = ".".join(str(int((mark - base).total_seconds())) for span in work for mark in span)
    numbers = ".".join(phones or (main,))
    head = f"{main}-{language}-{operator}-{turn}-{key}"
    return "|".join(("1", zone, head, numbers, ".".join(through), f"{int(base.timestamp())}-{spans}", *codes))


def midnight(zone: str, now: datetime, days: int = 0) -> datetime:
    """Return when the day of `now`, or one so many `days` later, begins in `zone`."""
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def dial(desk: Desk, phone: str, code: str) -> AbstractAsyncContextManager[Leg]:
    """Dial a star code on a phone; # is written in a SIP address as phones do."""
    return call(desk.asterisk, phone, code.replace("#", "%23"))


async def says(desk: Desk, phone: str, code: str, *sounds: str, language: str = "sv") -> None:
    """Dial `code` and hear exactly these sounds to their end, after which Asterisk hangs up."""
    before = len(desk.played)
    async with dial(desk, phone, code) as made:
        await made.is_answered(deadline=60)
        await made.is_over(deadline=60)
    await until(lambda: len(desk.played) >= before + len(sounds), 60.0, f"{sounds} in the log")
    assert [sound.removeprefix(f"ringplan/{language}/") for sound in desk.played[before:]] == list(sounds)


def clock(ahead: timedelta, zone: str = STOCKHOLM) -> tuple[str, datetime]:
    """Return a time of day as it is dialled, about so far `ahead`, and its instant."""
    when = (datetime.now(UTC) + ahead).astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    return f"{when:%H%M}", when.astimezone(UTC)


def again(back: datetime, zone: str = STOCKHOLM, language: str = "sv") -> list[str]:
    """Return the sounds that say when somebody can be reached again."""
    now, then = datetime.now(ZoneInfo(zone)), back.astimezone(ZoneInfo(zone))
    days = (then.date() - now.date()).days
    if days > 6:
        return ["back-date", f"day-{then:%d}", f"month-{then:%m}"]
    if days:
        return ["back-weekday", f"weekday-{then:%u}"]
    noon = [f"{then:%p}".lower()] if language == "en" else []
    return ["back-clock", f"hour-{then:%H}", *([f"minute-{then:%M}"] if then.minute else []), *noon]


async def holds(desk: Desk, main: str = "1001") -> str:
    """Return the hand register of `main`, empty where there is none."""
    answer = await desk.asterisk.cli(f"database get ringplan-hand {main}")
    found = [line for line in answer.splitlines() if line.startswith("Value: ")]
    return found[0].removeprefix("Value: ").strip() if found else ""


async def hand(desk: Desk, main: str = "1001") -> Hand:
    """Return what the gateway would read in the hand register of `main`."""
    return parse(await holds(desk, main))


async def written(desk: Desk) -> dict[str, str]:
    """Return the next event that tells of a star code."""
    async with asyncio.timeout(60):
        return await desk.ami.event("UserEvent", {"UserEvent": "RingplanHand"})


async def nothing_is_written(desk: Desk, main: str = "1001") -> None:
    """Nobody has set or ended anything."""
    assert await holds(desk, main) == ""
    assert "RingplanHand" not in desk.log


async def lamp(desk: Desk, number: str, state: str) -> None:
    """Wait until the lamp of `number` is `state`."""
    shown = ""

    async def look() -> str:
        return await desk.ami.value(f"DEVICE_STATE(Custom:ringplan-{number})")

    async with asyncio.timeout(60):
        while shown != state:
            shown = await look()
