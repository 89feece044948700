"""How often refused credentials are tried: twice, or after a quarter of an hour and then hourly."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.engine.patience import LONG_AGO, next_try
from gateway.errors import GiveUp, SignInAgain, Unreachable
from gateway.store import accounts, health, mailboxes, refusals
from gateway.store.refusals import Refusals
from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock, comes
from tests.unit.engine.syncing import FLUSH, read_by_one, running, turning
from tests.unit.store.made import HOUR, NOON, account

MINUTE = timedelta(minutes=1)
OWN, SERVICE = account(service=False), account(service=True)
WRONG = SignInAgain("mail.example.org refused user name or password", "set the account's password again")


@pytest.mark.parametrize(
    ("whose", "past", "expected"),
    [
        (OWN, Refusals(), LONG_AGO),
        (OWN, Refusals(1, NOON, NOON), NOON + 10 * MINUTE),
        (OWN, Refusals(2, NOON, NOON + 10 * MINUTE), None),
        (SERVICE, Refusals(), LONG_AGO),
        (SERVICE, Refusals(1, NOON, NOON), NOON + 15 * MINUTE),
        (SERVICE, Refusals(2, NOON, NOON + HOUR), NOON + 2 * HOUR),
        (SERVICE, Refusals(500, NOON, NOON + 500 * HOUR), NOON + 501 * HOUR),
        (OWN, Refusals(unanswered=2, tried=NOON), LONG_AGO),
        (OWN, Refusals(unanswered=3, tried=NOON), NOON + 10 * MINUTE),
        (OWN, Refusals(1, NOON, NOON, 1, NOON + HOUR), NOON + HOUR + 10 * MINUTE),
        (SERVICE, Refusals(4, NOON, NOON, 1, NOON + HOUR), NOON + 2 * HOUR),
    ],
)
def test_when_they_are_tried_again(whose: Account, past: Refusals, expected: datetime | None) -> None:
    assert next_try(whose, past) == expected


class Timed(FakeCalendar):
    """Notes when it was asked."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock = clock
        self.asked: list[datetime] = []

    async def read(self, mailbox, window, since):
        self.asked.append(self.clock.now())
        return await super().read(mailbox, window, since)


@pytest.fixture
def timed(clock: HandClock) -> Timed:
    calendar = Timed(clock)
    calendar.error = WRONG
    return calendar


async def past(store: Store, opened: Account) -> Refusals:
    async with store.read() as rows:
        return await refusals.of(rows, opened.id)


