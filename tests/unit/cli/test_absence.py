"""`absence`: away by hand from the command line, as on the telephone; and what others are told of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.store import absences, diversions, health, mailboxes, users
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=ZONE)  # a Monday, during work
HOUR = timedelta(hours=1)
NOBODY_RUNS = "no gateway is running: it counts from its next start on"
Write = Callable[[Callable[[Rows], Awaitable[object]]], object]


@pytest.fixture(autouse=True)
def at_half_past_two(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_first(*_: object) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr("gateway.engine.clock.WallClock.now", lambda _: NOW.astimezone(UTC) + HOUR / 3_600_000)
    monkeypatch.setattr("gateway.cli.explain.obeyed_first", nothing_first)


@pytest.fixture
def write(ringplan: Ringplan, tmp_path: Path) -> Write:
    """Anna with a calendar and two telephones, Bo; and a way into the store."""
    ringplan("accounts", "add", "office", "reader", "--service", says="x\n")
    ringplan("users", "add", "1001", "--email", "anna@example.org", "--name", "Anna", "--phone", "1501")
    ringplan("users", "add", "1004", "--email", "bo@example.org", "--name", "Bo")

    def through(work: Callable[[Rows], Awaitable[object]]) -> object:
        async def done() -> object:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                return await work(rows)

        return asyncio.run(done())

    return through


def absence(write: Write) -> Diversion | None:
    async def of_anna(rows: Rows) -> Diversion | None:
        return await absences.of(rows, 1)

    found = write(of_anna)
    assert found is None or isinstance(found, Diversion)
    return found


async def planned(rows: Rows) -> None:
    """A trip all day, lunch until three, information, and a meeting afterwards."""
    items = [
        Diversion(1, "a" * 32, "trip", NOW - 6 * HOUR, NOW + 6 * HOUR),
        Diversion(1, "b" * 32, "lunch", NOW - HOUR / 2, NOW + HOUR / 2),
        Diversion(1, "c" * 32, "meeting", NOW - HOUR, NOW + HOUR, diverts=False),
        Diversion(1, "d" * 32, "training", NOW + 2 * HOUR, NOW + 3 * HOUR),
    ]
    await mailboxes.replace(rows, 1, items, None, epoch=0, now=NOW)


async def running(rows: Rows) -> None:
    await health.put(rows, "gateway", ok=True, now=NOW)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("words", "code", "end"),
    [
        (("M", "--until", "15:00"), "meeting", at(23, 15)),
        (("möt", "--until", "9:15"), "meeting", at(24, 9, 15)),
        (("1", "--until", "14:30"), "meeting", at(24, 14, 30)),
        (("trip", "--until", "2026-11-25"), "trip", at(25, 0)),
        (("41", "--until", "2026-11-25 10:30"), "sick_child", at(25, 10, 30)),
        (("lun", "--until", "2026-11-23T15:00:00+00:00"), "lunch", at(23, 16)),
        (("gfd",), "gone_for_the_day", at(24, 8)),
        (("GFD", "--until", "16:00"), "gone_for_the_day", at(23, 16)),
    ],
)
def test_somebody_is_away_from_now_until_what_was_said(
    ringplan: Ringplan, write: Write, words: tuple[str, ...], code: str, end: datetime
) -> None:
    done = ringplan("absence", "set", "1501", *words)
    assert done.exit_code == 0, done.stderr
    assert absence(write) == Diversion(1, BY_HAND, code, NOW.astimezone(UTC), end, by_hand=True)
    assert "1001 is away by hand" in done.stdout
    assert f"{end.astimezone(ZONE):%Y-%m-%d %H:%M:%S} Europe/Stockholm" in done.stdout
    assert NOBODY_RUNS in done.stdout


def test_who_has_no_working_time_is_gone_until_midnight(ringplan: Ringplan, write: Write) -> None:
    ringplan("users", "set", "1001", "--hours", "none")
    assert ringplan("absence", "set", "1001", "GFD").exit_code == 0
    made = absence(write)
    assert made is not None
    assert made.end == at(24, 0)


def test_what_callers_hear_and_meet_is_said(ringplan: Ringplan, write: Write) -> None:
    write(running)
    ringplan("codes", "set", "meeting", "--internal", "quiet,ring", "--external", "announce,voicemail")
    done = ringplan("absence", "set", "1001", "M", "--until", "17:30", "--to", "1004")
    lines = {
        key: " ".join(rest) for key, *rest in (line.split("  ") for line in done.stdout.splitlines() if "  " in line)
    }
    told = {key: value.strip() for key, value in lines.items()}
    assert told["others hear"] == "I möte, back 2026-11-24 08:00:00"
    assert (told["colleagues meet"], told["others meet"], told["target"]) == ("quiet,ring", "announce,target", "1004")
    assert "!" not in done.stdout


def test_the_calendar_goes_on_where_the_absence_ends(ringplan: Ringplan, write: Write) -> None:
    write(planned)
    done = ringplan("absence", "set", "1001", "M", "--until", "15:00")
    assert "back 2026-11-24 08:00:00" in done.stdout, done.stdout  # the trip ends at half past eight in the evening


def test_what_keeps_it_from_counting_is_said(ringplan: Ringplan, write: Write) -> None:
    write(running)
    ringplan("users", "set", "1001", "--disable")
    ringplan("off")
    done = ringplan("absence", "set", "1001", "M", "--until", "15:00")
    assert "! 1001 is disabled" in done.stdout
    assert "! Ringplan is off" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1009", "M", "--until", "15:00"), ["nobody has the number 1009", "ringplan users list"]),
        (("\udcff", "M", "--until", "15:00"), ["nobody has the number"]),
        (("1001", "MM", "--until", "15:00"), ["'MM' is no code", "ringplan codes list"]),
        (("1001", "99", "--until", "15:00"), ["'99' is no code"]),
        (("1001", "x" * 500, "--until", "15:00"), ["is no code"]),
        (("1001", "M"), ["until when? This code takes a time", "--until 15:00"]),
        (("1001", "SEM"), ["until when? This code takes a date", "2026-11-24"]),
        (("1001", "M", "--until", "25:00"), ["'25:00' is no time and no day", "15:00", "day of return"]),
        (("1001", "M", "--until", "2026-02-30"), ["is no time and no day"]),
        (("1001", "M", "--until", "1505"), ["is no time and no day"]),
        (("1001", "M", "--until", ""), ["is no time and no day"]),
        (("1001", "M", "--until", "0001-01-01 00:00"), ["is no time and no day"]),
        (("1001", "M", "--until", "2026-11-23"), ["is today or past", "day of return"]),
        (("1001", "M", "--until", "2025-11-24"), ["is today or past"]),
        (("1001", "M", "--until", "2026-11-23 14:30"), ["is past", "later"]),
        (("1001", "M", "--until", "2027-12-01"), ["more than a year away"]),
        (("1001", "M", "--until", "9999-12-31"), ["more than a year away"]),
        (("1001", "M", "--until", "15:00", "--to", "1501"), ["1501 is 1001's own number"]),
        (("1001", "M", "--until", "15:00", "--to", "00900123"), ["not permitted", "extensions of users", "--permit"]),
        (("1001", "M", "--until", "15:00", "--to", "+46"), ["'+46' is no number"]),
        (("1001", "M", "--until", "15:00", "--to", ""), ["is no number"]),
    ],
)
def test_what_cannot_be_is_told_with_a_remedy_and_changes_nothing(
    ringplan: Ringplan, write: Write, words: tuple[str, ...], told: list[str]
) -> None:
    ringplan("absence", "set", "1001", "TJR", "--until", "2026-11-25")
    before = absence(write)
    done = ringplan("absence", "set", *words)
    assert done.exit_code == 2, done.output
    for one in told:
        assert one in done.stderr
    assert len(done.stderr) < 300
    assert absence(write) == before


def test_a_number_is_permitted_as_in_a_calendar(ringplan: Ringplan, write: Write) -> None:
    ringplan("organisation", "set", "--permit", "070xxxxxxx")
    assert ringplan("absence", "set", "1001", "M", "--until", "15:00", "--to", "0701234567").exit_code == 0
    made = absence(write)
    assert made is not None
    assert made.target == "0701234567"
    done = ringplan("absence", "set", "1001", "M", "--until", "15:00", "--to", "1004")
    assert (done.exit_code, "permitted are: 070xxxxxxx" in done.stderr) == (2, True)


def test_ending_says_what_has_ended_and_until_when_the_calendar_is_dismissed(ringplan: Ringplan, write: Write) -> None:
    write(running)
    write(planned)
    ringplan("absence", "set", "1001", "M", "--until", "16:00")
    done = ringplan("absence", "end", "1501")
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        [
            "1001: meeting by hand, until 2026-11-23 16:00:00, is ended",
            "1001: trip is dismissed until 2026-11-23 20:30:00",
            "1001: lunch is dismissed until 2026-11-23 15:00:00",
        ],
    )
    assert absence(write) is None

    async def left(rows: Rows) -> list[str]:
        return [one.code for one in await diversions.of(rows, 1) if not one.dismissed]

    assert write(left) == ["meeting", "training"]
    again = ringplan("absence", "end", "1001")
    assert (again.exit_code, again.stdout) == (0, "1001: nothing is in force\n")
    assert ringplan("absence", "end", "1009").exit_code == 2


def test_ending_without_a_gateway_says_that_the_pbx_is_told_later(ringplan: Ringplan, write: Write) -> None:
    assert "what was dialled meanwhile is not known" in ringplan("absence", "end", "1001").stdout
    ringplan("absence", "set", "1001", "GFD")
    assert "its PBX is told at its next start" in ringplan("absence", "end", "1001").stdout


def test_who_is_away_by_hand_is_listed_and_that_somebody_is_sick_is_not(ringplan: Ringplan, write: Write) -> None:
    write(running)
    assert ringplan("absence", "list").stdout == "Nobody is away by hand\n"
    ringplan("absence", "set", "1001", "SJU", "--until", "2026-11-25", "--to", "1004")
    ringplan("absence", "set", "1004", "M", "--until", "15:00")
    told = json.loads(ringplan("absence", "list", "--json").stdout)
    assert told == [
        {
            "extension": "1001",
            "name": "Anna",
            "code": "away",
            "since": at(23, 14, 30).isoformat(),
            "until": at(25, 0).isoformat(),
            "target": "1004",
        },
        {
            "extension": "1004",
            "name": "Bo",
            "code": "meeting",
            "since": at(23, 14, 30).isoformat(),
            "until": at(23, 15).isoformat(),
            "target": None,
        },
    ]
    shown = ringplan("absence", "list").stdout
    assert "2026-11-25 00:00:00" in shown
    set_again = ringplan("absence", "set", "1001", "VAB", "--until", "2026-11-25").stdout
    ended = ringplan("absence", "end", "1001").stdout
    for telling in ("sick", "sju", "vab", "vård", "41", "42"):
        assert telling not in (shown + set_again + ended).lower(), telling


def test_what_is_over_is_not_listed(ringplan: Ringplan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    ringplan("absence", "set", "1001", "M", "--until", "15:00")
    monkeypatch.setattr("gateway.engine.clock.WallClock.now", lambda _: at(23, 15))
    assert json.loads(ringplan("absence", "list", "--json").stdout) == []
    assert "nothing is in force" in ringplan("absence", "end", "1001").stdout
    assert absence(write) is None


def test_an_absence_by_hand_is_explained(ringplan: Ringplan, write: Write) -> None:
    write(planned)
    ringplan("absence", "set", "1001", "M", "--until", "16:00", "--to", "1004")
    shown = ringplan("explain", "1501").stdout
    for told in ("meeting by hand", "set by hand", "asked for by hand", "trip:", "lunch:"):
        assert told in shown, shown
    told = json.loads(ringplan("explain", "1001", "--json").stdout)
    assert (told["why"], told["segment"]["diversion"]["by_hand"]) == ("by_hand", True)
    later = json.loads(ringplan("explain", "1001", "--at", "16:00", "--json").stdout)
    assert (later["why"], later["segment"]["diversion"]["code"]) == ("runs_alone", "trip")


def test_what_was_dismissed_is_explained(ringplan: Ringplan, write: Write) -> None:
    write(planned)
    ringplan("absence", "end", "1001")
    shown = ringplan("explain", "1001").stdout
    assert "rings" in shown
    assert "dismissed by its owner  until 2026-11-23 20:30:00: trip:" in shown
    told = json.loads(ringplan("explain", "1001", "--json").stdout)
    assert told["segment"] is None
    assert told["why"] == "dismissed"
    assert sorted(one["code"] for one in told["dismissed"]) == ["lunch", "trip"]
    assert "training" in ringplan("explain", "1001", "--at", "16:45").stdout


def test_whose_calls_ring_all_the_same_is_explained(ringplan: Ringplan, write: Write) -> None:
    ringplan("users", "set", "1001", "--through", "1002", "--through", "1003")
    ringplan("organisation", "set", "--through", "1003", "--through", "1000")
    ringplan("absence", "set", "1001", "M", "--until", "16:00", "--to", "1004")
    assert "rings through for  1004 1002 1003 1000" in ringplan("explain", "1001").stdout
    told = json.loads(ringplan("explain", "1001", "--json").stdout)
    assert told["rings_through_for"] == ["1004", "1002", "1003", "1000"]
    ringplan("absence", "end", "1001")
    assert "rings through for" not in ringplan("explain", "1001").stdout


def test_who_is_away_by_hand_counts_as_diverted(ringplan: Ringplan, write: Write) -> None:
    async def well(rows: Rows) -> None:
        await running(rows)
        await mailboxes.unchanged(rows, [1, 2], NOW)

    write(well)
    write(planned)
    ringplan("absence", "set", "1004", "SJU", "--until", "2026-11-25")
    ringplan("absence", "set", "1001", "GFD")
    told = json.loads(ringplan("status", "--json").stdout)["diverted"]
    assert [(one["extension"], one["code"], one["by_hand"]) for one in told] == [
        ("1001", "gone_for_the_day", True),
        ("1004", "away", True),
    ]
    assert "diverted=2" in ringplan("status", "--check").stdout
    assert "by hand" in ringplan("status").stdout
    ringplan("absence", "end", "1001")
    assert "diverted=1" in ringplan("status", "--check").stdout


def test_a_removed_user_or_code_takes_the_absence_along(ringplan: Ringplan, write: Write) -> None:
    ringplan("absence", "set", "1001", "M", "--until", "15:00")
    ringplan("codes", "remove", "meeting")
    assert absence(write) is None
    ringplan("absence", "set", "1001", "L", "--until", "15:00")
    ringplan("users", "remove", "1001")
    assert absence(write) is None


def test_an_absence_stays_with_who_gets_another_number(ringplan: Ringplan, write: Write) -> None:
    ringplan("absence", "set", "1001", "M", "--until", "15:00")
    done = ringplan("users", "set", "1501", "--extension", "1011")
    assert (done.exit_code, done.stdout) == (0, "1011 is changed\n1001 has the number 1011 now\n")

    async def names(rows: Rows) -> list[tuple[str, ...]]:
        return [user.places for user in await users.every(rows)]

    assert write(names) == [("1004",), ("1011", "1501")]
    (listed,) = json.loads(ringplan("absence", "list", "--json").stdout)
    assert listed["extension"] == "1011"
