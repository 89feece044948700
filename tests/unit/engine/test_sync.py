"""Reading calendars when they are due."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Mailbox
from gateway.engine.turns import APART, next_turn, spread
from gateway.errors import Refused, SignInAgain, Unreachable
from gateway.store import accounts, diversions, health, mailboxes, wishes
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.unit.engine.syncing import FLUSH, read_by_one, running, turning
from tests.unit.store.made import HOUR, NOON, ZONE, account, someone

MINUTE = timedelta(minutes=1)


def meeting() -> Appointment:
    return Appointment(uid="1", occurrence="", subject="M: Styrgrupp", start=NOON, end=NOON + HOUR)


async def test_a_mailbox_is_read_every_minute(store: Store, calendar: FakeCalendar, clock: HandClock) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == 2, FLUSH + 1)
        second = clock.now()
        assert NOON < second <= NOON + MINUTE
        await turning(clock, lambda: len(calendar.reads) == 4, FLUSH + 1)
    assert clock.now() == second + 2 * MINUTE
    assert calendar.reads == [(mailbox.id, True)] + 3 * [(mailbox.id, False)]


async def test_a_wish_is_heard_at_once_and_reads_the_whole(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows, "1001")
        await someone(rows, "1002")
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == 2, FLUSH + 2)
        async with store.write() as rows:
            await wishes.ask(rows, Wish(Kind.SYNC, user.id, clock.now()))
        await comes(lambda: len(calendar.reads) == 3)
    assert calendar.reads[-1] == (mailbox.id, True)


async def test_a_push_is_heard_at_once(store: Store, calendar: FakeCalendar, clock: HandClock) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == 1, FLUSH + 1)
        calendar.pushed.put_nowait(mailbox)
        await comes(lambda: len(calendar.reads) == 2)


async def test_what_fails_waits_longer_and_says_since_when(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
    calendar.write(mailbox.id, meeting())
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == 1, FLUSH + 1)
        calendar.error = Unreachable("no route", "look at the network")
        await turning(clock, lambda: len(calendar.reads) == 8, FLUSH + 1)
        assert clock.now() >= NOON + 7 * MINUTE
        async with store.read() as rows:
            progress = await mailboxes.progress_of(rows, mailbox.id)
            assert len(await diversions.of(rows, user.id)) == 1
        assert progress
        assert progress.error == "Unreachable"
        assert progress.failing_since
        assert progress.failing_since <= NOON + 2 * MINUTE
        calendar.error = None
        await turning(clock, lambda: len(calendar.reads) == 9, FLUSH + 1)
        await turning(clock, lambda: len(calendar.reads) == 10, FLUSH + 1)
    async with store.read() as rows:
        progress = await mailboxes.progress_of(rows, mailbox.id)
    assert progress
    assert progress.failing_since is None or progress.succeeded


async def test_one_refused_mailbox_does_not_stop_the_others(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    class Picky(FakeCalendar):
        async def read(self, mailbox, window, since):
            result = await super().read(mailbox, window, since)
            if mailbox.id == refused.id:
                raise Refused("not shared with us", "share it")
            return result

    picky = Picky()
    async with store.write() as rows:
        _, both = await read_by_one(rows, "1001", "1002")
    refused, other = both
    async with running(store, picky, clock):
        await turning(clock, lambda: picky.reads.count((other.id, False)) == 3, FLUSH + 2)
    assert len([read for read in picky.reads if read[0] == refused.id]) <= 3


async def test_refused_credentials_stop_the_account_and_are_tried_with_one_request(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", "1002", "1003")
    calendar.error = SignInAgain("wrong password", "ringplan accounts password")
    async with running(store, calendar, clock):
        await comes(lambda: len(calendar.reads) == 1 and clock.waiting == FLUSH + 1)  # the others are not read any more
        await turning(clock, lambda: len(calendar.reads) >= 2, FLUSH + 1)
        assert clock.now() >= NOON + timedelta(minutes=5)
        async with store.read() as rows:
            told = await health.get(rows, f"account:{opened.id}")
            failing = [one for one in (await mailboxes.progress(rows)).values() if one.failing_since]
        assert told
        assert not told.ok
        assert len(failing) == 3
        calendar.error = None
        await turning(clock, lambda: len(calendar.reads) >= 5, FLUSH + 1)


async def test_a_slow_answer_keeps_others_from_trying_credentials_that_may_be_refused(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        await read_by_one(rows, "1001", "1002", "1003")
    calendar.answers.clear()
    async with running(store, calendar, clock):
        others, door = 2, 1
        await comes(lambda: len(calendar.reads) == 1 and clock.waiting == FLUSH + door + others)
        clock.turn(timedelta(seconds=1))
        await comes(lambda: clock.waiting == FLUSH + door)  # they are due, and do not come through
        calendar.error = SignInAgain("wrong password", "ringplan accounts password")
        calendar.answers.set()
        await comes(lambda: clock.waiting == FLUSH + 1 and clock.next == NOON + timedelta(seconds=10))
        assert len(calendar.reads) == 1


async def test_one_answer_that_never_comes_does_not_keep_others_waiting_for_long(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        await read_by_one(rows, "1001", "1002")
    calendar.answers.clear()
    async with running(store, calendar, clock):
        await comes(lambda: len(calendar.reads) >= 1)
        await turning(clock, lambda: len(calendar.reads) == 2, FLUSH + 1)
        assert clock.now() <= NOON + timedelta(seconds=10)


async def test_an_account_of_a_source_that_is_not_configured_says_so(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    async with store.write() as rows:
        lost = await accounts.add(rows, account(source="elsewhere"))
        _, mailbox = await someone(rows)
    async with running(store, calendar, clock):
        await turning(clock, lambda: (mailbox.id, True) in calendar.reads, FLUSH + 1)
        async with store.read() as rows:
            told = await health.get(rows, f"account:{lost.id}")
    assert told
    assert "[sources.elsewhere]" in told.remedy


async def test_who_does_not_take_part_is_not_read(store: Store, calendar: FakeCalendar, clock: HandClock) -> None:
    async with store.write() as rows:
        _, first = await someone(rows, "1001")
        _, second = await someone(rows, "1002")
    async with running(store, calendar, clock, lambda user: user.extension == "1002"):
        await turning(clock, lambda: len(calendar.reads) == 2, FLUSH + 1)
    assert {read for read, _ in calendar.reads} == {second.id}
    assert first.id != second.id


def boxes(many: int) -> tuple[Mailbox, ...]:
    return tuple(Mailbox(i, i, 1, f"u{i}@example.org", frozenset(), ZONE) for i in range(many))


def test_a_thousand_mailboxes_are_spread_over_a_minute_and_ten_are_read_at_once() -> None:
    assert max(spread(boxes(10), NOON).values()) < NOON + timedelta(seconds=1)
    firsts = sorted(spread(boxes(5000), NOON).values())
    assert firsts[0] == NOON
    assert NOON + timedelta(seconds=59) < firsts[-1] < NOON + MINUTE
    gaps = {round((b - a).total_seconds(), 3) for a, b in pairwise(firsts)}
    assert gaps == {0.012}


@given(st.integers(1, 10**6), st.sampled_from((1, 10, 60, 3600)), st.datetimes(timezones=st.just(UTC)))
def test_the_next_turn_is_the_mailboxs_own_whenever_it_was_read_before(number: int, refresh: int, now: datetime):
    """As after a wish, a sleep, or a clock that was set."""
    box = Mailbox(number, number, 1, "", frozenset(), ZONE, refresh=refresh)
    turn, longest = next_turn(box, now), timedelta(seconds=refresh)
    assert now < turn <= now + longest
    assert next_turn(box, turn) == turn + longest
    assert next_turn(box, now + (turn - now) / 2) == turn


@pytest.mark.parametrize("first", [1, 4711])
@pytest.mark.parametrize("many", [2, 10, 100, 5000])
def test_turns_lie_evenly_however_many_there_are(first: int, many: int):
    some = [Mailbox(first + i, i, 1, f"u{i}@example.org", frozenset(), ZONE) for i in range(many)]
    turns = sorted(next_turn(box, NOON) for box in some)
    gaps = [b - a for a, b in pairwise([*turns, turns[0] + MINUTE])]
    assert max(gaps) < 2 * MINUTE / many
    assert min(gaps) > MINUTE / many / 3


async def test_after_a_wish_for_all_each_keeps_its_own_turn(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    read: list[datetime] = []

    class Noting(FakeCalendar):
        async def read(self, mailbox, window, since):
            read.append(clock.now())
            return await super().read(mailbox, window, since)

    many = 20
    async with store.write() as rows:
        for number in range(many):
            await someone(rows, str(2000 + number))
    async with running(store, Noting(), clock):
        await turning(clock, lambda: len(read) == many, FLUSH + many)
        async with store.write() as rows:
            await wishes.ask(rows, Wish(Kind.SYNC, None, clock.now()))
        await turning(clock, lambda: len(read) == 3 * many, FLUSH + many)
    assert len(set(read[-many:])) == many


async def test_a_mailbox_that_hangs_delays_nobody(store: Store, clock: HandClock) -> None:
    class Slow(FakeCalendar):
        async def read(self, mailbox, window, since):
            result = await super().read(mailbox, window, since)
            if mailbox.id == hangs.id:
                await asyncio.Event().wait()
            return result

    slow = Slow()
    async with store.write() as rows:
        _, both = await read_by_one(rows, "1001", "1002")
    hangs, other = both
    async with running(store, slow, clock):
        await turning(clock, lambda: slow.reads.count((other.id, False)) == 5, FLUSH + 1)
    assert [read for read in slow.reads if read[0] == hangs.id] == [(hangs.id, True)]


async def test_many_people_with_passwords_of_their_own_are_spread_too(
    store: Store, calendar: FakeCalendar, clock: HandClock
) -> None:
    many = 60
    async with store.write() as rows:
        for number in range(many):
            await someone(rows, str(2000 + number))
    async with running(store, calendar, clock):
        await comes(lambda: clock.waiting == many + FLUSH, within=60)
        assert clock.now() == NOON
        await turning(clock, lambda: sum(whole for _, whole in calendar.reads) == many, FLUSH + many)
        assert clock.now() >= NOON + APART * (many - 2)


async def test_the_log_tells_once_how_many_calendars_cannot_be_read(
    store: Store, calendar: FakeCalendar, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.write() as rows:
        for extension in ("1001", "1002", "1003"):
            await someone(rows, extension)

    def told() -> list[str]:
        return [record.getMessage() for record in caplog.records if "calendars" in record.getMessage()]

    caplog.set_level("INFO")
    calendar.error = Unreachable("no route", "look at the network")
    async with running(store, calendar, clock):
        await turning(clock, lambda: len(calendar.reads) == 12, FLUSH + 3)
        assert told() == ["3 of 3 calendars cannot be read; the last: no route (look at the network)"]
        calendar.error = None
        await turning(clock, lambda: len(told()) == 2 or len(calendar.reads) > 40, FLUSH + 3)
        assert told()[1:] == ["all 3 calendars can be read again"]
