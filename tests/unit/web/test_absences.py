"""My absences: what is shown of them, and that the portal does what the telephone and the command do."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.root import app
from gateway.deciding import absence
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import User
from gateway.planning.rules import Rules
from gateway.store import absences, audit, organisation, users
from gateway.store.rows import Rows
from tests.unit.web.away import at, by_hand, id_of, kept, made_busy, planned, text_of
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House

HOUR = timedelta(hours=1)
OCTOBER = datetime(2026, 10, 24, 12, tzinfo=UTC)  # a day before clocks are turned back
RUNS_NOT = "Ringplan stands still"


@pytest.fixture
async def busy(house: House) -> House:
    return await made_busy(house)


@pytest.mark.parametrize(
    ("fields", "code", "end", "target"),
    [
        ({"code": "meeting", "time": "15:00"}, "meeting", at(23, 15), None),
        ({"code": "meeting", "time": "09:15"}, "meeting", at(24, 9, 15), None),
        ({"code": "meeting", "time": "12:00"}, "meeting", at(24, 12), None),
        ({"code": "trip", "day": "2026-11-25"}, "trip", at(25, 0), None),
        ({"code": "sick_child", "day": "2026-11-25", "time": "10:30"}, "sick_child", at(25, 10, 30), None),
        ({"code": "gone_for_the_day"}, "gone_for_the_day", at(24, 8), None),
        ({"code": "gone_for_the_day", "time": "16:00"}, "gone_for_the_day", at(23, 16), None),
        ({"code": "lunch", "time": "13:00", "target": " 1002 "}, "lunch", at(23, 13), "1002"),
    ],
)
async def test_what_is_set_is_what_the_telephone_would_set(
    house: House, fields: dict[str, str], code: str, end: datetime, target: str | None
):
    browser = await house.browser(house.anna)
    answer = await browser.post("/absences", {"time": "", "day": "", "target": "", **fields})
    assert (answer.status_code, answer.headers["location"]) == (303, "/absences?told=set")
    expected = Diversion(id_of(house.anna), BY_HAND, code, NOON, end, target=target, by_hand=True)
    assert await by_hand(house, house.anna) == expected
    assert await by_hand(house, house.otto) is None
    assert "You are away now." in text_of((await browser.get("/absences", told="set")).text)


@pytest.fixture
def ringplan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[None]]:
    """The command, on the portal's own database and at its time."""
    monkeypatch.setattr("gateway.engine.clock.WallClock.now", lambda _: NOON)
    monkeypatch.setenv("AMI", "x")
    config = tmp_path / "ringplan.toml"
    tables = (
        f'[store]\npath = "{tmp_path / "ringplan.db"}"',
        '[pbx.main]\nkind = "asterisk"\nsecret = "env:AMI"',
        '[sources.office]\nkind = "caldav"\nurl = "https://calendar.example.org"',
    )
    config.write_text("\n".join(tables))

    async def typed(*words: str) -> None:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["--config", str(config), "absence", *words])
        assert done.exit_code == 0, done.output

    return typed


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("M", "--until", "15:00", "--to", "1002"), {"code": "meeting", "time": "15:00", "target": "1002"}),
        (("GFD",), {"code": "gone_for_the_day"}),
        (("TJR", "--until", "2026-11-25"), {"code": "trip", "day": "2026-11-25"}),
    ],
)
async def test_the_command_and_the_portal_leave_the_same_rows(
    busy: House, ringplan: Callable[..., Awaitable[None]], words: tuple[str, ...], fields: dict[str, str]
):
    browser = await busy.browser(busy.anna)
    await ringplan("set", "1001", *words)
    set_by_command = await kept(busy, busy.anna)
    async with busy.portal.store.write() as rows:
        await absences.put(rows, Diversion(id_of(busy.anna), BY_HAND, "other", NOON, at(30, 0)))
    await browser.post("/absences", fields)
    assert await kept(busy, busy.anna) == set_by_command
    assert set_by_command[0] is not None


async def test_the_command_and_the_portal_end_the_same(busy: House, ringplan: Callable[..., Awaitable[None]]):
    others = [replace(one, user=id_of(busy.otto)) for one in (await kept(busy, busy.anna))[1]]
    await planned(busy, busy.otto, *others)
    await ringplan("set", "1001", "M", "--until", "15:00")
    await ringplan("set", "1002", "M", "--until", "15:00")
    await ringplan("end", "1001")
    browser = await busy.browser(busy.otto)
    answer = await browser.post("/absences/end")
    assert (answer.status_code, answer.headers["location"]) == (303, "/absences?told=ended")
    by_command, by_portal = await kept(busy, busy.anna), await kept(busy, busy.otto)
    assert by_command[0] is by_portal[0] is None
    assert [one.dismissed for one in by_command[1]] == [one.dismissed for one in by_portal[1]]
    assert [one.code for one in by_portal[1] if one.dismissed] == ["trip", "lunch"]


