"""A calendar that is read where Autodiscover says, and where it says next when that is gone."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import SignInAgain, Unreachable
from gateway.sources.ews.discovery import discovery
from gateway.sources.ews.discovery.search import Astray
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import calendar_of, of, one, to_exchange, whole
from tests.contract.exchange_world import PASSWORD, SERVICE, World, beginning, mailbox
from tests.fakes.exchange import faults
from tests.fakes.exchange.autodiscover import ToAddress, User, elsewhere
from tests.fakes.exchange.rights import Right

READER = Account(1, "exchange", SERVICE, Secret(PASSWORD), service=True)
ANNA = "anna@example.test"


@pytest_asyncio.fixture
async def world(monkeypatch, tmp_path) -> AsyncIterator[World]:
    """Anna's calendar is shared with the service account, and has one item."""
    async with beginning(monkeypatch, tmp_path)() as world:
        told = world.users[ANNA]
        world.exchange.person(ANNA, "hers", aliases=("a.smith@example.test",))
        world.users[ANNA] = told
        world.exchange.share(ANNA, "ringplan@example.test", Right.REVIEWER)
        to_exchange(world.exchange.calendar(ANNA), one("hers"))
        yield world


async def test_a_calendar_is_found_and_read(world):
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        assert of(await whole(calendar_of(opened), mailbox()), "hers")
    assert set(world.attempts) == {True}


@pytest.mark.parametrize("form", ["soap", "pox"])
async def test_an_alias_is_read_by_the_address_that_autodiscover_tells(world, form):
    world.autodiscover.forms = (form,)
    world.users["a.smith@example.test"] = replace(world.users[ANNA], address=ANNA)
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        assert of(await whole(calendar_of(opened), mailbox(1, "a.smith@example.test")), "hers")


async def test_another_address_is_what_the_calendar_is_asked_for_by(world):
    world.autodiscover.forms = ("soap",)
    world.users["old@example.test"] = ToAddress(ANNA)
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        assert of(await whole(calendar_of(opened), mailbox(1, "old@example.test")), "hers")


async def test_a_server_that_moved_is_found_again(world, monkeypatch):
    monkeypatch.setattr(discovery, "AGAIN", 0.0)
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        source = calendar_of(opened)
        assert of(await whole(source, mailbox()), "hers")
        world.net.servers["owa.example.test", 443] = world.net.servers.pop(("mail.example.test", 443))
        world.users[ANNA] = User("https://owa.example.test/EWS/Exchange.asmx")
        world.exchange.server.drop()
        assert of(await whole(source, mailbox()), "hers")


@pytest.mark.parametrize("code", ["ErrorNoRespondingCASInDestinationSite", "ErrorWrongServerVersion"])
async def test_a_mailbox_that_another_server_has_is_found_there_though_the_domain_s_server_was_found_just_now(
    world, code
):
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        source = calendar_of(opened)
        assert of(await whole(source, mailbox()), "hers")
        world.exchange.person("bo@example.test", "his")
        world.exchange.share("bo@example.test", "ringplan@example.test", Right.REVIEWER)
        to_exchange(world.exchange.calendar("bo@example.test"), one("his"))
        world.users["bo@example.test"] = User("https://owa.example.test/EWS/Exchange.asmx")
        world.net.servers["owa.example.test", 443] = world.exchange.server.port
        world.exchange.faults.next(faults.error(code), mailbox="bo@example.test")
        assert of(await whole(source, mailbox(2, "bo@example.test")), "his")
        assert ("owa.example.test", 443) in world.net.asked
        assert of(await whole(source, mailbox(2, "bo@example.test")), "his")
        assert of(await whole(source, mailbox()), "hers")
        searches = [host for host, _ in world.net.asked if host == "autodiscover.example.test"]
        assert len(searches) == 2, "both are known now"


async def test_a_server_that_is_gone_says_so(world):
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(READER) as opened:
        world.net.servers.clear()
        with pytest.raises(Unreachable, match="no Exchange server is found from"):
            await whole(calendar_of(opened), mailbox())


async def test_a_wrong_password_is_offered_once_and_no_calendar_is_asked_for(world):
    world.autodiscover.forms = ("soap",)
    wrong = replace(READER, password=Secret("wrong"))
    async with connect(EwsSettings(ca=world.ca, domain="example.test"), world.resolver)(wrong) as opened:
        source = calendar_of(opened)
        for number in range(3):
            with pytest.raises(SignInAgain):
                await whole(source, mailbox(number))
    assert world.attempts == [False]


async def test_a_redirect_that_is_refused_is_no_refused_password(world):
    """A person's own account would be stopped for that."""
    world.at("owa.example.test")
    await world.plain("autodiscover.example.test", elsewhere("https://autodiscover.moved.test/autodiscover/"))
    async with connect(EwsSettings(ca=world.ca), world.resolver)(replace(READER, service=False)) as opened:
        with pytest.raises(Astray):
            await whole(calendar_of(opened), mailbox())
