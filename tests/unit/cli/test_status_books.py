"""`status` and `sync`: what is told of address books."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import Unreachable
from gateway.store import accounts, books, contacts, health, mailboxes
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan
from tests.unit.store.made import contact

Work = Callable[[Rows, datetime], Awaitable[None]]
Write = Callable[[Work], None]

DIRECTORY = """
[directory]
host = "pbx.example.org"
[directory.listen.inside]
address = "127.0.0.1"
tls = "none"
"""


@pytest.fixture
def write(ringplan: Ringplan, tmp_path: Path) -> Write:
    """A directory, Anna with contacts, the company's book; and a way to write into the store as the gateway does."""
    ringplan("accounts", "add", "office", "reader", "--service", says="x\n")
    ringplan("users", "add", "1001", "--email", "anna@example.org", "--name", "Anna")
    settings = tmp_path / "ringplan.toml"
    settings.write_text(settings.read_text() + DIRECTORY)

    def through(work: Work) -> None:
        async def written() -> None:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                await work(rows, datetime.now(UTC))

        asyncio.run(written())

    through(well)
    return through


async def well(rows: Rows, now: datetime) -> None:
    """A gateway that runs and has read everything."""
    await health.put(rows, "gateway", ok=True, now=now)
    await health.put(rows, "account:1", ok=True, now=now)
    await mailboxes.unchanged(rows, [1], now)
    (mine,) = await books.every(rows)
    company = await books.add(rows, Book(0, mine.account, "all@example.org", name="customers"))
    for book, keys, aside in ((mine, "ab", 0), (company, "cde", 2)):
        changes = ContactChanges(tuple(contact(key) for key in keys), set_aside=aside)
        await contacts.apply(rows, book.id, changes, day=now.date(), epoch=0, now=now)


async def lost(rows: Rows, now: datetime) -> None:
    """The company's book cannot be read."""
    await books.failed(rows, [2], Unreachable("contacts.example.org is gone", "start it"), now)


async def without_contacts(rows: Rows, now: datetime) -> None:
    """The server of all books has no contacts."""
    await health.tell(rows, "gateway", {"without_contacts": ["office"]}, now)


def test_contacts_are_counted(ringplan: Ringplan, write: Write) -> None:
    shown = ringplan("status").stdout
    assert "Everything is well" in shown
    assert "5 contacts in 2 address books; contacts that could not be read: 2" in shown
    checked = ringplan("status", "--check").stdout
    assert "books=2 books_failing=0 contacts=5 contacts_set_aside=2" in checked
    told = json.loads(ringplan("status", "--json").stdout)
    assert (told["contacts"], [one["set_aside"] for one in told["books"]]) == (5, [0, 2])


def test_books_that_cannot_be_read_are_shown_with_their_cause(ringplan: Ringplan, write: Write) -> None:
    write(lost)
    done = ringplan("status", "--check")
    assert (done.exit_code, "1 of 2 address books cannot be read" in done.stdout) == (1, True)
    assert "calendars cannot" not in done.stdout
    shown = ringplan("status").stdout
    assert "1 address book: contacts.example.org is gone: start it" in shown
    assert "ADDRESS BOOK OF" in shown
    assert "customers" in shown
    mine, company = json.loads(ringplan("status", "--json").stdout)["books"]
    assert (mine["extension"], mine["failing_since"], company["name"]) == ("1001", None, "customers")
    assert company["error"] == "Unreachable"
    [source] = json.loads(ringplan("sources", "--json").stdout)
    assert source["is"] == "1 of 2 address books cannot be read"


def test_a_server_without_contacts_is_said_once_and_is_no_problem(ringplan: Ringplan, write: Write) -> None:
    write(without_contacts)
    shown = ringplan("status").stdout
    assert "Everything is well" in shown
    assert shown.count("office rest: its server has no contacts that we can read") == 1
    assert "without_contacts" not in shown
    assert json.loads(ringplan("status", "--json").stdout)["books_without_contacts"] == ["office"]


async def not_offered(rows: Rows, now: datetime) -> None:
    """The server has no address books, for Anna."""
    await health.tell(rows, "gateway", {"contacts_not_offered": ["office"]}, now)


def test_a_server_that_names_no_address_books_is_said_once_with_what_ends_it(ringplan: Ringplan, write: Write) -> None:
    write(not_offered)
    shown = ringplan("status").stdout
    assert "Everything is well" in shown
    assert shown.count("no address books at office") == shown.count("--no-contacts") == 1
    assert "contacts_not_offered" not in shown
    assert json.loads(ringplan("status", "--json").stdout)["books_not_offered"] == ["office"]
    assert "asked for; calendars: 1, address books: 2" in ringplan("sync", "--no-wait").stdout


async def with_a_file(rows: Rows, now: datetime) -> None:
    """Files are a source, too, at which nobody signs in."""
    nobody = await accounts.add(rows, Account(0, "files", "-", Secret(""), service=True))
    await health.put(rows, f"account:{nobody.id}", ok=True, now=now)


def test_a_source_at_which_nobody_signs_in_is_called_by_its_name(ringplan: Ringplan, write: Write) -> None:
    write(with_a_file)
    shown = ringplan("status").stdout
    assert "\ncontacts at files " in shown


def test_who_changes_what_numbers_mean_is_told_from_when_on(ringplan: Ringplan, write: Write) -> None:
    assert "ringplan sync" in ringplan("organisation", "set", "--area", "40").stdout
    assert "ringplan sync" not in ringplan("organisation", "set", "--area", "40", "--language", "de").stdout


def test_sync_waits_for_no_book_that_rests(ringplan: Ringplan, write: Write) -> None:
    assert "asked for; calendars: 1, address books: 2" in ringplan("sync", "--no-wait").stdout
    write(without_contacts)
    assert "asked for; calendars: 1\n" in ringplan("sync", "--no-wait").stdout


def test_without_a_directory_nothing_is_told_of_books(ringplan: Ringplan, write: Write, tmp_path: Path) -> None:
    write(lost)
    settings = tmp_path / "ringplan.toml"
    settings.write_text(settings.read_text().removesuffix(DIRECTORY))
    assert "book" not in ringplan("status").stdout + ringplan("status", "--check").stdout
