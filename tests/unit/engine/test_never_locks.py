"""However often the gateway is killed and started, at whatever instant, it locks nobody's account.

The engine runs against calendars and address books that refuse every password, and is killed between any two turns of
the event loop: also after the server has refused and before that is noted. What a server counts is what has reached it.
Directories lock an account at five or ten wrong passwords within ten minutes or half an hour.
"""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Cursor, Mailbox, Reading, Window
from gateway.engine.patience import MAY_DIE
from gateway.errors import SignInAgain
from gateway.store import accounts, mailboxes, refusals, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.fakes.clock import HandClock
from tests.unit.engine.house import House, NotedCalendar
from tests.unit.store.made import HOUR, NOON, ZONE, account, person

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
OWN, SERVICE = 1, 2
SOAK = pytest.mark.soak
WRONG = SignInAgain("mail.example.org refused user name or password", "set the account's password again")


class Refusing(NotedCalendar):
    """Refuses everybody after some turns of the loop, and counts what has reached it, by account."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock = clock
        self.tries: dict[int, list[datetime]] = {OWN: [], SERVICE: []}
        self.refused: dict[int, int] = {OWN: 0, SERVICE: 0}
        self.open = 0
        self.most = 0

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        return await self.refuse(mailbox.account)

    async def refuse(self, account: int) -> NoReturn:
        self.tries[account].append(self.clock.now())
        with self._counted():
            for _ in range(3):
                await asyncio.sleep(0)
            await self.answers.wait()
        self.refused[account] += 1
        raise WRONG

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            yield
        finally:
            self.open -= 1


class RefusingContacts:
    """Refuses everybody as `calendar` does, and counts with it."""

    def __init__(self, calendar: Refusing) -> None:
        self._calendar = calendar

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        return await self._calendar.refuse(book.account)


def refuse(house: House) -> Refusing:
    """Let calendars and contacts refuse everybody."""
    house.calendar = refusing = Refusing(house.clock)
    house.contacts = RefusingContacts(refusing)
    return refusing


@pytest.fixture
async def built(tmp_path: Path) -> Path:
    """A database with a user's own account, and a service account that reads the calendars of three others."""
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.write() as rows:
        for one in (account("anna", service=False), account("reader", service=True)):
            opened = await accounts.add(rows, one)
            for number in range(3 if opened.service else 1):
                user = await users.add(rows, person(f"{opened.id}00{number}"))
                await mailboxes.add(rows, Mailbox(0, user.id, opened.id, user.emails[0], frozenset(), ZONE))
    return tmp_path


def most_within(tries: list[datetime], span: timedelta) -> int:
    """Return how many tries lie in the fullest stretch of `span`."""
    return max((sum(begin <= one < begin + span for one in tries) for begin in tries), default=0)


@pytest.mark.parametrize(("seed", "hours"), [(0, 3), *(pytest.param(seed, 8, marks=SOAK) for seed in range(3))])
async def test_killed_at_any_instant_and_started_again_and_again(built: Path, seed: int, hours: int) -> None:
    chance = random.Random(seed)
    async with House.open(built, NOON) as house:
        refusing = refuse(house)
        while house.clock.now() < NOON + hours * HOUR:
            house.start()
            await house.turns(chance.randrange(60))
            house.clock.turn(SECOND)
            await house.turns(chance.randrange(60))
            await house.kill()
            house.clock.turn(chance.choice((1, 10, 60, 60, 300)) * SECOND)
        async with house.store.read() as rows:
            known = await refusals.of(rows, OWN)
    for tries in refusing.tries.values():
        assert tries, "it was tried at all"
        assert most_within(tries, 10 * MINUTE) <= MAY_DIE
        assert most_within(tries, HOUR) <= MAY_DIE + 6
    assert refusing.most <= 2, "one request of each account"
    assert known.many <= 2, "and then it was stopped"
    assert house.clock.now() - refusing.tries[SERVICE][-1] < 4 * HOUR, "never given up"


@pytest.mark.parametrize("many", [80, pytest.param(6 * 60, marks=SOAK)])
async def test_restarted_every_minute_an_account_is_tried_as_seldom_as_without(built: Path, many: int) -> None:
    async with House.open(built, NOON) as house:
        refusing = refuse(house)
        for _ in range(many):
            house.start()
            await house.settle()
            house.clock.turn(SECOND)
            await house.settle()
            await house.kill()
            house.clock.turn(59 * SECOND)
    minutes = {whose: [(one - NOON) // MINUTE for one in tries] for whose, tries in refusing.tries.items()}
    assert minutes == {OWN: [0, 10], SERVICE: [0, *range(15, many, 60)]}


@pytest.mark.parametrize("many", [60, pytest.param(2 * 60, marks=SOAK)])
async def test_what_dies_in_the_middle_of_each_try_is_held_back_too(built: Path, many: int) -> None:
    """As with a defect that ends the process while the server's answer is read."""
    async with House.open(built, NOON) as house:
        refusing = refuse(house)
        refusing.answers.clear()
        for _ in range(many):
            house.start()
            await house.settle()
            house.clock.turn(SECOND)
            await house.settle()
            await house.kill()
            house.clock.turn(59 * SECOND)
        assert sum(refusing.refused.values()) == 0
    minutes = {whose: [(one - NOON) // MINUTE for one in tries] for whose, tries in refusing.tries.items()}
    assert minutes == {
        OWN: [0, 1, 2, *range(12, many, 10)],
        SERVICE: [0, 1, 2, *range(17, many, 15)],
    }, "held back after MAY_DIE tries, and not stopped"
