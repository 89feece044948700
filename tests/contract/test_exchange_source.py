"""What a source over EWS does besides, at the scripted Exchange: whose calendar by which right, pages, and faults."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import WINDOW, account, at, calendar_of, mailbox, of, one, to_exchange, whole
from tests.contract.conftest import peopled
from tests.fakes.exchange import faults
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Item
from tests.fakes.exchange.rights import Right

SHORT = Deadlines(connect=5.0, read=1.5, whole=3.0)  # for who does not answer
READER = Account(1, "office", "reader@example.test", Secret("a password"), service=True)


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    """An Exchange 2016 with a login that reads for others."""
    running = peopled(FakeExchange())
    running.person("reader@example.test", "a password")
    async with running.up():
        yield running


def asked(exchange: FakeExchange) -> list[str]:
    """Return the operations that were answered, in order."""
    return [seen.operation for seen in exchange.server.requests if seen.status == 200 and seen.user]


@pytest.mark.parametrize("access", ["delegation", "impersonation"])
@pytest.mark.parametrize("address", ["alice@example.test", "ALICE@example.test", "a.smith@example.test"])
async def test_a_mailbox_is_read_by_each_of_its_addresses(exchange, access, address):
    exchange.directory.mailboxes["alice@example.test"].aliases = ("a.smith@example.test",)
    if access == "delegation":
        exchange.share("alice@example.test", READER.login, Right.REVIEWER)
    else:
        exchange.impersonator(READER.login)
    to_exchange(exchange.calendar("alice@example.test"), one("hers"))
    async with connect(EwsSettings(url=exchange.url, access=access))(READER) as opened:
        source, box = calendar_of(opened), replace(mailbox("alice"), address=address)
        reading = await whole(source, box)
        assert of(reading, "hers")
        assert await source.read(box, WINDOW, reading.cursor) is None


@pytest.mark.parametrize("right", [Right.NONE, Right.FREE_BUSY])
@pytest.mark.parametrize("denial", ["ErrorItemNotFound", "ErrorAccessDenied"])
async def test_a_calendar_that_is_not_shared_is_refused_with_what_to_grant_and_the_others_are_read(
    exchange, right, denial
):
    exchange.behaviour.denial = denial
    exchange.share("alice@example.test", READER.login, right)
    exchange.share("bob@example.test", READER.login, Right.REVIEWER)
    async with connect(EwsSettings(url=exchange.url))(READER) as opened:
        with pytest.raises(Refused) as raised:
            await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
        assert "Add-MailboxFolderPermission" in raised.value.remedy
        assert await calendar_of(opened).read(replace(mailbox("bob"), id=2), WINDOW, None)


async def test_only_a_service_account_acts_as_somebody_else(exchange):
    settings = EwsSettings(url=exchange.url, access="impersonation")
    async with connect(settings)(account("alice")) as opened:
        assert await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
    async with connect(settings)(READER) as opened:
        with pytest.raises(Refused) as raised:
            await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
        assert "ApplicationImpersonation" in raised.value.remedy
    async with connect(settings)(account("alice")) as opened:
        with pytest.raises(Refused):
            await calendar_of(opened).read(mailbox("bob"), WINDOW, None)


async def test_what_a_reader_may_not_see_of_a_private_item_is_not_there_and_its_times_are(exchange):
    exchange.share("alice@example.test", READER.login, Right.REVIEWER)
    secret = replace(one("secret", subject="M: doctor"), private=True, location="PBX AUTOCALL")
    to_exchange(exchange.calendar("alice@example.test"), secret)
    to_exchange(exchange.calendar("alice@example.test"), replace(one("open"), location="PBX"))
    async with connect(EwsSettings(url=exchange.url))(READER) as opened:
        reading = await whole(calendar_of(opened), mailbox("alice"))
    (found,) = of(reading, "secret")
    assert found.private
    assert found.subject != "M: doctor"
    assert (found.location, found.organiser) == ("", "")
    assert [item.location for item in of(reading, "open")] == ["PBX"]


async def test_a_day_of_a_far_zone_is_a_day_in_its_owners_zone_at_the_edge_of_the_window_too(exchange):
    day = datetime(2026, 12, 5, tzinfo=ZoneInfo("Pacific/Honolulu"))
    far = Item(subject="SEM:", start=day, end=day + timedelta(days=1), all_day=True, zone="Hawaiian Standard Time")
    uid = exchange.calendar("alice@example.test").put(far)
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        (found,) = of(await whole(calendar_of(opened), mailbox("alice")), uid)
    assert (found.start, found.end) == (at("12-05T00:00"), at("12-06T00:00"))


async def test_a_calendar_of_many_items_comes_in_pages_and_never_more_requests_at_once_than_is_said(exchange):
    calendar = exchange.calendar("alice@example.test")
    start = datetime(2026, 11, 20, tzinfo=UTC)
    for number in range(400):
        begins = start + timedelta(minutes=45 * number)
        calendar.put(Item(uid=str(number), subject="M:", start=begins, end=begins + timedelta(minutes=60)))
    async with connect(EwsSettings(url=exchange.url, connections=2))(account("alice")) as opened:
        source = calendar_of(opened)
        reading = await whole(source, mailbox("alice"))
        assert len({found.uid for found in reading.appointments}) == len(reading.appointments) == 400
        counted = Counter(asked(exchange))
        assert counted["SyncFolderItems"] == 4
        assert 4 <= counted["GetItem"] < 16
        assert exchange.server.busiest["alice"] <= 2
        before = len(exchange.server.requests)
        assert await source.read(mailbox("alice"), WINDOW, reading.cursor) is None
        await whole(source, mailbox("alice"))
        after = Counter(seen.operation for seen in exchange.server.requests[before:])
        assert after["SyncFolderItems"] == 2, "nobody begins at the first page again"


@pytest.mark.parametrize("operation", ["SyncFolderItems", "FindItem", "GetItem"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.half, RetryLater),
        (faults.half_in_chunks, RetryLater),
        (faults.garbled, RetryLater),
        (faults.cut, RetryLater),
        (faults.hung, Unreachable),
        (faults.broken(), RetryLater),
        (faults.down(), RetryLater),
        (faults.down(7), Throttled),
        (faults.too_many(7), Throttled),
        (faults.busy(7000), Throttled),
        (faults.login_page(), GiveUp),
        (faults.error("ErrorInternalServerError"), RetryLater),
        (faults.error("ErrorMailboxStoreUnavailable"), RetryLater),
        (faults.error("ErrorNobodyKnows"), RetryLater),
        (faults.unauthorized(), SignInAgain),
    ],
)
async def test_an_answer_that_is_not_one_is_never_taken_for_a_shorter_calendar(exchange, operation, fault, error):
    for name in ("one", "two", "three"):
        to_exchange(exchange.calendar("alice@example.test"), one(name))
    deadlines = SHORT if fault is faults.hung else Deadlines()
    async with connect(EwsSettings(url=exchange.url), deadlines=deadlines)(account("alice")) as opened:
        source = calendar_of(opened)
        first = await whole(source, mailbox("alice"))
        to_exchange(exchange.calendar("alice@example.test"), one("four"))
        exchange.faults.always(fault, operation=operation)
        with pytest.raises(error) as raised:
            await source.read(mailbox("alice"), WINDOW, first.cursor)
        assert "L:" not in f"{raised.value} {raised.value.remedy}"
        if error is Throttled:
            assert isinstance(raised.value, Throttled)
            assert raised.value.after == pytest.approx(7, abs=6)
    exchange.faults.clear()
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        again = await whole(calendar_of(opened), mailbox("alice"), first.cursor)
        assert {found.uid for found in again.appointments} == {"one", "two", "three", "four"}


async def test_a_state_that_exchange_does_not_know_any_more_is_read_whole(exchange):
    to_exchange(exchange.calendar("alice@example.test"), one("one"))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        first = await whole(source, mailbox("alice"))
        for code in ("ErrorInvalidSyncStateData", "ErrorSyncFolderNotFound"):
            exchange.faults.next(faults.error(code), operation="SyncFolderItems")
            assert of(await whole(source, mailbox("alice"), first.cursor), "one")


async def test_what_expands_series_is_never_searched_for_them(exchange):
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        reading = await whole(source, mailbox("alice"))
        to_exchange(exchange.calendar("alice@example.test"), replace(one("weekly"), weekly=("MO",)))
        reading = await whole(source, mailbox("alice"), reading.cursor)
        to_exchange(exchange.calendar("alice@example.test"), one("lunch"))
        await whole(source, mailbox("alice"), reading.cursor)
    assert Counter(asked(exchange)) == {"ConvertId": 1, "SyncFolderItems": 3, "FindItem": 3, "GetItem": 2}


async def test_what_does_not_expand_series_is_searched_once_after_a_start_and_never_else(exchange):
    exchange.behaviour.expands = False
    calendar = exchange.calendar("alice@example.test")
    to_exchange(calendar, replace(one("weekly"), weekly=("MO",)))
    settings = EwsSettings(url=exchange.url)
    async with connect(settings)(account("alice")) as opened:
        reading = await whole(calendar_of(opened), mailbox("alice"))
    assert Counter(asked(exchange))["FindItem"] == 1
    async with connect(settings)(account("alice")) as opened:
        assert await calendar_of(opened).read(mailbox("alice"), WINDOW, reading.cursor) is None
        to_exchange(calendar, replace(one("more"), weekly=("TU",)))
        for _ in range(2):
            again = await whole(calendar_of(opened), mailbox("alice"), reading.cursor)
            assert {found.uid for found in again.appointments} == {"weekly", "more"}
        calendar.delete("weekly")
        again = await whole(calendar_of(opened), mailbox("alice"), reading.cursor)
        assert {found.uid for found in again.appointments} == {"more"}
    assert Counter(asked(exchange))["FindItem"] == 1 + 3 + 1


@pytest.mark.parametrize("expands", [True, False])
async def test_a_calendar_with_something_in_it_that_is_no_appointment_is_read(exchange, expands):
    exchange.behaviour.expands = expands
    calendar = exchange.calendar("alice@example.test")
    calendar.mixed = True
    to_exchange(calendar, replace(one("weekly"), weekly=("MO",)))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        reading = await whole(source, mailbox("alice"))
        to_exchange(calendar, one("lunch"))
        again = await whole(source, mailbox("alice"), reading.cursor)
        assert {found.uid for found in again.appointments} == {"weekly", "lunch"}
        assert again.appointments[0].start != again.appointments[-1].start
    assert Counter(seen.operation for seen in exchange.server.requests)["SyncFolderItems"] == 3


async def test_what_a_throttled_server_gives_of_a_stretch_is_never_taken_for_all_of_it(exchange):
    exchange.behaviour.find_limit = 40
    calendar = exchange.calendar("alice@example.test")
    start = datetime(2026, 11, 20, tzinfo=UTC)
    for number in range(60):
        begins = start + timedelta(hours=5 * number)
        calendar.put(Item(uid=str(number), subject="M:", start=begins, end=begins + timedelta(minutes=60)))
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        assert len((await whole(source, mailbox("alice"))).appointments) == 60
        assert Counter(asked(exchange))["FindItem"] == 3
        exchange.behaviour.find_limit = 1
        with pytest.raises(RetryLater):
            await source.read(mailbox("alice"), WINDOW, None)
        assert Counter(asked(exchange))["FindItem"] <= 3 + 10


async def test_an_item_that_exchange_cannot_give_is_set_aside_and_the_others_are_read(exchange):
    calendar = exchange.calendar("alice@example.test")
    for name in ("one", "two", "broken"):
        to_exchange(calendar, one(name))
    calendar.broken = {"broken"}
    async with connect(EwsSettings(url=exchange.url))(account("alice")) as opened:
        source = calendar_of(opened)
        reading = await whole(source, mailbox("alice"))
        assert ({found.uid for found in reading.appointments}, reading.set_aside) == ({"one", "two"}, 1)
        calendar.broken = {"one", "two", "broken"}
        with pytest.raises(RetryLater):
            await source.read(mailbox("alice"), WINDOW, None)
