"""`conferences`, and what `status` and `explain` tell about them: who, when and where, never what it is about."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result as Done

from gateway.domain.conference import (
    Attempt,
    Attendance,
    CallState,
    Conference,
    LeftOut,
    Participant,
    Result,
    RoomOf,
    Why,
)
from gateway.planning.conference.calling import attempt_id, who_of
from gateway.store import attendances, calls, conferences, health, rooms
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SUBJECT = "Styrgrupp Kiruna"
STRANGER = "stranger@elsewhere.example"
MOBILE = "0701234567"
Work = Callable[[Rows, datetime], Awaitable[None]]
Write = Callable[[Work], None]

ANNA, BO, CY = 1, 2, 3


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time at which the test began; commands come a moment later, however slow the machine is."""
    begun = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr("gateway.engine.clock.WallClock.now", lambda _: begun + timedelta(milliseconds=1))
    return begun


@pytest.fixture
def write(ringplan: Ringplan, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Anna, Bo and Cy; and a way to write into the store as the gateway does."""

    async def obeyed_first(*_: object) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr("gateway.cli.explain.obeyed_first", obeyed_first)
    for extension, name in (("1001", "Anna"), ("1002", "Bo"), ("1003", "Cy")):
        ringplan("users", "add", extension, "--email", f"{name}@example.org", "--name", name)

    def through(work: Work) -> None:
        async def written() -> None:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                await work(rows, now)

        asyncio.run(written())

    return through


def conference(key: str, start: datetime, room: str | None = "8001", **changed: object) -> Conference:
    """Anna's with Bo, Cy who has declined, somebody outside, and a stranger."""
    asked = (
        Participant("anna@example.org", ANNA),
        Participant("bo@example.org", BO),
        Participant("cy@example.org", CY, declined=True),
        Participant("dan@elsewhere.example", number=MOBILE),
    )
    made = Conference(
        key=key * 32,
        meeting=key * 32,
        series=key * 32,
        organiser=ANNA,
        pbx="main",
        room=room,
        start=start,
        end=start + HOUR,
        opens=start - 10 * MINUTE,
        closes=start + HOUR + 15 * MINUTE,
        autocall=True,
        subject=SUBJECT,
        participants=asked,
        left_out=(LeftOut(STRANGER, Why.UNKNOWN), LeftOut("all@example.org", Why.GROUP)),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def attempt(of: Conference, rank: int, number: int, state: CallState, result: Result | None, at: datetime) -> Attempt:
    """The attempt `number` to reach the participant at `rank`."""
    who = who_of(of, of.participants[rank])
    over = at + 5 * (MINUTE / 60) if result else None
    return Attempt(
        attempt_id(of.key, who, number), of.key, who, number, state, at, of.start, of.end, result=result, over=over
    )


async def well(rows: Rows, now: datetime) -> None:
    """A gateway that runs."""
    await health.put(rows, "gateway", ok=True, now=now)
    await health.put(rows, "pbx:main", ok=True, now=now)


async def going_on(rows: Rows, now: datetime) -> None:
    """One that runs since five minutes, one that is planned for tomorrow, one that is cancelled."""
    await well(rows, now)
    await rooms.put(rows, RoomOf("8001", owner=ANNA))
    runs = conference("a", now - 5 * MINUTE)
    tomorrow = conference("b", now + 24 * HOUR, room="8090", collided=True, autocall=False)
    cancelled = conference("c", now + 48 * HOUR, cancelled=True)
    await conferences.keep(rows, (tomorrow, runs, cancelled))
    await calls.put(
        rows,
        (
            attempt(runs, 0, 1, CallState.UP, None, runs.start),
            attempt(runs, 1, 1, CallState.OVER, Result.BUSY, runs.start),
            attempt(runs, 1, 2, CallState.DUE, None, now + MINUTE),
            attempt(runs, 3, 1, CallState.OVER, Result.UNCONFIRMED, runs.start),
            attempt(cancelled, 0, 1, CallState.OVER, Result.LATE, now),
            attempt(cancelled, 1, 1, CallState.VOID, Result.DROPPED, now),
        ),
    )
    for channel, who in (("PJSIP/1001-1", "user:1"), ("PJSIP/trunk-7", ""), ("PJSIP/1003-2", "user:3")):
        await attendances.came(rows, Attendance(runs.key, channel, who, now - 4 * MINUTE))
    await attendances.went(rows, runs.key, "PJSIP/1003-2", now - 2 * MINUTE)


def listed(ringplan: Ringplan) -> list[dict[str, object]]:
    found = json.loads(ringplan("conferences", "--json").stdout)
    assert isinstance(found, list)
    return found


def test_what_is_planned_and_what_goes_on_is_listed_by_time(ringplan: Ringplan, write: Write) -> None:
    assert "No conference is planned" in ringplan("conferences").stdout
    write(going_on)
    runs, tomorrow, cancelled = listed(ringplan)
    assert (runs["room"], runs["organiser"], runs["state"], runs["autocall"]) == ("8001", "1001", "running", True)
    assert (runs["in"], runs["called"], runs["left_out"], runs["asked"]) == (2, 3, 2, 4)
    assert (tomorrow["state"], tomorrow["collided"], tomorrow["in"]) == ("planned", True, 0)
    assert (cancelled["state"], cancelled["called"]) == ("cancelled", 0)
    shown = ringplan("conferences").stdout
    assert shown == ringplan("conferences", "list").stdout
    assert re.search(r"8001 +1001 +yes +running +4 +3 +2 +2 +aaaaaaaaaaaa", shown), shown
    assert re.search(r"8090 +1001 +planned +4 +2 +b{12} +the organiser's room was taken", shown), shown
    assert "no gateway" not in shown


def test_nothing_says_what_it_is_about_and_only_show_names_who_is_left_out(ringplan: Ringplan, write: Write) -> None:
    write(going_on)
    everywhere = [
        ringplan(*words).output
        for words in (
            ("conferences",),
            ("conferences", "--json"),
            ("status",),
            ("status", "--json"),
            ("status", "--check"),
            ("explain", "1001"),
            ("explain", "1001", "--json"),
            ("rooms", "list"),
        )
    ]
    for told in everywhere:
        assert STRANGER not in told
        assert MOBILE not in told
    for words in (("show", "8001"), ("show", "8001", "--json")):
        told = ringplan("conferences", *words).output
        assert STRANGER in told
        everywhere.append(told)
    assert not any(word in told for told in everywhere for word in SUBJECT.split())


def test_show_tells_of_each_who_when_and_how(ringplan: Ringplan, write: Write) -> None:
    write(going_on)
    done = ringplan("conferences", "show", "8001")
    assert done.exit_code == 0, done.stderr
    shown = done.stdout
    assert re.search(r"1001 Anna +has come by the call of \d\d:\d\d:\d\d +\d{4}\S+ \S+ +is in", shown), shown
    assert re.search(r"1002 Bo +busy \d\d:\d\d:\d\d; due at \d\d:\d\d:\d\d", shown), shown
    assert re.search(r"1003 Cy +has declined +\d{4}\S+ \S+ +\d{4}", shown), shown
    assert re.search(MOBILE + r" +answered, nobody pressed 1", shown), shown
    assert "a guest" in shown
    assert re.search(STRANGER + r" +nobody here has this address", shown), shown
    assert "a distribution list that is not expanded" in shown


def test_show_for_programs_tells_the_same(ringplan: Ringplan, write: Write, now: datetime) -> None:
    write(going_on)
    told = json.loads(ringplan("conferences", "show", "a" * 12, "--json").stdout)
    anna, bo, cy, outside, guest = told["people"]
    assert [one["state"] for one in bo["calls"]] == ["over", "due"]
    assert [one["result"] for one in bo["calls"]] == ["busy", None]
    assert "not called: no longer asked" in ringplan("conferences", "show", "c" * 12).stdout
    assert (cy["declined"], outside["who"], guest["who"]) == (True, MOBILE, "a guest")
    (stay,) = anna["in"]
    assert (datetime.fromisoformat(stay["since"]), stay["left"]) == (now - 4 * MINUTE, None)
    assert told["left_out"][0] == {"address": STRANGER, "why": "unknown"}


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("8001", "conference  " + "a" * 32),
        ("8090", "conference  " + "b" * 32),
        ("cccc", "conference  " + "c" * 32),
        ("CCCCCC", "conference  " + "c" * 32),
    ],
)
def test_a_conference_is_named_by_its_room_or_its_key(ringplan: Ringplan, write: Write, which: str, told: str) -> None:
    write(going_on)
    assert told in ringplan("conferences", "show", which).stdout


