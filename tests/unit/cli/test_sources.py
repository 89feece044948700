"""`ringplan sources`: how the calendar servers are, and letting refused credentials be tried again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account
from gateway.errors import Throttled, Unreachable
from gateway.store import accounts, health, mailboxes, refusals
from gateway.store.refusals import Refusals
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

MINUTE = timedelta(minutes=1)
Work = Callable[[Rows], Awaitable[None]]
OWN, SERVICE = 1, 2


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def write(ringplan: Ringplan, tmp_path: Path, now: datetime) -> Callable[[Work], None]:
    """Anna with an account of her own and Bo whom a service account reads; and a way to write as the gateway does."""
    ringplan("users", "add", "1001", "--email", "anna@example.org")
    ringplan("accounts", "add", "office", "anna", "--user", "1001", says="x\n")
    ringplan("users", "add", "1002", "--email", "bo@example.org")
    ringplan("accounts", "add", "office", "reader", "--service", says="x\n")

    def through(work: Work) -> None:
        async def written() -> None:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                await health.put(rows, "gateway", ok=True, now=now)
                for account in (OWN, SERVICE):
                    await health.put(rows, f"account:{account}", ok=True, now=now)
                await work(rows)

        asyncio.run(written())

    return through


async def whose(rows: Rows, account: int) -> Account:
    return next(one for one in await accounts.every(rows) if one.id == account)


async def refuse(rows: Rows, account: int, *when: datetime) -> None:
    for one in when:
        await refusals.refused(rows, await whose(rows, account), one)
    await health.put(rows, f"account:{account}", ok=False, now=when[-1], said="refused", remedy="set it again")


def of_office(ringplan: Ringplan) -> str:
    (line,) = json.loads(ringplan("sources", "--json").stdout)
    assert (line["source"], line["kind"], line["accounts"], line["calendars"]) == ("office", "caldav", 2, 2)
    return str(line["is"])


def test_a_source_that_is_well(ringplan: Ringplan, write: Callable[[Work], None]) -> None:
    async def well(_: Rows) -> None:
        pass

    write(well)
    assert of_office(ringplan) == "ok"
    assert "caldav" in ringplan("sources").stdout


def test_a_stopped_account_says_when_it_was_refused_and_how_it_goes_on(
    ringplan: Ringplan, write: Callable[[Work], None]
) -> None:
    first = datetime(2026, 11, 20, 13, 3, tzinfo=UTC)

    async def twice(rows: Rows) -> None:
        await refuse(rows, OWN, first, first + 10 * MINUTE)

    write(twice)
    stopped = (
        "stopped: password refused twice, 2026-11-20 14:03 and 14:13; set it anew (ringplan accounts password) or "
    )
    stopped += "ringplan sources retry office --account 1"
    assert of_office(ringplan) == f"anna: {stopped}"
    for words in (("status",), ("status", "--check"), ("accounts", "list")):
        assert stopped in ringplan(*words).stdout, words


def test_a_service_account_says_when_it_is_tried_again(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime
) -> None:
    async def often(rows: Rows) -> None:
        await refuse(rows, SERVICE, now - 61 * MINUTE, now - MINUTE)

    write(often)
    said = of_office(ringplan)
    due = (now + 59 * MINUTE).astimezone(ZoneInfo("Europe/Stockholm"))
    assert any(
        f"password refused, tried again at {when};" in said for when in (f"{due:%H:%M}", f"{due:%Y-%m-%d %H:%M}")
    )
    assert said.endswith("at once by ringplan sources retry office --account 2")


def test_a_server_that_asks_for_rest_and_calendars_that_fail_are_told(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime
) -> None:
    async def both(rows: Rows) -> None:
        rest = Throttled("the server asks to be left alone until 14:05")
        await health.put(rows, "account:2", ok=False, now=now, said=str(rest))
        await mailboxes.failed(rows, [1], Unreachable("no route"), now)

    write(both)
    said = of_office(ringplan)
    assert said == "reader: the server asks to be left alone until 14:05; 1 of 2 calendars cannot be read"


@pytest.mark.parametrize(
    ("words", "tried"),
    [
        ((), {OWN, SERVICE}),
        (("office",), {OWN, SERVICE}),
        (("--account", "2"), {SERVICE}),
        (("office", "--account", "1"), {OWN}),
    ],
)
def test_retry_forgets_refusals_and_lets_the_gateway_know(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime, words: tuple[str, ...], tried: set[int]
) -> None:
    async def refused(rows: Rows) -> None:
        await refuse(rows, OWN, now, now)
        await refuse(rows, SERVICE, now)

    async def look(rows: Rows) -> None:
        known = await refusals.every(rows)
        assert {account for account, past in known.items() if past == Refusals()} == tried
        assert {one.id for one in await accounts.listed(rows) if one.epoch} == tried

    write(refused)
    done = ringplan("sources", "retry", *words)
    assert done.exit_code == 0, done.output
    assert ("anna at office" in done.stdout) == (OWN in tried)
    write(look)
    assert ringplan("sources", "retry", "--account", "1").exit_code == 0


def test_what_was_not_refused_is_not_tried_again(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime
) -> None:
    async def used(rows: Rows) -> None:
        for account in (OWN, SERVICE):
            await refusals.begin(rows, await whose(rows, account), now)
        await refusals.answered(rows, await whose(rows, OWN), accepted=False)

    async def look(rows: Rows) -> None:
        assert [one.epoch for one in await accounts.listed(rows)] == [0, 0]

    write(used)
    assert "no account there waits" in ringplan("sources", "retry").stdout
    write(look)


@pytest.mark.parametrize("words", [("elsewhere",), ("--account", "9")])
def test_retry_of_what_there_is_not_says_so(
    ringplan: Ringplan, write: Callable[[Work], None], words: tuple[str, ...]
) -> None:
    done = ringplan("sources", "retry", *words)
    assert (done.exit_code, "there is no" in done.stderr) == (2, True)


def test_a_new_password_is_tried_however_often_the_one_before_was_refused(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime
) -> None:
    async def refused(rows: Rows) -> None:
        await refuse(rows, OWN, now, now)

    write(refused)
    assert ringplan("accounts", "password", "office", "anna", says="y\n").exit_code == 0
    assert "stopped" not in of_office(ringplan)


def test_an_account_that_the_gateway_died_with_says_when_it_goes_on(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime
) -> None:
    async def died(rows: Rows) -> None:
        for _ in range(3):
            await refusals.begin(rows, await whose(rows, OWN), now)

    write(died)
    assert "anna: not answered 3 times, tried again at" in of_office(ringplan)
    assert "not answered 3 times" in ringplan("status", "--check").stdout


def test_check_does_not_try_what_must_not_be_tried(
    ringplan: Ringplan, write: Callable[[Work], None], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inspect(*_: object) -> tuple[Finding, ...]:
        return ()

    async def tried(*_: object) -> AsyncIterator[Finding]:
        yield Finding("connection", True, "tried")

    monkeypatch.setattr("gateway.cli.check.inspect", inspect)
    monkeypatch.setattr("gateway.cli.check._account", tried)
    write(lambda rows: refuse(rows, OWN, now - 20 * MINUTE, now - 10 * MINUTE))
    found = {one["of"]: one for one in json.loads(ringplan("check", "--json").stdout)}
    anna, reader = found["anna at office"], found["reader at office"]
    assert (anna["part"], anna["ok"], reader["said"]) == ("sign-in", False, "tried")
    assert "ringplan sources retry office --account 1" in anna["said"]
