"""`status`, `explain`, `sync`, `off`: what is told of what the gateway has noted, and that texts are not."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.diversion import Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Organisation
from gateway.errors import Unreachable
from gateway.store import diversions, health, mailboxes, organisation, switches, users, wishes
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

HOUR = timedelta(hours=1)
TEXT = "hemma på Ågatan"
Work = Callable[[Rows, datetime], Awaitable[None]]
Write = Callable[[Work], None]


@pytest.fixture(autouse=True)
def on_the_pbx(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the PBX obeys first; asking a real one is tests/contract/test_inspect.py's."""
    said: list[str] = []

    async def obeyed_first(*_: object) -> tuple[str, ...]:
        return tuple(said)

    monkeypatch.setattr("gateway.cli.explain.obeyed_first", obeyed_first)
    return said


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time at which the test began; commands come a moment later, however slow the machine is."""
    begun = datetime.now(UTC)
    monkeypatch.setattr("gateway.engine.clock.WallClock.now", lambda _: begun + timedelta(milliseconds=1))
    return begun


@pytest.fixture
def write(ringplan: Ringplan, tmp_path: Path, now: datetime) -> Write:
    """Anna with a calendar; and a way to write into the store as the gateway does."""
    ringplan("accounts", "add", "office", "reader", "--service", says="x\n")
    ringplan("users", "add", "1001", "--email", "anna@example.org", "--name", "Anna")

    def through(work: Work) -> None:
        async def written() -> None:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                await work(rows, now)

        asyncio.run(written())

    return through


async def well(rows: Rows, now: datetime) -> None:
    """All parts of a gateway that runs."""
    await health.put(rows, "gateway", ok=True, now=now, facts={"version": "1", "pid": 7, "dry_run": 0})
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"held": 0, "left_out": 0, "refused": []})
    await health.put(rows, "account:1", ok=True, now=now)
    await mailboxes.unchanged(rows, [1], now)


async def away(rows: Rows, now: datetime) -> None:
    """Anna is on a trip all day, at lunch now, and informs of something."""
    await organisation.put(rows, Organisation(ZoneInfo("Europe/Stockholm"), hours=WorkingHours({})))
    (user,) = await users.every(rows)
    items = [
        Diversion(user.id, "a" * 32, "trip", now - 2 * HOUR, now + 4 * HOUR, text=TEXT, target="1004"),
        Diversion(user.id, "b" * 32, "lunch", now - HOUR / 2, now + HOUR / 2, text=TEXT),
        Diversion(user.id, "c" * 32, "meeting", now - HOUR, now + HOUR, diverts=False, text=TEXT),
    ]
    await mailboxes.replace(rows, 1, items, None, epoch=0, now=now, set_aside=2, remarks={"target_refused": 1})


def checked(ringplan: Ringplan) -> tuple[int, str]:
    done = ringplan("status", "--check")
    assert done.stdout.count("\n") == 1
    return done.exit_code, done.stdout


def test_everything_is_well(ringplan: Ringplan, write: Write) -> None:
    write(well)
    assert checked(ringplan) == (
        0,
        "RINGPLAN OK - everything is well | users=1 diverted=0 calendars=1 failing=0 set_aside=0 conferences=0 in=0\n",
    )
    shown = ringplan("status")
    assert shown.exit_code == 0
    assert "Everything is well" in shown.stdout
    assert "reader at office" in shown.stdout


def test_who_is_diverted_is_told_without_what_their_calendar_says(
    ringplan: Ringplan, write: Write, now: datetime
) -> None:
    write(well)
    write(away)
    told = json.loads(ringplan("status", "--json").stdout)
    (anna,) = told["diverted"]
    assert (anna["extension"], anna["code"]) == ("1001", "lunch")
    assert datetime.fromisoformat(anna["until"]) == now + HOUR / 2
    assert datetime.fromisoformat(anna["back"]) == now + 4 * HOUR
    assert told["noticed"] == {"target_refused": 1, "set_aside": 2}
    shown = ringplan("status").stdout
    assert "items whose >number is not permitted" in shown
    assert "2 items that could not be read" in shown
    assert TEXT not in shown + json.dumps(told, ensure_ascii=False)


def test_nobody_is_diverted_while_ringplan_is_off(ringplan: Ringplan, write: Write) -> None:
    write(well)
    write(away)
    assert "diverted=1" in checked(ringplan)[1]
    write(off)
    assert "diverted=0" in checked(ringplan)[1]
    assert json.loads(ringplan("status", "--json").stdout)["diverted"] == []
    assert "0 diverted now" in ringplan("status").stdout


async def sick(rows: Rows, now: datetime) -> None:
    """Anna is sick, beside that her child is, and so it goes on."""
    (user,) = await users.every(rows)
    items = [
        Diversion(user.id, "d" * 32, "sick", now - HOUR, now + HOUR),
        Diversion(user.id, "e" * 32, "sick_child", now - 2 * HOUR, now + 2 * HOUR),
        Diversion(user.id, "f" * 32, "sick_child", now - 2 * HOUR, now + 2 * HOUR, diverts=False),
        Diversion(user.id, "0" * 32, "sick", now + 3 * HOUR, now + 4 * HOUR),
    ]
    await mailboxes.replace(rows, 1, items, None, epoch=0, now=now)


@pytest.mark.parametrize(
    "words", [("status",), ("status", "--json"), ("explain", "1001"), ("explain", "1001", "--json")]
)
def test_that_somebody_is_sick_is_nobodys_business(ringplan: Ringplan, write: Write, words: tuple[str, ...]) -> None:
    write(well)
    write(sick)
    told = ringplan(*words).stdout.lower()
    assert "away" in told
    for telling in ("sick", "sju", "vab", "vård", "krank", '"41"', '"42"'):
        assert telling not in told, telling


async def dead(rows: Rows, now: datetime) -> None:
    await health.beat(rows, ["gateway", "pbx:main"], now - HOUR)


async def pbx_lost(rows: Rows, now: datetime) -> None:
    await health.put(rows, "pbx:main", ok=False, now=now, said="no answer", remedy="start it")


async def clock_wrong(rows: Rows, now: datetime) -> None:
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"clock_ahead": -3.5})


async def left_out(rows: Rows, now: datetime) -> None:
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"left_out": 3, "refused": ["1001"]})


async def not_paused(rows: Rows, now: datetime) -> None:
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"queues": "Permission denied"})


async def account_refused(rows: Rows, now: datetime) -> None:
    await health.put(rows, "account:1", ok=False, now=now, said="wrong password")


async def calendar_lost(rows: Rows, now: datetime) -> None:
    await mailboxes.failed(rows, [1], Unreachable("no route", "look at the cable"), now)


async def off(rows: Rows, now: datetime) -> None:
    await switches.turn_off(rows, now)


async def dry(rows: Rows, now: datetime) -> None:
    await health.put(rows, "gateway", ok=True, now=now, facts={"dry_run": 1})


@pytest.mark.parametrize(
    ("what", "status", "told"),
    [
        (dead, 2, "no gateway runs since"),
        (pbx_lost, 2, "pbx:main: no answer"),
        (clock_wrong, 1, "its clock differs from ours by 3.5 s"),
        (left_out, 1, "3 windows did not fit into a schedule; pbx:main: refused for 1001"),
        (not_paused, 1, "queue members could not be paused: Permission denied"),
        (account_refused, 1, "account:1: wrong password"),
        (calendar_lost, 1, "1 of 1 calendars cannot be read"),
        (off, 1, "off since"),
        (dry, 1, "dry run"),
    ],
)
def test_what_is_not_well_is_told_to_people_and_to_monitoring(
    ringplan: Ringplan, write: Write, what: Work, status: int, told: str
) -> None:
    write(well)
    write(what)
    found, said = checked(ringplan)
    assert (found, told in said) == (status, True), said
    assert told.split(";")[0] in ringplan("status").stdout
    assert ringplan("status").exit_code == 0


def test_a_failing_calendar_is_shown_with_why(ringplan: Ringplan, write: Write) -> None:
    write(well)
    write(calendar_lost)
    assert "no route: look at the cable" in ringplan("status").stdout
    (calendar,) = json.loads(ringplan("status", "--json").stdout)["calendars"]
    assert (calendar["extension"], calendar["error"]) == ("1001", "Unreachable")


def test_the_calendar_of_who_takes_no_part_is_nobodys_trouble(ringplan: Ringplan, write: Write, tmp_path: Path) -> None:
    async def failing(rows: Rows, now: datetime) -> None:
        await well(rows, now)
        await mailboxes.failed(rows, [1], Unreachable("calendar.example.org is gone"), now)

    write(failing)
    assert "1 of 1 calendars" in ringplan("status", "--check").stdout
    file = tmp_path / "ringplan.toml"
    before = file.read_text()
    file.write_text(before.replace("pilot = []", 'pilot = ["1002"]'))
    assert ringplan("status", "--check").exit_code == 0
    file.write_text(before)
    ringplan("users", "set", "1001", "--disable")
    write(well)
    assert ringplan("status", "--check").exit_code == 0


def test_of_many_failing_calendars_the_first_are_shown(ringplan: Ringplan, write: Write, tmp_path: Path) -> None:
    lines = "".join(f"{number},p{number}@example.org\n" for number in range(2001, 2101))
    (tmp_path / "many.csv").write_text(f"extension,email\n{lines}")
    ringplan("users", "import", str(tmp_path / "many.csv"))

    async def failing(rows: Rows, now: datetime) -> None:
        await well(rows, now)
        await mailboxes.failed(rows, range(1, 102), Unreachable("calendar.example.org is gone"), now)

    write(failing)
    shown = ringplan("status").stdout
    assert "101 of 101 calendars" in shown
    assert shown.count("101 calendars: calendar.example.org is gone") == shown.count("is gone") == 1
    assert shown.count("never") == 9  # of the ten, Anna's was read once
    assert "and 91 more" in shown
    assert len(json.loads(ringplan("status", "--json").stdout)["calendars"]) == 101


def test_of_many_causes_those_of_most_calendars_are_shown(ringplan: Ringplan, write: Write, tmp_path: Path) -> None:
    lines = "".join(f"{number},p{number}@example.org\n" for number in range(2001, 2021))
    (tmp_path / "many.csv").write_text(f"extension,email\n{lines}")
    ringplan("users", "import", str(tmp_path / "many.csv"))

    async def failing(rows: Rows, now: datetime) -> None:
        await well(rows, now)
        for box in range(1, 21):
            await mailboxes.failed(rows, [box], Unreachable(f"host{box} is gone"), now)
        await mailboxes.failed(rows, [20, 21], Unreachable("too busy"), now)

    write(failing)
    shown = ringplan("status").stdout
    assert shown.index("2 calendars: too busy") < shown.index("1 calendar: host1 is gone")
    assert shown.count("is gone") == 9
    assert "and 10 more for 10 other causes" in shown


def test_of_many_accounts_those_that_are_not_well_are_shown(ringplan: Ringplan, write: Write) -> None:
    for number in range(2, 31):
        ringplan("accounts", "add", "office", f"reader{number}", "--service", says="x\n")

    async def failing(rows: Rows, now: datetime) -> None:
        await well(rows, now)
        for account in range(2, 31):
            await health.put(rows, f"account:{account}", ok=account < 23, now=now, said="" if account < 23 else "wrong")

    write(failing)
    assert "8 of 30 accounts are not well, the first: account:23: wrong" in checked(ringplan)[1]
    shown = ringplan("status").stdout
    assert all(f"reader{number} at office" in shown for number in range(23, 31))
    assert "and 20 more accounts" in shown
    assert len(json.loads(ringplan("status", "--json").stdout)["parts"]) == 32


def test_what_decides_is_explained_without_texts(ringplan: Ringplan, write: Write, now: datetime) -> None:
    write(away)
    done = ringplan("explain", "1001")
    assert done.exit_code == 0, done.stderr
    for told in ("is diverted", "lunch:", "started last", "end of the unbroken run", "trip:", "meeting;"):
        assert told in done.stdout
    assert TEXT not in done.stdout
    later = json.loads(ringplan("explain", "1001", "--at", (now + 2 * HOUR).isoformat(), "--json").stdout)
    assert (later["why"], later["segment"]["diversion"]["code"]) == ("runs_alone", "trip")
    assert (later["window"]["target"], later["target_from"]) == ("1004", "asked_for")
    assert TEXT not in json.dumps(later, ensure_ascii=False)
    assert "rings" in ringplan("explain", "1001", "--at", (now + 5 * HOUR).isoformat()).stdout


def test_what_lets_it_ring_anyway_is_explained_first(ringplan: Ringplan, write: Write, tmp_path: Path) -> None:
    write(away)
    write(off)
    write(calendar_lost)
    ringplan("users", "set", "1001", "--disable")
    settings = tmp_path / "ringplan.toml"
    settings.write_text(settings.read_text().replace("pilot = []", 'pilot = ["1009"]').replace("= false", "= true"))
    shown = ringplan("explain", "1001").stdout
    for told in ("is disabled", "Ringplan is off", "pilot group", "dry run", "cannot be read since"):
        assert told in shown


def test_without_a_gateway_sync_and_off_say_so(ringplan: Ringplan, write: Write) -> None:
    done = ringplan("sync", "1001")
    assert (done.exit_code, "no gateway is running" in done.stderr) == (1, True)
    done = ringplan("off")
    assert (done.exit_code, "RINGPLAN_OFF" in done.stderr) == (1, True)

    async def look(rows: Rows, _: datetime) -> None:
        assert await switches.off_since(rows) is not None
        assert await wishes.take(rows) == ()

    write(look)
    assert "telephones follow" in ringplan("on").stdout
    assert "on already" in ringplan("on").stdout


@pytest.mark.parametrize(("many", "status"), [(1, 1), (0, 0)])
def test_sync_does_not_claim_calendars_whose_account_may_not_be_used_now(
    ringplan: Ringplan, write: Write, many: int, status: int
) -> None:
    async def resting(rows: Rows, now: datetime) -> None:
        await well(rows, now)
        await health.put(rows, "account:1", ok=not many, now=now, said="asked to rest")
        if not many:
            await mailboxes.unchanged(rows, [1], datetime.now(UTC) + HOUR)

    write(resting)
    done = ringplan("sync")
    assert (done.exit_code, "1 of 1 were not read (calendars: 1)" in done.stderr) == (status, bool(many)), done.output
    assert ("read; calendars: 1" in done.stdout) == (not many)


def test_with_a_gateway_sync_writes_a_wish_and_off_waits_for_the_pbx(ringplan: Ringplan, write: Write) -> None:
    write(well)
    assert ringplan("sync", "--no-wait", "1001").exit_code == 0

    async def look(rows: Rows, _: datetime) -> None:
        assert [wish.user for wish in await wishes.take(rows)] == [1]
        assert await diversions.next_end(rows) is None

    write(look)
    done = ringplan("off")
    assert (done.exit_code, "every extension is released" in done.stdout) == (0, True)


@pytest.mark.parametrize("facts", [{"held": 1, "refused": []}, {"held": 0, "refused": ["1001"]}])
def test_off_does_not_claim_what_the_pbx_has_not_confirmed(
    ringplan: Ringplan, write: Write, monkeypatch: pytest.MonkeyPatch, facts: dict[str, object]
) -> None:
    async def still_there(rows: Rows, now: datetime) -> None:
        await health.put(rows, "pbx:main", ok=True, now=now, facts=facts)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.cli.switch.PATIENCE", 0.1)
    write(well)
    write(still_there)
    done = ringplan("off")
    assert (done.exit_code, "not every PBX has confirmed" in done.stderr) == (1, True), done.output
    assert "RINGPLAN_OFF" in done.stderr


def test_a_wrong_setting_ends_every_command_with_status_2_and_no_traceback(ringplan: Ringplan, tmp_path: Path) -> None:
    (tmp_path / "ringplan.toml").write_text("[store\n")
    for words in (["status"], ["run"], ["check"], ["users", "list"], ["uninstall", "--yes"], ["sync"], ["off"]):
        done = ringplan(*words)
        assert done.exit_code == 2, words
        assert "ringplan.toml" in done.stderr
        assert "Traceback" not in done.output


def test_uninstall_asks_first(ringplan: Ringplan) -> None:
    assert ringplan("uninstall", says="n\n").exit_code == 1


def test_what_the_pbx_obeys_first_is_told_of_now_alone(
    ringplan: Ringplan, write: Write, now: datetime, on_the_pbx: list[str]
) -> None:
    on_the_pbx.append("its own do not disturb is on")
    assert "! its own do not disturb is on" in ringplan("explain", "1001").stdout
    assert "do not disturb" not in ringplan("explain", "1001", "--at", (now + HOUR).isoformat()).stdout
