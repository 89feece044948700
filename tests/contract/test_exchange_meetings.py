"""A meeting is the same over EWS and in the iCalendar that Exchange writes of it, and for who is asked to a part."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import date

import pytest
import pytest_asyncio

from gateway.domain.appointment import Appointment, Response
from gateway.sources.caldav.parse import parse
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import (
    STOCKHOLM,
    WINDOW,
    Item,
    Moved,
    account,
    address,
    at,
    calendar_of,
    local,
    mailbox,
    one,
    to_exchange,
    whole,
)
from tests.contract.conftest import peopled
from tests.fakes.exchange import items
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.mime import written

ALICE, BOB = address("alice"), address("bob")
GLOBAL = "040000008200E00074C5B7101A82E008{}5025D461E473C8010000000000000000100000002A5844B3A444F74A9C246C60886F116B"
SERIES = Item(
    uid=GLOBAL.format("00000000"),
    subject="M: weekly",
    start=local("2026-11-23T09:00"),
    end=local("2026-11-23T10:00"),
    weekly=("MO", "WE"),
    location="PBX",
    deleted=(date(2026, 11, 25),),
    moved=(
        Moved(date(2026, 11, 30), local("2026-11-30T14:00"), local("2026-11-30T15:00"), "M: moved", "PBX AUTOCALL"),
    ),
)


@pytest_asyncio.fixture(params=["expands", "does not expand"])
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[FakeExchange]:
    running = peopled(FakeExchange())
    running.behaviour.expands = request.param == "expands"
    async with running.up():
        yield running


async def read(exchange: FakeExchange, person: str) -> tuple[Appointment, ...]:
    async with connect(EwsSettings(url=exchange.url))(account(person)) as opened:
        return (await whole(calendar_of(opened), mailbox(person))).appointments


def told(found: Iterable[Appointment]) -> set[tuple[object, ...]]:
    return {(a.uid, a.occurrence, a.start, a.end, a.subject, a.location, a.private, a.response) for a in found}


async def test_what_exchange_writes_as_icalendar_has_the_same_names_and_places(exchange):
    calendar = exchange.calendar(ALICE)
    single = replace(one("single"), location="Rum 3, PBX; \\ Å", asked_by=ALICE, others=((BOB, "ACCEPTED"),))
    for item in (SERIES, single):
        to_exchange(calendar, item)
    texts = [written(one).decode() for one in calendar.wholes()]
    over_dav, set_aside = parse(texts, WINDOW, STOCKHOLM, frozenset({ALICE}))
    over_ews = await read(exchange, "alice")
    assert set_aside == 0
    assert told(over_dav) == told(over_ews)
    assert len(over_ews) == 4


async def test_who_is_asked_to_one_occurrence_alone_has_it_under_the_name_of_the_organisers(exchange):
    to_exchange(exchange.calendar(ALICE), replace(SERIES, asked_by=ALICE, others=((BOB, "ACCEPTED"),)))
    alone = items.Item(
        uid=GLOBAL.format("07EA0B1E"),  # as Exchange 2007 tells it
        subject="M: moved",
        start=at("11-30T14:00"),
        end=at("11-30T15:00"),
        organizer=items.Attendee(address=ALICE),
        required=(items.Attendee(address=BOB, response="Accept"),),
        response="Accept",
        location="PBX AUTOCALL",
        planned=at("11-30T09:00"),
    )
    exchange.calendar(BOB).put(alone)
    (copy,) = await read(exchange, "bob")
    (own,) = [item for item in await read(exchange, "alice") if item.start == copy.start]
    assert (copy.uid, copy.occurrence) == (own.uid, own.occurrence) == (SERIES.uid, "20261130T080000Z")
    assert (own.response, copy.response) == (Response.OWN, Response.ACCEPTED)
