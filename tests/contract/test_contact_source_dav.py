"""What a source of contacts over CardDAV does besides, on real servers: where address books lie, and what is in it."""

from typing import Any

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from peers.dav import card
from peers.radicale import Radicale
from peers.sogo import Sogo
from tests.contract.calendars import account, address
from tests.contract.contacts import contacts_of

BOOK = Book(1, 1, address("carol"), owner=1)


async def read(url: str, who: Account, book: Book = BOOK, contacts: str | None = None) -> ContactChanges:
    async with connect(CalDavSettings(url=url, contacts=contacts))(who) as opened:
        found = await contacts_of(opened).read(book, None)
    assert found is not None
    return found


def names(found: ContactChanges) -> list[str]:
    return sorted(one.name for one in found.put)


@pytest.fixture(params=["radicale", "sogo"])
def dav(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


async def test_every_address_of_an_address_book_leads_to_it(dav):
    at = dav.address_book("carol")
    await at.clear()
    await at.put("anna", card("anna", "Anna", "TEL:1"))
    path = at.url.removeprefix(dav.url.split("/SOGo")[0].rstrip("/"))
    for url in (dav.url, dav.home("carol"), at.url, dav.calendar("carol").url):
        assert names(await read(url, account("carol"))) == ["Anna"], url
    assert names(await read(dav.url, account("carol"), Book(1, 1, "-", owner=1, path=path))) == ["Anna"]


async def test_what_programs_keep_beside_contacts_is_left_out(dav):
    at = dav.address_book("dave")
    await at.clear()
    await at.put("anna", card("anna", "Anna", "TEL;TYPE=FAX:9", "TEL;TYPE=CELL:1", "NOTE:" + "x" * 100_000))
    await at.put("photo", card("photo", "Photo", "PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 300_000, "TEL:2"))
    await at.put("group", card("group", "Group", "KIND:group", "X-ADDRESSBOOKSERVER-KIND:group"))
    if isinstance(dav, Sogo):
        await at.put("list", "BEGIN:VLIST\r\nUID:list\r\nVERSION:1.0\r\nFN:List\r\nEND:VLIST\r\n")
    found = await read(dav.url, account("dave"), Book(1, 1, address("dave"), owner=1))
    assert sorted((one.name, [number.written for number in one.numbers]) for one in found.put) == [
        ("Anna", ["1"]), ("Photo", ["2"]),
    ]  # fmt: skip
    assert found.set_aside == 0


async def test_a_service_account_reads_each_ones_own_and_the_companys(radicale: Radicale):
    service = Account(1, "office", radicale.reader.name, Secret(radicale.reader.password), service=True)
    for who in ("erin", "frank", "company"):
        await radicale.address_book(who).clear()
        await radicale.address_book(who).put("one", card("one", f"{who}'s", "TEL:1"))
        await radicale.address_book(who).put("own", card("own", f"{who}'s own", "TEL:2", "CLASS:PRIVATE"))
    for who in ("erin", "frank"):
        found = await read(radicale.url, service, Book(1, 1, address(who), owner=1), "/{local}/")
        assert names(found) == [f"{who}'s", f"{who}'s own"]
    company = Book(1, 1, "-", name="company", path="/company/contacts/")
    for reader in (service, account("erin")):
        assert names(await read(radicale.url, reader, company)) == ["company's"], "what is private is nobody else's"
    with pytest.raises(GiveUp):
        await read(radicale.url, account("erin"), Book(1, 1, "-", owner=1, path="/frank/contacts/"))


async def test_the_people_of_a_server_are_a_company_book_but_nobodys_own(sogo: Sogo):
    await sogo.address_book("grace").clear()
    assert names(await read(sogo.url, account("grace"), Book(1, 1, address("grace"), owner=1))) == []
    company = Book(1, 1, "-", name="company", path=sogo.company("grace"))
    found = await read(sogo.url, account("grace"), company)
    assert {"Alice", "Bob", "Grace"} <= {one.name for one in found.put}
    assert address("alice") in {email for one in found.put for email in one.emails}
