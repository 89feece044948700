"""The company's books, one's own contacts, and what is read for whom, as it is typed."""

import asyncio
import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from gateway.domain.book import ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.store import books, contacts, mailboxes
from gateway.store.settings import StoreSettings
from gateway.store.store import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVA = Contact("1", "Eva Öberg", "Eva", "Öberg", "=Papp AB", "", ("eva@papp.example",), (
    PhoneNumber(Kind.WORK, "08-123 45", "+46812345"), PhoneNumber(Kind.MOBILE, "070-1 23", ""),
))  # fmt: skip


@pytest.fixture
def with_people(ringplan):
    """Two users whose calendars one account reads."""
    assert ringplan("users", "add", "1001", "--email", "anna@example.org").exit_code == 0
    assert ringplan("users", "add", "1002", "--email", "bertil@example.org").exit_code == 0
    assert ringplan("accounts", "add", "office", "reader", "--service", says="secret\n").exit_code == 0
    return ringplan


@pytest.fixture
def put(tmp_path):
    """Put contacts into the book that `which` picks."""

    def put(which, *some):
        async def work():
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
                book = next(book for book in await books.every(rows) if which(book))
                changes = ContactChanges(tuple(some), whole=True)
                await contacts.apply(rows, book.id, changes, day=date(2026, 11, 21), epoch=0, now=NOW)

        asyncio.run(work())

    return put


def kept(tmp_path):
    async def work():
        async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.read() as rows:
            return await books.every(rows), await mailboxes.every(rows), await contacts.counts(rows)

    return asyncio.run(work())


def test_a_book_of_the_company_is_added_shown_changed_and_removed(with_people, tmp_path, put):
    done = with_people("books", "add", "customers", "--source", "office", "--address", "Customers@example.org")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "customers is added: office is read each 1 h")
    assert "no [directory]" in done.stdout
    put(lambda book: book.name == "customers", EVA)
    assert with_people("books", "set", "customers", "--refresh", "off").exit_code == 0
    [shown] = json.loads(with_people("books", "list", "--json").stdout)
    assert (shown["address"], shown["read"], shown["contacts"]) == ("customers@example.org", "only by ringplan sync", 1)
    assert with_people("books", "remove", "customers").stdout == "customers is removed; contacts in it: 1\n"
    assert "no book yet" in with_people("books", "list").stdout
    assert all(book.owner is not None for book in kept(tmp_path)[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("customers", "--source", "ofice"), "is not in the settings"),
        (("", "--source", "office"), "name: is empty"),
        (("customers", "--source", "office", "--login", "nobody"), "no account of the company"),
        (("customers", "--source", "office", "--address", "nobody"), "no e-mail address"),
        (("customers", "--source", "office", "--refresh", "1s"), "no time between"),
    ],
)
def test_a_mistake_in_a_book_is_told(with_people, words, said):
    done = with_people("books", "add", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_name_is_given_once(with_people):
    assert with_people("books", "add", "c", "--source", "office").exit_code == 0
    again = with_people("books", "add", "c", "--source", "office")
    assert (again.exit_code, "already" in again.stderr) == (2, True)


def test_what_is_in_a_book_is_not_put_into_a_second_one(with_people, tmp_path):
    assert with_people("books", "add", "colleagues", "--source", "pbx:main").exit_code == 0
    again = with_people("books", "add", "staff", "--source", "pbx:main")
    assert (again.exit_code, "colleagues has the same contacts" in again.stderr) == (2, True)
    assert with_people("books", "add", "half", "--source", "office", "--path", "/a/").exit_code == 0
    assert with_people("books", "add", "rest", "--source", "office", "--path", "/b/").exit_code == 0
    assert {book.name for book in kept(tmp_path)[0] if book.owner is None} == {"colleagues", "half", "rest"}


def test_the_pbx_needs_no_account_and_leaves_none(with_people, tmp_path):
    assert with_people("books", "add", "colleagues", "--source", "pbx:main").exit_code == 0
    assert "pbx:main" in with_people("accounts", "list").stdout
    assert with_people("books", "remove", "colleagues").exit_code == 0
    assert "pbx:main" not in with_people("accounts", "list").stdout


def test_contacts_are_shown_and_exported(with_people, put):
    put(lambda book: book.owner == 1, EVA)
    assert "Eva Öberg" in with_people("contacts", "list", "--user", "1001").stdout
    assert "Eva Öberg" not in with_people("contacts", "list", "--user", "1002").stdout
    assert "Eva Öberg" not in with_people("contacts", "list").stdout
    card = with_people("contacts", "export", "--user", "1001").stdout
    assert "FN:Eva Öberg" in card
    told = with_people("contacts", "export", "--user", "1001", "--as", "csv").stdout
    heads, line = list(csv.reader(io.StringIO(told)))
    found = dict(zip(heads, line, strict=True))
    assert (found["work"], found["mobile"], found["home"]) == ("08-123 45", "070-1 23", "")
    assert found["company"] == "'=Papp AB"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("+46 (8) 123-45", "+46 (8) 123-45"),
        ("+1+cmd|' /C calc'!A1", "'+1+cmd|' /C calc'!A1"),
        ("-1+HYPERLINK(9)", "'-1+HYPERLINK(9)"),
    ],
)
def test_a_spreadsheet_calculates_nothing_of_what_is_exported(with_people, put, written, told):
    put(lambda book: book.owner == 1, Contact("1", written, numbers=(PhoneNumber(Kind.WORK, written),)))
    _, line = csv.reader(io.StringIO(with_people("contacts", "export", "--user", "1001", "--as", "csv").stdout))
    assert (line[0], line[6]) == (told, told)


