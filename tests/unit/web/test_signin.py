"""Signing in: who is let in, and what nobody is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.store import audit, sessions, signins, users
from gateway.store.store import Store
from gateway.web.application import application
from gateway.web.security.hashing import Hashing
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from gateway.web.visit import cookie_name
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import Browser, House, portal_of

GOOD = "four words in a row"


@pytest.fixture
async def with_password(house: House) -> House:
    async with house.portal.store.write() as rows:
        for one in (house.anna, house.root):
            await signins.put_hash(rows, one.id, passwords.kept(Secret(GOOD)))
    return house


async def signed_in(house: House, name: str = "1001", **headers: str) -> Browser:
    browser = await house.browser()
    browser.client.headers.update({"accept-language": "en", **headers})
    await browser.get("/sign-in")
    answer = await browser.post("/sign-in", {"name": name, "password": GOOD})
    assert answer.status_code == 303, answer.text
    return browser


async def noted(house: House) -> list[tuple[str, str, str]]:
    async with house.portal.store.read() as rows:
        return [(one.who, one.did, one.about) for one in await audit.latest(rows, 50)]


@pytest.mark.parametrize("name", ["anna@example.org", " ANNA@example.org", "1001"])
async def test_a_user_signs_in_by_any_address_or_number(with_password: House, name: str) -> None:
    browser = await with_password.browser()
    assert (await browser.get("/")).headers["location"] == "/sign-in?to=%2F"
    shown = await browser.get("/sign-in")
    assert shown.status_code == 200
    before = browser.client.cookies[cookie_name(with_password.portal)]
    let_in = await browser.post("/sign-in", {"name": name, "password": GOOD, "to": "/"})
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
    assert browser.client.cookies[cookie_name(with_password.portal)] != before
    assert (await browser.get("/")).status_code == 200
    who = f"signin {with_password.anna.id}"
    assert await noted(with_password) == [(who, "signed in", who)]


async def test_an_administrator_without_a_telephone_signs_in(with_password: House) -> None:
    browser = await signed_in(with_password, "Root@Example.org")
    assert (await browser.get("/security")).status_code == 200


async def test_nobody_learns_who_is_there(with_password: House, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []

    def fits(password: Secret, known: str | None) -> bool:
        hashed.append(password.reveal())
        return False

    monkeypatch.setattr(passwords, "fits", fits)
    browser = await with_password.browser()
    await browser.get("/sign-in")
    answers = {}
    for name in ("anna@example.org", "otto@example.org", "nobody@example.org"):
        answer = await browser.post("/sign-in", {"name": name, "password": "not that one"})
        answers[name] = answer.status_code, answer.text.replace(name, "")
    assert {status for status, _ in answers.values()} == {422}
    assert len({text for _, text in answers.values()}) == 1
    assert hashed == ["not that one"] * 3
    refused = [about for _, did, about in await noted(with_password) if did == "sign-in refused"]
    assert sorted(refused) == sorted(["", f"signin {with_password.otto.id}", f"signin {with_password.anna.id}"])


async def test_who_has_no_password_yet_signs_in_with_none(house: House) -> None:
    browser = await house.browser()
    await browser.get("/sign-in")
    for password in ("", "nobody's"):
        assert (await browser.post("/sign-in", {"name": "1001", "password": password})).status_code == 422


async def test_a_wrong_password_is_noted_once_a_minute(with_password: House, clock: Any) -> None:
    browser = await with_password.browser()
    await browser.get("/sign-in")
    for _ in range(3):
        await browser.post("/sign-in", {"name": "1001", "password": "wrong"})
    assert len(await noted(with_password)) == 1
    clock.turn(timedelta(minutes=1))
    await browser.post("/sign-in", {"name": "1001", "password": "wrong"})
    assert await noted(with_password) == [("nobody", "sign-in refused", f"signin {with_password.anna.id}")] * 2


async def test_who_does_not_take_part_is_out_at_once_and_stays_out(with_password: House) -> None:
    browser = await signed_in(with_password)
    async with with_password.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        await users.put(rows, replace(anna, enabled=False))
    assert (await browser.get("/")).status_code == 303
    answer = await browser.post("/sign-in", {"name": "1001", "password": GOOD})
    assert (answer.status_code, "Nobody signs in with this name" in answer.text) == (422, True)


async def test_a_session_that_another_site_has_planted_is_not_the_one_that_begins(with_password: House) -> None:
    browser = await with_password.browser()
    browser.client.cookies.set(cookie_name(with_password.portal), "planted", "portal.example.org")
    await browser.get("/sign-in")
    assert (await browser.post("/sign-in", {"name": "1001", "password": GOOD})).status_code == 303
    other = await with_password.browser()
    other.client.cookies.set(cookie_name(with_password.portal), "planted", "portal.example.org")
    assert (await other.get("/")).status_code == 303


async def test_a_password_that_is_changed_while_it_is_looked_at_lets_nobody_in(
    with_password: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fits(_: Hashing, password: Secret, hashed: str | None) -> bool:
        async with with_password.portal.store.write() as rows:
            await signins.put_hash(rows, with_password.anna.id, passwords.kept(Secret("another")))
        return passwords.fits(password, hashed)

    monkeypatch.setattr(Hashing, "fits", fits)
    browser = await with_password.browser()
    await browser.get("/sign-in")
    assert (await browser.post("/sign-in", {"name": "1001", "password": GOOD})).status_code == 422
    async with with_password.portal.store.read() as rows:
        assert await sessions.of(rows, with_password.anna.id) == ()


async def test_signing_in_anew_ends_the_session_of_before(with_password: House) -> None:
    browser = await signed_in(with_password)
    await browser.post("/sign-in", {"name": "root@example.org", "password": GOOD})
    async with with_password.portal.store.read() as rows:
        assert await sessions.of(rows, with_password.anna.id) == ()
        assert len(await sessions.of(rows, with_password.root.id)) == 1


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(with_password: House) -> None:
    browser = await signed_in(with_password)
    before = browser.client.cookies[cookie_name(with_password.portal)]
    answer = await browser.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert cookie_name(with_password.portal) not in browser.client.cookies
    browser.client.cookies.set(cookie_name(with_password.portal), before, "portal.example.org")
    assert (await browser.get("/")).status_code == 303


async def test_behind_tls_the_cookie_is_bound_to_it_and_goes_again(
    with_password: House, store: Store, clock: HandClock, texts: Texts
) -> None:
    place = "https://portal.example.org"
    portal = portal_of(store, clock, texts, settings=WebSettings(url=place, proxies=("127.0.0.1/32",)))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application(portal)), base_url=place)
    await client.get("/sign-in")
    for path, fields in (("/sign-in", {"name": "1001", "password": GOOD}), ("/sign-out", {})):
        seal = portal.seal.of(client.cookies["__Host-ringplan"])
        answer = await client.post(path, data={**fields, "csrf": seal})
        assert answer.status_code == 303
        kept = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= kept
    assert "__Host-ringplan" not in client.cookies


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "evil", "javascript:1", ""]
)
async def test_no_link_leads_to_another_site(with_password: House, to: str) -> None:
    browser = await with_password.browser()
    shown = await browser.get("/sign-in", to=to)
    assert 'name="to" value="/"' in shown.text
    answer = await browser.post("/sign-in", {"name": "1001", "password": GOOD, "to": to})
    assert answer.headers["location"] == "/"
    assert (await browser.get("/sign-in", to=to)).headers["location"] == "/"


async def test_a_page_of_ours_is_where_one_wanted_to_go(with_password: House) -> None:
    browser = await with_password.browser()
    asked = (await browser.get("/account/addresses")).headers["location"]
    assert asked == "/sign-in?to=%2Faccount%2Faddresses"
    await browser.client.get(asked)
    answer = await browser.post("/sign-in", {"name": "1001", "password": GOOD, "to": "/account/addresses"})
    assert answer.headers["location"] == "/account/addresses"


async def test_a_form_of_another_site_does_nothing(house: House) -> None:
    browser = await house.browser(house.anna)
    for path in ("/sign-out", "/sign-in", "/security/password", "/account/addresses", "/forgotten", "/welcome/x"):
        assert (await browser.post(path, csrf="0" * 64)).status_code == 400, path
    assert (await browser.get("/")).status_code == 200


@pytest.mark.parametrize("loses", ["session", "role", "part"])
async def test_who_is_let_out_while_their_form_arrives_does_nothing(house: House, loses: str) -> None:
    browser = await house.browser(house.ada)
    sent = urlencode({"csrf": house.portal.seal.of(browser.client.cookies[cookie_name(house.portal)]), "on": "yes"})

    async def slowly() -> AsyncIterator[bytes]:
        yield sent[:9].encode()
        async with house.portal.store.write() as rows:
            if loses == "session":
                await sessions.end_others(rows, house.ada.id)
            elif loses == "role":
                await signins.put_role(rows, house.ada.id, Role.OPERATOR)
            else:
                ada = await users.by_extension(rows, "1003")
                assert ada is not None
                await users.put(rows, replace(ada, enabled=False))
        yield sent[9:].encode()

    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await browser.client.post("/administration/status/off", content=slowly(), headers=kind)
    assert answer.status_code == 403


async def test_a_password_that_is_kept_as_it_was_years_ago_is_kept_anew(
    with_password: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hash_of(one: SignIn) -> str | None:
        async with with_password.portal.store.read() as rows:
            return await signins.hash_of(rows, one.id)

    before = await hash_of(with_password.anna)
    await signed_in(with_password)
    assert await hash_of(with_password.anna) == before
    monkeypatch.setattr(passwords, "_HASHER", type(passwords._HASHER)(time_cost=2, memory_cost=8, parallelism=1))
    await signed_in(with_password)
    after = await hash_of(with_password.anna)
    assert after != before
    assert after is not None
    assert ",t=2," in f",{after.split('$')[3]},"
    await signed_in(with_password)


@pytest.mark.parametrize(("language", "said"), [("sv", "Logga in"), ("de", "Anmelden"), ("en", "Sign in")])
async def test_the_page_speaks_the_language_of_the_browser(house: House, language: str, said: str) -> None:
    browser = await house.browser()
    browser.client.headers["accept-language"] = f"{language},en;q=0.5"
    for path in ("/sign-in", "/forgotten", "/welcome/used"):
        assert f">{said}<" in (await browser.get(path)).text, path


@pytest.mark.parametrize(
    ("form", "page"),
    [("/administration/codes/try", "/administration/codes"), ("/phones/7/show", "/phones/7"), ("/sign-out", "/")],
)
async def test_a_language_that_is_chosen_after_a_form_leads_to_the_page_of_the_form(
    house: House, form: str, page: str
) -> None:
    ada = await house.browser(house.ada)
    assert (await ada.post("/language", {"language": "sv", "to": form})).headers["location"] == form
    answer = await ada.get(form)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
