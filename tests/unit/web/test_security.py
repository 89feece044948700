"""The own password, and the browsers that are signed in."""

from datetime import timedelta

import pytest

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.domain.signin import SignIn
from gateway.store import audit, sessions, signins
from gateway.web.pages.security import browser_of
from gateway.web.visit import cookie_name
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import Browser, House

OLD, NEW = "four words in a row", "quite another sentence"
CHANGED = {"old": OLD, "password": NEW, "again": NEW}


@pytest.fixture
async def with_password(house: House) -> House:
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, passwords.kept(Secret(OLD)))
    return house


async def of(house: House, one: SignIn) -> Browser:
    browser = await house.browser(one)
    browser.client.headers["accept-language"] = "en"
    browser.client.cookies.set("language", "en")
    return browser


def cookie(house: House, browser: Browser) -> str:
    return next(one.value or "" for one in browser.client.cookies.jar if one.name == cookie_name(house.portal))


async def test_a_changed_password_signs_all_others_out_and_gives_a_new_cookie(with_password: House) -> None:
    house = with_password
    browser, other, otto = await of(house, house.anna), await of(house, house.anna), await of(house, house.otto)
    before = cookie(house, browser)
    answer = await browser.post("/security/password", CHANGED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/security?told=password")
    browser.client.cookies.clear()
    new = answer.headers["set-cookie"].split(";")[0].partition("=")[2]
    assert new != before
    assert (await other.get("/security")).status_code == 303
    assert (await otto.get("/security")).status_code == 200
    for value, status in ((before, 303), (new, 200)):
        again = await house.browser()
        again.client.cookies.set(cookie_name(house.portal), value)
        assert (await again.get("/security")).status_code == status
    async with house.portal.store.read() as rows:
        hashed = await signins.hash_of(rows, house.anna.id)
        assert passwords.fits(Secret(NEW), hashed)
        assert not passwords.fits(Secret(OLD), hashed)
        who = f"signin {house.anna.id}"
        assert (who, "password changed", who) in [(one.who, one.did, one.about) for one in await audit.latest(rows, 9)]


@pytest.mark.parametrize(("ticked", "told", "status"), [({}, "password", 200), ({"revokes": "yes"}, "all", 401)])
async def test_tokens_go_with_the_password_where_that_is_asked_for(
    with_password: House, ticked: dict[str, str], told: str, status: int
) -> None:
    browser = await of(with_password, with_password.anna)
    assert "revokes" not in (await browser.get("/security")).text
    program = await with_password.program(with_password.anna)
    assert "revokes" in (await browser.get("/security")).text
    wrong = await browser.post("/security/password", CHANGED | ticked | {"old": NEW})
    assert (wrong.status_code, (await program.call("GET", "/me")).status_code) == (422, 200)
    answer = await browser.post("/security/password", CHANGED | ticked)
    assert answer.headers["location"] == f"/security?told={told}"
    assert (await program.call("GET", "/me")).status_code == status


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"old": NEW}, "old"), ({"again": OLD}, "again"), ({"password": "short", "again": "short"}, "password")],
)
async def test_a_password_is_not_changed_by_who_does_not_know_the_old_one(
    with_password: House, changed: dict[str, str], field: str
) -> None:
    browser = await of(with_password, with_password.anna)
    answer = await browser.post("/security/password", CHANGED | changed)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text.split('aria-invalid="true"')[0].rpartition("<input")[2]
    assert OLD not in answer.text
    assert NEW not in answer.text
    async with with_password.portal.store.read() as rows:
        assert passwords.fits(Secret(OLD), await signins.hash_of(rows, with_password.anna.id))


async def test_the_old_password_cannot_be_guessed_here_either(with_password: House, clock: HandClock) -> None:
    browser = await of(with_password, with_password.anna)
    wrong = [(await browser.post("/security/password", CHANGED | {"old": "guess"})).status_code for _ in range(6)]
    assert wrong == [422] * 5 + [429]
    clock.turn(timedelta(seconds=1))
    assert (await browser.post("/security/password", CHANGED)).status_code == 303


async def test_the_page_lists_browsers_and_ends_one_or_all_others(house: House, clock: HandClock) -> None:
    async with house.portal.store.write() as rows:
        now = clock.now()
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        old = await sessions.begin(
            rows, house.anna.id, now - timedelta(days=2), now + timedelta(days=9), "idle too long"
        )
        fox = await sessions.begin(rows, house.anna.id, now, now + timedelta(days=9), agent)
    browser, otto = await of(house, house.anna), await of(house, house.otto)
    shown = (await browser.get("/security")).text
    assert "Firefox, Linux" in shown
    assert "idle too long" not in shown
    assert sessions.name_of(old.reveal()) not in shown
    assert shown.count("this one") == 1
    name = sessions.name_of(fox.reveal())
    assert name in shown
    assert fox.reveal() not in shown
    for wrong in (name, "", "zz", "00" * 32):  # Otto's are none of these
        assert (await otto.post("/security/sessions/end", {"session": wrong})).status_code == 404
    ended = await browser.post("/security/sessions/end", {"session": name})
    assert ended.headers["location"] == "/security?told=ended"
    assert name not in (await browser.get("/security")).text
    another = await of(house, house.anna)
    assert (await browser.post("/security/sessions/end-others")).status_code == 303
    assert (await another.get("/security")).status_code == 303
    assert (await browser.get("/security")).status_code == 200
    assert (await otto.get("/security")).status_code == 200


async def test_ending_the_own_session_is_signing_out(house: House) -> None:
    browser = await of(house, house.root)
    answer = await browser.post("/security/sessions/end", {"session": sessions.name_of(cookie(house, browser))})
    assert answer.headers["location"] == "/sign-in"
    assert 'ringplan=""' in answer.headers["set-cookie"]
    assert (await browser.get("/security")).status_code == 303


def test_browsers_are_known_by_what_they_say() -> None:
    said = {
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
        " Safari/537.36 Edg/142.0.0.0": "Edge, Windows",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
        " Mobile/15E148 Safari/604.1": "Safari, iPhone",
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile"
        " Safari/537.36": "Chrome, Android",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox, macOS",
        "<script>": "",
        "": "",
    }
    assert {agent: browser_of(agent) for agent in said} == said
