"""Contacts of Exchange as address books: what a folder of contacts says, page by page since a saved state."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.ports import ContactSource, Opened
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import WINDOW, account, address, calendar_of, mailbox
from tests.contract.conftest import peopled
from tests.fakes.exchange import faults, items
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.rights import Right

ALICE, BOB = address("alice"), address("bob")
READER = Account(1, "office", "reader@example.test", Secret("a password"), service=True)
OWN = Book(1, 1, ALICE, owner=1, mailbox=1)
COMPANY = Book(2, 1, ALICE, name="customers")
SHORT = Deadlines(connect=5.0, read=1.5, whole=3.0)  # for who does not answer
ASA = items.Contact(
    given="Åsa",
    surname="Ek",
    company="Växjö Bygg AB",
    title="Chef",
    emails=("asa@kund.example", "asa2@kund.example"),
    phones={
        "BusinessFax": "08-999",
        "Pager": "08-998",
        "HomePhone": "08-111 22 33",
        "MobilePhone": "070-123 45 67",
        "OtherTelephone": "1234",
        "BusinessPhone2": "08-765 43 21",
        "BusinessPhone": "+46 8 123 45 67",
        "CarPhone": "070-2",
        "CompanyMainPhone": "08-700",
    },
)
NUMBERS = (
    PhoneNumber(Kind.WORK, "+46 8 123 45 67"),
    PhoneNumber(Kind.WORK, "08-765 43 21"),
    PhoneNumber(Kind.WORK, "08-700"),
    PhoneNumber(Kind.MOBILE, "070-123 45 67"),
    PhoneNumber(Kind.MOBILE, "070-2"),
    PhoneNumber(Kind.HOME, "08-111 22 33"),
    PhoneNumber(Kind.OTHER, "1234"),
)


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    """An Exchange with a login that has a mailbox, and may read what is shared with it."""
    running = peopled(FakeExchange())
    running.person(READER.login, "a password")
    async with running.up():
        yield running


def one(number: int, **more: Any) -> items.Contact:
    return replace(items.Contact(given=f"P{number}", phones={"MobilePhone": f"070-{number:05}"}), **more)


def contacts_of(opened: Opened) -> ContactSource:
    assert opened.contacts is not None
    return opened.contacts


async def read(source: ContactSource, book: Book, since: str | None = None) -> ContactChanges:
    """Read a book that must not be said to be unchanged."""
    found = await source.read(book, since)
    assert found is not None
    return found


def named(found: ContactChanges) -> set[str]:
    return {contact.name for contact in found.put}


def asked(exchange: FakeExchange) -> Counter[str]:
    return Counter(seen.operation for seen in exchange.server.requests if seen.status == 200 and seen.user)


@pytest.mark.parametrize("version", ["Exchange2007_SP1", "Exchange2010_SP2", "Exchange2016"])
async def test_a_contact_is_told_with_its_names_and_numbers_by_kind(exchange, version):
    exchange.behaviour.version = version
    exchange.contacts(ALICE).put(ASA)
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        found = await read(contacts_of(opened), OWN)
    (contact,) = found.put
    assert contact == Contact(
        contact.key, "Åsa Ek", "Åsa", "Ek", "Växjö Bygg AB", "Chef", ("asa@kund.example", "asa2@kund.example"), NUMBERS
    )
    assert contact.key == exchange.directory.mailboxes[ALICE].contact_id(0)
    assert (found.whole, found.gone, found.set_aside) == (True, (), 0)


async def test_what_changed_comes_since_a_token_and_nothing_where_nothing_did(exchange):
    there = exchange.contacts(ALICE)
    numbers = [there.put(one(number)) for number in range(4)]
    box = exchange.directory.mailboxes[ALICE]
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = contacts_of(opened)
        first = await read(source, OWN)
        assert named(first) == {"P0", "P1", "P2", "P3"}
        assert await source.read(OWN, first.token) is None
        there.change(numbers[0], given="Q0")
        there.delete(numbers[1])
        moved = there.move(numbers[2])
        new = there.put(one(9))
        there.delete(there.put(one(10)))
        second = await read(source, OWN, first.token)
        assert await source.read(OWN, second.token) is None
    assert named(second) == {"Q0", "P2", "P9"}
    assert {contact.key for contact in second.put} == {box.contact_id(number) for number in (numbers[0], moved, new)}
    assert {box.contact_id(number) for number in (numbers[1], numbers[2])} <= set(second.gone)
    assert not second.whole


async def test_a_folder_of_many_is_read_in_pages_of_a_hundred(exchange):
    for number in range(230):
        exchange.contacts(ALICE).put(one(number))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        found = await read(contacts_of(opened), OWN)
    assert len(found.put) == 230
    assert asked(exchange) == {"ConvertId": 1, "SyncFolderItems": 3, "GetItem": 3}


async def test_a_list_is_no_contact_and_disturbs_none(exchange):
    there = exchange.contacts(ALICE)
    team = there.put(items.Contact(called="Team", is_list=True))
    there.put(one(1))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = contacts_of(opened)
        first = await read(source, OWN)
        assert (named(first), first.set_aside) == ({"P1"}, 0)
        there.change(team, called="Others")
        assert await source.read(OWN, first.token) is None


async def test_what_is_private_is_the_owners_own_and_in_no_company_book(exchange):
    there = exchange.contacts(ALICE)
    secret = there.put(one(1, sensitivity="Private"))
    open_one = there.put(one(2))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = contacts_of(opened)
        assert named(await read(source, OWN)) == {"P1", "P2"}
        first = await read(source, COMPANY)
        assert (named(first), first.set_aside) == ({"P2"}, 0)
        there.change(open_one, sensitivity="Confidential")
        there.change(secret, sensitivity="Normal")
        second = await read(source, COMPANY, first.token)
    assert named(second) == {"P1"}
    assert second.gone == (exchange.directory.mailboxes[ALICE].contact_id(open_one),)


@pytest.mark.parametrize("token", ["", "?", "[]", "{}", '{"reads": 0, "state": "x"}', '{"reads": 1, "state": "stale"}'])
async def test_a_token_that_is_of_no_use_is_as_none(exchange, token):
    exchange.contacts(ALICE).put(one(1))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        found = await read(contacts_of(opened), OWN, token)
    assert (named(found), found.whole) == ({"P1"}, True)


async def test_one_that_cannot_be_read_is_set_aside_and_all_are_the_servers_trouble(exchange):
    there = exchange.contacts(ALICE)
    bad, good = there.put(one(1)), there.put(one(2))
    there.put(items.Contact(company="", emails=("only@kund.example",)))
    there.broken.add(bad)
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = contacts_of(opened)
        found = await read(source, OWN)
        assert (named(found), found.set_aside) == ({"P2"}, 2)
        there.change(bad, given="still broken")
        assert (await read(source, OWN, found.token)).set_aside == 1
        there.broken.update({good, bad, 2})
        with pytest.raises(RetryLater):
            await source.read(OWN, None)


async def test_one_that_loses_name_and_number_is_gone(exchange):
    there = exchange.contacts(ALICE)
    number = there.put(one(1))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = contacts_of(opened)
        first = await read(source, OWN)
        there.change(number, given="", phones={})
        second = await read(source, OWN, first.token)
    assert second.gone == tuple(contact.key for contact in first.put)
    assert (second.put, second.set_aside) == ((), 1)


async def test_a_contact_without_a_name_is_called_by_what_it_has(exchange):
    there = exchange.contacts(ALICE)
    there.put(items.Contact(company="Firma", phones={"BusinessPhone": "08-1"}))
    there.put(items.Contact(emails=("mail@kund.example",), phones={"BusinessPhone": "08-2"}))
    there.put(items.Contact(phones={"BusinessPhone": "08-3"}))
    there.put(
        items.Contact(called="A\tB\u202e C\u00a0D", phones={"BusinessPhone": " 08 - \u200b4 ", "Isdn": "9" * 101})
    )
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        found = await read(contacts_of(opened), OWN)
    assert [(contact.name, [number.written for number in contact.numbers]) for contact in found.put] == [
        ("Firma", ["08-1"]),
        ("mail@kund.example", ["08-2"]),
        ("08-3", ["08-3"]),
        ("A B C D", ["08 - 4"]),
    ]


@pytest.mark.parametrize("denial", ["ErrorItemNotFound", "ErrorAccessDenied"])
async def test_where_only_the_calendar_is_shared_the_contacts_are_refused_and_the_calendar_is_read(exchange, denial):
    exchange.behaviour.denial = denial
    exchange.contacts(ALICE).put(one(1))
    exchange.share(ALICE, READER.login, Right.REVIEWER)
    async with connect(EwsSettings(url=exchange.url))(READER) as opened:
        source = contacts_of(opened)
        with pytest.raises(Refused) as raised:
            await source.read(COMPANY, None)
        assert ":\\Contacts" in raised.value.remedy
        assert "example" not in f"{raised.value}"
        assert await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
        exchange.share_contacts(ALICE, READER.login)
        assert named(await read(source, COMPANY)) == {"P1"}


async def test_a_shared_mailbox_is_read_by_impersonation_and_by_an_alias(exchange):
    exchange.contacts(BOB).put(one(1))
    exchange.impersonator(READER.login)
    exchange.directory.mailboxes[BOB].aliases = ("customers@example.test",)
    async with connect(EwsSettings(url=exchange.url, access="impersonation"))(READER) as opened:
        book = replace(COMPANY, address="customers@example.test")
        assert named(await read(contacts_of(opened), book)) == {"P1"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.half, RetryLater),
        (faults.garbled, RetryLater),
        (faults.hung, Unreachable),
        (faults.busy(7000), Throttled),
        (faults.login_page(), GiveUp),
        (faults.error("ErrorMailboxStoreUnavailable"), RetryLater),
        (faults.unauthorized(), SignInAgain),
    ],
)
@pytest.mark.parametrize("operation", ["SyncFolderItems", "GetItem"])
async def test_an_answer_that_is_not_one_is_never_taken_for_an_empty_book(exchange, operation, fault, error):
    exchange.contacts(ALICE).put(one(1))
    deadlines = SHORT if fault is faults.hung else Deadlines()
    async with connect(EwsSettings(url=exchange.url), deadlines=deadlines)(account("alice")) as opened:
        exchange.faults.always(fault, operation=operation)
        with pytest.raises(error) as raised:
            await contacts_of(opened).read(OWN, None)
        assert "example" not in f"{raised.value}"
