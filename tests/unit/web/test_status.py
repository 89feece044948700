"""Status in the portal: problems first, counted by the database as by hand, and the switch behind a question."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.deciding.report import report
from gateway.deciding.summary import Level, Problem, problems, summary
from gateway.domain.book import Book
from gateway.domain.conference import Attempt, Attendance, CallState, Conference, Result
from gateway.domain.diversion import Diversion
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import Unreachable
from gateway.store import (
    accounts,
    attendances,
    audit,
    books,
    calls,
    conferences,
    health,
    mailboxes,
    refusals,
    switches,
    users,
    wishes,
)
from gateway.web.visit import LANGUAGE
from tests.unit.web.visiting import Browser, House

PLACE = "/administration/status"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def office(house: House) -> House:
    """A gateway that runs; Anna is at lunch, Otto's calendar cannot be read, Ada is disabled."""
    now = house.portal.clock.now()
    async with house.portal.store.write() as rows:
        await health.put(rows, "gateway", ok=True, now=now)
        await health.put(rows, "pbx:main", ok=True, now=now, facts={"clock_ahead": 3.5})
        reader = await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))
        boxes = {}
        for user in await users.every(rows):
            zone = ZoneInfo("Europe/Stockholm")
            box = Mailbox(0, user.id, reader.id, user.emails[0], frozenset(), zone)
            boxes[user.extension] = (user, await mailboxes.add(rows, box))
        anna, of_anna = boxes["1001"]
        items = [
            Diversion(anna.id, "a" * 32, "lunch", now - HOUR, now + HOUR),
            Diversion(anna.id, "b" * 32, "meeting", now - HOUR, now + HOUR),
        ]
        remarks = {"target_refused": 2}
        await mailboxes.replace(rows, of_anna.id, items, None, epoch=0, now=now, set_aside=1, remarks=remarks)
        await mailboxes.failed(rows, [boxes["1002"][1].id], Unreachable("the server is gone", "look after it"), now)
        ada, _ = boxes["1003"]
        await mailboxes.failed(rows, [boxes["1003"][1].id], Unreachable("nobody minds", ""), now)
        await users.put(rows, replace(ada, enabled=False))
        await books.add(rows, Book(0, reader.id, "company@example.org", name="Company"))
        await refusals.refused(rows, reader, now)
        await conferences.keep(rows, [held(key, now, **about) for key, about in HELD.items()])
        for key in ("running", "over"):
            await attendances.came(rows, Attendance(key, f"c{key}", f"w{key}", now - MINUTE))
        lost = Attempt("d" * 32, "open", "w", 1, CallState.OVER, now, now, now + HOUR, result=Result.RESTARTED)
        await calls.put(rows, [lost])
    return house


HELD: dict[str, dict[str, Any]] = {
    "open": {"begins": 0},
    "running": {"begins": 0, "collided": True},
    "over": {"begins": -120},
    "ended": {"begins": -120},
    "planned": {"begins": 60},
    "nowhere": {"begins": 30, "room": None},
    "cancelled": {"begins": 60, "cancelled": True, "room": None},
}


def held(key: str, now: datetime, *, begins: int, room: str | None = "8090", **more: Any) -> Conference:
    start, end = now + begins * MINUTE, now + (begins + 60) * MINUTE
    return Conference(key, key, key, 1, "main", room, start, end, start - 5 * MINUTE, end + HOUR, False, **more)


async def english(house: House) -> Browser:
    """Root, who has no telephone, and reads English."""
    browser = await house.browser(house.root)
    browser.client.cookies.set(LANGUAGE, "en")
    return browser


async def both(house: House, *pilot: str) -> None:
    """Look whether counting and gathering come to the same."""
    now = house.portal.clock.now()
    async with house.portal.store.read() as rows:
        counted = await summary(rows, now, pilot, with_contacts=True)
        gathered = (await report(rows, now, pilot, with_contacts=True)).summary
    assert counted == gathered
    assert problems(counted) == problems(gathered)
    assert (counted.conferences.now, counted.conferences.planned, counted.conferences.inside) == (3, 2, 2)
    assert (counted.conferences.without_room, counted.conferences.lost) == (1, 1)


@pytest.mark.parametrize("pilot", [(), ("1001",), ("1002", "1003")])
async def test_what_is_counted_is_what_is_there(office: House, pilot: tuple[str, ...]):
    await both(office, *pilot)
    async with office.portal.store.write() as rows:
        await switches.turn_off(rows, office.portal.clock.now())
    await both(office, *pilot)


async def test_problems_are_told_first_and_accounts_without_commands(office: House):
    browser = await english(office)
    page = (await browser.get(PLACE)).text
    assert "1 of 2 calendars cannot be read, the first since <time" in page
    assert ">23 Nov 2026 11:00</time>" in page
    assert "pbx:main: its clock differs from ours by 3.5 s" in page
    assert "1 of 1 accounts are not well" in page
    assert "the server is gone" in page
    assert "nobody minds" not in page
    assert "ringplan " not in page.split("<main", 1)[1].split("</main", 1)[0]
    assert 'data-live="status"' in page


async def test_everything_is_well(house: House):
    now = house.portal.clock.now()
    async with house.portal.store.write() as rows:
        await health.put(rows, "gateway", ok=True, now=now)
    assert "Everything is well" in (await (await english(house)).get(PLACE)).text


async def test_nothing_runs(house: House):
    assert "no gateway has run yet" in (await (await english(house)).get(PLACE)).text


async def test_everything_is_released_behind_a_question_and_taken_up_again(office: House):
    browser = await english(office)
    assert "Release every telephone?" in (await browser.get(f"{PLACE}/off")).text
    assert (await browser.post(f"{PLACE}/off")).headers["location"] == f"{PLACE}?told=off"
    assert (await browser.post(f"{PLACE}/off")).status_code == 303
    async with office.portal.store.read() as rows:
        assert await switches.off_since(rows) == office.portal.clock.now()
    assert "off since" in (await browser.get(PLACE)).text
    assert (await browser.post(f"{PLACE}/on")).headers["location"] == f"{PLACE}?told=on"
    async with office.portal.store.read() as rows:
        assert await switches.off_since(rows) is None
        assert [one.did for one in await audit.latest(rows, 10)] == ["on", "off"]


async def test_everything_is_read_when_somebody_asks(office: House):
    browser = await english(office)
    await browser.post(f"{PLACE}/sync")
    async with office.portal.store.write() as rows:
        assert [one.user for one in await wishes.take(rows)] == [None]


def test_an_instant_is_told_in_utc_to_programs(house: House):
    problem = Problem(Level.WARNING, "since {since}", {"since": house.portal.clock.now()})
    assert problem.said == "since 2026-11-23 11:00:00Z"
