"""Signing in: who is let in, and what nobody is told."""

import pytest

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.store import signins
from gateway.web.visit import cookie_name
from tests.unit.web.visiting import House

GOOD = "four words in a row"


@pytest.fixture
async def with_password(house: House) -> House:
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, passwords.kept(Secret(GOOD)))
    return house


@pytest.mark.parametrize("name", ["anna@example.org", " ANNA@example.org", "1001"])
async def test_a_user_signs_in_by_any_address_or_number(with_password: House, name: str):
    browser = await with_password.browser()
    assert (await browser.get("/")).headers["location"] == "/sign-in?to=%2F"
    shown = await browser.get("/sign-in")
    assert shown.status_code == 200
    before = browser.client.cookies[cookie_name(with_password.portal)]
    let_in = await browser.post("/sign-in", {"name": name, "password": GOOD, "to": "/"})
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
    assert browser.client.cookies[cookie_name(with_password.portal)] != before
    assert (await browser.get("/")).status_code == 200


async def test_nobody_learns_who_is_there(with_password: House):
    browser = await with_password.browser()
    await browser.get("/sign-in")
    answers = {}
    for name in ("anna@example.org", "otto@example.org", "nobody@example.org"):
        answer = await browser.post("/sign-in", {"name": name, "password": "not that one"})
        answers[name] = answer.status_code, answer.text.replace(name, "")
    assert {status for status, _ in answers.values()} == {422}
    assert len({text for _, text in answers.values()}) == 1


async def test_a_form_of_another_site_does_nothing(house: House):
    browser = await house.browser(house.anna)
    assert (await browser.post("/sign-out", csrf="0" * 64)).status_code == 400
    assert (await browser.get("/")).status_code == 200
