"""A conference from an Exchange: who is in a list, and who has a number in the organiser's contacts, called outside.

The Exchange is the scripted one; gateway, Asterisk and telephones are real, and outside is the far end of a trunk.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.leg import Leg
from peers.media import loudness
from peers.phone import Phone
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Attendee, Item
from tests.system.calls import HOUR
from tests.system.rooms import AUTOCALL, SOUNDLESS, are_inside, opens, speaks, tells, told

SERVICE = ("reader@example.org", "password of reader")
IMPERSONATES = 'access = "impersonation"'
ROOM = "8536"
ANNA, BO, CILLA = "1036", "1037", "1038"
NAMES = {ANNA: "anna", BO: "bo", CILLA: "cilla"}
CUSTOMER, ABROAD, STRANGER = "kund@extern.example", "utland@extern.example", "okand@extern.example"
TEAM, HIDDEN = "team@example.org", "hemlig@example.org"
PERMITTED, DIALLED = ("00468*",), "00468500100"
ASKS_FOR, AT_MOST = 20.0, 60.0  # seconds: it is asked for about 25
SPOKEN = 500  # packets of 20 ms: more than the first tries of what is asked


@pytest_asyncio.fixture
async def office() -> AsyncIterator[FakeExchange]:
    """An Exchange with three people, of whom the first keeps contacts, with a list and one that nobody is shown."""
    async with FakeExchange().up() as running:
        for one in owners():
            running.person(one.address, one.password)
        running.person(*SERVICE)
        running.impersonator(SERVICE[0])
        running.group(TEAM, address(BO), address(CILLA), STRANGER)
        running.group(HIDDEN, address(BO), hidden=True)
        running.contact(address(ANNA), CUSTOMER, MobilePhone="+46 8 500 100")
        running.contact(address(ANNA), ABROAD, BusinessPhone="+49 30 500 100")
        running.contact(address(BO), STRANGER, BusinessPhone="+46 8 500 200")
        yield running


def owners() -> list[Owner]:
    return [
        Owner(extension, address(extension), f"password of {name}", room=ROOM if extension == ANNA else None)
        for extension, name in NAMES.items()
    ]


def address(extension: str) -> str:
    return f"{NAMES[extension]}@example.org"


def asking(*people: Attendee) -> Item:
    """Return a meeting that has just begun."""
    now = datetime.now(UTC).replace(microsecond=0)
    subject, start = "Avstämning", now - timedelta(seconds=1)
    return Item(subject=subject, start=start, end=now + HOUR, location=AUTOCALL, required=people)


async def left_out(gateway: Gateway) -> dict[str, str]:
    """Return who is named as left out, and why."""
    shown = json.loads(await gateway.command("conferences", "show", ROOM, "--json"))
    return {one["address"]: one["why"] for one in shown["left_out"]}


async def is_asked(leg: Leg) -> Leg:
    """Wait until something is said on the call."""
    await leg.is_answered(60)
    return await leg.until(lambda it: loudness(it.heard) > SOUNDLESS, 60, "the question")


async def test_a_list_and_a_contact_outside_are_called_and_who_is_left_out_is_named(
    exchange: Asterisk, office: FakeExchange, folder: Path
) -> None:
    """The organiser's own contacts count, and no colleague's; the Exchange is read by a service account."""
    setup = Setup(
        exchange, office.url, owners(), kind="exchange", source=IMPERSONATES, service=SERVICE, outside=PERMITTED
    )
    async with (
        Phone.register(exchange, ANNA) as anna,
        Phone.register(exchange, BO) as bo,
        Phone.register(exchange, CILLA) as cilla,
        Phone.outside(exchange) as outside,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        lists = (Attendee(address=TEAM, kind="PublicDL"), Attendee(address=HIDDEN, kind="PublicDL"))
        uid = office.calendar(address(ANNA)).put(asking(*lists, Attendee(address=CUSTOMER), Attendee(address=ABROAD)))
        await opens(ami, ROOM)
        for phone in (anna, bo, cilla):
            await speaks(await phone.rings(deadline=60))
        customer = await is_asked(await outside.rings(deadline=60))
        assert (customer.target, customer.caller) == (DIALLED, ROOM)
        await are_inside(exchange, ROOM, 3)
        people = await told(gateway, ROOM)
        assert people[DIALLED].was_in is False
        await customer.press("1")
        await are_inside(exchange, ROOM, 4)
        await speaks(customer)
        await tells(gateway, ROOM, {who: ["up"] for who in (ANNA, BO, CILLA, DIALLED)})
        assert await left_out(gateway) == {STRANGER: "unknown", HIDDEN: "group", ABROAD: "not_permitted"}
        assert [len(phone.calls) for phone in (anna, bo, cilla, outside)] == [1, 1, 1, 1]

        office.calendar(address(ANNA)).cancel(uid)
        await customer.is_over(60)
        await opens(ami, ROOM, there=False)


async def test_a_greeting_outside_never_gets_in_and_is_not_called_again(
    exchange: Asterisk, office: FakeExchange, folder: Path
) -> None:
    """A mailbox outside answers and speaks on; the Exchange is read with the organiser's own password."""
    setup = Setup(exchange, office.url, owners(), kind="exchange", outside=PERMITTED)
    async with (
        Phone.register(exchange, ANNA) as anna,
        Phone.outside(exchange) as outside,
        Gateway.start(folder, setup) as gateway,
    ):
        office.calendar(address(ANNA)).put(asking(Attendee(address=CUSTOMER)))
        await (await anna.rings(deadline=60)).is_answered(60)
        greeting = await is_asked(await outside.rings(deadline=60))
        await greeting.is_over(AT_MOST)
        assert (greeting.ended_at or 0) - (greeting.answered_at or 0) > ASKS_FOR
        assert greeting.sent > SPOKEN
        await tells(gateway, ROOM, {ANNA: ["up"], DIALLED: ["over unconfirmed"]})
        assert (await told(gateway, ROOM))[DIALLED].was_in is False
        assert len(await exchange.inside(ROOM)) == 1
        assert len(outside.calls) == 1
