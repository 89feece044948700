"""Who is in a list, and which numbers an owner keeps, at the scripted Exchange: by which right, and what is refused."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import WINDOW, account, address, calendar_of, mailbox
from tests.contract.conftest import peopled
from tests.fakes.exchange import faults
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.rights import Right

SHORT = Deadlines(connect=5.0, read=1.5, whole=3.0)  # for who does not answer
READER = Account(1, "office", "reader@example.test", Secret("a password"), service=True)
ALICE, BOB, TEAM = "alice@example.test", "bob@example.test", "team@example.test"
PHONES = {"MobilePhone": "+46 70 1", "HomePhone": "08-3", "BusinessFax": "08-9", "BusinessPhone": "08-2"}


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    """An Exchange 2016 with lists, and contacts of Alice; a login without a mailbox may read for others."""
    running = peopled(FakeExchange())
    running.service(READER.login, "a password")
    running.group(TEAM, ALICE, BOB, "sales@example.test", "kund@extern.example")
    running.group("sales@example.test", "Carol@example.test", TEAM, "hidden@example.test")
    running.group("hidden@example.test", "dave@example.test", hidden=True)
    running.contact(ALICE, "other@extern.example", **PHONES)
    running.contact(ALICE, "x@extern.example", "Kund@Extern.example", **PHONES)
    async with running.up():
        yield running


MEMBERS = (ALICE, BOB, "kund@extern.example", "carol@example.test", "hidden@example.test")


async def test_a_list_is_expanded_with_the_lists_in_it_and_contacts_are_found_by_address(exchange):
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), "Team@example.test") == MEMBERS
        assert await source.group(mailbox("alice"), BOB) is None
        assert await source.group(mailbox("alice"), "nobody@example.test") is None
        assert await source.group(mailbox("alice"), "hidden@example.test") is None
        assert await source.numbers(mailbox("alice"), "kund@extern.example") == ("08-2", "+46 70 1", "08-3")
        assert await source.numbers(mailbox("alice"), "kund@extern") == ()
        assert await source.numbers(mailbox("alice"), BOB) == ()


@pytest.mark.parametrize("version", ["Exchange2007_SP1", "Exchange2010_SP2", "Exchange2016"])
async def test_each_version_tells_the_same(exchange, version):
    exchange.behaviour.version = version
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), TEAM) == MEMBERS
        assert await source.numbers(mailbox("alice"), "kund@extern.example") == ("08-2", "+46 70 1", "08-3")


async def test_a_list_that_comes_without_members_is_none(exchange):
    exchange.behaviour.unknown_lists_empty = True
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), BOB) is None
        found = await source.group(mailbox("alice"), TEAM)
        assert found == MEMBERS[:-1], "nobody is in the one that is hidden, as far as is told"


async def test_a_server_that_does_not_know_the_operation_tells_of_no_list(exchange):
    exchange.behaviour.expands_lists = False
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), TEAM) is None
        assert [seen.operation for seen in exchange.server.requests].count("ExpandDL") == 1
        assert await source.read(mailbox("alice"), WINDOW, None)


@pytest.mark.parametrize("count", [50, 51])
async def test_a_list_of_more_than_fifty_is_not_told(exchange, count):
    people = [f"p{number}@example.test" for number in range(count)]
    exchange.group("inner@example.test", *people[10:])
    exchange.group("all@example.test", "inner@example.test", *people[:20])
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        found = await calendar_of(opened).group(mailbox("alice"), "all@example.test")
    assert (set(found) if found else None) == (set(people) if count == 50 else None)


async def test_who_impersonates_asks_as_the_owner(exchange):
    async with connect(EwsSettings(url=exchange.url, access="impersonation"))(READER) as opened:
        source = calendar_of(opened)
        for asked in (source.group(mailbox("alice"), TEAM), source.numbers(mailbox("alice"), BOB)):
            with pytest.raises(Refused) as raised:
                await asked
            assert "ApplicationImpersonation" in raised.value.remedy
        exchange.impersonator(READER.login)
        assert await source.group(mailbox("alice"), TEAM) == MEMBERS
        assert await source.numbers(mailbox("alice"), "kund@extern.example") == ("08-2", "+46 70 1", "08-3")
        assert await source.numbers(replace(mailbox("bob"), id=2), "kund@extern.example") == ()


@pytest.mark.parametrize("denial", ["ErrorItemNotFound", "ErrorAccessDenied"])
async def test_a_shared_calendar_shows_no_contacts_and_shared_contacts_do(exchange, denial):
    exchange.person(READER.login, "a password")
    exchange.behaviour.denial = denial
    exchange.share(ALICE, READER.login, Right.REVIEWER)
    async with connect(EwsSettings(url=exchange.url))(READER) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), TEAM) == MEMBERS
        assert await source.numbers(mailbox("alice"), "kund@extern.example") == ()
        exchange.share_contacts(ALICE, READER.login)
        assert await source.numbers(mailbox("alice"), "kund@extern.example") == ("08-2", "+46 70 1", "08-3")


@pytest.mark.parametrize("alias", ["a.smith@example.test"])
async def test_an_owner_who_is_named_by_an_alias_is_asked_for_by_the_main_address(exchange, alias):
    exchange.directory.mailboxes[ALICE].aliases = (alias,)
    exchange.impersonator(READER.login)
    async with connect(EwsSettings(url=exchange.url, access="impersonation"))(READER) as opened:
        box = replace(mailbox("alice"), address=alias)
        assert await calendar_of(opened).group(box, TEAM) == MEMBERS
        assert await calendar_of(opened).numbers(box, "kund@extern.example") == ("08-2", "+46 70 1", "08-3")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.half, RetryLater),
        (faults.garbled, RetryLater),
        (faults.cut, RetryLater),
        (faults.hung, Unreachable),
        (faults.too_many(7), Throttled),
        (faults.busy(7000), Throttled),
        (faults.login_page(), GiveUp),
        (faults.error("ErrorMailboxStoreUnavailable"), RetryLater),
        (faults.unauthorized(), SignInAgain),
    ],
)
@pytest.mark.parametrize("operation", ["ExpandDL", "FindItem", "GetItem"])
async def test_an_answer_that_is_not_one_is_never_taken_for_nobody(exchange, operation, fault, error):
    deadlines = SHORT if fault is faults.hung else Deadlines()
    async with connect(EwsSettings(url=exchange.url), deadlines=deadlines)(account("alice")) as opened:
        source = calendar_of(opened)
        ask = source.group if operation == "ExpandDL" else source.numbers
        what = TEAM if operation == "ExpandDL" else "kund@extern.example"
        assert await ask(mailbox("alice"), what)
        exchange.faults.always(fault, operation=operation)
        with pytest.raises(error) as raised:
            await ask(mailbox("alice"), what)
        assert "example" not in f"{raised.value}"


async def test_lists_and_contacts_are_asked_for_within_the_accounts_limits(exchange):
    async with connect(EwsSettings(url=exchange.url, connections=1))(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), TEAM)
        assert await source.numbers(mailbox("alice"), "kund@extern.example")
    operations = Counter(seen.operation for seen in exchange.server.requests if seen.status == 200 and seen.user)
    assert operations == {"ConvertId": 1, "ExpandDL": 3, "FindItem": 1, "GetItem": 1}
    assert exchange.server.busiest["alice"] == 1
    assert address("alice") == ALICE