@pytest.mark.parametrize("which", ["8002", "aaa", "", "\udcff", "x" * 500])
def test_what_names_no_conference_is_told(ringplan: Ringplan, write: Write, which: str) -> None:
    write(going_on)
    done = ringplan("conferences", "show", which)
    assert (done.exit_code, "ringplan conferences names all" in done.stderr) == (2, True), done.output
    assert len(done.stderr) < 300


def test_a_key_that_means_several_is_told(ringplan: Ringplan, write: Write, now: datetime) -> None:
    async def alike(rows: Rows, now: datetime) -> None:
        first = conference("d", now)
        await conferences.keep(rows, (first, replace(first, key="d" * 31 + "e")))

    write(alike)
    assert "means several conferences" in ringplan("conferences", "show", "dddd").stderr
    assert ringplan("conferences", "show", "d" * 31 + "e").exit_code == 0


def test_who_organises_and_is_removed_is_no_user_any_more(ringplan: Ringplan, write: Write) -> None:
    write(going_on)
    ringplan("users", "remove", "1001")
    assert listed(ringplan)[0]["organiser"] is None
    shown = ringplan("conferences", "show", "a" * 12).stdout
    assert "no user any more" in shown
    assert "a user who was removed" in shown


def test_without_a_gateway_it_says_that_this_is_old(ringplan: Ringplan, write: Write) -> None:
    write(going_on)

    async def dead(rows: Rows, now: datetime) -> None:
        await health.beat(rows, ["gateway"], now - HOUR)

    write(dead)
    assert "no gateway is running" in ringplan("conferences").stdout


