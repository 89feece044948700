"""My account: what a user enters, what is kept of it, and what no page tells."""

import re
from dataclasses import replace

import pytest

from gateway.deciding.installation import SourceAt
from gateway.domain.conference import RoomOf
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.store import accounts, audit, books, mailboxes, rooms, users
from gateway.store.store import Store
from gateway.web.portal import Portal
from gateway.web.visit import LANGUAGE
from tests.unit.web.visiting import INSTALLATION, ZONE, House, house_of

WORD = "correct horse"
OFFICE = SourceAt("caldav", host="dav.example.org")
ONE = replace(INSTALLATION, sources={"office": OFFICE})
TWO = replace(INSTALLATION, sources={"office": OFFICE, "other": SourceAt("exchange", host="mail.example.net")})


@pytest.fixture
def portal(portal: Portal) -> Portal:
    return replace(portal, installation=ONE)


def form(**changed: str) -> dict[str, str]:
    """Return what a browser sends; a box that is not ticked ("") is not sent."""
    usual = {
        "login": "anna@example.org", "password": WORD, "again": WORD, "server": "", "calendar": "yes",
        "contacts": "yes", "room": "", "refresh": "300", "language": "en",
    }  # fmt: skip
    return {name: value for name, value in (usual | changed).items() if value or name not in ("calendar", "contacts")}


UNCHANGED = {"password": "", "again": ""}


async def anna_of(store: Store) -> User:
    async with store.read() as rows:
        found = await users.by_extension(rows, "1001")
    assert found is not None
    return found


async def kept(store: Store) -> tuple[tuple[Account, ...], tuple[Mailbox, ...]]:
    async with store.read() as rows:
        return await accounts.every(rows), await mailboxes.every(rows)


async def with_service(store: Store, *, reads: bool = True) -> Account:
    anna = await anna_of(store)
    async with store.write() as rows:
        service = await accounts.add(rows, Account(0, "office", "service", Secret("s"), service=True))
        if reads:
            box = Mailbox(0, anna.id, service.id, anna.emails[0], frozenset(), ZONE, refresh=600)
            await mailboxes.add(rows, box)
    return service


async def test_an_account_is_entered_and_its_password_is_never_seen_again(house: House, store: Store):
    browser = await house.browser(house.anna)
    assert "No calendar of yours is read yet" in (await browser.get("/account")).text
    saved = await browser.post("/account", form())
    assert (saved.status_code, saved.headers["location"]) == (303, "/account?told=entered")
    (account,), (box,) = await kept(store)
    assert (account.source, account.login, account.password.reveal()) == ("office", "anna@example.org", WORD)
    assert (box.address, box.refresh, box.calendar) == ("anna@example.org", 300, True)
    shown = (await browser.get("/account", told="entered")).text
    assert "anna@example.org at office" in shown
    assert WORD not in shown
    async with store.read() as rows:
        (noted,) = await audit.latest(rows, 5)
    assert (noted.did, noted.about) == ("account changed", f"user {box.user}")


async def test_two_passwords_that_differ_change_nothing_and_are_not_shown(house: House, store: Store):
    browser = await house.browser(house.anna)
    answer = await browser.post("/account", form(again="another horse"))
    assert answer.status_code == 422
    assert re.search(r'id="password"[^>]*aria-invalid', answer.text)
    assert "horse" not in answer.text
    assert await kept(store) == ((), ())


async def test_an_empty_password_stays_and_the_rest_is_saved(house: House, store: Store):
    browser = await house.browser(house.anna)
    await browser.post("/account", form())
    saved = await browser.post("/account", form(**UNCHANGED, refresh="off", calendar="", contacts=""))
    assert saved.headers["location"] == "/account?told=saved"
    (account,), (box,) = await kept(store)
    assert (account.password.reveal(), account.epoch) == (WORD, 0)
    assert (box.refresh, box.calendar) == (None, False)
    async with store.read() as rows:
        assert [book.enabled for book in await books.of(rows, box.user)] == [False]
        assert len(await audit.latest(rows, 5)) == 1


