"""Answers that are XML, and not what was asked for: the mailbox is read again later, and nobody else is concerned."""

import base64
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.errors import GiveUp, RetryLater, Unreachable
from gateway.sources.ews.discovery.fetch import Request as Asked
from gateway.sources.ews.discovery.fetch import fetcher
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import WINDOW, account, calendar_of, mailbox, one, to_exchange
from tests.contract.conftest import peopled
from tests.contract.exchange_asked import ANNA, SERVICE, answering, unchanged
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.http import Handler, Reply, Request


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with peopled(FakeExchange(schemes=("Basic",))).up() as running:
        to_exchange(running.calendar("alice@example.test"), one("hers"))
        yield running


@pytest.mark.parametrize(
    ("operation", "there", "instead"),
    [
        ("SyncFolderItems", b"t:Create>", b"t:Changed>"),  # a kind of change that nobody knows
        ("SyncFolderItems", b"t:ItemId ", b"t:Item "),
        ("SyncFolderItems", b'ResponseClass="Success"', b""),
        ("GetItem", b"t:CalendarItem>", b"t:Entry>"),
        ("GetItem", b'ResponseClass="Success"', b'ResponseClass=""'),
        ("GetItem", b"m:GetItemResponseMessage", b"m:Other"),  # none of the items that were asked for
        ("FindItem", b"m:RootFolder", b"m:Folder"),
    ],
)
async def test_an_answer_of_another_kind_is_no_defect_of_the_gateway(exchange, operation, there, instead):
    struck = 0

    async def otherwise(request: Request, handler: Handler) -> Reply:
        nonlocal struck
        reply = await handler(request)
        assert isinstance(reply.body, bytes)
        struck += reply.body.count(there)
        return replace(reply, body=reply.body.replace(there, instead))

    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        exchange.faults.next(otherwise, operation=operation)
        with suppress(RetryLater):
            await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
        assert struck
        reading = await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
        assert reading is not None
        assert len(reading.appointments) == 1


def challenge(time: bytes) -> bytes:
    """A CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2) that says what time it is (2.2.2.1)."""
    told = struct.pack("<HH", 7, 8) + time + bytes(4)
    flags = 0xE2898215  # what a Windows says
    head = struct.pack("<8sIHHIIQQ", b"NTLMSSP", 2, 0, 0, 56, flags, 1, 0)
    return head + struct.pack("<HHIQ", len(told), len(told), 56, 0x0F_00_00_00_00_00_0A) + told


@pytest.mark.parametrize(
    "said", [challenge(b"\xff" * 8), *(challenge(bytes(8))[:size] for size in (10, 22, 45, 60))], ids=len
)
async def test_a_handshake_that_is_none_is_no_defect_of_the_gateway(said):
    async def garbled(request: Request, _: Handler) -> Reply:
        begun = "authorization" in request.headers
        return Reply(401, challenges=(f"NTLM {base64.b64encode(said).decode()}" if begun else "NTLM",))

    async with answering("NTLM", tls=True) as exchange, exchange.client() as client:
        exchange.faults.always(garbled, in_front=True)
        with pytest.raises(RetryLater):
            await client.ask(exchange.at, ANNA, unchanged)
        fetch = fetcher(SERVICE, EwsSettings(url=exchange.at), exchange.trusted)
        with pytest.raises(Unreachable, match="does not speak HTTP as it should"):
            await fetch(Asked(exchange.at, b"<a/>", signed=True))


async def test_what_a_server_says_it_sends_is_told_in_few_words():
    async def endless(_: Request, __: Handler) -> Reply:
        return Reply(200, {"Content-Type": "text/" + "x" * 9_000}, b"")

    async with answering() as exchange, exchange.client() as client:
        exchange.faults.always(endless)
        with pytest.raises(GiveUp) as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        assert len(str(raised.value)) < 200
