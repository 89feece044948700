"""The scripted Exchange as exchangelib finds it: how to sign in, and GetUserSettings for several users at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
import requests
from exchangelib import Configuration, Credentials, FailFast, Version
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import ErrorNonExistentMailbox
from exchangelib.properties import UserResponse
from exchangelib.protocol import CachingProtocol
from exchangelib.services import GetUserSettings
from exchangelib.version import EXCHANGE_2016

from tests.fakes.exchange.autodiscover import Autodiscover, ToAddress, Told, ToUrl, User
from tests.fakes.exchange.http import Reply, Request, Server

LOGIN = ("EXAMPLE\\svc", "secret")
URL = "https://mail.example.test/EWS/Exchange.asmx"
USERS: dict[str, Told] = {
    "anna@example.test": User(URL, group="SITE-1", address="anna.a@example.test"),
    "bo@example.test": User(URL),
    "moved@example.test": ToAddress("moved@other.test"),
    "far@example.test": ToUrl("https://far.example.test/autodiscover/autodiscover.svc"),
}
WANTED = ("external_ews_url", "internal_ews_url", "grouping_information", "auto_discover_smtp_address")


@pytest_asyncio.fixture(params=[("Negotiate", "NTLM"), ("Basic",)], ids=["ntlm", "basic"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    autodiscover = Autodiscover(USERS)

    async def answer(request: Request) -> Reply:
        return await autodiscover(request)

    async with Server(answer, dict([LOGIN]), schemes=request.param).up() as running:
        yield running


@pytest.fixture
def ask(server: Server) -> Iterator[Callable[..., object]]:
    """Ask for the settings of users; exchangelib finds out by itself how to sign in."""
    protocol = AutodiscoverProtocol(
        config=Configuration(
            service_endpoint=f"{server.url}/autodiscover/autodiscover.svc",
            credentials=Credentials(*LOGIN),
            version=Version(EXCHANGE_2016),
            retry_policy=FailFast(),
        )
    )

    async def settings(*users: str) -> list[UserResponse]:
        service = GetUserSettings(protocol=protocol)
        return await asyncio.to_thread(lambda: list(service.call(users=users, settings=WANTED)))

    yield settings
    protocol.close()
    CachingProtocol.clear_cache()


async def test_exchangelib_asks_for_several_users_at_once(ask):
    anna, bo, nobody, moved, far = await ask(
        "Anna@example.test", "bo@example.test", "nobody@example.test", "moved@example.test", "far@example.test"
    )
    assert anna.user_settings == {
        "external_ews_url": URL,
        "internal_ews_url": URL,
        "grouping_information": "SITE-1",
        "auto_discover_smtp_address": "anna.a@example.test",
    }
    assert bo.user_settings == {"external_ews_url": URL, "internal_ews_url": URL}
    assert bo.user_settings_errors["grouping_information"] == ("SettingIsNotAvailable", None)
    bo.raise_errors()
    with pytest.raises(ErrorNonExistentMailbox):
        nobody.raise_errors()
    assert moved.redirect_address == "moved@other.test"
    assert far.redirect_url == "https://far.example.test/autodiscover/autodiscover.svc"


async def test_more_users_than_a_server_takes_are_refused(ask):
    assert len(await ask(*["bo@example.test"] * 100)) == 100
    with pytest.raises(Exception, match="InvalidRequest"):
        await ask(*["bo@example.test"] * 101)


async def test_json_is_answered_without_a_sign_in_and_nothing_else(server):
    paths = ("json?Email=bo@example.test&Protocol=EWS", "xml", "svc")
    asked = [f"{server.url}/autodiscover/autodiscover.{path}" for path in paths]
    statuses = [(await asyncio.to_thread(requests.get, url, proxies={"http": ""})).status_code for url in asked]
    assert statuses == [200, 401, 401]


async def test_exchangelib_finds_out_how_to_sign_in(server, ask):
    await ask("bo@example.test")
    assert {seen.user for seen in server.requests if seen.status == 200} == {LOGIN[0]}
