"""The audit log: for administrators, by name, a page at a time."""

from datetime import timedelta

import pytest

from gateway.store import audit
from gateway.store.audit import Asked
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import House


@pytest.fixture
async def written(house: House, clock: HandClock) -> House:
    async with house.portal.store.write() as rows:
        for _ in range(60):
            await audit.note(rows, clock.now(), "command", "user changed", f"user {house.anna.user}")
        await audit.note(rows, clock.now(), f"signin {house.root.id}", "role changed", f"signin {house.otto.id}")
        await audit.note(rows, clock.now(), "signin 99", "role changed", "user 99")
    return house


async def test_who_is_told_by_name_and_who_is_gone_by_number(written: House):
    browser = await written.browser(written.ada)
    page = (await browser.get("/administration/audit", did="role changed")).text
    assert "root@example.org" in page
    assert "1002 Otto Ek" in page
    assert "signin 99" in page
    assert "1001 Anna Berg" not in page


async def test_what_was_done_is_told_in_the_language_of_who_reads(house: House, clock: HandClock):
    done = ("user added", "users imported", "account added", "off", "code changed")
    async with house.portal.store.write() as rows:
        for one in done:
            await audit.note(rows, clock.now(), "command", one)
    browser = await house.browser(house.ada)
    for language in ("sv", "de"):
        browser.client.cookies.set("language", language)
        page = (await browser.get("/administration/audit")).text
        assert [one for one in done if f">{one}<" in page] == []


async def test_there_are_fifty_to_a_page(written: House):
    browser = await written.browser(written.ada)
    first = (await browser.get("/administration/audit")).text
    assert first.count('class="number"') == 50
    assert "before=13" in first
    last = (await browser.get("/administration/audit", before="13")).text
    assert last.count('class="number"') == 12
    assert 'rel="next"' not in last


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
async def test_a_number_that_is_none_leads_nowhere(written: House, before: str):
    browser = await written.browser(written.ada)
    assert (await browser.get("/administration/audit", before=before)).status_code == 404


async def test_programs_read_it_too(written: House):
    program = await written.program(written.ada)
    told = (await program.call("GET", "/audit", about=f"signin {written.otto.id}")).json()
    assert [(one["name"], one["did"]) for one in told] == [("root@example.org", "role changed")]


async def test_entries_are_kept_for_ninety_days(written: House, clock: HandClock):
    clock.turn(timedelta(days=90, seconds=-1))
    async with written.portal.store.write() as rows:
        assert await audit.forget_over(rows, clock.now()) == 0
    clock.turn(timedelta(seconds=1))
    async with written.portal.store.write() as rows:
        assert await audit.forget_over(rows, clock.now()) == 62
        assert not await audit.latest(rows, 9, Asked())
