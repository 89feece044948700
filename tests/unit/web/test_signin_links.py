"""Links that let somebody choose a password: invited, or because the old one is forgotten."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.deciding import passwords, signing
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.errors import Refused, Unreachable
from gateway.store import sessions, signins, users
from gateway.store.store import Store
from gateway.web import letters
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.texts import Texts
from gateway.web.visit import cookie_name
from tests.fakes.clock import HandClock
from tests.fakes.mail import FakePost
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import PLACE, ZONE, Browser, House, portal_of

GOOD = "four words in a row"


@pytest.fixture
def post() -> FakePost:
    return FakePost()


@pytest.fixture
def portal(store: Store, clock: HandClock, texts: Texts, post: FakePost) -> Portal:
    return portal_of(store, clock, texts, post=post)


async def outside(house: House) -> Browser:
    browser = await house.browser()
    browser.client.headers["accept-language"] = "en"
    return browser


async def invited(house: House, one: SignIn) -> str:
    async with house.portal.store.write() as rows:
        user = await users.get(rows, one.user) if one.user is not None else None
        made = (
            await signing.invite(rows, user, house.portal.clock.now(), "command")
            if user is not None
            else await signing.invite_administrator(rows, one.name, house.portal.clock.now(), "command")
        )
    return f"/welcome/{made.secret.reveal()}"


async def choose(browser: Browser, link: str, password: str = GOOD, again: str | None = None) -> Any:
    return await browser.post(link, {"password": password, "again": password if again is None else again})


async def test_an_invitation_lets_somebody_choose_a_password_once(house: House) -> None:
    link, browser = await invited(house, house.anna), await outside(house)
    for _ in range(3):  # programs that look at mail open links, too
        assert (await browser.get(link)).status_code == 200
    before = browser.client.cookies[cookie_name(house.portal)]
    answer = await choose(browser, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.client.cookies[cookie_name(house.portal)] != before
    assert (await browser.get("/security")).status_code == 200
    other = await outside(house)
    await other.get("/sign-in")
    for answer in (await other.get(link), await choose(other, link, "another good one, I hope")):
        assert (answer.status_code, "of no use any more" in answer.text) == (410, True)
        assert "Anna" not in answer.text
        assert "1001" not in answer.text
    assert (await other.post("/sign-in", {"name": "1001", "password": GOOD})).status_code == 303


async def test_an_invitation_ends_after_a_week_and_with_a_newer_one(house: House, clock: HandClock) -> None:
    browser, first = await outside(house), await invited(house, house.anna)
    second = await invited(house, house.anna)
    assert [(await browser.get(link)).status_code for link in (first, second)] == [410, 200]
    clock.turn(signing.INVITATION - timedelta(seconds=1))
    assert (await browser.get(second)).status_code == 200
    clock.turn(timedelta(seconds=1))
    assert (await browser.get(second)).status_code == 410
    assert (await choose(browser, second)).status_code == 410


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("brief", None, "password"),
        ("x" * 129, None, "password"),
        (GOOD, "another", "again"),
        ("aaaaaaaaaaaaaaaa", None, "password"),
        ("anna@example.org", None, "password"),
        ("Anna-Berg-1001", None, "password"),
        ("berg anna berg", None, "password"),
    ],
)
async def test_a_password_that_nobody_should_have_is_not_taken(
    house: House, password: str, again: str | None, field: str
) -> None:
    link, browser = await invited(house, house.anna), await outside(house)
    await browser.get(link)
    answer = await choose(browser, link, password, again)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text.split('aria-invalid="true"')[0].rpartition("<input")[2]
    assert password not in answer.text
    assert (await choose(browser, link)).status_code == 303


async def test_all_browsers_of_before_are_signed_out_by_a_new_password(house: House) -> None:
    old, browser, link = await house.browser(house.anna), await outside(house), await invited(house, house.anna)
    assert (await old.get("/")).status_code == 200
    await browser.get(link)
    await choose(browser, link)
    assert (await old.get("/")).status_code == 303
    async with house.portal.store.read() as rows:
        assert len(await sessions.of(rows, house.anna.id)) == 1


async def test_tokens_of_before_are_good_for_nothing_after_a_password_that_was_chosen_by_a_link(house: House) -> None:
    browser, link = await outside(house), await invited(house, house.anna)
    assert "revoked" not in (await browser.get(link)).text
    hers, his = await house.program(house.anna), await house.program(house.otto)
    assert "Your tokens of programs are revoked" in (await browser.get(link)).text
    assert "Your tokens of programs are revoked" in (await choose(browser, link, "brief")).text
    assert (await hers.call("GET", "/me")).status_code == 200
    await choose(browser, link)
    assert [(await one.call("GET", "/me")).status_code for one in (hers, his)] == [401, 200]


async def test_who_takes_part_no_more_is_invited_no_more(house: House) -> None:
    link, browser = await invited(house, house.anna), await outside(house)
    await browser.get("/sign-in")
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        await users.put(rows, replace(anna, enabled=False))
    assert (await browser.get(link)).status_code == 410
    assert (await choose(browser, link)).status_code == 410
    async with house.portal.store.write() as rows:
        assert await signing.welcome(rows, link.rpartition("/")[2], "a hash", NOON) is None
        with pytest.raises(Refused):
            await signing.invite(rows, replace(anna, enabled=False), NOON, "command")


@pytest.mark.parametrize(
    "name", ["1001", "anna@example.org", "otto@example.org", "root@example.org", "nobody", "x" * 500]
)
async def test_whoever_asks_for_a_new_password_is_told_the_same(house: House, post: FakePost, name: str) -> None:
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, passwords.kept(Secret(GOOD)))
    browser = await outside(house)
    await browser.get("/forgotten")
    answer = await browser.post("/forgotten", {"name": name})
    assert (answer.status_code, answer.headers["location"]) == (303, "/forgotten?told=asked")
    assert "on its way" in (await browser.get("/forgotten", told="asked")).text
    to = {"1001": "anna@example.org", "nobody": None, "x" * 500: None}.get(name, name)
    assert [letter.to for letter in post.sent] == ([to] if to else [])
    if to:
        link = next(line for line in post.sent[0].body.splitlines() if line.startswith(PLACE))
        assert (await browser.get(link.removeprefix(PLACE))).status_code == 200
        assert (await choose(browser, link.removeprefix(PLACE))).status_code == 303


async def test_a_new_password_can_be_chosen_for_an_hour_and_the_old_one_is_good_until_then(
    house: House, post: FakePost, clock: HandClock
) -> None:
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, passwords.kept(Secret(GOOD)))
    browser = await outside(house)
    await browser.get("/forgotten")
    await browser.post("/forgotten", {"name": "1001"})
    link = next(line for line in post.sent[0].body.splitlines() if line.startswith(PLACE)).removeprefix(PLACE)
    clock.turn(timedelta(minutes=59))
    assert (await browser.get(link)).status_code == 200
    assert (await browser.post("/sign-in", {"name": "1001", "password": GOOD})).status_code == 303
    clock.turn(timedelta(minutes=1))
    assert (await browser.get(link)).status_code == 410


@pytest.mark.parametrize("name", ["1001", "nobody@example.org"])
async def test_nobody_is_flooded_with_letters(house: House, post: FakePost, name: str) -> None:
    browser = await outside(house)
    await browser.get("/forgotten")
    answers = [(await browser.post("/forgotten", {"name": name})).status_code for _ in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    assert len(post.sent) == (3 if name == "1001" else 0)


async def test_a_letter_that_cannot_be_sent_is_in_the_log(
    house: House, post: FakePost, caplog: pytest.LogCaptureFixture
) -> None:
    post.errors = [Unreachable("the mail server does not answer", "look at it")]
    browser = await outside(house)
    await browser.get("/forgotten")
    assert (await browser.post("/forgotten", {"name": "1001"})).status_code == 303
    assert "the mail server does not answer" in caplog.text
    assert "anna" not in caplog.text


async def test_where_no_mail_is_sent_an_administrator_is_asked(
    house: House, store: Store, clock: HandClock, texts: Texts
) -> None:
    silent = portal_of(store, clock, texts)
    browser = Browser(application(silent), silent)
    browser.client.headers["accept-language"] = "en"
    assert "Ask an administrator" in (await browser.get("/forgotten")).text
    assert (await browser.post("/forgotten", {"name": "1001"})).status_code == 422


@pytest.mark.parametrize(
    ("language", "subject", "until"),
    [
        ("sv", "Välj ditt lösenord", "2026-11-30 12:00"),
        ("de", "Wähle dein Passwort", "30.11.2026 12:00"),
        ("en", "Choose your password", "30 Nov 2026 12:00"),
    ],
)
async def test_an_invitation_is_in_the_language_of_who_is_invited(
    house: House, language: Any, subject: str, until: str
) -> None:
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        await users.put(rows, replace(anna, language=language))
        made = await signing.invite(rows, replace(anna, language=language), NOON, "command", Role.OPERATOR)
    letter = letters.invitation(house.portal.texts, made, "https://portal.example.org/welcome/x", ZONE)
    assert letter.subject.startswith(subject)
    assert "\nhttps://portal.example.org/welcome/x\n" in letter.body
    assert until in letter.body
    assert "Anna Berg" in letter.body
    assert letter.to == "anna@example.org"
    async with house.portal.store.read() as rows:
        again = await signins.get(rows, house.anna.id)
    assert again is not None
    assert again.role is Role.OPERATOR
