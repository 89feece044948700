"""Accounts in the portal: secrets go in and never come out, and thousands that fail are not on one page."""

from zoneinfo import ZoneInfo

import pytest

from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import Unreachable
from gateway.store import accounts, audit, books, mailboxes, refusals, users
from tests.unit.web.visiting import House, a_user

PLACE = "/administration/accounts"
SECRET = "correct horse battery"
NEW = {"source": "office", "login": "reader@example.org", "password": SECRET}


async def test_an_account_is_added_and_reads_who_is_not_read_yet(house: House):
    browser = await house.browser(house.ada)
    answer = await browser.post(PLACE, NEW)
    assert answer.headers["location"] == f"{PLACE}/1?read=3&told=added"
    page = await browser.get(f"{PLACE}/1", told="added", read="3")
    assert "Calendars read through it: 3" in page.text
    assert SECRET not in page.text + (await browser.get(PLACE)).text
    async with house.portal.store.read() as rows:
        (kept,) = await accounts.every(rows)
        assert (kept.service, kept.password.reveal()) == (True, SECRET)
        assert {box.user for box in await mailboxes.every(rows)} == {user.id for user in await users.every(rows)}
        (noted,) = await audit.latest(rows, 10)
    assert (noted.did, noted.about) == ("service account added", "account 1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"source": "nowhere"}, "is no source in the settings"),
        ({"source": "pbx:main"}, "is no source in the settings"),
        ({"login": "a:b"}, "is no login"),
        ({"password": ""}, "no password was given"),
        ({"password": "a\nb"}, "the password cannot be sent"),
    ],
)
async def test_what_cannot_be_is_said_without_the_password(house: House, wrong: dict[str, str], said: str):
    answer = await (await house.browser(house.ada)).post(PLACE, NEW | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert SECRET not in answer.text
    async with house.portal.store.read() as rows:
        assert await accounts.listed(rows) == ()


async def test_the_same_account_twice_is_refused(house: House):
    browser = await house.browser(house.ada)
    await browser.post(PLACE, NEW)
    assert "is an account already" in (await browser.post(PLACE, NEW)).text


async def test_a_refused_account_is_tried_again_or_gets_another_password(house: House):
    browser, now = await house.browser(house.ada), house.portal.clock.now()
    await browser.post(PLACE, NEW)
    async with house.portal.store.write() as rows:
        (account,) = await accounts.every(rows)
        await refusals.refused(rows, account, now)
    assert "password refused" in (await browser.get(PLACE)).text
    assert "Try it now" in (await browser.get(f"{PLACE}/1")).text
    assert (await browser.post(f"{PLACE}/1/retry")).headers["location"] == f"{PLACE}/1?told=tried"
    assert (await browser.post(f"{PLACE}/1/retry")).headers["location"] == f"{PLACE}/1?told=well"
    assert (await browser.post(f"{PLACE}/1/password", {"password": "another"})).status_code == 303
    assert (await browser.post(f"{PLACE}/1/password", {"password": ""})).status_code == 422
    async with house.portal.store.read() as rows:
        (account,) = await accounts.every(rows)
        assert account.password.reveal() == "another"
        did = [one.did for one in await audit.latest(rows, 10)]
    assert did == ["account password changed", "accounts tried again", "service account added"]


async def test_removing_says_first_what_goes_with_it(house: House):
    browser = await house.browser(house.ada)
    await browser.post(PLACE, NEW)
    async with house.portal.store.write() as rows:
        await books.add(rows, Book(0, 1, "company@example.org", name="Everybody <b>"))
    assert "Everybody &lt;b&gt;" in (await browser.get(PLACE)).text
    question = (await browser.get(f"{PLACE}/1/remove")).text
    assert 'number">3<' in question
    assert "Everybody &lt;b&gt;" in question
    assert (await browser.post(f"{PLACE}/1/remove")).headers["location"] == f"{PLACE}?told=removed"
    for path in ("", "/remove"):
        assert (await browser.get(f"{PLACE}/1{path}")).status_code == 404
    for path in ("retry", "remove"):
        assert (await browser.post(f"{PLACE}/1/{path}")).status_code == 404
    assert (await browser.post(f"{PLACE}/1/password", {"password": "x"})).status_code == 404


async def test_people_whose_own_account_fails_are_paged(house: House):
    now, zone = house.portal.clock.now(), ZoneInfo("Europe/Stockholm")
    async with house.portal.store.write() as rows:
        for user in await users.add_every(
            rows, [a_user(f"2{at:03}", "X", f"p{at:03}@example.org") for at in range(60)]
        ):
            own = await accounts.add(rows, Account(0, "office", user.emails[0], Secret("x")))
            box = await mailboxes.add(rows, Mailbox(0, user.id, own.id, user.emails[0], frozenset(), zone))
            await mailboxes.failed(rows, [box.id], Unreachable("the server is gone"), now)
    browser = await house.browser(house.ada)
    first, last = (await browser.get(PLACE)).text, (await browser.get(PLACE, page="2")).text
    assert (first.count("the server is gone"), last.count("the server is gone")) == (50, 10)
    assert "p000@example.org" in first
    assert "p059@example.org" in last
    assert (await browser.get(PLACE, page="x")).status_code == 200
    assert (await browser.get(PLACE, page="3")).headers["location"] == f"{PLACE}?page=2"
