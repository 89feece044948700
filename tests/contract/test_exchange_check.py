"""What `check` finds at an Exchange: a scripted one, with few rights and many."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.errors import Unreachable
from gateway.sources.ews.check import check
from gateway.sources.ews.discovery import discovery
from gateway.sources.ews.settings import EwsSettings
from tests.contract.calendars import account, mailbox, one, to_exchange
from tests.contract.conftest import peopled
from tests.fakes.dav_dns import names
from tests.fakes.exchange import faults
from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.rights import Right
from tests.servers import AT_CONTRACTS

READER = Account(1, "office", "reader@example.test", Secret("a password"), service=True)
EVERYBODY = tuple(replace(mailbox(name), id=number) for number, name in enumerate(AT_CONTRACTS, 1))


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with with_reader(FakeExchange()).up() as running:
        yield running


def with_reader(exchange: FakeExchange) -> FakeExchange:
    exchange.behaviour.minute = 1.0
    peopled(exchange).person("reader@example.test", "a password")
    return exchange


async def found(settings: EwsSettings, who: Account = READER, boxes: tuple[Mailbox, ...] = EVERYBODY) -> list[Finding]:
    return [one async for one in check(settings, who, boxes)]


def said(findings: list[Finding]) -> str:
    return "\n".join(f"{one.ok} {one.part}: {one.said}" for one in findings)


async def test_each_mailbox_is_named_with_the_right_that_was_found(exchange):
    rights = [Right.NONE, Right.FREE_BUSY, Right.REVIEWER, Right.EDITOR, Right.FULL]
    for name, right in zip(AT_CONTRACTS, rights, strict=False):
        exchange.share(f"{name}@example.test", READER.login, right)
    for stored in exchange.directory.mailboxes.values():
        stored.everybody = Right.NONE
    findings = await found(EwsSettings(url=exchange.url))
    told = {one.part.partition("@")[0]: (one.ok, one.said) for one in findings if "@" in one.part}
    assert told["alice"] == (False, "cannot be read: the right is none")
    assert told["bob"] == (False, "cannot be read: the right is free/busy")
    assert told["carol"] == (True, "can be read: the right is reviewer")
    assert told["dave"] == told["erin"] == (True, "can be read: the right is full, reviewer is enough")
    assert set(told) == set(AT_CONTRACTS)
    (remedy,) = {one.remedy for one in findings if not one.ok}
    assert "Add-MailboxFolderPermission -Identity ADDRESS:\\Calendar" in remedy
    assert '-User "reader@example.test" -AccessRights Reviewer' in remedy


async def test_it_says_how_it_signed_in_and_to_what_and_how_much_there_is_to_read(exchange):
    to_exchange(exchange.calendar("alice@example.test"), one("lunch", subject="L: secret place"))
    exchange.impersonator(READER.login)
    findings = await found(EwsSettings(url=exchange.url, access="impersonation"))
    assert all(one.ok for one in findings)
    text = said(findings)
    assert "signed in with NTLM: Exchange 2016, build 15.1.2507" in text
    assert "appointments in the days to come" in text
    assert "changes are told at once" in text
    assert "New-ThrottlingPolicy Ringplan -ThrottlingPolicyScope Regular" in text
    assert 'Set-ThrottlingPolicyAssociation "reader@example.test"' in text
    assert "secret place" not in text


async def test_a_user_needs_no_words_about_throttling(exchange):
    findings = await found(EwsSettings(url=exchange.url), account("alice"), EVERYBODY[:1])
    assert all(one.ok for one in findings)
    assert "Throttling" not in said(findings)
    assert "the right is full" in said(findings)
    assert "changes are told at once" in said(findings)


async def test_a_wrong_password_is_tried_once_however_many_mailboxes_there_are(exchange):
    findings = await found(EwsSettings(url=exchange.url), replace(READER, password=Secret("wrong")))
    assert [one.ok for one in findings][-1:] == [False]
    assert "password" in findings[-1].said
    assert sum(not one.ok for one in findings) == 1
    assert len(exchange.server.signins.attempts) == 1


async def test_who_may_not_impersonate_is_told_the_role(exchange):
    findings = await found(EwsSettings(url=exchange.url, access="impersonation"))
    refused = [one for one in findings if not one.ok]
    assert len(refused) == len(EVERYBODY)
    assert all("ApplicationImpersonation" in one.remedy for one in refused)


async def test_an_account_that_only_reads_is_told_that_it_hears_nothing(exchange):
    for name in AT_CONTRACTS:
        exchange.share(f"{name}@example.test", READER.login, Right.REVIEWER)
    findings = await found(EwsSettings(url=exchange.url))
    (heard,) = [one for one in findings if "notifications" in one.said]
    assert heard.ok
    assert "asked every 60 s" in heard.said
    assert "impersonation" in heard.remedy


async def test_an_old_server_is_named_and_known_to_be_polled():
    async with with_reader(FakeExchange(Behaviour(version="Exchange2007_SP1"))).up() as exchange:
        exchange.impersonator(READER.login)
        text = said(await found(EwsSettings(url=exchange.url, access="impersonation")))
    assert "Exchange 2007 SP1" in text
    assert "no streaming notifications" in text
    assert "ThrottlingPolicy" not in text


async def test_what_is_not_encrypted_is_said_loudly(exchange):
    async def loud(**settings: str) -> str:
        findings = await found(EwsSettings(url=exchange.url, **settings), account("alice"), EVERYBODY[:1])
        assert all(one.ok for one in findings)
        return "\n".join(one.said for one in findings if one.remedy)

    assert "NOTHING IS ENCRYPTED" in await loud()
    assert "THE PASSWORD" not in await loud()
    assert "AND THE PASSWORD" in await loud(sign_in="basic")
    assert "TLS 1.0 IS ALLOWED" in await loud(tls_minimum="1.0")
    assert "TLS" not in await loud()


async def test_a_pin_is_named_and_another_certificate_refused(tmp_path: Path):
    issued = trustme.CA().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    async with with_reader(FakeExchange(tls=context)).up() as exchange:
        settings = EwsSettings(url=exchange.url, pin=sha256(der).hexdigest())
        findings = await found(settings, account("alice"), EVERYBODY[:1])
        assert all(one.ok for one in findings)
        assert "only the pinned certificate" in said(findings)
        assert "ENCRYPTED" not in said(findings)
        findings = await found(EwsSettings(url=exchange.url, pin="0" * 64), account("alice"), EVERYBODY[:1])
        assert not findings[-1].ok
        assert sha256(der).hexdigest() in findings[-1].said.replace(":", "").lower()


async def test_a_ca_that_is_not_there_is_a_finding(tmp_path: Path):
    (finding,) = await found(EwsSettings(url="https://localhost/", ca=tmp_path / "none.pem"))
    assert not finding.ok
    assert "ca" in finding.said


async def test_a_server_that_asks_for_rest_ends_the_check(exchange):
    exchange.faults.always(faults.busy(30_000), operation="GetFolder")
    findings = await found(EwsSettings(url=exchange.url))
    assert [one.ok for one in findings] == [True, False]
    assert "rest" in findings[-1].said


async def test_each_step_of_a_search_in_vain_is_told(monkeypatch: pytest.MonkeyPatch):
    async def nobody(request):
        raise Unreachable("nobody answers", "is it up?")

    monkeypatch.setattr(discovery, "fetcher", lambda *_: nobody)
    async with names({}) as resolver:
        findings = [one async for one in check(EwsSettings(), READER, EVERYBODY, resolver)]
    assert len(findings) > 4
    assert not any(one.ok for one in findings)
    text = said(findings)
    for step in (
        "https://autodiscover.example.test",
        "https://example.test",
        "http://autodiscover.example.test",
        "DNS",
    ):
        assert step in text
    assert findings[-1].remedy
