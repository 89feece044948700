"""Conferences in the portal: who sees what, and who may let whom be called."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.conference import CallState, Result
from gateway.domain.user import Organisation
from gateway.planning.conference.calling import who_of
from gateway.store import health, organisation, switches, users
from tests.unit.web.conferring import OUTSIDE, Held, hold
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import ZONE, Browser, House, a_user

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def held(house: House) -> Held:
    return await hold(house)


async def anna(held: Held) -> Browser:
    return await held.house.browser(held.house.anna)


async def test_the_organiser_sees_all_of_it(held: Held):
    browser = await anna(held)
    listed = await browser.get("/conferences")
    for said in ("Budget", "8001", "471199", "+46 8 500 100", "Asked: 3", "Left out: 1", held.path):
        assert said in listed.text, said
    await held.put(held.attempt(held.otto, 1, CallState.OVER, Result.BUSY))
    await held.comes(f"user:{held.house.anna.user}")
    shown = await browser.get(held.path)
    for said in ("Otto Ek", "busy", OUTSIDE, "zoe@example.org", "Nobody here has this address", ">12:00</time>"):
        assert said in shown.text, said
    assert 'data-live="conferences"' in shown.text


async def test_who_is_asked_sees_neither_addresses_nor_how_others_were_called(held: Held):
    await held.put(held.attempt(held.otto, 1, CallState.OVER, Result.DND))
    browser = await held.house.browser(held.house.otto)
    assert "471199" in (await browser.get("/conferences")).text
    shown = await browser.get(held.path)
    assert shown.status_code == 200
    assert "Anna Berg" in shown.text
    for hidden in (OUTSIDE, "example.org", "customer.example", "do not disturb", "Left out", "Call now"):
        assert hidden not in shown.text, hidden


async def test_who_is_not_asked_sees_nothing_of_it(held: Held):
    browser = await held.house.browser(held.house.ada)
    assert "Budget" not in (await browser.get("/conferences")).text
    assert (await browser.get(held.path)).status_code == 404
    assert (await browser.post(f"{held.path}/calls", {"extension": "1003"})).status_code == 404
    assert (await browser.get("/conferences/%25")).status_code == 404


async def test_an_administrator_without_a_telephone_has_no_conferences(held: Held):
    browser = await held.house.browser(held.house.root)
    assert (await browser.get("/conferences")).status_code == 404


async def test_who_is_asked_can_let_nobody_be_called(held: Held):
    browser = await held.house.browser(held.house.otto)
    assert (await browser.post(f"{held.path}/calls", {"extension": "1001"})).status_code == 403
    assert await held.attempts() == ()


async def test_pressed_twice_there_is_one_call(held: Held):
    browser = await anna(held)
    pressed = re.findall(r'name="who" value="(\w+)"', (await browser.get(held.path)).text)
    assert pressed == [who_of(held.one, one) for one in held.one.participants]
    for told in ("called", "already"):
        answer = await browser.post(f"{held.path}/calls", {"who": pressed[1]})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{held.path}?told={told}")
    (attempt,) = await held.attempts()
    assert (attempt.state, attempt.at, attempt.who) == (CallState.DUE, NOON, pressed[1])
    assert "is called at once" in (await browser.get(held.path)).text
    await held.put(held.attempt(held.otto, attempt.number, CallState.OVER, Result.NO_ANSWER))
    assert (await browser.post(f"{held.path}/calls", {"who": pressed[1]})).headers["location"].endswith("told=called")
    assert len(await held.attempts()) == 2


async def test_whoever_calls_is_told_that_no_gateway_runs(held: Held):
    browser, said = await anna(held), "stands still at the moment"
    assert said in (await browser.get(held.path)).text
    async with held.house.portal.store.write() as rows:
        await health.put(rows, "gateway", ok=True, now=NOON)
    assert said not in (await browser.get(held.path)).text


async def test_a_colleague_who_is_not_asked_is_called_by_extension_and_named(held: Held):
    browser = await anna(held)
    assert (await browser.post(f"{held.path}/calls", {"extension": "1003"})).status_code == 303
    shown = (await browser.get(held.path)).text
    assert "Ada Fors" in shown
    assert "not asked" in shown
    assert (await (await held.house.browser(held.house.ada)).get(held.path)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("extension", "", "is no number"),
        ("extension", "1999", "is nobody&#39;s number here"),
        ("extension", "<b>", "is no number"),
        ("who", "0" * 32, "nobody like that is asked"),
    ],
)
async def test_who_cannot_be_called(held: Held, field: str, value: str, said: str):
    answer = await (await anna(held)).post(f"{held.path}/calls", {field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>" not in answer.text
    assert await held.attempts() == ()


async def test_who_is_in_is_not_called(held: Held):
    await held.comes(f"user:{held.house.otto.user}")
    browser = await anna(held)
    assert who_of(held.one, held.otto) not in (await browser.get(held.path)).text
    answer = await browser.post(f"{held.path}/calls", {"extension": "1002"})
    assert (answer.status_code, "in the conference already" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"opens": NOON + MINUTE}, "not open yet"),
        ({"end": NOON}, "is over, or cancelled"),
        ({"cancelled": True}, "is over, or cancelled"),
        ({"room": None}, "has no room"),
    ],
)
async def test_nobody_is_called_before_it_opens_or_when_it_is_over(held: Held, values: dict[str, Any], said: str):
    await held.change(**values)
    browser = await anna(held)
    assert "Call now" not in (await browser.get(held.path)).text
    answer = await browser.post(f"{held.path}/calls", {"extension": "1002"})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert await held.attempts() == ()


async def test_nobody_is_called_while_ringplan_is_off(held: Held):
    async with held.house.portal.store.write() as rows:
        await switches.turn_off(rows, NOON)
    answer = await (await anna(held)).post(f"{held.path}/calls", {"extension": "1002"})
    assert (answer.status_code, await held.attempts()) == (422, ())


async def test_a_number_outside_is_called_only_where_that_is_permitted(held: Held):
    browser, eva = await anna(held), who_of(held.one, held.eva)
    async with held.house.portal.store.write() as rows:
        await organisation.put(rows, Organisation(ZONE))
    answer = await browser.post(f"{held.path}/calls", {"who": eva})
    assert (answer.status_code, "may not be called" in answer.text) == (422, True)
    async with held.house.portal.store.write() as rows:
        await organisation.put(rows, Organisation(ZONE, outside=("0046*",)))
    assert (await browser.post(f"{held.path}/calls", {"who": eva})).status_code == 303


async def test_who_does_not_take_part_is_not_called(held: Held):
    async with held.house.portal.store.write() as rows:
        await users.add(rows, replace(a_user("1009", "Ida", "ida@example.org"), enabled=False))
    answer = await (await anna(held)).post(f"{held.path}/calls", {"extension": "1009"})
    assert (answer.status_code, "do not take part" in answer.text) == (422, True)
