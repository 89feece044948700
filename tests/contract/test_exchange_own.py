"""Whose words an item holds, at the scripted Exchange, which names everybody by the primary address."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.appointment import Response
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import account, at, calendar_of, mailbox, of, whole
from tests.contract.conftest import BEHAVIOURS, peopled
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Attendee, Item

ALIAS = "a.smith@example.test"
BO = Attendee(address="bo@example.test", response="Accept")
TIMES: dict[str, Any] = {"start": at("11-23T12:00"), "end": at("11-23T13:00")}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
async def test_ones_own_items_are_ones_own_where_only_an_alias_is_known(behaviour):
    exchange = peopled(FakeExchange(behaviour))
    exchange.directory.mailboxes["alice@example.test"].aliases = (ALIAS,)
    calendar = exchange.calendar("alice@example.test")
    calendar.put(Item(uid="plain", subject="M:", **TIMES))
    calendar.put(Item(uid="meeting", subject="M:", required=(BO,), **TIMES))
    calendar.put(Item(uid="asked", subject="M:", organizer=BO, response="NoResponseReceived", **TIMES))
    calendar.put(Item(uid="taken", subject="M:", organizer=BO, response="Accept", **TIMES))
    box = replace(mailbox("alice"), address=ALIAS, addresses=frozenset({ALIAS}))
    async with exchange.up(), connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        reading = await whole(calendar_of(opened), box)
    assert {one.uid: one.response for one in reading.appointments} == {
        "plain": Response.OWN,
        "meeting": Response.OWN,
        "asked": Response.UNANSWERED,
        "taken": Response.ACCEPTED,
    }
    (meeting,) = of(reading, "meeting")
    assert meeting.organiser == "alice@example.test"
    assert [(asked.address, asked.response) for asked in meeting.attendees] == [(BO.address, Response.ACCEPTED)]
