"""The scripted Exchange as exchangelib reads it: a client that was not written here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from exchangelib import (
    DELEGATE,
    IMPERSONATION,
    UTC,
    Account,
    Configuration,
    Credentials,
    EWSDateTime,
    EWSTimeZone,
    FailFast,
)
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    ErrorImpersonateUserDenied,
    ErrorItemNotFound,
    ErrorMissingEmailAddress,
    ErrorSubscriptionDelegateAccessNotSupported,
)
from exchangelib.folders import Calendar, Root
from exchangelib.properties import DistinguishedFolderId, Mailbox
from exchangelib.services import GetServerTimeZones

from peers.process import until
from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.series import Recurrence

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ALICE, BOB, SERVICE = "alice@example.test", "bob@example.test", "service@example.test"
WEEKLY = Recurrence(kind="Weekly", days=("Monday", "Thursday"))
T = TypeVar("T")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=STOCKHOLM)


def item(subject: str, start: str, end: str, **more: Any) -> Item:
    return Item(subject=subject, start=at(start), end=at(end), **more)


@asynccontextmanager
async def running(**knobs: Any) -> AsyncIterator[FakeExchange]:
    async with FakeExchange(Behaviour(**knobs)).up() as exchange:
        for address in (ALICE, BOB, SERVICE):
            exchange.person(address, "secret", aliases=(f"other.{address}",))
        yield exchange


@contextmanager
def account(exchange: FakeExchange, address: str, login: str = "", access: Any = DELEGATE) -> Iterator[Account]:
    credentials = Credentials(login or address, "secret")
    config = Configuration(
        service_endpoint=exchange.url, credentials=credentials, auth_type="basic", retry_policy=FailFast()
    )
    zone = EWSTimeZone.from_zoneinfo(STOCKHOLM)
    opened = Account(address, config=config, autodiscover=False, access_type=access, default_timezone=zone)
    try:
        yield opened
    finally:
        opened.protocol.close()


async def ask(exchange: FakeExchange, work: Callable[[Account], T], address: str = ALICE, **how: Any) -> T:
    """Run `work` with an account in a thread."""

    def asked() -> T:
        with account(exchange, address, **how) as opened:
            return work(opened)

    return await asyncio.to_thread(asked)


def calendar_of(opened: Account) -> Calendar:
    """The folder without a request, as a delegate needs it to whom only the calendar is open."""
    mailbox = Mailbox(email_address=opened.primary_smtp_address)
    root = Root(account=opened, _distinguished_id=DistinguishedFolderId(id="root", mailbox=mailbox))
    return Calendar(root=root, _distinguished_id=DistinguishedFolderId(id="calendar", mailbox=mailbox))


def view(opened: Account, start: str = "11-20", end: str = "12-05") -> list[Any]:
    days = (EWSDateTime.from_datetime(at(day)) for day in (f"{start}T00:00", f"{end}T00:00"))
    return list(calendar_of(opened).view(*days))


def seen(opened: Account, *fields: str) -> list[Any]:
    """Some fields alone: exchangelib asks for the root before it gets items, and trips over times from a 2007."""
    days = (EWSDateTime.from_datetime(at(f"{day}T00:00")) for day in ("11-20", "12-05"))
    return list(calendar_of(opened).view(*days).only(*(fields or ("subject", "sensitivity", "start"))))


def subscribed(opened: Account) -> Any:
    return Calendar.get_distinguished(root=calendar_of(opened).root).subscribe_to_streaming()


def rights_in(opened: Account) -> Any:
    return Calendar.get_distinguished(root=calendar_of(opened).root).effective_rights


def changes(opened: Account, state: str | None = None) -> tuple[list[tuple[str, Any]], str]:
    calendar = calendar_of(opened)
    found = [(kind, getattr(changed, "subject", None)) for kind, changed in calendar.sync_items(state)]
    return found, calendar.item_sync_state


async def test_single_items_arrive_as_they_were_put():
    async with running() as exchange:
        calendar = exchange.calendar(ALICE)
        boss = Attendee(address="boss@example.test", name="Boss")
        own = Attendee(address=ALICE, name="Alice", response="Accept")
        calendar.put(item("M: Å ${X}", "11-23T10:00", "11-23T11:00", location="Room", body="text", show_as="OOF"))
        calendar.put(item("SEM:", "11-24T00:00", "11-26T00:00", all_day=True, show_as="Free"))
        calendar.put(item("M: asked", "11-27T10:00", "11-27T11:00", organizer=boss, required=(own,), response="Accept"))
        calendar.put(item("M: before", "11-01T10:00", "11-01T11:00"))
        meeting, days, asked = await ask(exchange, view)
        assert (meeting.subject, meeting.start, meeting.end) == ("M: Å ${X}", at("11-23T10:00"), at("11-23T11:00"))
        assert (meeting.location, meeting.body, meeting.legacy_free_busy_status) == ("Room", "text", "OOF")
        assert (days.start, days.end, days.is_all_day) == (date(2026, 11, 24), date(2026, 11, 25), True)
        assert (asked.organizer.email_address, asked.my_response_type) == ("boss@example.test", "Accept")
        assert [(one.mailbox.email_address, one.response_type) for one in asked.required_attendees] == [
            (ALICE, "Accept")
        ]
        assert len({one.uid for one in (meeting, days, asked)}) == 3


async def test_a_view_expands_a_series_with_its_moved_and_without_its_deleted_occurrences():
    async with running() as exchange:
        calendar = exchange.calendar(ALICE)
        uid = calendar.put(item("M: weekly", "11-02T09:00", "11-02T10:00", recurrence=WEEKLY))
        calendar.delete_occurrence(uid, date(2026, 11, 26))
        calendar.change_occurrence(
            uid, date(2026, 11, 30), subject="L: moved", start=at("12-01T14:00"), end=at("12-01T15:00")
        )
        found = await ask(exchange, view)
        assert [(one.type, one.subject, one.start, one.recurrence_id) for one in found] == [
            ("Occurrence", "M: weekly", at("11-23T09:00"), at("11-23T09:00")),
            ("Exception", "L: moved", at("12-01T14:00"), at("11-30T09:00")),
            ("Occurrence", "M: weekly", at("12-03T09:00"), at("12-03T09:00")),
        ]
        assert {one.uid for one in found} == {uid}


async def test_a_master_tells_its_pattern_and_what_was_changed():
    async with running() as exchange:
        calendar = exchange.calendar(ALICE)
        uid = calendar.put(item("M: weekly", "11-02T09:00", "11-02T10:00", recurrence=WEEKLY))
        calendar.put(item("M: once", "11-03T09:00", "11-03T10:00"))
        calendar.delete_occurrence(uid, date(2026, 11, 26))
        calendar.change_occurrence(uid, date(2026, 11, 30), start=at("12-01T14:00"), end=at("12-01T15:00"))
        (master,) = await ask(exchange, lambda opened: list(calendar_of(opened).filter(is_recurring=True)))
        assert (master.type, master.recurrence.pattern.weekdays) == ("RecurringMaster", [1, 4])
        assert [one.start for one in master.deleted_occurrences] == [at("11-26T09:00")]
        assert [(one.original_start, one.start) for one in master.modified_occurrences] == [
            (at("11-30T09:00"), at("12-01T14:00"))
        ]
        assert (master.first_occurrence.start, master.last_occurrence) == (at("11-02T09:00"), None)


async def test_a_server_that_does_not_expand_gives_masters_where_their_own_time_is():
    async with running(expands=False) as exchange:
        exchange.calendar(ALICE).put(item("M: weekly", "11-02T09:00", "11-02T10:00", recurrence=WEEKLY))
        assert await ask(exchange, view) == []
        (master,) = await ask(exchange, lambda opened: view(opened, "11-01", "11-03"))
        assert master.type == "RecurringMaster"


async def test_sync_tells_what_changed_since_its_state():
    async with running() as exchange:
        calendar = exchange.calendar(ALICE)
        first = calendar.put(item("one", "11-23T10:00", "11-23T11:00"))
        second = calendar.put(item("two", "11-23T10:00", "11-23T11:00"))
        found, state = await ask(exchange, changes)
        assert found == [("create", "one"), ("create", "two")]
        assert (await ask(exchange, lambda opened: changes(opened, state)))[0] == []
        calendar.change(first, subject="changed")
        calendar.delete(second)
        calendar.put(item("three", "11-23T10:00", "11-23T11:00"))
        found, later = await ask(exchange, lambda opened: changes(opened, state))
        assert found == [("update", "changed"), ("delete", None), ("create", "three")]
        calendar.read(first)
        assert (await ask(exchange, lambda opened: changes(opened, later)))[0] == [("read_flag_change", None)]


@pytest.mark.parametrize(("knob", "told"), [(True, [("update", "weekly")]), (False, [])])
async def test_a_changed_occurrence_is_an_update_of_its_master_where_servers_tell_it(knob, told):
    async with running(occurrences=knob) as exchange:
        calendar = exchange.calendar(ALICE)
        uid = calendar.put(item("weekly", "11-02T09:00", "11-02T10:00", recurrence=WEEKLY))
        _, state = await ask(exchange, changes)
        calendar.delete_occurrence(uid, date(2026, 11, 26))
        assert (await ask(exchange, lambda opened: changes(opened, state)))[0] == told


@pytest.mark.parametrize("right", [Right.NONE, Right.FREE_BUSY, Right.SUBJECT])
async def test_without_the_right_to_read_a_calendar_is_not_found(right):
    async with running() as exchange:
        exchange.share(ALICE, SERVICE, right)
        (refused,) = await ask(exchange, seen, login=SERVICE)  # exchangelib gives it in the place of an item
        assert isinstance(refused, ErrorItemNotFound)
        exchange.behaviour.denial = "ErrorAccessDenied"
        with pytest.raises(ErrorAccessDenied):
            await ask(exchange, seen, login=SERVICE)


async def test_a_shared_calendar_opens_the_calendar_alone_and_withholds_private_items():
    async with running() as exchange:
        exchange.share(ALICE, SERVICE, Right.REVIEWER)
        calendar = exchange.calendar(ALICE)
        calendar.put(item("M: Dentist", "11-23T10:00", "11-23T11:00", sensitivity="Private", location="Town"))
        (private,) = await ask(exchange, seen, login=SERVICE)
        assert (private.subject, private.sensitivity) == ("Private Appointment", "Private")
        assert private.start == at("11-23T10:00")
        rights = await ask(exchange, rights_in, login=SERVICE)
        assert (rights.read, rights.modify, rights.create_hierarchy) == (True, False, False)
        with pytest.raises(ErrorFolderNotFound):
            await ask(exchange, lambda opened: opened.calendar, login=SERVICE)
        with pytest.raises(ErrorSubscriptionDelegateAccessNotSupported):
            await ask(exchange, subscribed, login=SERVICE)


@pytest.mark.parametrize("full", [True, False])
async def test_the_whole_mailbox_is_open_to_whom_it_was_given_and_to_impersonation(full):
    async with running() as exchange:
        exchange.calendar(ALICE).put(item("M: Dentist", "11-23T10:00", "11-23T11:00", sensitivity="Private"))
        how: dict[str, Any] = {"login": SERVICE, "access": DELEGATE if full else IMPERSONATION}
        if full:
            exchange.share(ALICE, SERVICE, Right.FULL)
        else:
            with pytest.raises(ErrorImpersonateUserDenied):
                await ask(exchange, view, **how)
            exchange.impersonator(SERVICE)
        assert [one.subject for one in await ask(exchange, view, **how)] == ["M: Dentist"]
        assert (await ask(exchange, lambda opened: opened.calendar.name, **how)) == "Calendar"


async def test_a_login_without_a_mailbox_reads_by_impersonation_only():
    async with running() as exchange:
        exchange.service("robot@example.test", "secret")
        exchange.share(ALICE, "robot@example.test", Right.REVIEWER)
        with pytest.raises(ErrorMissingEmailAddress):
            await ask(exchange, view, login="robot@example.test")
        exchange.impersonator("robot@example.test")
        assert await ask(exchange, view, login="robot@example.test", access=IMPERSONATION) == []


async def test_a_stream_tells_events_until_its_time_is_over():
    async with running(minute=1.5) as exchange:
        calendar = exchange.calendar(ALICE)

        def listen(opened: Account) -> list[str]:
            with opened.calendar.streaming_subscription() as subscription:
                notes = opened.calendar.get_streaming_events(subscription, connection_timeout=1)
                return [type(event).__name__ for note in notes for event in note.events]

        listening = asyncio.create_task(ask(exchange, listen))
        await until(lambda: bool(exchange.subscriptions.open.total()), 60, "a stream")
        uid = calendar.put(item("one", "11-23T10:00", "11-23T11:00"))
        calendar.move(uid, at("11-23T12:00"), at("11-23T13:00"))
        calendar.delete(uid)
        hard = calendar.put(item("two", "11-23T10:00", "11-23T11:00"))
        calendar.delete(hard, hard=True)
        assert await listening == ["CreatedEvent", "ModifiedEvent", "MovedEvent", "CreatedEvent", "DeletedEvent"]
        assert exchange.subscriptions.open.total() == 0


async def test_zones_and_names_are_told():
    async with running() as exchange:
        zones = await ask(exchange, lambda opened: [zone.id for zone in GetServerTimeZones(opened.protocol).call()])
        assert "W. Europe Standard Time" in zones
        found = await ask(exchange, lambda opened: opened.protocol.resolve_names([f"smtp:other.{BOB}"]))
        assert [one.email_address for one in found] == [BOB]


async def test_times_have_the_zone_of_the_client_and_as_many_digits_as_the_server_writes():
    for digits in (0, 6, 9):
        async with running(fraction=digits) as exchange:
            exchange.calendar(ALICE).put(item("one", "11-23T10:00", "11-23T11:00"))
            (one,) = await ask(exchange, view)
            assert one.start.astimezone(UTC) == at("11-23T10:00")


@pytest.mark.parametrize("version", ["Exchange2007_SP1", "Exchange2010", "Exchange2010_SP2", "Exchange2013_SP1"])
async def test_a_client_finds_the_version_of_an_older_server(version):
    async with running(version=version) as exchange:
        uid = exchange.calendar(ALICE).put(item("M: weekly", "11-02T09:00", "11-02T10:00", recurrence=WEEKLY))
        found, items = await ask(exchange, lambda opened: (opened.version.api_version, seen(opened, "subject", "uid")))
        assert (found, {one.uid for one in items}, len(items)) == (version, {uid}, 4)
