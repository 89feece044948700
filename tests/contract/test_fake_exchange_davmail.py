"""The scripted Exchange before DavMail, a client that nobody here wrote: what it serves as CalDAV is what was put in.

What DavMail makes of it is read by icalendar and expanded by recurring_ical_events, which nobody here wrote either.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest
import pytest_asyncio
import recurring_ical_events

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.sources.caldav.parse import parse
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from peers.dav import Person
from peers.davmail import Davmail
from tests.contract.calendars import WINDOW, calendar_of, whole
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.series import Recurrence

pytestmark = pytest.mark.soak

BERLIN = ZoneInfo("Europe/Berlin")
ALICE, BOB = "alice@example.test", "bob@example.test"
PASSWORDS = {ALICE: "pass & word", BOB: "bob's"}
LOGINS = {ALICE: "EXAMPLE\\alice", BOB: "EXAMPLE\\bob"}
NINE = datetime(2026, 11, 23, 9, tzinfo=BERLIN)  # a Monday
HOUR = timedelta(hours=1)
Found = list[tuple[str, date, date]]


@dataclass(frozen=True, slots=True)
class Desk:
    """DavMail before the scripted Exchange, in which Alice and Bob have mailboxes."""

    exchange: FakeExchange
    davmail: Davmail

    @property
    def operations(self) -> list[str]:
        """What DavMail has asked the Exchange, in order."""
        return [seen.operation for seen in self.exchange.server.requests if seen.status == httpx.codes.OK]

    async def events(self, address: str = ALICE, by: str = ALICE) -> list[icalendar.Calendar]:
        person = Person(LOGINS[by], PASSWORDS[by])
        return [icalendar.Calendar.from_ical(text) for text in await self.davmail.calendar(address, person).events()]

    async def found(self, address: str = ALICE, by: str = ALICE) -> Found:
        """Subject, start and end of what happens within a year from November 2026, sorted."""
        year = date(2026, 11, 1), date(2027, 11, 1)
        occurrences = [
            one for each in await self.events(address, by) for one in recurring_ical_events.of(each).between(*year)
        ]
        said = [(str(one["SUMMARY"]), one["DTSTART"].dt, one["DTEND"].dt) for one in occurrences]
        return in_order(said)


@asynccontextmanager
async def at_desk(folder: Path, scheme: str) -> AsyncIterator[Desk]:
    """Start both; people sign in with `scheme` alone."""
    exchange = FakeExchange(schemes=(scheme,))
    for address, login in LOGINS.items():
        exchange.person(address, PASSWORDS[address], login=login)
    async with exchange.up(), Davmail.start(folder / "davmail", exchange.url) as davmail:
        yield Desk(exchange, davmail)


@pytest_asyncio.fixture
async def desk(folder: Path) -> AsyncIterator[Desk]:
    async with at_desk(folder, "NTLM") as desk:
        yield desk


def in_order(found: Iterable[tuple[str, date, date]]) -> Found:
    return sorted(found, key=lambda one: (str(one[1]), one[0]))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


async def test_items_come_with_their_subjects_and_times(desk: Desk):
    calendar = desk.exchange.calendar(ALICE)
    calendar.put(Item(subject="M: Lunch; with, marks & Åsa", start=NINE, end=NINE + HOUR))
    calendar.put(Item(subject="Tokyo", start=NINE + HOUR, end=NINE + 3 * HOUR, zone="Tokyo Standard Time"))
    calendar.put(Item(subject="S: away", start=at(NINE, 0), end=at(NINE + timedelta(days=2), 0), all_day=True))
    calendar.put(Item(subject="Doctor", start=NINE + 5 * HOUR, end=NINE + 6 * HOUR, sensitivity="Private"))
    calendar.put(Item(subject="Summer", start=at(date(2027, 7, 1), 9), end=at(date(2027, 7, 1), 10), show_as="Free"))
    found = await desk.found()
    assert desk.operations.count("FindItem") == 3  # pages of two
    assert found == [
        ("S: away", date(2026, 11, 23), date(2026, 11, 25)),
        ("M: Lunch; with, marks & Åsa", NINE, NINE + HOUR),
        ("Doctor", NINE + 5 * HOUR, NINE + 6 * HOUR),
        ("Tokyo", NINE + HOUR, NINE + 3 * HOUR),
        ("Summer", at(date(2027, 7, 1), 9), at(date(2027, 7, 1), 10)),
    ]
    said = {str(one["SUMMARY"]): (one["CLASS"], one["TRANSP"]) for each in await desk.events() for one in each.events}
    assert said["Doctor"] == ("PRIVATE", "OPAQUE")
    assert said["Summer"] == ("PUBLIC", "TRANSPARENT")


async def test_a_series_comes_with_what_was_moved_and_without_what_was_deleted(desk: Desk):
    calendar = desk.exchange.calendar(ALICE)
    weekly = Recurrence(kind="Weekly", days=("Monday",), number=4)
    uid = calendar.put(Item(subject="Weekly", start=NINE, end=NINE + HOUR, recurrence=weekly))
    tuesday = at(date(2026, 12, 1), 15)
    calendar.change_occurrence(uid, date(2026, 11, 30), subject="Moved", start=tuesday, end=tuesday + HOUR)
    calendar.delete_occurrence(uid, date(2026, 12, 7))
    assert await desk.found() == [
        ("Weekly", NINE, NINE + HOUR),
        ("Moved", tuesday, tuesday + HOUR),
        ("Weekly", at(date(2026, 12, 14), 9), at(date(2026, 12, 14), 10)),
    ]


async def test_series_fall_on_the_days_of_their_view(desk: Desk):
    monday, last = date(2026, 11, 23), date(2026, 11, 30)
    patterns = {
        Recurrence(kind="Daily", interval=40): monday,
        Recurrence(
            kind="Weekly", interval=9, days=("Monday", "Sunday"), first_day="Sunday", until=date(2027, 8, 1)
        ): monday,
        Recurrence(kind="AbsoluteMonthly", interval=2, day=23): monday,
        Recurrence(kind="RelativeMonthly", interval=3, days=("Weekday",), which="Last"): last,
        Recurrence(kind="RelativeYearly", days=("Monday",), which="Fourth", month=11, number=1): monday,
        Recurrence(kind="AbsoluteYearly", day=23, month=11, until=monday): monday,
    }
    calendar = desk.exchange.calendar(ALICE)
    for pattern, first in patterns.items():
        calendar.put(Item(subject=pattern.kind, start=at(first, 9), end=at(first, 10), recurrence=pattern))
    view = calendar.expanded(at(date(2026, 11, 1), 0), at(date(2027, 11, 1), 0))
    assert await desk.found() == in_order((one.item.subject, one.item.start, one.item.end) for one in view)


async def test_a_meeting_comes_with_who_organises_it_and_who_takes_part(desk: Desk):
    organizer = Attendee(address=BOB, name="Bob")
    required = (Attendee(address=ALICE, name="Alice"), Attendee(address="carol@example.test", response="Decline"))
    desk.exchange.calendar(ALICE).put(
        Item(
            subject="Meeting", start=NINE, end=NINE + HOUR, organizer=organizer, required=required, response="Tentative"
        )
    )
    ((meeting,),) = [each.events for each in await desk.events()]
    assert str(meeting["ORGANIZER"]).lower() == f"mailto:{BOB}"
    assert {who.email: who.params["PARTSTAT"] for who in meeting.attendees} == {
        ALICE: "TENTATIVE",
        "carol@example.test": "DECLINED",
    }


async def test_what_is_changed_and_deleted_is_seen(desk: Desk):
    calendar = desk.exchange.calendar(ALICE)
    lunch, talk = (calendar.put(Item(subject=name, start=NINE, end=NINE + HOUR)) for name in ("Lunch", "Talk"))
    assert [name for name, _, _ in await desk.found()] == ["Lunch", "Talk"]
    calendar.delete(lunch)
    calendar.move(talk, NINE + HOUR, NINE + 2 * HOUR)
    assert await desk.found() == [("Talk", NINE + HOUR, NINE + 2 * HOUR)]


async def test_an_item_is_found_by_its_id_which_is_as_long_as_those_of_exchange(desk: Desk):
    alice = desk.exchange.calendar(ALICE)
    alice.put(Item(subject="Lunch", start=NINE, end=NINE + HOUR))
    (whole,) = alice.wholes()
    name = whole.id.translate(str.maketrans("+/", "-_"))
    calendar = desk.davmail.calendar(ALICE, Person(LOGINS[ALICE], PASSWORDS[ALICE]))
    assert "Lunch" in (await calendar.get(name) or "")


async def test_a_shared_calendar_shows_all_that_is_not_private_and_an_unshared_one_nothing(desk: Desk):
    calendar = desk.exchange.calendar(BOB)
    calendar.put(Item(subject="Bob's lunch", start=NINE, end=NINE + HOUR))
    calendar.put(Item(subject="Bob's doctor", start=NINE, end=NINE + HOUR, sensitivity="Private"))
    assert len(await desk.found(BOB, by=BOB)) == 2
    with pytest.raises(httpx.HTTPError):  # DavMail has begun an answer by then, and breaks it off
        await desk.found(BOB)
    desk.exchange.share(BOB, ALICE, Right.REVIEWER)
    assert await desk.found(BOB) == [("Bob's lunch", NINE, NINE + HOUR)]


@pytest.mark.parametrize("scheme", ["NTLM", "Basic"])
async def test_people_sign_in_with_their_passwords_alone(folder: Path, scheme: str):
    async with at_desk(folder, scheme) as desk:
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            await desk.davmail.calendar(ALICE, Person(LOGINS[ALICE], "wrong")).events()
        assert not any(attempt.right for attempt in desk.exchange.server.signins.attempts)
        desk.exchange.calendar(ALICE).put(Item(subject="Lunch", start=NINE, end=NINE + HOUR))
        assert await desk.found() == [("Lunch", NINE, NINE + HOUR)]


async def test_a_meeting_has_the_same_name_over_caldav_and_over_ews_at_one_server(desk: Desk):
    calendar = desk.exchange.calendar(ALICE)
    weekly = Recurrence(kind="Weekly", days=("Monday",), number=4)
    uid = calendar.put(Item(subject="M: PBX", start=NINE, end=NINE + HOUR, recurrence=weekly, location="PBX"))
    moved = at(date(2026, 12, 1), 15)
    calendar.change_occurrence(uid, date(2026, 11, 30), start=moved, end=moved + HOUR, location="PBX AUTOCALL")
    calendar.put(Item(subject="M:", start=NINE, end=NINE + HOUR, location="Rum", required=(Attendee(address=BOB),)))
    person = Person(LOGINS[ALICE], PASSWORDS[ALICE])
    texts = await desk.davmail.calendar(ALICE, person).events()
    over_dav, _ = parse(texts, WINDOW, BERLIN, frozenset({ALICE}))
    account = Account(1, "office", LOGINS[ALICE], Secret(PASSWORDS[ALICE]))
    async with connect(EwsSettings(url=desk.exchange.url))(account) as opened:
        box = Mailbox(1, 1, 1, ALICE, frozenset({ALICE}), BERLIN)
        over_ews = (await whole(calendar_of(opened), box)).appointments
    told = [{(a.uid, a.occurrence, a.start, a.location, a.response) for a in found} for found in (over_dav, over_ews)]
    assert told[0] == told[1]
    assert len(over_ews) == 3
