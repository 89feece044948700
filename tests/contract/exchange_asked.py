"""What the tests of the Exchange client share: a server that answers from captures, and an account that asks it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import exchangelib
import trustme

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.net.trust import fingerprint, trust
from gateway.sources.ews.connection.client import Client, Shared, opened
from gateway.sources.ews.connection.protocol import DEADLINES, Deadlines
from gateway.sources.ews.requests import changes
from gateway.sources.ews.settings import EwsSettings
from tests.fakes.exchange.faults import Faults
from tests.fakes.exchange.http import Reply, Request, Server

CAPTURES = Path(__file__).parents[1] / "captures" / "exchange"
PATH = "/EWS/Exchange.asmx"
ANNA, BO = "anna@example.test", "bo@example.test"
SERVICE = Account(1, "exchange", "svc@example.test", Secret("a secret"), service=True)
STATE = "AgACARdAEAAAAAEAUgAAAAkAEAAAAAkAFgACAZZnEAAAAAEAUgAAAAAAAQAAAAAAUwA="  # what the capture says


def captured(name: str) -> Reply:
    """The answer that was captured under `name`."""
    body = (CAPTURES / f"{name}.response.xml").read_bytes()
    return Reply(headers={"Content-Type": "text/xml; charset=utf-8"}, body=body)


GUESS, IDLE = captured("002_version_guess_ConvertId"), captured("034_sync_nochange_SyncFolderItems")


def unchanged(account: exchangelib.Account) -> str:
    """Ask whether the calendar has changed; return the sync state."""
    found = changes(account, "before")
    assert not found.some
    return found.state


@dataclass
class Answering:
    """A server, and the bodies that it was sent."""

    server: Server
    faults: Faults
    people: dict[str, str]
    trusted: ssl.SSLContext
    bodies: list[str] = field(default_factory=list)

    @property
    def at(self) -> str:
        return self.server.url + PATH

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet."""
        return sum(seen.status is None for seen in self.server.requests)

    @property
    def operations(self) -> list[str]:
        return [seen.operation for seen in self.server.requests]

    @asynccontextmanager
    async def client(
        self,
        account: Account = SERVICE,
        shared: Shared | None = None,
        deadlines: Deadlines = DEADLINES,
        **settings: object,
    ) -> AsyncIterator[Client]:
        """An account that asks it."""
        wanted = EwsSettings.model_validate({"url": self.at, **settings})
        async with opened(account, wanted, self.trusted, shared, deadlines) as client:
            yield client


@asynccontextmanager
async def answering(*schemes: str, tls: bool = False, guess: Reply = GUESS) -> AsyncIterator[Answering]:
    """Start one. `tls`: with a certificate that NTLM has to be bound to."""
    bodies: list[str] = []

    async def handler(request: Request) -> Reply:
        bodies.append(request.body.decode())
        return guess if request.operation == "ConvertId" else IDLE

    certificate, context, der = trustme.CA().issue_cert("localhost"), None, None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    faults, people = Faults(), {SERVICE.login: SERVICE.password.reveal()}
    server = Server(faults.around(handler), people, context, schemes or ("Basic",), faults.in_front)
    if der:
        server.signins.bind(der)
    async with server.up():
        yield Answering(server, faults, people, trust(pin=fingerprint(der) if der else None), bodies)
