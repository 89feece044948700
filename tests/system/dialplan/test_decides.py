"""The dialplan decides as `tests/fakes/dialplan.py` says it does, which the engine's tests rely on.

The values are made up at random, from a fixed seed: any mixture of what the calendar has planned, what was set and
ended by hand, and what cannot be read; looked at about every instant at which something changes.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.held import Held
from tests.fakes.dialplan import Caller, Diverted, decides, dial, hand_of
from tests.system.dialplan.conftest import Desk

MINUTE = 60
HOUR = 60 * MINUTE
NOW = int(datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp())
LETTERS = ("at", "qt", "av", "qv", "ao", "ab", "qb", "qr", "ar")
REASONS = ("meeting", "lunch", "away", "gone_for_the_day")
CONTENTS = 60
CODES = "1-t-at-qb-meeting-1002|2-d-av-av-trip-|3-n-ab-ab-gone_for_the_day-"
DIGITS = {"t": "1", "d": "2", "n": "3"}


def begins(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Stockholm")).timestamp())


def window(chance: Random, start: int, until: int, *, begun: int = 0, back: int | None = None) -> str:
    """Return a window; times as they are written."""
    inside, outside, reason = chance.choice(LETTERS), chance.choice(LETTERS), chance.choice(REASONS)
    target, flags = chance.choice(("", "1002", "1004")), chance.choice(("", "", "x")) if begun else ""
    later = until + chance.choice((0, 0, HOUR, 15 * HOUR)) if back is None else back
    return f"{start}-{until}-{later}-{begun}-{inside}-{outside}-{reason}-{target}-{flags}"


def schedule(chance: Random) -> tuple[str, list[int]]:
    """Return a schedule, with the instants at which something changes: windows that touch, or leave a gap."""
    at, marks, windows = chance.randrange(-3, 3) * HOUR, list[int](), list[str]()
    base = NOW + at - 12 * HOUR
    for _ in range(chance.randrange(1, 7)):
        at += chance.choice((0, 0, 30, 60)) * MINUTE
        until = at + chance.choice((15, 30, 60, 240)) * MINUTE
        begun = chance.choice((0, 0, 30 * MINUTE, 3 * HOUR))
        windows.append(window(chance, NOW + at - base, NOW + until - base, begun=begun))
        marks += [NOW + at - begun, NOW + at, NOW + until]
        at = until
    language, operator = chance.choice(("sv", "de", "en")), chance.choice(("", "1004"))
    head = f"2|Europe/Stockholm|{base}-{chance.choice((24, 2)) * HOUR}-{language}-{operator}"
    return "|".join((head, *windows)), marks


def hand(chance: Random, marks: list[int]) -> tuple[str, list[int]]:
    """Return what was set or ended by hand, or both."""
    ended = chance.choice((0, 0, NOW, *(mark + chance.choice((-1, 0, 1)) for mark in marks)))
    turn = chance.choice((1, 7, 123456))
    if chance.random() < 0.4:
        return f"1|{turn}-{max(ended, 1)}-", [ended]
    start = NOW - chance.choice((0, 1, HOUR))
    until = max(start + 1, chance.choice([*marks, NOW + HOUR, NOW + 30 * HOUR]) + chance.choice((-1, 0, 1)))
    return f"1|{turn}-{ended}-1|{window(chance, start, until)}", [start, until]


def phone(turn: int = 0, work: str = "", key: str = "") -> str:
    return f"1|Europe/Stockholm|1001-sv--{turn}-{key}|1001.1501||{work or f'{NOW}-'}|{CODES}"


def garbled(chance: Random, text: str) -> str:
    """Return `text` with something in it that has no place there."""
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(("x", "-", "|", "¤", " ", "")) + text[at + 1 :]


async def hold(desk: Desk, family: str, place: str, text: str | None) -> None:
    """Let the PBX hold exactly this."""
    if text is None:
        await desk.ami.action("DBDel", {"Family": family, "Key": place})
    else:
        await desk.set(family, place, text)


@pytest.mark.timeout(600)
async def test_every_mixture_of_values_decides_as_the_model_says(desk: Desk) -> None:
    chance = Random(20261123)
    compared = dict.fromkeys(("", "hand", "schedule"), 0)
    for number in range(CONTENTS):
        planned, marks = schedule(chance) if chance.random() < 0.9 else (None, [])
        by_hand, more = hand(chance, marks) if chance.random() < 0.8 else (None, [])
        owner = phone(chance.choice((0, 5))) if chance.random() < 0.9 else None
        if number % 10 == 9 and planned is not None:
            planned = garbled(chance, planned)
        if number % 10 == 8 and by_hand is not None:
            by_hand = garbled(chance, by_hand)
        place = chance.choice(("1001", "1501"))
        holds = {place: Held(schedule=planned, phone=owner)}
        holds["1001"] = Held(schedule=holds["1001"].schedule if place == "1001" else None, phone=owner, hand=by_hand)
        for family, where, text in (
            ("ringplan", place, planned),
            ("ringplan-hand", "1001", by_hand),
            ("ringplan-phone", "1001", owner),
            ("ringplan-phone", "1501", owner),
        ):
            await hold(desk, family, where, text)
        about = {mark + off for mark in (NOW, *marks, *more) for off in (-1, 0, 1) if mark + off > 0}
        for at in chance.sample(sorted(about), min(len(about), 12)):
            found = await desk.asked("asked-now", place, at)
            told = {
                side: decides(holds, place, datetime.fromtimestamp(at, UTC), Caller("1003", internal=side == "inside"))
                for side in ("inside", "outside")
            }
            for side, call in told.items():
                if isinstance(call, Diverted):
                    expected = ("hand" if call.by_hand else "schedule", call.until, call.back, call.reason, call.target)
                    got = (found["decides"], int(found["until"]), int(found["back"]), found["reason"], found["target"])
                    assert (got, found[side]) == (expected, call.treatment), f"{place} at {at}: {holds}"
                else:
                    assert found["decides"] == "", f"{place} at {at}: {holds}"
            compared[found["decides"]] += 1
        for family in ("ringplan", "ringplan-phone", "ringplan-hand"):
            await desk.asterisk.cli(f"database deltree {family}")
    assert all(many > CONTENTS for many in compared.values()), compared


INSTANTS = (
    NOW,
    begins(2026, 11, 23, 8),
    begins(2026, 11, 23, 7, 59),
    begins(2026, 11, 27, 17),
    begins(2026, 11, 28, 12),
    begins(2026, 12, 31, 23, 59),
    begins(2027, 2, 28, 10),
    begins(2028, 2, 28, 10),
    begins(2027, 3, 27, 22),
    begins(2027, 3, 28, 1, 30),
    begins(2026, 10, 24, 4),
    begins(2026, 10, 25, 4),
)
GIVEN = {
    "t": ("0000", "0230", "0759", "0800", "1000", "1001", "1730", "2359", "2400", "1260", "930", "12345"),
    "d": ("0101", "0228", "0229", "0301", "0328", "1025", "1123", "1124", "1231", "0001", "1301", "0431", "112"),
    "n": ("", "0800"),
}


@pytest.mark.timeout(600)
async def test_what_is_dialled_ends_as_the_model_says(desk: Desk) -> None:
    for at in INSTANTS:
        day = datetime.fromtimestamp(at, ZoneInfo("Europe/Stockholm")).date()
        base = begins(day.year, day.month, day.day)
        spans = [
            begins(one.year, one.month, one.day, hour) - base
            for one in (day + timedelta(days=ahead) for ahead in range(14))
            if one.weekday() < 5
            for hour in (8, 17)
        ]
        for work in (f"{base}-{'.'.join(map(str, spans))}", f"{base}-"):
            holds = {"1001": Held(phone=phone(work=work))}
            await hold(desk, "ringplan-phone", "1001", holds["1001"].phone)
            for takes, values in GIVEN.items():
                for value in values:
                    found = await desk.asked("asked-until", "1001", at, takes, value)
                    code = f"*23*{DIGITS[takes]}" + (f"*{value}" if value else "")
                    answer = dial(holds, "1001", code, datetime.fromtimestamp(at, UTC), {})
                    if answer.hand is None:
                        assert found["say"] == answer.says, f"{code} at {at}"
                        continue
                    dialled = hand_of({"1001": Held(hand=answer.hand)}, "1001")
                    assert dialled is not None
                    assert dialled.window is not None
                    got = (found["say"], int(found["until"] or 0), int(found["back"] or 0))
                    assert got == ("", dialled.window.until, dialled.window.back), f"{code} at {at}, {work}"
