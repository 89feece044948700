"""What every calendar source must do, shown on real servers: one suite, a fixture per server.

The clock that a source asks is the test's own, so a token grows old without anybody waiting.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.appointment import Appointment, Response, ShowAs
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, SignInAgain, Unreachable
from gateway.ports import CalendarSource, Connect, Opened
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from peers.dav import Calendar, event
from peers.process import until
from peers.radicale import Radicale
from tests.servers import PEOPLE

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))


@dataclass
class Wrist:
    """A clock that is moved by hand."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.time

    def later(self) -> None:
        self.time += timedelta(minutes=1)


@dataclass(frozen=True)
class Server:
    """A real server: how it is opened, and how items come into it; `urls` all lead to the person's calendar."""

    open: Callable[..., Connect]
    calendar: Callable[[str], Calendar]
    urls: Callable[[str], tuple[str, ...]]
    path: Callable[[str], str]
    nowhere: str
    clock: Wrist


@pytest.fixture(params=["radicale", "sogo"])
def server(request: pytest.FixtureRequest) -> Server:
    running = request.getfixturevalue(request.param)
    clock = Wrist()

    def opened(url: str = "") -> Connect:
        return connect(CalDavSettings(url=url or running.url), now=clock)

    if request.param == "radicale":
        return Server(
            opened,
            running.calendar,
            lambda who: (running.url, running.home(who), f"{running.home(who)}calendar/"),
            lambda who: f"/{who}/calendar/",
            f"{running.url}nobody/nothing/",
            clock,
        )
    return Server(
        opened,
        running.calendar,
        lambda who: (
            running.url,
            running.home(who),
            f"{running.home(who)}Calendar/",
            f"{running.home(who)}Calendar/personal/",
        ),
        lambda who: f"/SOGo/dav/{who}/Calendar/personal/",
        f"{running.root}nowhere/",
        clock,
    )


def account(person: str, password: str | None = None) -> Account:
    return Account(1, "office", person, Secret(PEOPLE[person] if password is None else password))


def mailbox(person: str, path: str | None = None) -> Mailbox:
    address = f"{person}@example.test"
    return Mailbox(1, 1, 1, address, frozenset({address}), STOCKHOLM, path)


async def read(connected: Connect, person: str, path: str | None = None) -> Reading:
    async with connected(account(person)) as opened:
        return await whole(calendar_of(opened), mailbox(person, path))


async def whole(source: CalendarSource, box: Mailbox, since: Cursor | None = None) -> Reading:
    """Read a mailbox that must not be said to be unchanged."""
    reading = await source.read(box, WINDOW, since)
    assert reading is not None
    return reading


def calendar_of(opened: Opened) -> CalendarSource:
    assert opened.calendar is not None
    return opened.calendar


async def second_is_over() -> None:
    """Wait until a change can be told from an earlier one by a server whose tokens are seconds."""
    last = int(time.time())
    await until(lambda: int(time.time()) > last, 5, "the next second")


def of(reading: Reading, uid: str) -> list[Appointment]:
    return [appointment for appointment in reading.appointments if appointment.uid == uid]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=STOCKHOLM).astimezone(UTC)


def spans(reading: Reading, uid: str) -> list[tuple[datetime, datetime]]:
    return [(appointment.start, appointment.end) for appointment in of(reading, uid)]


SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:series
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Stockholm:20240101T090000
DTEND;TZID=Europe/Stockholm:20240101T100000
SUMMARY:M: weekly
RRULE:FREQ=WEEKLY;BYDAY=MO,TH
EXDATE;TZID=Europe/Stockholm:20261126T090000
EXDATE;TZID=Europe/Stockholm:20240104T090000
END:VEVENT
BEGIN:VEVENT
UID:series
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Europe/Stockholm:20261130T090000
DTSTART;TZID=Europe/Stockholm:20261201T140000
DTEND;TZID=Europe/Stockholm:20261201T150000
SUMMARY:L: moved
END:VEVENT
BEGIN:VEVENT
UID:series
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Europe/Stockholm:20270104T090000
DTSTART;TZID=Europe/Stockholm:20261128T080000
DTEND;TZID=Europe/Stockholm:20261128T083000
SUMMARY:M: moved into the window
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


