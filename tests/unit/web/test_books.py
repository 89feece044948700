"""The company's address books: added with an account that reads them, and removed with their contacts."""

import pytest

from gateway.deciding.books import NOBODY
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.store import accounts, audit, books
from tests.unit.web.visiting import House

ACCOUNTS = "/administration/accounts"
PLACE = f"{ACCOUNTS}/books"
NEW = {"name": "Customers <b>", "source": "office", "address": "", "login": "", "path": "", "refresh": "3600"}


@pytest.fixture
async def reader(house: House) -> Account:
    async with house.portal.store.write() as rows:
        return await accounts.add(rows, Account(0, "office", "Reader@example.org", Secret("x"), service=True))


async def test_a_book_is_added_and_removed(house: House, reader: Account):
    browser = await house.browser(house.ada)
    assert "Customers" not in (await browser.get(f"{PLACE}/new")).text
    answer = await browser.post(f"{PLACE}/new", NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ACCOUNTS}?told=book_added")
    async with house.portal.store.read() as rows:
        (book,) = await books.company(rows)
    assert (book.account, book.address, book.refresh) == (reader.id, "reader@example.org", 3600)
    assert "Customers &lt;b&gt;" in (await browser.get(ACCOUNTS)).text
    assert "Customers &lt;b&gt;" in (await browser.get(f"{PLACE}/{book.id}/remove")).text
    gone = await browser.post(f"{PLACE}/{book.id}/remove")
    assert gone.headers["location"] == f"{ACCOUNTS}?told=book_removed"
    for answer in (await browser.get(f"{PLACE}/{book.id}/remove"), await browser.post(f"{PLACE}/{book.id}/remove")):
        assert answer.status_code == 404
    async with house.portal.store.read() as rows:
        assert await books.company(rows) == ()
        noted = [(one.did, one.about) for one in await audit.latest(rows, 10)]
    assert noted == [("book removed", f"book {book.id}"), ("book added", f"book {book.id}")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "is empty"),
        ({"source": "nowhere"}, "is not in the settings"),
        ({"source": "mail"}, "there is no account of the company at mail"),
        ({"login": "nobody"}, "no account of the company at office is &#39;nobody&#39;"),
        ({"address": "nobody"}, "is no e-mail address"),
        ({"refresh": "1"}, "is no time between two readings"),
    ],
)
async def test_what_cannot_be_is_said_and_kept_in_the_form(
    house: House, reader: Account, wrong: dict[str, str], said: str
):
    answer = await (await house.browser(house.ada)).post(f"{PLACE}/new", {**NEW, "path": "/all/", **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="/all/"' in answer.text
    async with house.portal.store.read() as rows:
        assert await books.company(rows) == ()


async def test_the_same_book_twice_is_refused(house: House, reader: Account):
    browser = await house.browser(house.ada)
    await browser.post(f"{PLACE}/new", NEW)
    assert "is a book already" in (await browser.post(f"{PLACE}/new", NEW)).text
    assert "has the same contacts already" in (await browser.post(f"{PLACE}/new", {**NEW, "name": "Others"})).text


async def test_of_several_accounts_one_is_named(house: House, reader: Account):
    async with house.portal.store.write() as rows:
        other = await accounts.add(rows, Account(0, "office", "other", Secret("x"), service=True))
    browser = await house.browser(house.ada)
    assert "there are several accounts at office" in (await browser.post(f"{PLACE}/new", NEW)).text
    assert (await browser.post(f"{PLACE}/new", {**NEW, "login": "other"})).status_code == 303
    async with house.portal.store.read() as rows:
        assert [one.account for one in await books.company(rows)] == [other.id]


async def test_somebodys_own_book_is_none_of_the_companys(house: House, reader: Account):
    """Each mailbox has a book beside it."""
    browser = await house.browser(house.ada)
    await browser.post(ACCOUNTS, {"source": "mail", "login": "m", "password": "x"})
    async with house.portal.store.read() as rows:
        own = (await books.every(rows))[0]
    assert own.owner is not None
    assert (await browser.post(f"{PLACE}/{own.id}/remove")).status_code == 404
    async with house.portal.store.read() as rows:
        assert NOBODY not in {one.login for one in await accounts.listed(rows)}
