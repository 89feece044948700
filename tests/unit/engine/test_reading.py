"""One reading of one mailbox."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.conference import Meeting, Why
from gateway.domain.mailbox import Cursor, Mailbox, Reading
from gateway.domain.user import Organisation
from gateway.engine.decided import Decided
from gateway.engine.reading import read_mailbox, window
from gateway.errors import OurFault, Refused, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.planning import timeline
from gateway.store import diversions, mailboxes, meetings, organisation, users
from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.unit.store.made import HOUR, NOON, ZONE, person, someone


def item(subject: str, start: datetime = NOON, length: timedelta = HOUR, uid: str = "1") -> Appointment:
    return Appointment(uid=uid, occurrence="", subject=subject, start=start, end=start + length)


@pytest.fixture
async def mailbox(store: Store) -> Mailbox:
    async with store.write() as rows:
        return (await someone(rows))[1]


async def kept(store: Store, mailbox: Mailbox) -> list[str]:
    async with store.read() as rows:
        return [diversion.code for diversion in await diversions.of(rows, mailbox.user)]


async def test_only_what_carries_a_code_is_kept(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"), item("Tandläkaren", uid="2"))
    assert await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == ["meeting"]


async def test_what_is_over_is_not_kept(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: över", NOON - 2 * HOUR))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == []


async def test_an_unchanged_calendar_is_read_whole_once_a_day(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    for _ in range(3):
        await read_mailbox(store, Decided(), calendar, mailbox, clock)
    clock.turn(timedelta(days=1))
    for _ in range(2):
        await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert [whole for _, whole in calendar.reads] == [True, False, False, True, False]


async def test_a_calendar_that_is_suddenly_empty_has_to_say_so_twice(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    calendar.lies = [Reading((), Cursor("strange", date(2026, 11, 23)))]
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == ["meeting"]
    assert calendar.reads[-1] == (mailbox.id, True)
    calendar.write(mailbox.id)
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == []


async def test_rows_stay_when_the_server_cannot_be_reached(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    calendar.error = Unreachable("gone")
    with pytest.raises(Unreachable):
        await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == ["meeting"]


async def test_a_code_that_changed_lets_the_calendar_be_read_whole(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    async with store.write() as rows:
        await mailboxes.reread(rows)
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert [whole for _, whole in calendar.reads] == [True, True]


async def test_what_ended_while_the_answer_was_on_its_way_is_not_kept(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    calendar.answers.clear()
    reading = asyncio.create_task(read_mailbox(store, Decided(), calendar, mailbox, clock))
    await comes(lambda: len(calendar.reads) == 1)
    clock.turn(timedelta(days=1))
    calendar.answers.set()
    await reading
    assert await kept(store, mailbox) == []


async def test_a_user_who_is_gone_leaves_nothing(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, item("M: Styrgrupp"))
    async with store.write() as rows:
        await users.remove(rows, mailbox.user)
    assert not await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == []


async def test_an_all_day_holiday_that_is_free_diverts(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=ZONE).astimezone(UTC)
    calendar.write(mailbox.id, item("SEM:", midnight, timedelta(days=1)))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await kept(store, mailbox) == ["holiday"]


def test_the_window_is_yesterday_to_fourteen_days_ahead() -> None:
    days = window(datetime(2026, 11, 25, 12, tzinfo=UTC), person(), Organisation(ZONE))
    assert (days.start, days.end) == (datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC))
    assert days.day == date(2026, 11, 25)


def test_on_sunday_the_window_still_has_the_friday_that_somebody_left_early() -> None:
    days = window(datetime(2026, 11, 29, 12, tzinfo=UTC), person(), Organisation(ZONE))
    assert days.start == datetime(2026, 11, 27, tzinfo=UTC)


async def test_gone_for_the_day_on_friday_lasts_over_the_weekend(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar
) -> None:
    friday = datetime(2026, 11, 27, 14, tzinfo=UTC)
    clock = HandClock(friday)
    calendar.write(mailbox.id, item("GFD:", friday))
    for hours in range(0, 65, 8):
        clock.turn(friday + timedelta(hours=hours))
        await read_mailbox(store, Decided(), calendar, mailbox, clock)
        async with store.read() as rows:
            mine = await diversions.of(rows, mailbox.user)
        assert timeline.segment_at(timeline.timeline(mine), clock.now()), f"{hours} hours later"
        assert mine[0].end == datetime(2026, 11, 30, 8, tzinfo=ZONE).astimezone(UTC)


async def meetings_of(store: Store) -> tuple[Meeting, ...]:
    async with store.read() as rows:
        return await meetings.every(rows)


def conference(*people: str, location: str = "PBX AUTOCALL", lists: tuple[str, ...] = ()) -> Appointment:
    attendees = tuple(Attendee(one, Response.ACCEPTED, is_group=one in lists) for one in people)
    return replace(item("Styrgrupp"), location=location, organiser="u1001@example.org", attendees=attendees)


async def permit_outside(store: Store) -> None:
    async with store.write() as rows:
        await organisation.put(rows, replace(await organisation.get(rows), outside=("00*",)))


async def test_what_asks_for_a_conference_is_kept(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, conference(), item("Lunch", uid="2"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    [kept_one] = await meetings_of(store)
    assert (kept_one.organiser, kept_one.autocall) == (mailbox.user, True)
    assert calendar.looked_up == []


async def test_a_calendar_that_has_suddenly_lost_its_conferences_has_to_say_so_twice(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, conference())
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    calendar.lies = [Reading((), Cursor("strange", date(2026, 11, 23)))]
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert len(await meetings_of(store)) == 1


async def test_lists_and_numbers_are_asked_for_those_who_are_nobody_here(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    await permit_outside(store)
    calendar.groups = {"board@example.org": ("u1001@example.org", "eva@example.com")}
    calendar.contacts = {"eva@example.com": ("+46 8 500 100",)}
    calendar.write(
        mailbox.id,
        conference("board@example.org", "nobody@example.com", lists=("board@example.org",)),
        replace(conference("u1009@example.org", location="Room 4"), uid="2"),
    )
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    [one] = await meetings_of(store)
    assert [participant.who for participant in one.participants] == [f"user:{mailbox.user}", "number:00468500100"]
    assert [(left.address, left.why) for left in one.left_out] == [("nobody@example.com", Why.UNKNOWN)]
    assert "u1009@example.org" not in calendar.looked_up


async def test_nobody_asks_for_numbers_that_must_not_be_called(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.write(mailbox.id, conference("eva@example.com"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert calendar.looked_up == ["eva@example.com"]  # which may be a list


async def test_a_source_that_does_not_tell_of_strangers_leaves_them_out(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    calendar.shy = Refused("no")
    calendar.write(mailbox.id, conference("eva@example.com"))
    await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert not await read_mailbox(store, Decided(), calendar, mailbox, clock)
    [one] = await meetings_of(store)
    assert [left.why for left in one.left_out] == [Why.UNKNOWN]


async def test_a_source_that_cannot_be_asked_now_is_read_again(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock
) -> None:
    await permit_outside(store)
    calendar.shy, calendar.contacts = Unreachable("gone"), {"eva@example.com": ("+46 8 500 100",)}
    calendar.write(mailbox.id, conference("eva@example.com", "ida@example.com"))
    assert await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert calendar.looked_up == ["eva@example.com", "eva@example.com"]  # and nobody else: once as a list
    calendar.shy = None
    assert await read_mailbox(store, Decided(), calendar, mailbox, clock)
    [one] = await meetings_of(store)
    assert [participant.who for participant in one.participants] == [f"user:{mailbox.user}", "number:00468500100"]


@pytest.mark.parametrize("error", [Throttled("rest"), SignInAgain("no"), OurFault("a defect")])
async def test_what_closes_or_rests_the_account_fails_the_reading(
    store: Store, mailbox: Mailbox, calendar: FakeCalendar, clock: HandClock, error: RingplanError
) -> None:
    calendar.shy = error
    calendar.write(mailbox.id, conference("eva@example.com"))
    with pytest.raises(type(error)):
        await read_mailbox(store, Decided(), calendar, mailbox, clock)
    assert await meetings_of(store) == ()
