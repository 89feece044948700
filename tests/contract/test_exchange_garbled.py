"""Answers that are XML, and not what was asked for: the mailbox is read again later, and nobody else is concerned."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.errors import RetryLater
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import WINDOW, account, calendar_of, mailbox, one, to_exchange
from tests.contract.conftest import peopled
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
