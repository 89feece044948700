"""The road from an Exchange: a real gateway, a real Asterisk and real calls; the Exchange is the scripted one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import StartFailed, until
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.faults import half
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.rights import Right
from tests.system.calls import HOUR, MINUTE, holds, lands, quietly_to
from tests.system.writings import files_with, inside

READER = "reader@example.org"
SECRET = "password of reader"
IMPERSONATES = 'access = "impersonation"'
PUSHED = 60.0  # seconds; without a push it would never come
NEVER = 86400  # seconds between two readings: what comes earlier has been pushed


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    """An Exchange with a service account that nobody has shared anything with yet."""
    async with FakeExchange().up() as running:
        running.person(READER, SECRET)
        yield running


def meeting(subject: str = "M: Styrgrupp", **more: object) -> Item:
    now = datetime.now(UTC).replace(microsecond=0)
    return Item(**{"subject": subject, "start": now - MINUTE, "end": now + HOUR} | more)  # type: ignore[arg-type]


def owner(extension: str, name: str) -> Owner:
    return Owner(extension, f"{name}@example.org", f"password of {name}")


def setup(asterisk: Asterisk, exchange: FakeExchange, target: str, *owners: Owner, **more: object) -> Setup:
    quietly = partial(quietly_to, target)
    return Setup(asterisk, exchange.url, owners, kind="exchange", code=quietly, **more)  # type: ignore[arg-type]


async def listens(exchange: FakeExchange, streams: int) -> None:
    """Wait until so many streams are open."""
    await until(lambda: exchange.subscriptions.open.total() == streams, 60, f"{streams} streams")


@pytest.mark.parametrize("service", [True, False], ids=["impersonating", "own password"])
async def test_a_change_diverts_at_once_because_it_is_pushed(
    asterisk: Asterisk, exchange: FakeExchange, folder: Path, service: bool
) -> None:
    anna = owner("1032", "anna")
    calendar = exchange.person(anna.login, anna.password)
    exchange.impersonator(READER)
    how = {"service": (READER, SECRET), "source": IMPERSONATES} if service else {}
    async with (
        Phone.register(asterisk, "1032") as own,
        Phone.register(asterisk, "1033") as target,
        Gateway.start(folder, setup(asterisk, exchange, "1033", anna, refresh=NEVER, **how)),
        asterisk.observe() as ami,
    ):
        await listens(exchange, 1)
        await holds(ami, "1032", diverted=False)
        uid = calendar.put(meeting())
        await holds(ami, "1032", diverted=True, within=PUSHED)
        await lands(asterisk, "1032", target)
        assert own.calls == []
        calendar.delete(uid)
        await holds(ami, "1032", diverted=False, within=PUSHED)
        await lands(asterisk, "1032", own)


async def test_without_streams_a_shared_calendar_is_asked_in_its_turn(
    asterisk: Asterisk, exchange: FakeExchange, folder: Path
) -> None:
    bo = owner("1052", "bo")
    calendar = exchange.person(bo.login, bo.password)
    exchange.share(bo.login, READER, Right.REVIEWER)
    shared = setup(asterisk, exchange, "1034", bo, service=(READER, SECRET), source="streams = 0")
    async with (
        Phone.register(asterisk, "1034") as target,
        Gateway.start(folder, shared),
        asterisk.observe() as ami,
    ):
        await holds(ami, "1052", diverted=False)
        uid = calendar.put(meeting())
        await holds(ami, "1052", diverted=True)
        await lands(asterisk, "1052", target)
        calendar.cancel(uid)
        await holds(ami, "1052", diverted=False)
        assert exchange.subscriptions.open.total() == 0


async def test_half_an_answer_and_a_server_that_is_away_change_nothing_and_a_killed_gateway_goes_on(
    asterisk: Asterisk, exchange: FakeExchange, folder: Path
) -> None:
    cilla = owner("1054", "cilla")
    calendar = exchange.person(cilla.login, cilla.password)
    async with (
        Phone.register(asterisk, "1035") as target,
        Gateway.start(folder, setup(asterisk, exchange, "1035", cilla, source="streams = 0")) as gateway,
        asterisk.observe() as ami,
    ):
        for number in range(3):
            calendar.put(meeting(f"M: {number}"))
        await holds(ami, "1054", diverted=True)
        faulty = exchange.faults.always(half, mailbox=cilla.login)
        asked = len(exchange.server.requests)
        calendar.put(meeting("möte utan kod"))
        await until(lambda: len(exchange.server.requests) > asked + 3, 60, "readings that fail")
        await gateway.kill()
        await gateway.up()
        await until(lambda: len(exchange.server.requests) > asked + 6, 60, "readings that fail anew")
        await lands(asterisk, "1054", target)
        exchange.faults.remove(faulty)
        for uid in [stored.item.uid for stored in calendar.items.values()]:
            calendar.delete(uid)
        await holds(ami, "1054", diverted=False)


async def test_nothing_of_a_meeting_but_what_diverts_is_in_any_file(
    asterisk: Asterisk, exchange: FakeExchange, folder: Path
) -> None:
    dora = owner("1056", "dora")
    calendar = exchange.person(dora.login, dora.password)
    people = (Attendee(address="hemliga.gaster@example.com", name="Gästlistan"),)
    hidden = ("Platsangivelsen", "Beskrivningstexten", "Gästlistan", "hemliga.gaster", "Lönesamtalet", "Uidplantering")
    more = {"location": hidden[0], "body": hidden[1], "required": people}
    async with Gateway.start(folder, setup(asterisk, exchange, "1033", dora)) as gateway, asterisk.observe() as ami:
        calendar.put(meeting("M: Styrgrupp", uid=hidden[5], **more))
        calendar.put(meeting(hidden[4], **more))
        calendar.put(meeting("VAB: Sjukbädden", start=datetime.now(UTC), **more))
        await holds(ami, "1056", diverted=True, presence="xa")
        exchange.faults.next(half, 5, mailbox=dora.login)
        calendar.put(meeting(f"{hidden[4]} 2 ${{SHELL(x)}}", **more))
        assert files_with(inside(gateway.folder), "Styrgrupp"), "the search finds what is shown to operators"
        assert not files_with([*inside(gateway.folder), *asterisk.records()], "Sjukbädden", *hidden)


async def test_check_says_what_is_missing_and_what_to_grant(
    asterisk: Asterisk, exchange: FakeExchange, folder: Path
) -> None:
    erik, filippa = owner("1058", "erik"), owner("1059", "filippa")
    for one in (erik, filippa):
        exchange.person(one.login, one.password)
    exchange.share(erik.login, READER, Right.REVIEWER)
    shared = setup(asterisk, exchange, "1033", erik, filippa, service=(READER, SECRET))
    async with Gateway.start(folder, shared) as gateway:
        with pytest.raises(StartFailed) as failed:
            await gateway.command("check")
    said = " ".join(str(failed.value).split())
    assert "reviewer" in said
    assert "Add-MailboxFolderPermission" in said