def test_who_removes_an_account_is_told_of_the_companys_books(with_people, tmp_path):
    assert with_people("accounts", "add", "office", "other", "--service", says="secret\n").exit_code == 0
    assert with_people("books", "add", "customers", "--source", "office", "--login", "other").exit_code == 0
    asked = with_people("accounts", "remove", "office", "other", says="n\n")
    assert (asked.exit_code, "books of the company: customers" in asked.stdout) == (1, True)
    assert [book.name for book in kept(tmp_path)[0]] == ["", "", "customers"]
    assert with_people("accounts", "remove", "office", "other", "--yes").exit_code == 0
    assert [book.name for book in kept(tmp_path)[0]] == ["", ""]


def test_the_users_of_a_pbx_are_a_source_like_others(with_people):
    assert with_people("books", "add", "colleagues", "--source", "pbx:main").exit_code == 0
    kinds = {one["source"]: one["kind"] for one in json.loads(with_people("sources", "--json").stdout)}
    assert kinds == {"office": "caldav", "pbx:main": "asterisk"}
    assert with_people("sources", "retry", "pbx:main").exit_code == 0


def test_who_wants_no_contacts_has_none_at_once(with_people, tmp_path, put):
    put(lambda book: book.owner == 1, EVA)
    assert with_people("users", "set", "1001", "--no-contacts").exit_code == 0
    every, _, counts = kept(tmp_path)
    assert [book.enabled for book in every] == [False, True]
    assert not any(counts.values())
    assert with_people("users", "set", "1001", "--contacts", "--no-calendar", "--refresh", "off").exit_code == 0
    every, boxes, _ = kept(tmp_path)
    assert [(book.enabled, book.refresh) for book in every] == [(True, None), (True, 900)]
    assert [(box.calendar, box.refresh) for box in boxes] == [(False, None), (True, 60)]


def test_what_numbers_mean_is_kept(ringplan):
    words = (
        "--phone-country",
        "se",
        "--area",
        "08",
        "--outside-line",
        "0",
        "--extension-length",
        "4",
        "--shown-as",
        "e164",
    )
    assert ringplan("organisation", "set", *words).exit_code == 0
    shown = json.loads(ringplan("organisation", "show", "--json").stdout)
    assert [shown[key] for key in ("phone_country", "area", "outside_line", "extension_length", "shown_as")] == [
        "SE", "8", "0", 4, "e164",
    ]  # fmt: skip


def test_search_finds_what_a_telephone_would(with_people, put):
    assert with_people("organisation", "set", "--phone-country", "SE", "--area", "8").exit_code == 0
    put(lambda book: book.owner == 1, EVA)
    for text in ("ober", "Eva", "08-123 45", "0046812345", "62374"):
        assert "Eva Öberg" in with_people("directory", "search", text, "--as", "1001").stdout, text
        assert with_people("directory", "search", text, "--as", "1002").stdout == "nobody\n", text
    [found] = json.loads(with_people("directory", "search", "öb", "--as", "1001", "--json").stdout)
    assert (found["name"], found["work"]) == ("Eva Öberg", "08-123 45")
    assert "1002" in with_people("directory", "search", "1002", "--as", "1001").stdout
    assert with_people("directory", "search", " ", "--as", "1001").exit_code == 2


def test_what_is_not_read_of_somebody_can_be_seen(with_people):
    assert "reader at office (" not in with_people("users", "list").stdout
    words = ("--no-calendar", "--no-contacts", "--refresh", "off")
    assert with_people("users", "set", "1001", *words).exit_code == 0
    assert "reader at office (no calendar, no contacts, only by ringplan sync)" in with_people("users", "list").stdout
    anna, bertil = json.loads(with_people("users", "list", "--json").stdout)
    assert anna["reads"] == {"calendar": False, "contacts": False, "refresh": None}
    assert (bertil["reads"]["calendar"], bertil["reads"]["contacts"]) == (True, True)
    assert anna["calendar"] == bertil["calendar"]
    assert with_people("users", "set", "1001", "--calendar").exit_code == 0
    assert "(no contacts, only by ringplan sync)" in with_people("users", "list").stdout