async def test_ending_when_nothing_is_in_force_is_said(house: House):
    browser = await house.browser(house.anna)
    answer = await browser.post("/absences/end")
    assert answer.headers["location"] == "/absences?told=nothing"
    assert "Nothing was in force." in text_of((await browser.get("/absences", told="nothing")).text)


@pytest.mark.parametrize(
    ("fields", "told", "wrong"),
    [
        ({"code": "nonsense", "time": "15:00"}, "'nonsense' is no code", "code"),
        ({"code": "", "time": "15:00"}, "'' is no code", "code"),
        ({"code": "meeting"}, "until when? This code takes a time", "time"),
        ({"code": "holiday"}, "until when? This code takes a date", "time"),
        ({"code": "meeting", "time": "25:00"}, "is no time and no day", "time"),
        ({"code": "meeting", "day": "2026-02-30"}, "is no time and no day", "day"),
        ({"code": "meeting", "day": "2026-11-23"}, "is today or past", "day"),
        ({"code": "meeting", "day": "2026-11-23", "time": "11:59"}, "is past", "day"),
        ({"code": "meeting", "day": "2028-01-01"}, "is more than a year away", "day"),
        ({"code": "meeting", "time": "15:00", "target": "1001"}, "1001's own number", "target"),
        ({"code": "meeting", "time": "15:00", "target": "00900123"}, "is not permitted", "target"),
        ({"code": "meeting", "time": "15:00", "target": "+46 8"}, "is no number", "target"),
    ],
)
async def test_what_cannot_be_is_told_shown_again_and_changes_nothing(
    busy: House, fields: dict[str, str], told: str, wrong: str
):
    before = await kept(busy, busy.anna)
    browser = await busy.browser(busy.anna)
    answer = await browser.post("/absences", fields)
    assert answer.status_code == 422
    assert told in text_of(answer.text)
    assert re.search(rf'<(input|select) id="{wrong}"[^>]* aria-invalid="true"', answer.text)
    for name, value in fields.items():
        assert name == "code" or f'value="{value}"' in answer.text
    assert "ringplan " not in answer.text
    assert await kept(busy, busy.anna) == before


async def test_where_callers_may_be_led_is_said_and_held(house: House):
    async with house.portal.store.write() as rows:
        await organisation.put(rows, replace(await organisation.get(rows), permitted=("070xxxxxxx",)))
    browser = await house.browser(house.anna)
    assert "Permitted: 070xxxxxxx" in text_of((await browser.get("/absences")).text)
    answer = await browser.post("/absences", {"code": "meeting", "time": "15:00", "target": "1002"})
    assert "permitted are: 070xxxxxxx" in text_of(answer.text)
    await browser.post("/absences", {"code": "meeting", "time": "15:00", "target": "0701234567"})
    made = await by_hand(house, house.anna)
    assert made is not None
    assert made.target == "0701234567"


async def test_nobody_reaches_the_absences_of_others(busy: House):
    before = await kept(busy, busy.anna)
    browser = await busy.browser(busy.otto)
    assert "Göteborg" not in (await browser.get("/absences")).text
    await browser.post("/absences", {"code": "meeting", "time": "15:00", "user": str(busy.anna.user)})
    await browser.post("/absences/end", {"user": str(busy.anna.user)})
    assert await kept(busy, busy.anna) == before
    program = await busy.program(busy.otto)
    assert (await program.call("DELETE", "/absences/now")).status_code == 200
    assert await kept(busy, busy.anna) == before


async def test_who_has_no_telephone_has_no_absences(house: House):
    browser = await house.browser(house.root)
    assert (await browser.get("/absences")).status_code == 404
    assert (await browser.post("/absences", {"code": "meeting", "time": "15:00"})).status_code == 404
    assert (await browser.post("/absences/end")).status_code == 404
    assert (await (await house.program(house.root)).call("GET", "/absences")).status_code == 404


async def test_a_form_of_another_site_sets_nothing(house: House):
    browser = await house.browser(house.anna)
    answer = await browser.post("/absences", {"code": "meeting", "time": "15:00"}, csrf="0" * 64)
    assert (answer.status_code, await by_hand(house, house.anna)) == (400, None)


async def test_a_user_s_own_absences_are_not_in_the_audit_log(house: House):
    browser = await house.browser(house.anna)
    await browser.post("/absences", {"code": "sick", "time": "15:00"})
    await browser.post("/absences/end")
    async with house.portal.store.read() as rows:
        assert not await audit.latest(rows, 9)


async def test_who_is_removed_while_their_form_waits_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch):
    put = absence.put

    async def later(rows: Rows, rules: Rules, user: User, *more: Any) -> Diversion:
        await users.remove(rows, user.id)  # as if somebody had been before us in the line of those who write
        return await put(rows, rules, user, *more)

    monkeypatch.setattr(absence, "put", later)
    answer = await (await house.browser(house.anna)).post("/absences", {"code": "sick", "day": "2026-11-25"})
    assert answer.status_code == 422
    assert "1001 was removed meanwhile" in answer.text
