"""What a CardDAV source makes of servers that lack something, refuse it, or leave things out: a scripted server."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, NotOffered, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.ports import ContactSource
from gateway.sources.caldav import client
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from peers.dav import card
from tests.fakes.dav import Answer, Dav
from tests.fakes.dav_contacts import Contacts
from tests.fakes.dav_dns import names

ACCOUNT, BOOK = Account(1, "office", "me@localhost", Secret("a secret")), Book(1, 1, "me@example.test", owner=1)


class Minutes:
    """Each look at the clock is a minute later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


@asynccontextmanager
async def served(
    contacts: Contacts, deadlines: client.Deadlines = client.DEADLINES
) -> AsyncIterator[tuple[Dav, ContactSource]]:
    async with Dav.start(sound=contacts.answer) as dav:
        settings = CalDavSettings(url=f"{dav.url}/dav/")
        async with connect(settings, now=Minutes(), deadlines=deadlines)(ACCOUNT) as opened:
            assert opened.contacts is not None
            yield dav, opened.contacts


SHORT = client.Deadlines(connect=5.0, read=2.0, whole=4.0)  # for who does not answer


def person(name: str) -> str:
    return card(name, name.capitalize(), "TEL;TYPE=WORK:08-1")


def known(read: ContactChanges | None) -> set[str]:
    assert read is not None
    return {one.name for one in read.put}


async def settled(source: ContactSource, token: str | None = None) -> str | None:
    """Read until nothing changes."""
    for _ in range(4):
        read = await source.read(BOOK, token)
        if read is None:
            return token
        token = read.token
    raise AssertionError("it is never said that nothing changed")


async def test_one_propfind_tells_that_nothing_changed_and_a_change_costs_three_requests():
    contacts = Contacts()
    for name in ("anna", "bodil"):
        contacts.put("office", name, person(name))
    async with served(contacts) as (dav, source):
        token = await settled(source)
        asked = len(dav.requests)
        assert await source.read(BOOK, token) is None
        assert [request.method for request in dav.requests[asked:]] == ["PROPFIND"]
        contacts.put("office", "anna", person("änna"))
        contacts.put("office", "bodil", None)
        read = await source.read(BOOK, token)
        assert read is not None
        assert (known(read), read.gone, read.whole) == ({"Änna"}, ("/books/office/bodil.vcf",), False)
        assert [one.key for one in read.put] == ["/books/office/anna.vcf"]
        assert [request.method for request in dav.requests[asked + 1 :]] == ["PROPFIND", "REPORT", "REPORT"]
        assert dav.requests[-2].headers["depth"] == "0"
        assert 'name="PHOTO"' not in dav.requests[-1].body


async def test_several_address_books_are_joined_and_one_that_comes_or_goes_lets_all_be_read():
    contacts = Contacts({"office": {}, "home": {}})
    contacts.put("office", "anna", person("anna"))
    contacts.put("home", "anna", person("bodil"))
    async with served(contacts) as (_, source):
        token = await settled(source)
        contacts.put("home", "anna", person("carl"))
        one = await source.read(BOOK, token)
        assert one is not None
        assert ([found.key for found in one.put], one.whole) == (["/books/home/anna.vcf"], False)
        token = await settled(source, one.token)
        contacts.books["new"] = {}
        contacts.put("new", "dora", person("dora"))
        all_of_it = await source.read(BOOK, token)
        assert all_of_it is not None
        assert (known(all_of_it), all_of_it.whole) == ({"Anna", "Carl", "Dora"}, True)
        del contacts.books["home"]
        less = await source.read(BOOK, all_of_it.token)
        assert less is not None
        assert (known(less), less.whole) == ({"Anna", "Dora"}, True)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 412, 501])
async def test_a_token_that_is_refused_lets_all_be_read(status):
    contacts = Contacts()
    contacts.put("office", "anna", person("anna"))
    async with served(contacts) as (_, source):
        token = await settled(source)
        contacts.put("office", "bodil", person("bodil"))
        contacts.refuses = status
        read = await source.read(BOOK, token)
        assert read is not None
        assert (known(read), read.whole) == ({"Anna", "Bodil"}, True)
        assert await settled(source, read.token) is not None


@pytest.mark.parametrize(
    ("tokens", "syncs", "etags"),
    [(("sync-token",), False, True), (("S:getctag",), False, True), ((), False, True), ((), False, False)],
)
async def test_a_server_that_cannot_tell_changes_is_read_whole(tokens, syncs, etags):
    contacts = Contacts(tokens=tokens, syncs=syncs, etags=etags)
    contacts.put("office", "anna", person("anna"))
    async with served(contacts) as (_, source):
        first = await source.read(BOOK, None)
        assert first is not None
        second = await source.read(BOOK, first.token) or first
        again = await source.read(BOOK, second.token)
        if tokens or etags:
            assert again is None, "a tag of the collection, or of all in it, tells that nothing changed"
        else:
            assert known(again) == {"Anna"}
            assert second.token is None
        contacts.put("office", "bodil", person("bodil"))
        contacts.put("office", "anna", None)
        third = await source.read(BOOK, second.token)
        assert third is not None
        assert (known(third), third.whole) == ({"Bodil"}, True)


