"""Sync: it is asked for once, followed while it lasts, and told in words, whatever became of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.deciding.installation import SourceAt
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.signin import Scope
from gateway.engine.account import account_name
from gateway.errors import Misconfigured, SignInAgain, Throttled, Unreachable
from gateway.store import accounts, books, health, mailboxes, refusals, users, wishes
from gateway.store.store import Store
from gateway.web.portal import Portal
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import INSTALLATION, ZONE, House

REFRESHES = 'http-equiv="refresh"'


@pytest.fixture
def portal(portal: Portal) -> Portal:
    return replace(portal, installation=replace(INSTALLATION, sources={"office": SourceAt("caldav")}))


@pytest.fixture
async def account(house: House, store: Store) -> Account:
    async with store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        added = await accounts.add(rows, Account(0, "office", "anna@example.org", Secret("s")))
        await mailboxes.add(rows, Mailbox(0, anna.id, added.id, "anna@example.org", frozenset(), ZONE))
    return added


async def is_read(store: Store, clock: HandClock, error: Exception | None = None, **noticed: int) -> None:
    async with store.write() as rows:
        await wishes.take(rows)
        (box,), (book,) = await mailboxes.every(rows), await books.every(rows)
        if error is not None:
            await mailboxes.failed(rows, [box.id], error, clock.now())
            return
        how = await mailboxes.progress_of(rows, box.id)
        assert how is not None
        remarks = {name: many for name, many in noticed.items() if name != "set_aside"}
        aside = noticed.get("set_aside", 0)
        await mailboxes.replace(
            rows, box.id, (), None, epoch=how.epoch, now=clock.now(), set_aside=aside, remarks=remarks
        )
        await books.unchanged(rows, [book.id], clock.now())


async def test_it_is_asked_for_heard_and_done(house: House, store: Store, clock: HandClock, account: Account):
    browser = await house.browser(house.anna)
    assert "It has not been read yet" in (await browser.get("/account/sync")).text
    asked = await browser.post("/account/sync")
    assert (asked.status_code, asked.headers["location"]) == (303, "/account/sync")
    shown = (await browser.get("/account/sync")).text
    assert 'class="now">Asked for' in shown
    assert REFRESHES in shown
    assert 'data-live="sync"' in shown
    async with store.write() as rows:
        await wishes.take(rows)
    shown = (await browser.get("/account/sync")).text
    assert 'class="now">Reading' in shown
    assert REFRESHES in shown
    clock.turn(timedelta(seconds=3))
    await is_read(store, clock, set_aside=2, target_refused=1)
    shown = (await browser.get("/account/sync")).text
    assert 'class="done">Read<' in shown
    assert REFRESHES not in shown
    assert "Entries that could not be read" in shown
    assert "a number that is not permitted" in shown


async def test_presses_that_follow_each_other_are_one(house: House, store: Store, clock: HandClock, account: Account):
    browser = await house.browser(house.anna)
    await browser.post("/account/sync")
    async with store.write() as rows:
        assert len(await wishes.take(rows)) == 1
    clock.turn(timedelta(seconds=9))
    await browser.post("/account/sync")
    async with store.write() as rows:
        assert await wishes.take(rows) == ()
    clock.turn(timedelta(seconds=2))
    await browser.post("/account/sync")
    clock.turn(timedelta(seconds=20))
    await browser.post("/account/sync")
    async with store.write() as rows:
        assert len(await wishes.take(rows)) == 1


async def test_after_two_minutes_it_is_over(house: House, clock: HandClock, account: Account):
    browser = await house.browser(house.anna)
    await browser.post("/account/sync")
    clock.turn(timedelta(minutes=2))
    shown = (await browser.get("/account/sync")).text
    assert 'class="bad">Not read yet' in shown
    assert "Nothing has been read." in shown
    assert REFRESHES not in shown


async def test_what_failed_in_part_is_not_called_done(house: House, store: Store, clock: HandClock, account: Account):
    browser = await house.browser(house.anna)
    await browser.post("/account/sync")
    await is_read(store, clock)
    assert "Done." in (await browser.get("/account/sync")).text
    await is_read(store, clock, Unreachable("dav.example.org does not answer"))
    shown = (await browser.get("/account/sync")).text
    assert "Not everything has been read." in shown
    assert "Done." not in shown


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unreachable("dav.example.org does not answer"), "The server cannot be reached."),
        (Misconfigured("it is closed", "ringplan sources retry office"), "It cannot be read."),
        (SignInAgain("refused", "give it anew: ringplan accounts password"), "does not accept the password"),
    ],
)
async def test_what_failed_is_told_with_what_to_do_and_without_commands(
    house: House, store: Store, clock: HandClock, account: Account, error: Exception, told: str
):
    browser = await house.browser(house.anna)
    await browser.post("/account/sync")
    await is_read(store, clock, error)
    shown = (await browser.get("/account/sync")).text
    assert told in shown
    assert 'class="bad">Not read<' in shown
    assert str(error) in shown
    assert "ringplan " not in shown
    assert told in (await browser.get("/account")).text


async def test_a_password_that_is_refused_twice_has_to_be_entered_again(
    house: House, store: Store, clock: HandClock, account: Account
):
    browser = await house.browser(house.anna)
    for told in (">Mon 23 Nov 12:10</time>.", "Enter it again in My account"):
        async with store.write() as rows:
            await refusals.refused(rows, account, clock.now())
        await browser.post("/account/sync")
        assert told in (await browser.get("/account/sync")).text


async def test_a_server_that_asks_for_a_pause_is_nobodys_fault(
    house: House, store: Store, clock: HandClock, account: Account
):
    async with store.write() as rows:
        error = Throttled("the server asks to be left alone until 12:30")
        await health.put(rows, account_name(account.id), ok=False, now=clock.now(), said=str(error))
    browser = await house.browser(house.anna)
    await browser.post("/account/sync")
    assert "You need to do nothing" in (await browser.get("/account/sync")).text


@pytest.mark.parametrize(
    ("language", "told", "known"),
    [
        ("sv", "Servern går inte att nå.", "dav.example.org svarar inte<"),
        ("de", "Der Server ist nicht", "dav.example.org antwortet nicht<"),
    ],
)
async def test_it_is_told_in_their_language(
    house: House, store: Store, clock: HandClock, account: Account, language: str, told: str, known: str
):
    browser = await house.browser(house.anna)
    await is_read(store, clock, Unreachable("dav.example.org does not answer"))
    await browser.post("/language", {"language": language, "to": "/account/sync"})
    shown = (await browser.get("/account/sync")).text
    assert told in shown
    assert known in shown


async def test_what_a_server_says_is_text(house: House, store: Store, clock: HandClock, account: Account):
    await is_read(store, clock, Misconfigured("<b>closed</b>"))
    shown = (await (await house.browser(house.anna)).get("/account/sync")).text
    assert "<b>" not in shown
    assert "&lt;b&gt;closed" in shown


async def test_who_does_not_take_part_is_told(house: House, portal: Portal, store: Store, account: Account):
    browser = await house.browser(house.otto)
    assert "Nothing is read: enter your account" in (await browser.get("/account/sync")).text


async def test_a_program_asks_and_follows(house: House, store: Store, clock: HandClock, account: Account):
    program = await house.program(house.anna, Scope.OWN_READ, Scope.OWN_WRITE)
    asked = await program.call("POST", "/account/sync")
    assert asked.status_code == 202
    assert [part["stage"] for part in asked.json()["parts"]] == ["asked", "asked"]
    await is_read(store, clock, withheld=3)
    found = (await program.call("GET", "/account/sync")).json()
    assert found["over"] is True
    calendar, contacts = found["parts"]
    assert (calendar["stage"], calendar["remarks"], calendar["found"]) == (
        "done", {"withheld": 3}, {"absences": 0, "conferences": 0},
    )  # fmt: skip
    assert (contacts["what"], contacts["found"]) == ("contacts", {"contacts": 0})


async def test_a_program_enters_an_account_and_never_reads_its_password(house: House, store: Store):
    program = await house.program(house.anna, Scope.OWN_READ, Scope.OWN_WRITE)
    body = {"calendar": True, "contacts": True, "refresh": None, "room": None, "language": "sv"}
    found = (await program.call("GET", "/account")).json()
    assert (found["through"], found["servers"]) == (None, ["office"])
    saved = await program.call("PUT", "/account", body | {"password": "correct horse"})
    assert (saved.status_code, saved.json()["login"], saved.json()["refresh"]) == (200, "anna@example.org", None)
    assert "horse" not in saved.text
    for wrong in ({"password": ["correct horse"]}, {"password": "correct horse" * 99}, {"password": "a\x00horse"}):
        refused = await program.call("PUT", "/account", body | wrong)
        assert refused.status_code == 422
        assert "horse" not in refused.text
    for name, value in (("calendar", "yes"), ("refresh", "300"), ("refresh", True), ("room", ""), ("more", 1)):
        assert (await program.call("PUT", "/account", body | {name: value})).status_code == 422
    assert (await program.call("DELETE", "/account", service="1")).status_code == 422
    assert (await program.call("DELETE", "/account")).status_code == 204
    async with store.read() as rows:
        assert await accounts.listed(rows) == ()


async def test_a_program_that_may_only_read_changes_nothing(house: House, account: Account):
    program = await house.program(house.anna, Scope.OWN_READ)
    for method, path in (("PUT", "/account"), ("DELETE", "/account"), ("POST", "/account/sync")):
        assert (await program.call(method, path, {} if method == "PUT" else None)).status_code == 403
