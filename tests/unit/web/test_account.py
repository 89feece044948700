"""My account: what a user enters, what is kept of it, and what no page tells."""

import re
from dataclasses import replace

import pytest

from gateway.deciding.installation import SourceAt
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.store import accounts, audit, mailboxes, users
from gateway.store.store import Store
from gateway.web.portal import Portal
from tests.unit.web.visiting import INSTALLATION, House

WORD = "correct horse"
ONE = replace(INSTALLATION, sources={"office": SourceAt("caldav", host="dav.example.org")})
TWO = replace(
    INSTALLATION,
    sources={
        "office": SourceAt("caldav", host="dav.example.org"),
        "elsewhere": SourceAt("exchange", host="mail.example.net"),
    },
)


@pytest.fixture
def portal(portal: Portal) -> Portal:
    return replace(portal, installation=ONE)


def form(**changed: str) -> dict[str, str]:
    usual = {
        "login": "anna@example.org", "password": WORD, "again": WORD, "server": "", "calendar": "yes",
        "contacts": "yes", "room": "", "refresh": "300", "language": "en",
    }  # fmt: skip
    return {name: value for name, value in (usual | changed).items() if name not in ("calendar", "contacts") or value}


async def anna_of(store: Store) -> User:
    async with store.read() as rows:
        found = await users.by_extension(rows, "1001")
    assert found is not None
    return found


async def kept(store: Store) -> tuple[tuple[Account, ...], tuple[Mailbox, ...]]:
    async with store.read() as rows:
        return await accounts.every(rows), await mailboxes.every(rows)


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