async def test_a_new_password_is_tried_at_once(house: House, store: Store):
    browser = await house.browser(house.anna)
    await browser.post("/account", form())
    await browser.post("/account", form(password="battery", again="battery"))
    ((account,), boxes) = await kept(store)
    assert (account.password.reveal(), account.epoch, len(boxes)) == ("battery", 1, 1)


async def test_somebody_who_guesses_passwords_is_stopped(house: House, store: Store):
    browser = await house.browser(house.anna)
    answers = [await browser.post("/account", form(password=f"{n}", again=f"{n}")) for n in range(11)]
    assert [one.status_code for one in answers] == [303] * 10 + [422]
    ((account,), _) = await kept(store)
    assert account.password.reveal() == "9"


@pytest.mark.parametrize("login", ["otto@example.org", "boss@example.com", "otto", "", "anna@example.org:x", "'\" --"])
async def test_nobody_enters_what_is_not_theirs(house: House, store: Store, login: str):
    browser = await house.browser(house.anna)
    answer = await browser.post("/account", form(login=login))
    assert answer.status_code == 422
    assert WORD not in answer.text
    assert await kept(store) == ((), ())


async def test_what_stands_before_the_at_is_a_login_unless_it_is_somebody_elses_too(house: House, store: Store):
    browser = await house.browser(house.anna)
    async with store.write() as rows:
        otto = await users.by_extension(rows, "1002")
        assert otto is not None
        await users.put(rows, replace(otto, emails=(*otto.emails, "anna@example.com")))
    assert (await browser.post("/account", form(login="anna"))).status_code == 422
    async with store.write() as rows:
        await users.put(rows, otto)
    assert (await browser.post("/account", form(login="anna"))).status_code == 303
    _, (box,) = await kept(store)
    assert box.address == "anna@example.org"


async def test_another_login_wants_the_password_anew(house: House, store: Store):
    anna = await anna_of(store)
    async with store.write() as rows:
        await users.put(rows, replace(anna, emails=(*anna.emails, "a.berg@example.org")))
    browser = await house.browser(house.anna)
    await browser.post("/account", form())
    changed = {"login": "a.berg@example.org"}
    assert (await browser.post("/account", form(**changed, **UNCHANGED))).status_code == 422
    assert (await browser.post("/account", form(**changed))).status_code == 303
    (account,), (box,) = await kept(store)
    assert (account.login, box.address) == ("a.berg@example.org", "a.berg@example.org")


async def test_a_service_account_needs_no_password_and_an_own_one_takes_its_place(house: House, store: Store):
    service, browser = await with_service(store), await house.browser(house.anna)
    shown = (await browser.get("/account")).text
    assert "through a service account at office" in shown
    await browser.post("/account", form(**UNCHANGED, refresh="120"))
    _, (box,) = await kept(store)
    assert (box.account, box.refresh) == (service.id, 120)
    await browser.post("/account", form(refresh="120", calendar=""))
    (_, own), (box,) = await kept(store)
    assert (box.account, box.calendar, box.refresh) == (own.id, False, 120)
    back = await browser.post("/account/service", {"account": str(service.id)})
    assert back.headers["location"] == "/account?told=service"
    (only,), (box,) = await kept(store)
    assert (only.id, box.account, box.calendar, box.refresh) == (service.id, service.id, False, 120)


@pytest.mark.parametrize("given", ["", "0", "99", "1; drop", "٣"])
async def test_back_leads_to_a_service_account_only(house: House, store: Store, given: str):
    await with_service(store, reads=False)
    browser = await house.browser(house.anna)
    await browser.post("/account", form())
    before = await kept(store)
    assert (await browser.post("/account/service", {"account": given})).status_code == 422
    assert await kept(store) == before


async def test_a_removed_account_takes_everything_with_it(house: House, store: Store):
    browser = await house.browser(house.anna)
    await browser.post("/account", form())
    assert (await browser.post("/account/remove")).headers["location"] == "/account?told=removed"
    assert await kept(store) == ((), ())
    async with store.read() as rows:
        assert [one.did for one in await audit.latest(rows, 5)] == ["account removed", "account changed"]


