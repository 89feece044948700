"""Contacts: what one's telephone finds, a page at a time, and what keeps them away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.directory import Directory
from gateway.directory.settings import DirectorySettings, Listening
from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation
from gateway.planning.numbers import keyed
from gateway.store import accounts, books, contacts, organisation
from gateway.web.portal import Portal
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House, house_of

STOCKHOLM = Numbering("SE", "8", "0", 4, Form.NATIONAL)
SOON = 20.0


def contact(key: str, name: str, *numbers: str, company: str = "") -> Contact:
    given, _, family = name.rpartition(" ")
    written = tuple(PhoneNumber(Kind.WORK, number) for number in numbers)
    return keyed(Contact(key, name, given, family, company, numbers=written), STOCKHOLM)


async def put(house: House, owner: int | None, *some: Contact, name: str = "") -> Book:
    """Give somebody, or the company, a book of these contacts."""
    async with house.portal.store.write() as rows:
        account = await accounts.add(rows, Account(0, "office", f"{name or owner}@example.org", Secret("x")))
        book = await books.add(rows, Book(0, account.id, "x", owner=owner, name=name))
        changes = ContactChanges(some, token=None)
        await contacts.apply(rows, book.id, changes, day=date(2026, 11, 23), epoch=0, now=NOON)
    return book


@pytest.fixture
async def filled(portal: Portal) -> AsyncIterator[House]:
    """Anna has Örjan, Otto has Zlatan, and the company has Volt."""
    directory = Directory(Listening(DirectorySettings(host="pbx.example.org"), {}), portal.store)
    house = await house_of(replace(portal, search=directory.search, name_of=directory.name_of))
    async with portal.store.write() as rows:
        await organisation.put(rows, Organisation(ZoneInfo("Europe/Stockholm"), numbering=STOCKHOLM))
    await put(house, house.anna.user, contact("1", "Örjan Öberg", "+46 8 123 45", company="Göta Frakt"))
    await put(house, house.otto.user, contact("1", "Zlatan Ek", "070-123 45 67"))
    await put(house, None, contact("1", "Volt <b>AB</b>", "0049 30 666", "2002"), name="customers")
    ready = asyncio.Event()

    async def well() -> None:
        ready.set()

    following = asyncio.create_task(directory.follow(well), name="directory")
    await asyncio.wait_for(ready.wait(), SOON)
    yield house
    following.cancel()
    await asyncio.wait((following,))


async def test_ones_own_come_first_then_the_companys_with_links_that_dial(filled: House):
    shown = (await (await filled.browser(filled.anna)).get("/contacts")).text
    assert shown.index("Örjan Öberg") < shown.index("Ada Fors") < shown.index("Volt")
    assert '<a class="number" href="tel:+46812345">0812345</a>' in shown
    assert '<a class="number" href="tel:2002">2002</a>' in shown
    assert "Volt &lt;b&gt;AB&lt;/b&gt;" in shown
    assert "My own" in shown
    assert "customers" in shown
    assert "Zlatan" not in shown


@pytest.mark.parametrize(
    "typed", ["orjan", "OBERG", "göta", "0812345", "+46 (0)8-123 45", "00812345", "08123", "62374"]
)
async def test_somebody_is_found_by_whatever_the_telephone_finds_them(filled: House, typed: str):
    shown = (await (await filled.browser(filled.anna)).get("/contacts", search=typed)).text
    assert ("Örjan Öberg" in shown, "Volt" in shown) == (True, False)


@pytest.mark.parametrize("typed", ["zlatan", "0701234567", "95282"])
async def test_nobody_finds_what_is_somebody_elses(filled: House, typed: str):
    assert "Zlatan" not in (await (await filled.browser(filled.anna)).get("/contacts", search=typed)).text
    assert "Zlatan" not in (await (await filled.browser(filled.ada)).get("/contacts", search=typed)).text
    assert "Zlatan" in (await (await filled.browser(filled.otto)).get("/contacts", search=typed)).text


async def test_it_is_said_in_the_readers_language(filled: House):
    browser = await filled.browser(filled.anna)
    browser.client.cookies.set("language", "de")
    shown = (await browser.get("/contacts")).text
    assert "5 Kontakte" in shown
    assert "Was dein Telefon findet" in shown


async def test_who_has_no_telephone_has_no_contacts(filled: House):
    assert (await (await filled.browser(filled.root)).get("/contacts")).status_code == 404
