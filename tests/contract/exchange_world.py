"""What the tests of finding an Exchange share: a scripted one behind the hosts of example.test, over real TLS."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import dns.asyncresolver
import pytest
import trustme
import urllib3.util.connection

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.net.trust import trust
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.discovery.discovery import Discovery
from gateway.sources.ews.discovery.fetch import DEADLINES, fetcher
from gateway.sources.ews.settings import EwsSettings
from tests.fakes.dav_dns import names
from tests.fakes.exchange.autodiscover import Autodiscover, Told, User
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.http import Handler, Server

EWS = "https://mail.example.test/EWS/Exchange.asmx"
AUTO = "https://autodiscover.example.test"
SVC, XML, JSON = (f"/autodiscover/autodiscover.{form}" for form in ("svc", "xml", "json"))
HOSTS = (
    "example.test",
    "autodiscover.example.test",
    "mail.example.test",
    "owa.example.test",
    "autodiscover.moved.test",
)
SERVICE = "EXAMPLE\\ringplan"
PASSWORD = "pässword"


@dataclass(slots=True)
class Net:
    """Which server has a host's port; what is not here does not exist. `asked`: who was connected to, in order."""

    connect: Callable[..., socket.socket]
    servers: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def connected(self, address: tuple[str, int], *more: object, **options: object) -> socket.socket:
        """Connect to what stands for `address`; takes the place of urllib3's own."""
        self.asked.append(address)
        if address not in self.servers:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return self.connect(("127.0.0.1", self.servers[address]), *more, **options)


@dataclass(slots=True)
class World:
    """The scripted Exchange behind its hosts; `users`: what Autodiscover says of whom; `certificate`: DER."""

    net: Net
    exchange: FakeExchange
    autodiscover: Autodiscover
    stack: AsyncExitStack
    ca: Path
    certificate: bytes
    resolver: dns.asyncresolver.Resolver

    def discovery(self, password: str = PASSWORD, deadlines: Deadlines = DEADLINES, **settings: object) -> Discovery:
        account = Account(1, "exchange", SERVICE, Secret(password), service=True)
        made = EwsSettings.model_validate({"ca": self.ca} | settings)
        context = trust(made.ca, made.pin, made.tls_minimum)
        return Discovery(made, fetcher(account, made, context, deadlines), self.resolver)

    def at(self, *hosts: str) -> None:
        """Let Exchange answer for these hosts alone, and for mail.example.test."""
        port = self.exchange.server.port
        self.net.servers = {(host, 443): port for host in (*hosts, "mail.example.test")}

    async def plain(self, host: str, handler: Handler) -> Server:
        """Serve `handler` at http://`host`, to everybody."""
        server = await self.stack.enter_async_context(Server(handler, {}, in_front=lambda _: handler).up())
        self.net.servers[host, 80] = server.port
        return server

    @property
    def users(self) -> dict[str, Told]:
        return self.exchange.users

    @property
    def attempts(self) -> list[bool]:
        """Whether each password that was offered was right."""
        return [attempt.right for attempt in self.exchange.server.signins.attempts]


Begin = Callable[..., AbstractAsyncContextManager[World]]
"""Starts a scripted Exchange that offers these schemes."""


def beginning(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Begin:
    """Return what starts one whose hosts are found in this test alone."""
    net = Net(urllib3.util.connection.create_connection)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", net.connected)
    return partial(_begun, net, folder)


@asynccontextmanager
async def _begun(net: Net, folder: Path, *schemes: str) -> AsyncIterator[World]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert(*HOSTS)
    issued.configure_cert(context)
    certificate = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    fake = FakeExchange(tls=context, schemes=schemes or ("Negotiate", "NTLM", "Basic"))
    fake.person("ringplan@example.test", PASSWORD, login=SERVICE)
    fake.users["anna@example.test"] = User(EWS, group="SITE-1", address="anna@example.test")
    async with AsyncExitStack() as stack, names({}) as nothing, fake.up():
        world = World(net, fake, fake._autodiscover, stack, folder / "ca.pem", certificate, nothing)
        world.at("autodiscover.example.test")
        yield world


def mailbox(number: int = 1, address: str = "anna@example.test") -> Mailbox:
    return Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))
