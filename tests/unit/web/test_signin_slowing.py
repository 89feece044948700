"""Guessing passwords: it takes longer with every try, and locks nobody out for good."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation
from gateway.store import signins
from gateway.web import browsers, claiming
from gateway.web.api.strangers import Strangers
from gateway.web.security import hashing
from gateway.web.security.slowing import FREE, FREE_AT, LONGEST, Slowing, place_of
from gateway.web.visit import Visit
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import ZONE, Browser, House

GOOD = "four words in a row"
SECOND = timedelta(seconds=1)


@pytest.fixture
async def with_password(house: House) -> House:
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, passwords.kept(Secret(GOOD)))
    return house


async def before_signing_in(house: House) -> Browser:
    browser = await house.browser()
    browser.client.headers["accept-language"] = "en"
    await browser.get("/sign-in")
    return browser


def a_request(browser: Browser) -> Request:
    cookie = browser.client.cookies.get("ringplan-known", "")
    return Request({"type": "http", "headers": [(b"cookie", f"ringplan-known={cookie}".encode())]})


async def try_as(browser: Browser, name: str, password: str) -> int:
    return (await browser.post("/sign-in", {"name": name, "password": password})).status_code


@pytest.mark.parametrize("name", ["1001", "nobody@example.org"])
async def test_after_five_wrong_ones_a_name_waits_whether_it_is_somebodys_or_not(
    with_password: House, clock: Any, name: str
) -> None:
    browser = await before_signing_in(with_password)
    assert {await try_as(browser, name, "wrong") for _ in range(FREE)} == {422}
    answer = await browser.post("/sign-in", {"name": name, "password": GOOD})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "Try again in 1 s." in answer.text
    clock.turn(SECOND)
    assert await try_as(browser, name, "wrong") == 422
    assert (await browser.post("/sign-in", {"name": name, "password": GOOD})).headers["retry-after"] == "2"
    clock.turn(2 * SECOND)
    assert await try_as(browser, name, GOOD) == (303 if name == "1001" else 422)


async def test_what_was_right_is_forgotten(with_password: House) -> None:
    browser = await before_signing_in(with_password)
    for _ in range(3):
        assert {await try_as(browser, "1001", "wrong") for _ in range(FREE - 1)} == {422}
        assert await try_as(browser, "1001", GOOD) == 303


async def test_many_tries_at_once_are_many(with_password: House) -> None:
    browser = await before_signing_in(with_password)
    answers = await asyncio.gather(*(try_as(browser, "1001", "wrong") for _ in range(3 * FREE)))
    assert sorted(answers) == [422] * FREE + [429] * 2 * FREE


async def test_when_too_many_sign_in_the_rest_is_asked_to_come_again(with_password: House) -> None:
    with_password.portal.hashing._wanted = 50
    browser = await before_signing_in(with_password)
    answer = await browser.post("/sign-in", {"name": "1001", "password": GOOD})
    assert (answer.status_code, "Too many people" in answer.text) == (503, True)


def test_a_stranger_cannot_keep_a_name_waiting_for_who_has_been_let_in_from_elsewhere() -> None:
    slowing = Slowing()
    slowing.right(slowing.tried("anna", "192.0.2.1"), NOON)
    for _ in range(100):
        slowing.begun(slowing.tried("anna", "198.51.100.7"), NOON)
    assert slowing.wait(slowing.tried("anna", "198.51.100.7"), NOON) == LONGEST
    assert slowing.wait(slowing.tried("anna", "203.0.113.9"), NOON) == LONGEST
    assert slowing.wait(slowing.tried("anna", "192.0.2.1"), NOON) == 0
    for _ in range(100):
        slowing.begun(slowing.tried("anna", "192.0.2.1"), NOON)
    assert slowing.wait(slowing.tried("anna", "192.0.2.1"), NOON) == LONGEST


def test_nobody_waits_longer_than_a_minute_and_waiting_is_over_after_it() -> None:
    slowing = Slowing()
    one = slowing.tried("anna", "192.0.2.1")
    for _ in range(1000):
        slowing.begun(one, NOON)
    assert slowing.wait(one, NOON) == LONGEST == 60
    assert slowing.wait(one, NOON + timedelta(seconds=LONGEST)) == 0
    assert slowing.wait(one, NOON + timedelta(hours=1)) == slowing.wait(one, NOON - timedelta(hours=1)) == 0


def test_who_tries_many_names_from_one_place_waits_too() -> None:
    slowing = Slowing()
    for number in range(FREE_AT):
        slowing.begun(slowing.tried(str(number), "2001:db8::1"), NOON)
    assert slowing.wait(slowing.tried("new", "2001:db8::ffff"), NOON) == 1
    assert slowing.wait(slowing.tried("new", "2001:db8:0:1::1"), NOON) == 0


def test_the_table_has_an_end() -> None:
    slowing = Slowing(most=10)
    for number in range(1000):
        slowing.begun(slowing.tried_by(str(number), "password"), NOON)
        one = slowing.tried(str(number), f"192.0.2.{number % 250}")
        slowing.begun(one, NOON)
        slowing.right(one, NOON)
    assert len(slowing._wrong) <= 10
    assert len(slowing._known) <= 10


def test_of_a_flood_of_names_only_so_many_are_written_down_in_a_minute() -> None:
    slowing = Slowing()
    told = [slowing.is_told(slowing.tried(str(number), "192.0.2.1"), NOON) for number in range(1000)]
    assert sum(told) == 60
    assert slowing.is_told(slowing.tried("0", "192.0.2.1"), NOON + timedelta(minutes=1))


def test_a_place_is_what_one_customer_has() -> None:
    assert place_of("192.0.2.1") == place_of("::ffff:192.0.2.1") != place_of("192.0.2.2")
    assert place_of("2001:db8::1") == place_of("2001:db8::2") != place_of("2001:db8:1::1")
    assert place_of("fe80::1%eth0") == place_of("fe80::1")
    assert place_of("") == ""


async def test_what_a_stranger_types_slows_nobody_who_has_signed_in(house: House) -> None:
    stranger, anna = await before_signing_in(house), await house.browser(house.anna)
    for _ in range(FREE):
        assert await try_as(stranger, f"signin {house.anna.id}", "wrong") == 422
    assert await try_as(stranger, f"signin {house.anna.id}", "wrong") == 429
    fields = {"old": "what it is not", "password": "several words in a row", "again": "several words in a row"}
    assert (await anna.post("/security/password", fields)).status_code == 422


def test_in_an_office_behind_one_address_those_who_mistype_and_then_get_in_slow_nobody() -> None:
    slowing = Slowing()
    for number in range(10 * FREE_AT):
        for _ in range(FREE - 1):
            slowing.begun(slowing.tried(str(number), "192.0.2.1"), NOON)
        one = slowing.tried(str(number), "192.0.2.1")
        assert slowing.wait(one, NOON) == 0
        slowing.begun(one, NOON)
        slowing.right(one, NOON)
    assert slowing.wait(slowing.tried("new", "192.0.2.1"), NOON) == 0


def test_who_gets_in_takes_nobody_elses_wrong_tries_off_the_place() -> None:
    slowing = Slowing()
    for number in range(FREE_AT):
        slowing.begun(slowing.tried(str(number), "192.0.2.1"), NOON)
        slowing.begun(slowing.tried("mallory", f"198.51.100.{number}"), NOON)
    slowing.right(slowing.tried("mallory", "192.0.2.1"), NOON)
    slowing.right(slowing.tried("mallory", "192.0.2.1"), NOON)
    assert slowing.wait(slowing.tried("new", "192.0.2.1"), NOON) == 1


async def test_one_person_keeps_nobody_waiting_who_has_signed_in_before_in_their_browser(
    with_password: House, clock: Any
) -> None:
    hers, colleague = await before_signing_in(with_password), await before_signing_in(with_password)
    assert await try_as(hers, "1001", GOOD) == 303
    assert (await hers.post("/sign-out")).status_code == 303
    for number in range(3 * FREE_AT):
        await try_as(colleague, "1001", "wrong")
        await try_as(colleague, str(number), "wrong")
        clock.turn(SECOND)
    assert {await try_as(colleague, name, "wrong") for name in ("1001", "new")} == {429}
    await hers.get("/sign-in")
    assert await try_as(hers, "1002", "wrong") == 429, "it is known for her alone"
    assert await try_as(hers, " 1001", GOOD) == 303


async def test_a_browser_that_is_known_guesses_no_faster(with_password: House) -> None:
    browser = await before_signing_in(with_password)
    assert await try_as(browser, "1001", GOOD) == 303
    await browser.post("/sign-out")
    await browser.get("/sign-in")
    assert [await try_as(browser, "1001", "wrong") for _ in range(FREE + 1)] == [422] * FREE + [429]


@pytest.mark.parametrize("said", ["", ".", "x", "x" * 4000, "." * 4000, "é.é"])
async def test_nobody_makes_a_browser_known_by_themselves(with_password: House, said: str) -> None:
    browser = await before_signing_in(with_password)
    browser.client.headers["cookie"] = f"ringplan={browser.client.cookies['ringplan']}; ringplan-known={said}"
    assert [await try_as(browser, "1001", "wrong") for _ in range(FREE + 1)] == [422] * FREE + [429]
    stranger = await before_signing_in(with_password)
    assert await try_as(stranger, "1001", GOOD) == 429, "the name waits for all whose browser is not known"


async def test_a_browser_is_known_for_the_last_five_who_have_signed_in_there(house: House) -> None:
    browser = await house.browser()
    names = [f"100{number}" for number in range(7)]
    async with house.portal.store.read() as rows:
        for name in [*names, names[3]]:
            visit = Visit(a_request(browser), house.portal, Organisation(ZONE), "en", "")
            browser.client.cookies.set("ringplan-known", browsers.cookie_for(rows, visit, name))
    visit = Visit(a_request(browser), house.portal, Organisation(ZONE), "en", "")
    assert [name for name in names if await browsers.is_known(visit, name)] == names[2:]


async def test_letters_that_a_stranger_asks_for_are_none_of_those_for_addresses(house: House) -> None:
    asking, user = house.portal.asking, house.anna.user
    for _ in range(10):
        asking.begun(asking.tried(f"address {user}", "198.51.100.7"), NOON)
        asking.begun(asking.tried(str(user), "198.51.100.7"), NOON)
    assert user is not None
    assert asking.wait(claiming.tried(house.portal, user), NOON) == 0


async def test_who_comes_while_too_many_sign_in_has_tried_nothing(
    with_password: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await before_signing_in(with_password)
    with monkeypatch.context() as crowd:
        crowd.setattr(hashing, "MOST", 0)
        assert {await try_as(browser, "1001", GOOD) for _ in range(FREE + 1)} == {503}
    assert await try_as(browser, "1001", GOOD) == 303


def test_wrong_tokens_are_counted_for_what_one_customer_has() -> None:
    some = Strangers()
    for number in range(10):
        assert some.wrong(f"2001:db8::{number}", 0.0) == 0
        assert some.wrong(f"::ffff:192.0.2.{number}", 0.0) == 0
    assert [some.wrong(one, 0.0) for one in ("2001:db8::f", "::ffff:192.0.2.99")] == [60, 0]