@pytest.mark.parametrize(
    ("starts_in", "is_cancelled", "state"),
    [
        (HOUR, False, "planned"),
        (9 * MINUTE, False, "open"),
        (-HOUR, False, "over"),
        (-HOUR, True, "cancelled"),
    ],
)
def test_how_far_it_is_follows_from_the_time(
    ringplan: Ringplan, write: Write, starts_in: timedelta, is_cancelled: bool, state: str
) -> None:
    async def one(rows: Rows, now: datetime) -> None:
        await conferences.keep(rows, (conference("a", now + starts_in, cancelled=is_cancelled),))

    write(one)
    assert listed(ringplan)[0]["state"] == state


def checked(ringplan: Ringplan) -> tuple[int, str]:
    done: Done = ringplan("status", "--check")
    return done.exit_code, done.stdout


def test_status_tells_what_goes_on_and_what_comes(ringplan: Ringplan, write: Write) -> None:
    write(going_on)
    status, said = checked(ringplan)
    assert (status, "conferences=1 in=2" in said) == (0, True), said
    shown = ringplan("status").stdout
    assert "1 conferences now, 2 in, 1 planned, the next 2" in shown
    assert "not in the organiser's own room: 1" in shown
    told = json.loads(ringplan("status", "--json").stdout)["conferences"]
    assert [one["state"] for one in told] == ["running", "planned", "cancelled"]


async def no_room(rows: Rows, now: datetime) -> None:
    await conferences.keep(rows, (conference("a", now + HOUR, room=None),))


async def refused(rows: Rows, now: datetime) -> None:
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"calls_refused": "Permission denied"})


