"""What a stream of a scripted Exchange tells of is read, where the state of the calendar hides it too."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.mailbox import Window
from gateway.errors import RetryLater
from gateway.sources.ews.place import Places
from gateway.sources.ews.source import Calendars
from tests.contract.conftest import BEHAVIOURS
from tests.contract.exchange_push import SOON, account, office
from tests.fakes.exchange.faults import error
from tests.fakes.exchange.items import Item
from tests.fakes.exchange.series import Recurrence


async def test_a_changed_occurrence_is_read_where_the_state_hides_it():
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    tomorrow = begin.date() + timedelta(days=1)
    daily = Item(
        subject="M: Möte", start=begin, end=begin + timedelta(hours=1), zone="UTC", recurrence=Recurrence(kind="Daily")
    )
    window = Window(begin - timedelta(days=1), begin + timedelta(days=14), begin.date())
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(office(1, **vars(BEHAVIOURS["gromox-like"])))
        kept = await stack.enter_async_context(account(there))
        source = Calendars(Places(kept.client, kept.discovery), kept, set())
        box, calendar = there.mailbox(1), there.people[0]
        uid = calendar.put(daily)

        async def subjects(since):
            reading = await source.read(box, window, since)
            assert reading is not None
            return reading.cursor, {one.subject for one in reading.appointments}

        cursor, found = await subjects(None)
        assert found == {"M: Möte"}
        calendar.change_occurrence(uid, tomorrow, subject="L: Lunch")
        assert await source.read(box, window, cursor) is None, "the scripted server shows it"
        changes = await stack.enter_async_context(aclosing(source.changed([box])))
        async with asyncio.timeout(SOON):
            assert await anext(changes) == box
        cursor, found = await subjects(cursor)
        assert found == {"M: Möte", "L: Lunch"}

        calendar.change_occurrence(uid, tomorrow, subject="SEM: Seminarium")
        async with asyncio.timeout(SOON):
            assert await anext(changes) == box
        there.exchange.faults.next(error("ErrorMailboxStoreUnavailable"), operation="FindItem")
        with pytest.raises(RetryLater):
            await source.read(box, window, cursor)
        cursor, found = await subjects(cursor)
        assert found == {"M: Möte", "SEM: Seminarium"}
        assert await source.read(box, window, cursor) is None
