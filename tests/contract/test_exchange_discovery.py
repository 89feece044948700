"""Finding the scripted Exchange over real TLS, in an internet in which example.test and its hosts are here."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, RetryLater, SignInAgain, Unreachable
from gateway.net.trust import fingerprint, trust
from gateway.sources.ews.connection.client import opened
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.discovery import fetch
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.discovery.fetch import Request
from gateway.sources.ews.discovery.search import Astray, Search
from peers.process import until
from tests.contract.exchange_world import AUTO, EWS, JSON, PASSWORD, SERVICE, SVC, XML, Begin, World, beginning, mailbox
from tests.fakes.dav_dns import names
from tests.fakes.exchange import faults
from tests.fakes.exchange.autodiscover import ToAddress, Told, ToUrl, User, elsewhere
from tests.fakes.exchange.http import Reply, Server


@pytest.fixture
def begin(monkeypatch, tmp_path) -> Begin:
    return beginning(monkeypatch, tmp_path)


@pytest_asyncio.fixture
async def world(begin) -> AsyncIterator[World]:
    async with begin() as world:
        yield world


async def test_json_alone_needs_no_password(world):
    discovery = world.discovery()
    assert await discovery.endpoint(mailbox()) == Endpoint(EWS)
    assert world.attempts == []
    assert discovery.steps == ((f"{AUTO}{JSON}", f"names {EWS}"), (EWS, "answers (401)"))


@pytest.mark.parametrize("form", ["soap", "pox"])
@pytest.mark.parametrize("schemes", [("Negotiate", "NTLM"), ("Negotiate",), ("Basic",)], ids="+".join)
async def test_with_a_password_once(begin, schemes, form):
    async with begin(*schemes) as world:
        world.autodiscover.forms = (form,)
        group = "SITE-1" if form == "pox" else ""
        assert await world.discovery().endpoint(mailbox()) == Endpoint(EWS, group)
        assert set(world.attempts) == {True}


@pytest.mark.parametrize("schemes", [("Negotiate", "NTLM", "Basic"), ("Basic",)], ids="+".join)
async def test_a_wrong_password_is_offered_once(begin, schemes):
    async with begin(*schemes) as world:
        world.at("autodiscover.example.test", "example.test")
        world.autodiscover.forms = ("soap", "pox")
        discovery = world.discovery("wrong")
        for _ in range(3):
            with pytest.raises(SignInAgain, match=r"autodiscover\.example\.test refused") as raised:
                await discovery.endpoint(mailbox())
            assert ("Kerberos alone" in raised.value.remedy) is ("NTLM" in schemes)
        assert world.attempts == [False]


async def test_a_server_that_offers_no_sign_in_of_ours(begin):
    async with begin("Negotiate", "NTLM") as world:
        world.autodiscover.forms = ("soap", "pox")
        discovery = world.discovery(sign_in="basic")
        with pytest.raises(RetryLater):
            await discovery.endpoint(mailbox())
        assert (f"{AUTO}{SVC}", "autodiscover.example.test lets nobody sign in with basic") in discovery.steps
        assert world.attempts == []


async def test_ntlm_is_bound_to_the_certificate(begin):
    """Extended protection (Exchange 2019 CU14 and later) refuses what is not."""
    async with begin("NTLM") as world:
        world.autodiscover.forms = ("soap",)
        world.exchange.server.signins.bind(world.certificate)
        assert await world.discovery().endpoint(mailbox()) == Endpoint(EWS)


async def test_the_bare_domain(world):
    world.at("example.test")
    discovery = world.discovery()
    assert await discovery.endpoint(mailbox()) == Endpoint(EWS)
    assert discovery.steps[0] == (f"{AUTO}{JSON}", "there is no host autodiscover.example.test")


@pytest.mark.parametrize("form", ["soap", "pox", "json"])
async def test_a_redirect_to_another_url(world, form):
    world.at("autodiscover.example.test", "owa.example.test")
    path = {"soap": SVC, "pox": XML, "json": f"{JSON}?Email=anna2%40example.test&Protocol=EWS"}[form]
    world.users["anna@example.test"] = ToUrl(f"https://owa.example.test{path}")
    world.users["anna2@example.test"] = User(EWS)
    world.autodiscover.forms = (form,)
    if form != "json":  # whose redirect is the last word; the others ask again about the same address
        first, told = iter([world.users["anna@example.test"]]), User(EWS)
        world.autodiscover.users = _First(first, told)
    assert await world.discovery().endpoint(mailbox()) == Endpoint(EWS)
    assert ("owa.example.test", 443) in world.net.asked


class _First(dict[str, Told]):
    """Says each of the first, then always the other."""

    def __init__(self, first: Iterator[Told], then: Told) -> None:
        self._first, self._then = first, then

    def get(self, _: str, __: object = None) -> Told:
        return next(self._first, self._then)


@pytest.mark.parametrize("form", ["soap", "pox"])
async def test_a_redirect_to_another_address(world, form):
    world.at("autodiscover.example.test", "autodiscover.moved.test")
    world.autodiscover.forms = (form,)
    world.users["anna@example.test"] = ToAddress("anna@moved.test")
    world.users["anna@moved.test"] = User(EWS)
    assert await world.discovery().endpoint(mailbox()) == Endpoint(EWS, address="anna@moved.test")
    assert set(world.attempts) == {True}


async def test_the_redirect_without_tls_within_the_domain(world):
    world.at("owa.example.test")
    plain = await world.plain("autodiscover.example.test", elsewhere(f"https://owa.example.test{XML}"))
    assert await world.discovery().endpoint(mailbox()) == Endpoint(EWS)
    assert [seen.path for seen in plain.requests] == [XML]


async def test_the_redirect_without_tls_to_another_domain(world):
    world.at("autodiscover.moved.test")
    await world.plain("autodiscover.example.test", elsewhere(f"https://autodiscover.moved.test{XML}"))
    with pytest.raises(Astray, match=r"leads to another domain, autodiscover\.moved\.test"):
        await world.discovery().endpoint(mailbox())
    assert ("autodiscover.moved.test", 443) not in world.net.asked


async def test_dns(world):
    world.at("owa.example.test")
    record = {("_autodiscover._tcp.example.test", "SRV"): ("0 0 443 owa.example.test.",)}
    async with names(record) as resolver:
        assert await replace(world, resolver=resolver).discovery().endpoint(mailbox()) == Endpoint(EWS)


async def test_dns_to_another_domain(world):
    world.at("autodiscover.moved.test")
    record = {("_autodiscover._tcp.example.test", "SRV"): ("0 0 443 autodiscover.moved.test.",)}
    async with names(record) as resolver:
        with pytest.raises(Astray):
            await replace(world, resolver=resolver).discovery().endpoint(mailbox())
    assert ("autodiscover.moved.test", 443) not in world.net.asked


async def test_a_certificate_that_is_not_trusted_gets_no_question(world):
    discovery = world.discovery(ca=None)
    with pytest.raises(Unreachable, match=r"certificate of autodiscover\.example\.test is not trusted") as raised:
        await discovery.endpoint(mailbox())
    assert "pin" in raised.value.remedy
    assert world.exchange.server.requests == []


async def test_a_certificate_for_another_name(world):
    world.net.servers["autodiscover.other.test", 443] = world.exchange.server.port
    with pytest.raises(Unreachable, match=r"certificate of autodiscover\.other\.test is not trusted"):
        await world.discovery().endpoint(mailbox(address="anna@other.test"))
    assert world.exchange.server.requests == []


async def test_a_pin_takes_the_place_of_authority_and_name(world):
    pin = fingerprint(world.certificate)
    world.net.servers["autodiscover.other.test", 443] = world.exchange.server.port
    world.users["anna@other.test"] = User(EWS)
    assert await world.discovery(ca=None, pin=pin).endpoint(mailbox(address="anna@other.test")) == Endpoint(EWS)


async def test_groups_of_many(world):
    some = [mailbox(number, f"person{number}@example.test") for number in range(150)]
    for one in some:
        world.users[one.address] = User(EWS, group=f"SITE-{one.id % 3}")
    discovery = world.discovery()
    assert await discovery.groups(some) == {one.id: f"SITE-{one.id % 3}" for one in some}
    answered = [seen for seen in world.exchange.server.requests if seen.path == SVC and seen.status == 200]
    assert [seen.user for seen in answered] == [SERVICE, SERVICE]


class TestFaults:
    """A server that is sick ends its own step, in time, and says what it was."""

    @pytest.mark.parametrize(
        "fault", [faults.half, faults.half_in_chunks, faults.garbled, faults.cut, faults.login_page()]
    )
    async def test_what_is_not_whole_is_not_believed(self, world, fault):
        world.at("autodiscover.example.test")
        world.exchange.faults.always(fault)
        with pytest.raises(RetryLater):
            await world.discovery().endpoint(mailbox())

    @pytest.mark.parametrize("fault", [faults.down(), faults.broken(), faults.too_many()])
    async def test_a_server_that_is_out_of_order(self, world, fault):
        world.exchange.faults.always(fault)
        with pytest.raises(RetryLater):
            await world.discovery().endpoint(mailbox())

    async def test_an_answer_that_is_too_large(self, world):
        async def large(_, __) -> Reply:
            return Reply(200, {}, b" " * (fetch.LARGEST + 1))

        world.exchange.faults.always(large)
        discovery = world.discovery()
        with pytest.raises(RetryLater):
            await discovery.endpoint(mailbox())
        said = dict(discovery.steps)
        assert "more than 1 MiB" in said[f"{AUTO}{JSON}"]
        assert "more than 1 MiB" in said[f"{AUTO}{SVC}"]

    @pytest.mark.parametrize("fault", [faults.hung, faults.trickling(0.05)], ids=["hung", "trickling"])
    async def test_an_answer_that_does_not_end(self, world, fault):
        world.exchange.faults.always(fault)
        discovery = world.discovery(deadlines=Deadlines(connect=5.0, read=5.0, whole=0.5))
        with pytest.raises(Unreachable, match="did not answer within"):
            await discovery.endpoint(mailbox())
        await gone(world)

    async def test_who_gives_up_waits_for_nothing(self, world):
        world.exchange.faults.always(faults.hung)
        asking = asyncio.create_task(world.discovery().endpoint(mailbox()))
        await until(lambda: world.exchange.server.requests, 60, "the server is asked")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await gone(world)


async def gone(world: World) -> None:
    """Wait until no connection is left, and no thread that waits at one."""
    await until(lambda: not world.exchange.server.open, 60, "the server has no connection left")
    await until(lambda: "blocking" not in {thread.name for thread in threading.enumerate()}, 60, "no thread is left")


async def test_the_password_shows_nowhere(world, caplog):
    world.autodiscover.forms = ("soap", "pox")
    caplog.set_level(0)
    discovery = world.discovery("wr0ng-secret")
    account = Account(1, "exchange", SERVICE, Secret("wr0ng-secret"))
    async with opened(
        account, discovery.settings, trust(world.ca)
    ):  # which the source does before it looks for a server
        with pytest.raises(SignInAgain) as raised:
            await discovery.endpoint(mailbox())
    shown = f"{raised.value!r}{raised.value.remedy}{discovery!r}{discovery.steps}{caplog.text}"
    assert "wr0ng-secret" not in shown
    assert "anna" not in f"{raised.value}{discovery.steps}{caplog.text}"


async def test_no_password_goes_without_tls(world):
    plain = await world.stack.enter_async_context(Server(world.autodiscover, {SERVICE: PASSWORD}).up())
    world.net.servers["autodiscover.example.test", 80] = plain.port
    with pytest.raises(GiveUp, match="without TLS"):
        await world.discovery().fetch(Request(f"http://autodiscover.example.test{SVC}", b"<a/>", signed=True))
    assert plain.signins.attempts == []


async def test_nothing_prints_an_address(world):
    asked = Request("https://a.test/anna@example.test", b"anna@example.test", anchor="anna@example.test")
    discovery = world.discovery()
    await discovery.endpoint(mailbox())
    discovery.forget(mailbox())
    assert "anna" not in f"{asked}{discovery}{Search(discovery.fetch, 'anna@example.test', 'example.test')}"
