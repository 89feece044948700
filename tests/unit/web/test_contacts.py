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
from gateway.errors import Unreachable
from gateway.planning.numbers import keyed
from gateway.store import accounts, books, contacts, organisation
from gateway.web.portal import Portal
from peers.process import POLL
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import Browser, House, house_of

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


async def test_programs_find_the_same(filled: House):
    program = await filled.program(filled.anna)
    told = (await program.call("GET", "/contacts", search="orjan")).json()
    number = {"kind": "work", "shown": "0812345", "number": "+46812345"}
    assert told == {
        "contacts": [
            {
                "name": "Örjan Öberg",
                "given": "Örjan",
                "family": "Öberg",
                "company": "Göta Frakt",
                "title": "",
                "emails": [],
                "numbers": [number],
                "book": "own",
            }
        ],
        "total": 1,
        "page": 1,
    }
    books = [one["book"] for one in (await program.call("GET", "/contacts")).json()["contacts"]]
    assert books == ["own", "colleagues", "colleagues", "colleagues", "company"]
    assert (await program.call("GET", "/contacts", search="zlatan")).json()["contacts"] == []
    assert (await program.call("GET", "/contacts", page="2")).json()["contacts"] == []
    assert (await program.call("GET", "/contacts", search="x" * 101)).status_code == 422


async def test_without_a_directory_it_is_said_why(house: House):
    shown = await (await house.browser(house.anna)).get("/contacts")
    assert "There is no directory here" in shown.text
    assert (await (await house.program(house.anna)).call("GET", "/contacts")).status_code == 409


async def test_while_the_index_is_made_one_is_asked_to_wait(portal: Portal):
    directory = Directory(Listening(DirectorySettings(host="pbx.example.org"), {}), portal.store)
    house = await house_of(replace(portal, search=directory.search))
    answer = await (await house.browser(house.anna)).get("/contacts")
    assert (answer.status_code, "still being read" in answer.text) == (503, True)
    assert (await (await house.program(house.anna)).call("GET", "/contacts")).status_code == 503


async def test_it_is_said_how_ones_own_contacts_are(filled: House):
    async def says(browser: Browser) -> str:
        return (await browser.get("/contacts")).text

    anna, ada = await filled.browser(filled.anna), await filled.browser(filled.ada)
    assert "you have no account" in await says(ada)
    book = await put(filled, filled.ada.user)
    assert "nobody in it has a telephone number" in await says(ada)
    async with filled.portal.store.write() as rows:
        await books.failed(rows, [book.id], Unreachable("away"), NOON)
    assert "could not be read the last time" in await says(ada)
    async with filled.portal.store.write() as rows:
        await books.put(rows, replace(book, enabled=False))
    assert "are not read" in await says(ada)
    assert "Your own contacts" not in await says(anna)


async def test_many_are_shown_fifty_at_a_time(filled: House):
    await put(filled, filled.ada.user, *(contact(f"{at}", f"Zed {at:03d}", f"+4670{at:07d}") for at in range(120)))
    browser = await filled.browser(filled.ada)
    async with asyncio.timeout(SOON):
        while "120 contacts" not in (await browser.get("/contacts", search="zed")).text:
            await asyncio.sleep(POLL)
    first, last = [(await browser.get("/contacts", search="zed", page=page)).text for page in ("1", "3")]
    assert (first.count("Zed 0"), first.count("Zed 1"), "Page 1 of 3" in first) == (50, 0, True)
    assert ("Zed 099" in last, "Zed 100" in last, "Zed 119" in last) == (False, True, True)
    assert "search=zed&amp;page=2" in first
    beyond = await browser.get("/contacts", search="zed", page="9999")
    assert (beyond.status_code, beyond.headers["location"]) == (303, "/contacts?search=zed&page=3")
    for odd in ("0", "-1", "x", "٣", "9" * 400):
        assert (await browser.get("/contacts", search="zed", page=odd)).text == first


@pytest.mark.parametrize("typed", ["*", "(cn=*)", "\0*", "<script>", "%", "x" * 5_000, "' OR 1=1"])
async def test_whatever_is_typed_finds_nobody_and_breaks_nothing(filled: House, typed: str):
    answer = await (await filled.browser(filled.anna)).get("/contacts", search=typed)
    assert (answer.status_code, "Öberg</th>" in answer.text) == (200, False)
    assert "<script>" not in answer.text