@pytest.mark.parametrize("limit", [{"page": 3}, {"most": 3}])
async def test_what_a_server_tells_in_parts_is_put_together(limit):
    contacts = Contacts(**limit)
    for number in range(10):
        contacts.put("office", f"p{number}", person(f"p{number}"))
    contacts.put("office", "gone", None)
    async with served(contacts) as (_, source):
        assert len(known(await source.read(BOOK, None))) == 10
        token = await settled(source)
        for number in range(7):
            contacts.put("office", f"p{number}", person(f"q{number}") if number else None)
        read = await source.read(BOOK, token)
        assert read is not None
        assert (known(read), read.gone) == ({f"Q{n}" for n in range(1, 7)}, ("/books/office/p0.vcf",))


async def test_many_are_asked_for_a_hundred_at_a_time():
    contacts = Contacts(most=150)
    for number in range(250):
        contacts.put("office", f"p{number}", person(f"p{number}"))
    async with served(contacts) as (_, source):
        assert len(known(await source.read(BOOK, None))) == 250
    assert contacts.fetched == [100, 100, 50]


async def test_photos_that_nobody_asked_for_are_fetched_in_smaller_parts(monkeypatch):
    monkeypatch.setattr(client, "LARGEST", 100_000)
    contacts = Contacts(photo=40_000)
    for number in range(5):
        contacts.put("office", f"p{number}", person(f"p{number}"))
    contacts.put("office", "huge", card("huge", "Huge", "TEL:1", "NOTE:" + "x" * 100_000))
    async with served(contacts) as (_, source):
        read = await source.read(BOOK, None)
    assert read is not None
    assert (len(known(read)), read.set_aside) == (5, 1)


async def test_what_is_no_contact_or_cannot_be_read_is_no_contact_any_more():
    contacts = Contacts()
    for name in ("anna", "bodil", "carl"):
        contacts.put("office", name, person(name))
    async with served(contacts) as (_, source):
        token = await settled(source)
        contacts.put("office", "anna", "BEGIN:VCARD\nKIND:group\nFN:All\nEND:VCARD\n")
        contacts.put("office", "bodil", "nonsense")
        read = await source.read(BOOK, token)
    assert read is not None
    assert (read.put, set(read.gone), read.set_aside) == ((), {"/books/office/anna.vcf", "/books/office/bodil.vcf"}, 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(hang=True), Unreachable),
        (Answer(401, {"WWW-Authenticate": "Basic"}), SignInAgain),
        (Answer(403), Refused),
        (Answer(404), GiveUp),
        (Answer(429, {"Retry-After": "7"}), Throttled),
        (Answer(500), RetryLater),
        (Answer(200, {"Content-Type": "text/html"}, b"<html>"), GiveUp),
        (Answer(302, {"Location": "https://elsewhere.example/"}), GiveUp),
        (Answer(body=b"<multistatus"), RetryLater),
    ],
)
async def test_each_fault_is_said_in_our_words(answer, error):
    contacts = Contacts()
    contacts.put("office", "anna", person("anna"))
    async with served(contacts, SHORT if answer.hang else client.DEADLINES) as (dav, source):
        token = await settled(source)
        contacts.put("office", "anna", person("anna"))
        dav.answers["/books/office/"] = [answer]
        for since in (None, token):
            with pytest.raises(error) as raised:
                await source.read(BOOK, since)
            assert "a secret" not in f"{raised.value} {raised.value.remedy}"


async def test_a_domain_leads_to_the_address_books(tmp_path):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    contacts = Contacts()
    contacts.put("office", "anna", person("anna"))
    async with Dav.start(tls, contacts.answer) as dav:
        records = {("_carddavs._tcp.localhost", "SRV"): (f"0 1 {dav.port} localhost.",)}
        dav.answers["/.well-known/carddav"] = [Answer(301, {"Location": f"{dav.url}/dav/"})]
        async with names(records) as resolver:
            settings = CalDavSettings(domain="localhost", ca=tmp_path / "ca.pem")
            async with connect(settings, resolver)(ACCOUNT) as opened:
                assert opened.contacts is not None
                assert known(await opened.contacts.read(BOOK, None)) == {"Anna"}


async def test_a_server_that_names_no_address_books_is_told_from_one_that_cannot_be_read_and_asked_anew():
    contacts = Contacts(home=False)
    contacts.put("office", "anna", person("anna"))
    async with served(contacts) as (_, source):
        for _ in range(2):
            with pytest.raises(NotOffered) as raised:
                await source.read(BOOK, None)
            assert "--no-contacts" in raised.value.remedy
        contacts.home = True
        assert known(await source.read(BOOK, None)) == {"Anna"}
        del contacts.books["office"]
        with pytest.raises(GiveUp) as told:
            await source.read(BOOK, None)
        assert type(told.value) is not NotOffered
        assert "--no-contacts" in told.value.remedy