async def test_the_account_of_somebody_else_is_never_touched(house: House, store: Store):
    ottos, browser = await house.browser(house.otto), await house.browser(house.anna)
    await ottos.post("/account", form(login="otto@example.org"))
    await browser.post("/account", form())
    await browser.post("/account/remove")
    (account,), _ = await kept(store)
    assert account.login == "otto@example.org"
    assert "otto@" not in (await browser.get("/account")).text


async def test_a_room_of_the_pool_becomes_ones_own_and_others_do_not(house: House, store: Store):
    anna = await anna_of(store)
    async with store.write() as rows:
        for room in (RoomOf("8090", pin="1234"), RoomOf("8091", owner=anna.id + 1), RoomOf("8092", "elsewhere")):
            await rooms.put(rows, room)
    browser = await house.browser(house.anna)
    shown = (await browser.get("/account")).text
    assert ('value="8090"' in shown, 'value="8091"' in shown, 'value="8092"' in shown) == (True, False, False)
    for taken in ("8091", "8092", "9999"):
        assert (await browser.post("/account", form(room=taken))).status_code == 422
    await browser.post("/account", form(room="8090"))
    async with store.read() as rows:
        assert await rooms.get(rows, "8090") == RoomOf("8090", owner=anna.id)
    await browser.post("/account", form(**UNCHANGED))
    async with store.read() as rows:
        assert await rooms.get(rows, "8090") == RoomOf("8090")


async def test_the_language_is_that_of_pages_and_announcements(house: House, store: Store):
    browser = await house.browser(house.anna)
    browser.client.cookies.set(LANGUAGE, "en")
    saved = await browser.post("/account", form(**UNCHANGED, language="de"))
    assert saved.status_code == 303
    browser.client.cookies.delete(LANGUAGE)
    assert (await anna_of(store)).language == "de"
    assert "Mein Konto" in (await browser.get("/account")).text
    assert f"{LANGUAGE}=" in saved.headers["set-cookie"]


@pytest.mark.parametrize("changed", [{"refresh": "5"}, {"refresh": "x"}, {"refresh": "999999"}, {"language": "xx"}])
async def test_what_the_form_does_not_offer_is_refused(house: House, store: Store, changed: dict[str, str]):
    browser = await house.browser(house.anna)
    assert (await browser.post("/account", form(**changed))).status_code == 422
    assert await kept(store) == ((), ())


class TestWhereThereAreSeveralServers:
    @pytest.fixture
    def portal(self, portal: Portal) -> Portal:
        async def hosts(domain: str) -> tuple[str, ...]:
            return {"example.com": ("MAIL.example.net",)}.get(domain, ("evil.example.net",))

        return replace(portal, installation=TWO, hosts=hosts)

    @pytest.mark.parametrize(
        ("email", "server", "found"),
        [
            ("anna@example.org", "", "office"),
            ("anna@example.org", "other", "other"),
            ("anna@example.com", "", "other"),
            ("anna@example.info", "", None),
            ("anna@example.info", "office", "office"),
            ("anna@example.info", "https://evil.example.net/", None),
        ],
    )
    async def test_the_address_leads_to_one_of_them_or_the_user_chooses(
        self, portal: Portal, store: Store, email: str, server: str, found: str | None
    ):
        house = await house_of(portal)
        anna = await anna_of(store)
        async with store.write() as rows:
            await users.put(rows, replace(anna, emails=(email,)))
        browser = await house.browser(house.anna)
        answer = await browser.post("/account", form(login=email, server=server))
        assert answer.status_code == (303 if found else 422)
        assert [one.source for one in (await kept(store))[0]] == ([found] if found else [])


async def test_an_administrator_without_a_telephone_has_no_account(house: House):
    browser = await house.browser(house.root)
    for path in ("/account", "/account/sync"):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, form())).status_code == 404