async def test_one_item_arrives_as_it_was_written(server):
    calendar = server.calendar("alice")
    stockholm = ";TZID=Europe/Stockholm:"
    meeting = event("one", f"{stockholm}20261123T100000", f"{stockholm}20261123T110000", r"M: Å\, möte\; ${X}")
    await calendar.put("one", meeting)
    await calendar.put("before", event("before", ":20261101T100000Z", ":20261101T110000Z", "M: before"))
    reading = await read(server.open(), "alice")
    assert of(reading, "one") == [Appointment("one", "", "M: Å, möte; ${X}", at("11-23T10:00"), at("11-23T11:00"))]
    assert of(reading, "before") == []
    assert reading.set_aside == 0


async def test_days_are_days_in_their_owners_zone(server):
    await server.calendar("alice").put(
        "days", event("days", ";VALUE=DATE:20261124", ";VALUE=DATE:20261126", "SEM:", "TRANSP:TRANSPARENT")
    )
    reading = await read(server.open(), "alice")
    assert of(reading, "days") == [
        Appointment("days", "", "SEM:", at("11-24T00:00"), at("11-26T00:00"), show_as=ShowAs.FREE)
    ]


async def test_an_answer_and_a_class_arrive(server):
    lines = ["ORGANIZER:mailto:boss@example.test", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.test"]
    await server.calendar("alice").put(
        "asked", event("asked", ":20261123T120000Z", ":20261123T130000Z", "M: asked", "CLASS:PRIVATE", *lines)
    )
    (asked,) = of(await read(server.open(), "alice"), "asked")
    assert (asked.response, asked.private, asked.subject) == (Response.ACCEPTED, True, "M: asked")


async def test_a_series_comes_with_its_moved_and_without_its_deleted_occurrences(server):
    await server.calendar("bob").put("series", SERIES)
    reading = await read(server.open(), "bob")
    assert [(item.start, item.subject) for item in of(reading, "series")] == [
        (at("11-23T09:00"), "M: weekly"),
        (at("11-28T08:00"), "M: moved into the window"),
        (at("12-01T14:00"), "L: moved"),
        (at("12-03T09:00"), "M: weekly"),
    ]
    assert len({item.occurrence for item in of(reading, "series")}) == 4


async def test_an_unchanged_calendar_is_read_no_more_and_a_changed_one_is(server):
    calendar = server.calendar("carol")
    await calendar.put("lunch", event("lunch", ":20261123T110000Z", ":20261123T120000Z", "L:"))
    async with server.open()(account("carol")) as opened:
        source = calendar_of(opened)
        first = await whole(source, mailbox("carol"))
        server.clock.later()
        second = await whole(source, mailbox("carol"), first.cursor)
        assert second.appointments == first.appointments, "a young token is not believed"
        for _ in range(3):
            server.clock.later()
            assert await source.read(mailbox("carol"), WINDOW, second.cursor) is None
        await second_is_over()
        await calendar.put("more", event("more", ":20261124T110000Z", ":20261124T120000Z", "L:"))
        third = await whole(source, mailbox("carol"), second.cursor)
        assert {item.uid for item in third.appointments} == {"lunch", "more"}
        await second_is_over()
        await calendar.delete("lunch")
        fourth = await whole(source, mailbox("carol"), third.cursor)
        assert {item.uid for item in fourth.appointments} == {"more"}
        server.clock.later()
        fifth = await whole(source, mailbox("carol"), fourth.cursor)
        assert await source.read(mailbox("carol"), WINDOW, fifth.cursor) is None
        tomorrow = replace(WINDOW, day=WINDOW.day + timedelta(days=1))
        assert await source.read(mailbox("carol"), tomorrow, fifth.cursor) is not None


async def test_a_change_within_the_second_of_another_is_not_lost(server):
    calendar = server.calendar("dave")
    async with server.open()(account("dave")) as opened:
        source = calendar_of(opened)
        cursor: Cursor | None = None
        for number in range(5):
            await calendar.put(f"q{number}", event(f"q{number}", ":20261123T110000Z", ":20261123T120000Z", "L:"))
            reading = await whole(source, mailbox("dave"), cursor)
            assert len(reading.appointments) == number + 1
            cursor = reading.cursor


async def test_every_address_of_a_calendar_leads_to_it(server):
    await server.calendar("erin").put("here", event("here", ":20261123T110000Z", ":20261123T120000Z", "M:"))
    for url in server.urls("erin"):
        assert len(of(await read(server.open(url), "erin"), "here")) == 1, url
    assert len(of(await read(server.open(), "erin", path=server.path("erin")), "here")) == 1


async def test_a_wrong_password_is_said_to_be_one(server):
    async with server.open()(account("frank", "wrong")) as opened:
        with pytest.raises(SignInAgain, match="password"):
            await calendar_of(opened).read(mailbox("frank"), WINDOW, None)


async def test_a_wrong_path_is_given_up_with_a_remedy(server):
    async with server.open(server.nowhere)(account("frank")) as opened:
        with pytest.raises((GiveUp, SignInAgain)) as raised:
            await calendar_of(opened).read(mailbox("frank", "/nowhere/at/all/"), WINDOW, None)
    assert raised.value.remedy


async def test_absurd_items_are_set_aside_and_the_others_are_read(server):
    calendar = server.calendar("grace")
    when = (":20261123T110000Z", ":20261123T111000Z")
    await calendar.put("good", event("good", *when, "M:"))
    await calendar.put("often", event("often", *when, "M: each second", "RRULE:FREQ=SECONDLY"))
    unknown = ";TZID=Nowhere/Land:"
    await calendar.put("zone", event("zone", f"{unknown}20261123T110000", f"{unknown}20261123T120000", "M:"))
    await calendar.put("huge", event("huge", *when, "M: " + "x" * 2**20))
    reading = await read(server.open(), "grace")
    assert [item.uid for item in reading.appointments] == ["good"]
    assert reading.set_aside == 3


async def test_a_service_account_reads_other_peoples_calendars(radicale):
    await radicale.calendar("heidi").put("hers", event("hers", ":20261123T110000Z", ":20261123T120000Z", "M:"))
    reader = Account(1, "office", radicale.reader.name, Secret(radicale.reader.password), service=True)
    async with connect(CalDavSettings(url=radicale.url, calendars="/{local}/"))(reader) as opened:
        reading = await whole(calendar_of(opened), mailbox("heidi"))
        assert len(of(reading, "hers")) == 1
        with pytest.raises(GiveUp):
            await calendar_of(opened).read(replace(mailbox("nobody"), id=2), WINDOW, None)
        assert await calendar_of(opened).read(mailbox("heidi"), WINDOW, None) is not None


async def test_a_server_that_goes_and_comes_back_is_unreachable_in_between(folder: Path):
    async with Radicale.start(folder / "radicale", {"alice": PEOPLE["alice"]}) as own:
        await own.calendar("alice").put("one", event("one", ":20261123T110000Z", ":20261123T120000Z", "M:"))
        async with connect(CalDavSettings(url=own.url))(account("alice")) as opened:
            source = calendar_of(opened)
            assert (await whole(source, mailbox("alice"))).appointments
            await own.kill()
            with pytest.raises(Unreachable):
                await source.read(mailbox("alice"), WINDOW, None)
            await own.up()
            assert len(of(await whole(source, mailbox("alice")), "one")) == 1