async def no_mail(rows: Rows, now: datetime) -> None:
    await health.put(rows, "mail", ok=False, now=now, said="mail.example.org does not answer", remedy="start it")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (no_room, "1 conference has no room: none was free"),
        (refused, "pbx:main: calls were refused: Permission denied"),
        (no_mail, "mail: mail.example.org does not answer"),
    ],
)
def test_what_is_not_well_with_conferences_is_a_warning(
    ringplan: Ringplan, write: Write, what: Work, told: str
) -> None:
    write(well)
    assert checked(ringplan)[0] == 0
    write(what)
    status, said = checked(ringplan)
    assert (status, told in said) == (1, True), said
    assert told.partition(": ")[2] in ringplan("status").stdout


def test_a_conference_without_a_room_is_shown_as_one(ringplan: Ringplan, write: Write) -> None:
    write(no_room)
    assert re.search(r"none free .*nobody can come", ringplan("conferences").stdout)
    assert "none was free" in ringplan("conferences", "show", "a" * 12).stdout


def test_explain_tells_to_which_conference_somebody_is_invited_now(
    ringplan: Ringplan, write: Write, now: datetime
) -> None:
    write(going_on)
    for extension, as_moderator in (("1001", True), ("1002", False), ("1003", False)):
        shown = ringplan("explain", extension).stdout
        assert "*26 leads there (aaaaaaaaaaaa)" in shown
        assert ("as its moderator" in shown) == as_moderator
    (one,) = json.loads(ringplan("explain", "1002", "--json").stdout)["conferences"]
    assert (one["room"], one["key"]) == ("8001", "a" * 32)
    hours = {24: ["b" * 32], 24 - 1 / 12: ["b" * 32], 24 - 1 / 5: [], 48.5: [], 3: []}
    for from_now, keys in hours.items():  # from ten minutes before; the one in two days is cancelled
        at = (now + from_now * HOUR).isoformat()
        told = json.loads(ringplan("explain", "1002", "--at", at, "--json").stdout)["conferences"]
        assert [one["key"] for one in told] == keys, from_now
    ringplan("users", "add", "1004")
    assert "*26" not in ringplan("explain", "1004").stdout


async def several(rows: Rows, now: datetime) -> None:
    """One that runs, one that opens while it does, and two that are over: somebody is still in one of them."""
    await well(rows, now)
    runs = conference("a", now - 5 * MINUTE)
    opens = conference("b", now + 4 * MINUTE, room="8090")
    stays = conference("c", now - HOUR - 5 * MINUTE, room="8091")
    over = conference("d", now - HOUR - 5 * MINUTE, room="8092")
    await conferences.keep(rows, (runs, opens, stays, over))
    await attendances.came(rows, Attendance(stays.key, "PJSIP/1003-2", "user:3", now - HOUR))


def test_of_several_that_are_open_explain_says_which_is_dialled_how(ringplan: Ringplan, write: Write) -> None:
    write(several)
    told = [line for line in ringplan("explain", "1002").stdout.splitlines() if line.startswith("conference")]
    assert [line.partition(": ")[2].split() for line in told] == [
        ["8091", "leads", "there", f"({'c' * 12})"],
        ["8001", "leads", "there", f"({'a' * 12})"],
        ["*26", "leads", "there", f"({'b' * 12})"],
    ]


def test_a_room_that_is_removed_tells_how_many_are_planned_anew(ringplan: Ringplan, write: Write) -> None:
    write(several)
    ringplan("rooms", "add", "8090", "--pool")
    ringplan("rooms", "add", "8091", "--pool")
    told = ringplan("rooms", "remove", "8090").stdout
    assert "planned anew: 1" in told
    assert "stay there" not in told
    told = ringplan("rooms", "remove", "8091").stdout
    assert "planned anew" not in told
    assert "stay there, since somebody is in: 1" in told


def test_watch_shows_it_anew_on_every_change(ringplan: Ringplan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(going_on)
    watched: list[tuple[str, ...]] = []

    async def twice(_: Store, *nouns: str) -> AsyncGenerator[frozenset[str], None]:
        watched.append(nouns)
        for _again in range(2):
            yield frozenset(nouns)

    monkeypatch.setattr(Store, "watch", twice)
    done = ringplan("conferences", "show", "8001", "--watch")
    assert (done.exit_code, done.stdout.count("has come by the call")) == (0, 2), done.output
    assert {"conferences", "calls", "attendances"} <= {*watched[0]}
