"""Whatever a server says of a book, each reading that ends well leaves what is in it, and no other changes anything.

The server fails, is suddenly empty, forgets its tokens, gives doubles, and lets changes slip; readings are cancelled;
numbering changes, and the book is put away and fetched again, also while it is being read.
"""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, Numbering, PhoneNumber
from gateway.engine.books import read_book
from gateway.engine.decided import Decided
from gateway.errors import RingplanError, SignInAgain, Throttled, Unreachable
from gateway.planning.numbers import keyed
from gateway.store import accounts, books, contacts, organisation
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.contacts import FakeContacts
from tests.unit.engine.house import noted_work
from tests.unit.store.made import NOON, account

keys = st.sampled_from("abcd")
numbers = st.sampled_from(["08-50 05 01 00", "+46 70 174 06 05", "1001", "nobody"])
names = count()


class Office:
    """A database that all examples share, with a book of the company for each; and a loop to use it in."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.stack = AsyncExitStack()
        self.working = self.stack.enter_context(noted_work())
        opening = Store.open(StoreSettings(path=folder / "ringplan.db"))
        self.store = self.runner.run(self.stack.enter_async_context(opening))
        self.account = self.write(lambda rows: accounts.add(rows, account())).id

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def write(self, work: Callable[[Rows], Coroutine[Any, Any, Any]]) -> Any:
        async def written() -> Any:
            async with self.store.write() as rows:
                return await work(rows)

        return self.runner.run(written())

    def read(self, work: Callable[[Rows], Coroutine[Any, Any, Any]]) -> Any:
        async def read() -> Any:
            async with self.store.read() as rows:
                return await work(rows)

        return self.runner.run(read())

    async def turns(self, many: int) -> None:
        for _ in range(many):
            await asyncio.sleep(0)
            if self.working:
                await asyncio.wait(self.working)


class AnyBook(RuleBasedStateMachine):
    """`kept` is what the store must hold; `slipped`: no token tells all that changed, only a reading of the whole."""

    office: Office

    def __init__(self) -> None:
        super().__init__()
        self.source, self.clock, self.decided = FakeContacts(), HandClock(NOON), Decided()
        new = Book(0, self.office.account, "all@example.org", name=str(next(names)))
        self.book: Book = self.office.write(lambda rows: books.add(rows, new))
        self.numbering = self.office.read(organisation.get).numbering
        self.kept: dict[str, Contact] = {}
        self.slipped = False
        self.latest = NOON

    def teardown(self) -> None:
        self.put_away(away=False)
        self.read(whole=True, forgets=False, doubles=False)
        self.office.write(lambda rows: books.remove(rows, self.book.id))

    # What the server holds

    @rule(key=keys, number=numbers, slips=st.integers(0, 4).map(lambda n: n == 0))
    def somebody_is_written(self, key: str, number: str, slips: bool) -> None:
        somebody = Contact(key, f"Person {number}", numbers=(PhoneNumber(Kind.WORK, number),))
        self.hold(self.held | {key: somebody}, slips=slips)

    @rule(key=keys, slips=st.integers(0, 4).map(lambda n: n == 0))
    def somebody_goes(self, key: str, slips: bool) -> None:
        self.hold({other: one for other, one in self.held.items() if other != key}, slips=slips)

    @rule()
    def everybody_goes(self) -> None:
        self.hold({}, slips=False)

    @property
    def held(self) -> dict[str, Contact]:
        return self.source.held(self.book.id)

    def hold(self, held: dict[str, Contact], *, slips: bool) -> None:
        (self.source.slip if slips else self.source.write)(self.book.id, *held.values())
        self.slipped |= slips

    # Readings

    @rule(whole=st.booleans(), forgets=st.booleans(), doubles=st.booleans())
    def read(self, whole: bool, forgets: bool, doubles: bool) -> None:
        self.source.forgets, self.source.doubles = forgets, doubles
        self.source.reads.clear()
        self.office.runner.run(self.reading(whole=whole))
        self.has_read(was_whole=forgets or any(is_whole for _, is_whole in self.source.reads))

    @rule(error=st.sampled_from([Unreachable("gone"), Throttled("busy"), SignInAgain("no")]))
    def fail(self, error: RingplanError) -> None:
        self.source.error = error
        with pytest.raises(type(error)):
            self.office.runner.run(self.reading())
        self.source.error = None

    @rule(whole=st.booleans())
    def be_empty_once(self, whole: bool) -> None:
        """Say nothing is there, or that all who were are gone; and the truth when asked again."""
        if self.kept:
            self.source.lies = [ContactChanges((), () if whole else tuple(self.kept), "strange", whole=whole)]
            self.read(whole=False, forgets=False, doubles=False)

    @rule()
    def be_empty_twice(self) -> None:
        if self.kept:
            self.source.lies += 2 * [ContactChanges((), token="strange")]
            self.office.runner.run(self.reading())
            self.kept = {}

    @rule(turns=st.integers(0, 60))
    def read_and_be_killed(self, turns: int) -> None:
        self.source.forgets = self.source.doubles = False
        self.source.reads.clear()

        async def killed() -> None:
            reading = asyncio.create_task(self.reading())
            await self.office.turns(turns)
            reading.cancel()
            await asyncio.wait((reading,))

        before = self.kept, self.slipped
        self.office.runner.run(killed())
        self.has_read(was_whole=any(is_whole for _, is_whole in self.source.reads))
        if self.stored() != self.kept:
            self.kept, self.slipped = before

    @rule(turns=st.integers(0, 30), away=st.booleans())
    def read_while_something_is_decided(self, turns: int, away: bool) -> None:
        """What was decided holds: a book that is put away stays empty, numbers get new keys with the next reading."""

        async def both() -> None:
            reading = asyncio.create_task(self.reading())
            await self.office.turns(turns)
            async with self.office.store.write() as rows:
                await books.reread(rows, self.book.id)
                if away:
                    await books.put(rows, replace(self.book, enabled=False))
            await reading

        self.office.runner.run(both())
        if away:
            self.put_away(away=True)
        self.read(whole=False, forgets=False, doubles=False)
        assert self.source.reads[0][1]

    def reading(self, *, whole: bool = False) -> Coroutine[Any, Any, bool]:
        return read_book(self.office.store, self.decided, self.source, self.book, self.clock, whole=whole)

    def has_read(self, *, was_whole: bool) -> None:
        """Note what must be kept now: who has a number. What slipped is healed by a reading of the whole."""
        self.slipped = self.slipped and not was_whole
        if not self.book.enabled:
            self.kept = {}
        elif self.slipped:
            self.kept = self.stored()
        else:
            every = {key: keyed(one, self.numbering) for key, one in self.held.items()}
            self.kept = {key: one for key, one in every.items() if one.numbers}

    # What people decide

    @rule(country=st.sampled_from(["SE", "DE", ""]), area=st.sampled_from(["", "8"]))
    def number_otherwise(self, country: str, area: str) -> None:
        self.numbering = Numbering(country, area)

        async def put(rows: Rows) -> None:
            await organisation.put(rows, replace(await organisation.get(rows), numbering=self.numbering))

        self.office.write(put)

    @rule(away=st.booleans())
    def put_away(self, away: bool) -> None:
        self.book = replace(self.book, enabled=not away)
        self.office.write(lambda rows: books.put(rows, self.book))
        if away:
            self.kept = {}

    @rule(hours=st.sampled_from([-5, 1, 24]))
    def time_passes(self, hours: int) -> None:
        """A day after all that was read, however often the clock was set back, what slipped is found."""
        if hours == 24:
            self.clock.turn(max(self.latest - self.clock.now(), timedelta()))
        self.clock.turn(timedelta(hours=hours))
        self.latest = max(self.latest, self.clock.now())
        if hours == 24:
            self.read(whole=False, forgets=False, doubles=False)
            assert not self.slipped

    @invariant()
    def the_store_holds_what_it_must(self) -> None:
        assert self.stored() == self.kept

    def stored(self) -> dict[str, Contact]:
        return {one.key: one for one in self.office.read(lambda rows: contacts.of_book(rows, self.book.id))}


@pytest.fixture(scope="module")
def machine(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[AnyBook]]:
    folder = tmp_path_factory.mktemp("books")
    shutil.copytree(new_store, folder, dirs_exist_ok=True)
    AnyBook.office = Office(folder)
    yield AnyBook
    AnyBook.office.close()


def test_any_reading_that_ends_well_leaves_what_is_in_the_book(machine: type[AnyBook]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=30, derandomize=True))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_any_long_sequence_of_readings_leaves_what_is_in_the_book(machine: type[AnyBook]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=2000, stateful_step_count=60))