async def hours(clock: HandClock, many: int) -> None:
    """Let so many hours pass in minutes, with time for what happens in each."""
    for _ in range(many * 60):
        clock.turn(MINUTE)
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_users_own_account_is_tried_twice_and_then_not_until_it_has_another_password(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", service=False)
    async with running(store, timed, clock):
        await turning(clock, lambda: len(timed.asked) == 2, FLUSH + 1)
        assert timed.asked[1] >= timed.asked[0] + 10 * MINUTE
        await comes(lambda: clock.waiting == FLUSH + 1)  # the pause of whoever keeps the account open
        await hours(clock, 48)
        assert len(timed.asked) == 2
        found = await past(store, opened)
        assert (found.many, found.first, found.last) == (2, timed.asked[0], timed.asked[1])
        timed.error = None
        async with store.write() as rows:
            await accounts.put_password(rows, opened.id, Secret("right"))
        await comes(lambda: len(timed.asked) == 3)
        await turning(clock, lambda: len(timed.asked) == 4, FLUSH + 1)
        assert await past(store, opened) == Refusals()


async def test_a_service_account_is_tried_after_a_quarter_of_an_hour_and_then_hourly_with_one_request(
    store: Store, timed: Timed, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.write() as rows:
        opened, boxes = await read_by_one(rows, "1001", "1002", "1003", "1004")
    async with running(store, timed, clock):
        await turning(clock, lambda: len(timed.asked) == 30, FLUSH + 1)
        first, *others = [later - sooner for sooner, later in pairwise(timed.asked)]
        assert 15 * MINUTE <= first < 16 * MINUTE
        assert all(HOUR <= pause < HOUR + MINUTE for pause in others)
        assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
        async with store.read() as rows:
            told = await health.get(rows, f"account:{opened.id}")
        assert told
        assert not told.ok
        timed.error = None
        await turning(clock, lambda: {box for box, _ in timed.reads[30:]} == {box.id for box in boxes}, FLUSH + 1)
    assert await past(store, opened) == Refusals()


async def test_a_refused_account_is_tried_at_once_when_somebody_says_so(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", "1002")
    async with running(store, timed, clock):
        await turning(clock, lambda: len(timed.asked) == 3, FLUSH + 1)
        refused_at = clock.now()
        await comes(lambda: clock.waiting == FLUSH + 1)
        timed.error = None
        async with store.write() as rows:
            await refusals.forget(rows, [opened.id])
        await comes(lambda: len(timed.asked) == 4)
        assert clock.now() == refused_at


@pytest.mark.parametrize("off", [timedelta(minutes=20), timedelta(days=400)])
async def test_a_clock_that_was_ahead_lets_nobody_wait_for_it(
    store: Store, timed: Timed, clock: HandClock, off: timedelta
) -> None:
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", service=False)
        await refusals.refused(rows, opened, NOON + off)
    async with running(store, timed, clock):
        await comes(lambda: clock.next == NOON + 10 * timedelta(seconds=1) and clock.waiting == FLUSH + 1)
        assert timed.asked == []
        await turning(clock, lambda: len(timed.asked) == 1, FLUSH + 1)
    assert timed.asked == [NOON + 10 * MINUTE]


async def test_a_clock_that_is_set_back_while_an_account_waits_begins_the_wait_anew(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        await read_by_one(rows, "1001", service=False)
    async with running(store, timed, clock):
        await comes(lambda: len(timed.asked) == 1 and clock.waiting == FLUSH + 1)
        clock.turn(6 * MINUTE)
        await comes(lambda: clock.waiting == FLUSH + 1 and clock.next != NOON + 10 * MINUTE)
        back = NOON - 24 * HOUR
        clock.turn(back)
        await turning(clock, lambda: len(timed.asked) == 2, FLUSH + 1)
    assert timed.asked[1] == back + 10 * MINUTE


@pytest.mark.parametrize("error", [Unreachable("no route"), GiveUp("not shared with us")])
async def test_what_is_no_refusal_does_not_count_as_one(
    store: Store, timed: Timed, clock: HandClock, error: Exception
) -> None:
    timed.error = error  # type: ignore[assignment]
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", service=False)
    for many in range(1, 9):  # restarts in an outage
        async with running(store, timed, clock):
            await comes(lambda: len(timed.asked) == many and clock.waiting == FLUSH + 1)  # noqa: B023 - called at once
    found = await past(store, opened)
    assert (found.many, found.unanswered) == (0, 0)


async def test_where_credentials_were_refused_before_not_even_a_slow_answer_lets_others_try(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001", "1002", "1003")
        await refusals.refused(rows, opened, NOON - HOUR)
    timed.answers.clear()
    async with running(store, timed, clock):
        await comes(lambda: len(timed.asked) == 1)
        await hours(clock, 1)
        assert len(timed.asked) == 1
        timed.error = Unreachable("it took too long")
        timed.answers.set()
        await comes(lambda: len(timed.asked) == 3)
        assert timed.reads[0][0] != timed.reads[1][0] != timed.reads[2][0]


async def test_a_push_that_is_refused_is_a_refusal(store: Store, clock: HandClock) -> None:
    class Pushless(FakeCalendar):
        listened = 0

        async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
            self.listened += 1
            if self.listened:
                raise WRONG
            yield next(iter(mailboxes))

    calendar = Pushless()
    async with store.write() as rows:
        opened, _ = await read_by_one(rows, "1001")
    async with running(store, calendar, clock):
        await comes(lambda: calendar.listened == 1 and clock.waiting == FLUSH + 1)
        assert (await past(store, opened)).many == 1
        await turning(clock, lambda: calendar.listened == 2, FLUSH + 1)
    assert clock.now() >= NOON + 15 * MINUTE


async def test_all_mailboxes_of_a_refused_account_are_told_to_be_failing(
    store: Store, timed: Timed, clock: HandClock
) -> None:
    async with store.write() as rows:
        await read_by_one(rows, "1001", "1002", "1003")
    async with running(store, timed, clock):
        await turning(clock, lambda: len(timed.asked) == 2, FLUSH + 1)
        async with store.read() as rows:
            assert {one.error for one in (await mailboxes.progress(rows)).values()} == {"SignInAgain"}
