"""Reading a directory over LDAP: what the scripted one shows, and what goes wrong with it; ldap3 speaks to both."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import trustme

from gateway.directory.wire import answers, ber
from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Unreachable
from gateway.net.trust import fingerprint
from gateway.ports import ContactSource, Opened
from gateway.sources.activedirectory import client
from gateway.sources.activedirectory.check import check
from gateway.sources.activedirectory.client import Deadlines
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.activedirectory.source import connect
from peers.process import SOON, until
from tests.fakes.activedirectory import BASE, FakeDirectory

BOOK = Book(1, 1, "", name="office")
SHORT = Deadlines(connect=2, read=1, whole=2.0)


@pytest_asyncio.fixture
async def directory() -> AsyncIterator[FakeDirectory]:
    async with FakeDirectory().up() as running:
        yield running


def settings_of(directory: FakeDirectory, **more: Any) -> ActiveDirectorySettings:
    return ActiveDirectorySettings(url=directory.url, **{"start_tls": False, **more})


def account_of(directory: FakeDirectory, password: str = "") -> Account:
    return Account(1, "office", directory.login, Secret(password or directory.password), service=True)


def contacts_of(opened: Opened) -> ContactSource:
    assert opened.calendar is None
    assert opened.contacts is not None
    return opened.contacts


async def read(directory: FakeDirectory, **more: Any) -> ContactChanges:
    async with connect(settings_of(directory, **more))(account_of(directory)) as opened:
        found = await contacts_of(opened).read(BOOK, None)
    assert found is not None
    return found


def named(found: ContactChanges | None) -> set[str]:
    return {contact.name for contact in found.put} if found is not None else set()


async def test_an_entry_is_told_with_its_names_and_numbers_by_kind(directory):
    directory.put(
        "Åsa Ek",
        displayName="Åsa  Ek\n(inköp)",
        givenName="Åsa",
        sn="Ek",
        company="Växjö Bygg AB",
        title="Chef",
        mail="asa@example.test",
        telephoneNumber="+46 8 123",
        otherTelephone=["08-2", "08-3"],
        ipPhone="1001",
        mobile="070-1",
        homePhone="08-4",
        facsimileTelephoneNumber="08-999",
        pager="08-998",
        thumbnailPhoto=b"\xff" * 1000,
    )
    (contact,) = (await read(directory)).put
    assert contact == Contact(
        directory.entries["Åsa Ek"]["objectguid"][0].hex(),
        "Åsa Ek (inköp)",
        "Åsa",
        "Ek",
        "Växjö Bygg AB",
        "Chef",
        ("asa@example.test",),
        (
            PhoneNumber(Kind.WORK, "+46 8 123"),
            PhoneNumber(Kind.WORK, "08-2"),
            PhoneNumber(Kind.WORK, "08-3"),
            PhoneNumber(Kind.WORK, "1001"),
            PhoneNumber(Kind.MOBILE, "070-1"),
            PhoneNumber(Kind.HOME, "08-4"),
        ),
    )


async def test_users_that_are_not_disabled_and_contacts_have_to_have_a_number(directory):
    directory.put("user", telephoneNumber="1", userAccountControl="512")
    directory.put("disabled", telephoneNumber="2", userAccountControl="514")
    directory.put("contact", kind="contact", homePhone="3")
    directory.put("silent", mail="silent@example.test")
    assert named(await read(directory)) == {"user", "contact"}
    assert named(await read(directory, filter="(mail=*)")) == {"silent"}


async def test_many_entries_come_by_pages_and_referrals_are_passed_over(directory, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 10)
    for number in range(35):
        directory.put(f"P{number}", telephoneNumber=str(number))
    assert len((await read(directory)).put) == 35
    assert len(directory.asked) == 4


async def test_what_is_deleted_disabled_or_without_a_number_is_gone_and_the_rest_is_not_read_again(directory):
    for name in ("stays", "deleted", "disabled", "silent"):
        directory.put(name, telephoneNumber="1")
    keys = {cn: values["objectguid"][0].hex() for cn, values in directory.entries.items()}
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        source = contacts_of(opened)
        first = await source.read(BOOK, None)
        assert first is not None
        directory.remove("deleted")
        directory.put("disabled", telephoneNumber="1", userAccountControl="514")
        directory.put("silent")
        directory.put("new", mobile="2")
        second = await source.read(BOOK, first.token)
        assert second is not None
        assert await source.read(BOOK, second.token) is None, "a sign-in alone is no change"
    assert (named(second), second.whole) == ({"new"}, False)
    assert set(second.gone) == {keys["deleted"], keys["disabled"], keys["silent"]}


@pytest.mark.parametrize("change", [{"name": "CN=NTDS Settings,CN=DC2"}, {"usn": 3000}])
async def test_another_controller_and_one_that_was_restored_are_read_whole(directory, change):
    directory.put("anna", telephoneNumber="1")
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        first = await contacts_of(opened).read(BOOK, None)
        assert first is not None
        vars(directory).update(change)
        second = await contacts_of(opened).read(BOOK, first.token)
    assert second is not None
    assert (named(second), second.whole) == ({"anna"}, True)


async def test_after_a_start_a_book_is_read_whole_once(directory):
    directory.put("anna", telephoneNumber="1")
    first = await read(directory)
    directory.remove("anna")
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        second = await contacts_of(opened).read(BOOK, first.token)
    assert second is not None
    assert (second.put, second.whole) == ((), True)


async def test_a_server_that_does_not_count_is_read_whole_and_compared(directory):
    directory.counts = False
    directory.put("anna", telephoneNumber="1")
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        source = contacts_of(opened)
        first = await source.read(BOOK, None)
        assert first is not None
        assert await source.read(BOOK, first.token) is None
        directory.put("anna", telephoneNumber="2")
        second = await source.read(BOOK, first.token)
        assert second is not None
        assert second.whole
        assert [number.written for contact in second.put for number in contact.numbers] == ["2"]


async def test_another_filter_or_base_lets_all_be_read(directory):
    directory.put("anna", telephoneNumber="1")
    first = await read(directory)
    async with connect(settings_of(directory, filter="(telephoneNumber=*)"))(account_of(directory)) as opened:
        second = await contacts_of(opened).read(BOOK, first.token)
    assert second is not None
    assert second.whole


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("525", "no such user"),
        ("52e", "password is wrong"),
        ("530", "at this time"),
        ("532", "has expired"),
        ("533", "is disabled"),
        ("701", "has expired"),
        ("773", "must be changed"),
        ("775", "is locked"),
        ("99f", "password is wrong"),
    ],
)
async def test_a_refused_sign_in_says_why(directory, code, said):
    directory.refusal = (49, f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {code}, v1")
    with pytest.raises(SignInAgain) as raised:
        await read(directory)
    assert said in str(raised.value)
    assert raised.value.remedy
    assert "LdapErr" not in str(raised.value)


async def test_an_empty_password_is_never_sent(directory):
    async with connect(settings_of(directory))(replace(account_of(directory), password=Secret(""))) as opened:
        with pytest.raises(SignInAgain):
            await contacts_of(opened).read(BOOK, None)
    assert directory.signed == []


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (1, Refused),
        (3, RetryLater),
        (4, GiveUp),
        (10, GiveUp),
        (11, GiveUp),
        (32, GiveUp),
        (50, Refused),
        (51, RetryLater),
        (53, Refused),
        (80, RetryLater),
    ],
)
async def test_a_search_that_is_refused_is_never_taken_for_an_empty_book(directory, result, error):
    directory.result = result
    with pytest.raises(error) as raised:
        await read(directory)
    assert str(result) in str(raised.value)


@pytest.mark.parametrize("refusal", [8, 13])
async def test_a_server_that_wants_tls_says_so(directory, refusal):
    directory.refusal = (refusal, "")
    with pytest.raises(GiveUp, match="wants TLS"):
        await read(directory)


@pytest.mark.parametrize("wrong", ["OU=Nowhere,DC=example,DC=test", "no DN"])
async def test_a_base_that_is_not_there_is_given_up(directory, wrong):
    with pytest.raises(GiveUp) as raised:
        await read(directory, base=wrong)
    assert "base" in raised.value.remedy


async def test_a_filter_that_cannot_be_read_is_given_up(directory):
    with pytest.raises(GiveUp, match="filter"):
        await read(directory, filter="(&)(!)")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10,
        b"\x30\x84\x7f\xff\xff\xff" + b"x" * 100_000,
        b"\x30\x03\x02\x01\x09",
        b"\x30\x0c\x02\x01\x03\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
        bytes(range(256)) * 20,
        b"\x30\x80" * 20_000,
        answers.message(4, ber.tlv(0x65, bytes((10, 1, 99, 4, 0, 4, 0)))),  # a result that nobody knows
    ],
)
async def test_an_answer_that_is_none_is_tried_again_later(directory, raw, monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 50_000)
    directory.raw, directory.hangs = raw, not raw
    deadlines = Deadlines() if raw else SHORT
    async with connect(settings_of(directory), deadlines)(account_of(directory)) as opened:
        with pytest.raises(RetryLater):
            await contacts_of(opened).read(BOOK, None)


async def test_a_page_of_absurd_size_is_not_taken_in(directory, monkeypatch):
    directory.put("anna", telephoneNumber="1", title="x" * 100_000)
    assert named(await read(directory)) == {"anna"}
    monkeypatch.setattr(client, "MOST_BYTES", 50_000)
    with pytest.raises(Unreachable):
        await read(directory)


async def test_an_answer_that_takes_too_long_as_a_whole_is_not_waited_for(directory):
    directory.hangs = True
    patient = Deadlines(connect=30, read=30, whole=2.0)
    async with connect(settings_of(directory), patient)(account_of(directory)) as opened:
        with pytest.raises(Unreachable, match="within 2 s"):
            await contacts_of(opened).read(BOOK, None)


async def test_a_reading_that_is_given_up_ends_at_once(directory):
    directory.hangs = True
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        reading = asyncio.create_task(contacts_of(opened).read(BOOK, None))
        await until(lambda: directory.signed, SOON, "somebody has signed in")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(SOON):
                await reading


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("ldaps", [True, False])
async def test_tls_trusts_an_authority_or_a_pin_and_nobody_else(authority, tmp_path, ldaps):
    certificate, context = authority.issue_cert("127.0.0.1"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    pin = fingerprint(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode()))
    async with FakeDirectory(tls=context, ldaps=ldaps).up() as directory:
        directory.put("anna", telephoneNumber="1")
        for trusted in ({"ca": ca}, {"pin": pin}):
            assert named(await read(directory, start_tls=True, **trusted)) == {"anna"}
        signed = len(directory.signed)
        with pytest.raises(Unreachable, match="not trusted"):
            await read(directory, start_tls=True)
        with pytest.raises(Unreachable, match="another certificate than the pinned one") as raised:
            await read(directory, start_tls=True, pin="00" * 32)
        assert pin in str(raised.value)
        assert len(directory.signed) == signed, "no password is sent to who is not trusted"


async def test_where_there_is_no_tls_no_password_is_sent(directory):
    with pytest.raises(Unreachable) as raised:
        await read(directory, start_tls=True)
    assert "ldaps" in raised.value.remedy
    assert directory.signed == []


async def test_nothing_secret_is_logged_or_shown(directory, caplog):
    caplog.set_level(logging.DEBUG)
    directory.put("Åsa Ek", telephoneNumber="+46 8 123")
    async with connect(settings_of(directory))(account_of(directory)) as opened:
        source = contacts_of(opened)
        found = await source.read(BOOK, None)
        for text in (repr(source), repr(found), caplog.text):
            assert directory.password not in text
            assert "Åsa" not in text
            assert "+46 8 123" not in text


async def test_check_says_each_step_and_is_loud_where_all_is_in_clear(directory):
    clear, signed, base = await check(settings_of(directory), account_of(directory))
    assert clear.ok
    assert "NO TLS" in clear.said
    assert clear.remedy
    assert signed.ok
    assert BASE in base.said
    *_, refused = await check(settings_of(directory), account_of(directory, "wrong"))
    assert not refused.ok
    assert "password" in refused.said
