"""What several system tests do: write an item, dial a code, read what a PBX holds, and see where a call lands."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.domain.code import Behaviour, Code, Treatment
from gateway.planning.hand import Hand, parse
from gateway.store import absences
from peers.asterisk import Asterisk
from peers.gateway import STOCKHOLM, Gateway
from peers.leg import Leg
from peers.phone import Phone, call
from peers.process import LOOK
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


def dialling(asterisk: Asterisk, phone: str, code: str) -> AbstractAsyncContextManager[Leg]:
    """Dial a star code at `phone`; `#` goes into a request's address as RFC 3261 wants it."""
    return call(asterisk, phone, code.replace("#", "%23"))


async def dials(asterisk: Asterisk, phone: str, code: str) -> None:
    """Dial a star code at `phone`, and listen until Asterisk hangs up."""
    async with dialling(asterisk, phone, code) as made:
        await made.is_answered()
        await made.is_over(60)


def clock(from_now: timedelta) -> tuple[str, datetime]:
    """Return a time of day as it is dialled, and the instant that it means: a whole minute, in Stockholm.

    It is the first one that is at least so far away.
    """
    when = (datetime.now(UTC) + from_now + timedelta(seconds=59, microseconds=999_999)).replace(second=0, microsecond=0)
    return f"{when.astimezone(STOCKHOLM):%H%M}", when


async def held(ami: RawAmi, family: str, key: str) -> str | None:
    """Return a value of AstDB, None where there is none."""
    answer = await ami.action("DBGet", {"Family": family, "Key": key})
    if answer["Response"] != "Success":
        return None
    return (await ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]


async def dialled_last(ami: RawAmi, extension: str) -> Hand:
    """Return what the PBX holds as dialled."""
    value = await held(ami, "ringplan-hand", extension)
    assert value is not None
    return parse(value)


async def is_gone(ami: RawAmi, family: str, key: str, within: float = 60) -> None:
    """Wait until AstDB holds nothing there."""
    async with asyncio.timeout(within):
        while await held(ami, family, key) is not None:
            await asyncio.sleep(LOOK)


async def is_present(ami: RawAmi, extension: str, within: float = 60) -> None:
    """Wait until Asterisk holds what a new gateway makes it hold: nobody is away, and nothing has been dialled yet."""
    async with asyncio.timeout(within):
        while True:
            _, _, owner, *_ = (await held(ami, "ringplan-phone", extension) or "||").split("|")
            if owner.split("-")[3:4] == ["0"] and await held(ami, "ringplan-hand", extension) is None:
                break
            await asyncio.sleep(LOOK)
    await shows(ami, extension, away=False)


async def kept(gateway: Gateway) -> tuple[dict[str, int], dict[str, str]]:
    """Return what the gateway has taken over, by extension: the last turn, and until when somebody is away by hand."""
    extensions = {user.id: extension for extension, user in gateway.users.items()}
    async with gateway.store() as store, store.read() as rows:
        turns, by_hand = await absences.turns(rows), await absences.every(rows)
    return dict(turns), {extensions[user]: absence.end.isoformat() for user, absence in by_hand.items()}


async def last_turn(ami: RawAmi, extension: str) -> int:
    """Return the turn of what was dialled last since Asterisk's start (ringplan-hand.conf), else 0."""
    return int(await ami.value(f"RINGPLAN_TURN_{extension}") or 0)


async def has_taken_over(gateway: Gateway, ami: RawAmi, extension: str, until: datetime | None) -> int:
    """Wait until the gateway has taken over what was dialled last, and keeps that absence by hand; return the turn."""
    turn = await last_turn(ami, extension)
    wanted = {extension: turn} if turn else {}, {extension: until.isoformat()} if until else {}
    seen: tuple[dict[str, int], dict[str, str]] | None = None
    try:
        async with asyncio.timeout(60):
            while (seen := await kept(gateway)) != wanted:
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise AssertionError(f"kept: {seen}, not {wanted}") from None
    return turn


def committed(asterisk: Asterisk, value: str) -> bool:
    """Whether AstDB has `value` in its file for good; read without SQLite, whose lock would make Asterisk lose it."""
    found = value.encode() in asterisk.astdb.read_bytes()
    return found and not asterisk.astdb.with_name(f"{asterisk.astdb.name}-journal").exists()


async def shows(ami: RawAmi, extension: str, *, away: bool, presence: str = "dnd", within: float = 150) -> None:
    """Wait until lamp and presence of `extension` say that it is away, or that it is not, whatever the reason is.

    `presence` is the one of the code that diverts.
    """
    wanted = ("INUSE", presence) if away else ("UNAVAILABLE", "available")
    seen: tuple[str, str] | None = None
    try:
        async with asyncio.timeout(within):
            while (seen := await _shown(ami, extension)) != wanted:
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise AssertionError(f"{extension} after {within} s: {seen}, not {wanted}") from None


async def holds(ami: RawAmi, extension: str, *, diverted: bool, presence: str = "dnd", within: float = 150) -> None:
    """Wait until schedule, lamp and presence in the PBX all say that `extension` is diverted, or all that it is not.

    `presence` is the one of the code that diverts.
    """
    wanted = ("INUSE", presence, True) if diverted else ("UNAVAILABLE", "available", False)
    seen: tuple[str, str, bool] | None = None
    try:
        async with asyncio.timeout(within):
            while seen != wanted:
                planned = await held(ami, "ringplan", extension) is not None
                seen = (*await _shown(ami, extension), planned)
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise AssertionError(f"{extension} after {within} s: {seen}, not {wanted}") from None


async def _shown(ami: RawAmi, extension: str) -> tuple[str, str]:
    lamp = await ami.value(f"DEVICE_STATE(Custom:ringplan-{extension})")
    return lamp, await ami.value(f"PRESENCE_STATE(CustomPresence:ringplan-{extension},value)")


async def is_planned(ami: RawAmi, extension: str, within: float = 60) -> None:
    """Wait until the PBX holds a schedule for `extension`, whether it is in force yet or not."""
    async with asyncio.timeout(within):
        while await held(ami, "ringplan", extension) is None:
            await asyncio.sleep(LOOK)


async def clock_passes(ami: RawAmi, when: str, within: float = 120) -> None:
    """Wait until the PBX's own clock has passed `when`, as `instant` writes it."""
    await passes(ami, datetime.strptime(when, ":%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), within)


async def passes(ami: RawAmi, when: datetime, within: float = 120) -> None:
    """Wait until the PBX's own clock has passed `when`."""
    async with asyncio.timeout(within):
        while float((await ami.action("Ping"))["Timestamp"]) < when.timestamp():
            await asyncio.sleep(LOOK)
