"""One account at work: kept open, its calendars and books read when they are due, and what the server pushes heard.

Manners hold for the account as a whole, since servers count per account. Refused credentials are tried as rarely as
`patience` says, with one request (`door`). Where the server asks for rest, nothing is read until then, and nothing is
at fault. A mailbox or book that fails waits longer by itself and delays nobody; calendars never wait for books.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.engine.books import read_book
from gateway.engine.crew import Crew
from gateway.engine.door import Door
from gateway.engine.means import Means
from gateway.engine.patience import Patience
from gateway.engine.reading import read_mailbox
from gateway.engine.supervise import supervise, wait_after
from gateway.engine.turns import NEVER, Due, Rest, first_turns, next_turn
from gateway.errors import GiveUp, Misconfigured, NotOffered, RetryLater, RingplanError, SignInAgain, Throttled
from gateway.ports import CalendarSource, Connect, Opened
from gateway.store.refusals import Refusals

ACCOUNT = "account:"  # so begin the names of their rows in `store.health`
AT_ONCE = 16  # readings of one account's calendars; its source may let fewer of them ask
BOOKS_AT_ONCE = 4  # and so many of its books beside them, which may be large
REST = timedelta(minutes=1)  # where the server does not say how long
SHORTEST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(days=1)
LONGEST_WAIT = timedelta(minutes=5)

log = logging.getLogger(__name__)


class _Read(Protocol):
    """Reads one mailbox or book; False: nothing is new."""

    async def __call__(self, *, whole: bool) -> bool: ...


class AtWork:
    """`give` it mailboxes and books, `run` it. `is_bare`: there are books, and the source has no contacts.

    That is told to `bare`, with the name of the source.
    """

    def __init__(
        self,
        account: Account,
        past: Refusals,
        connect: Connect,
        rest: Rest,
        means: Means,
        bare: Callable[[str], Awaitable[None]],
    ) -> None:
        self.is_bare = False
        self._bare = bare
        self._not_offered: set[Due] = set()
        self._account = account
        self._rest = rest
        self._connect = connect
        self._means = means
        self._clock = means.clock
        self._patience = Patience(means.store, means.together, account, past, means.clock)
        self._at_once = {Mailbox: asyncio.Semaphore(AT_ONCE), Book: asyncio.Semaphore(BOOKS_AT_ONCE)}
        self._wanted: tuple[Due, ...] = ()
        self._first: dict[Due, datetime] = {}
        self._given = asyncio.Event()
        self._never = asyncio.Event()  # one for all: thousands would each keep a kilobyte

    def give(self, wanted: Sequence[Due], first: Mapping[Due, datetime]) -> None:
        """Let exactly these be read, those in `first` at their time there."""
        self._first |= {one: first[one] for one in wanted if one in first}
        if self._wanted != tuple(wanted):
            self._wanted = tuple(wanted)
            self._given.set()

    async def run(self) -> None:
        """Keep the account open; ends only by being cancelled."""
        await supervise(self._opened, self._follow, self._say, self._clock)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Opened]:
        if await self._patience.turn():
            self._first.clear()  # that was long ago, and would be all at once
        async with self._connect(self._account) as opened:
            yield opened

    async def _say(self, error: RingplanError) -> None:
        if isinstance(error, Throttled):
            await self._begin_rest(error)
            return
        if isinstance(error, SignInAgain):
            await self._patience.refused()
        await self._means.pulse.say(account_name(self._account.id), error)
        await self._means.failed([one for one in self._wanted if self._is_due(one)], error)

    def _is_due(self, one: Due) -> bool:
        """Say whether it would be read: also what is read only on demand, once somebody has asked."""
        return one.refresh is not None or self._means.kind(one).bell(one).rung.is_set()

    async def _follow(self, opened: Opened) -> None:
        """Keep a reader per mailbox and book, and listen to what the server pushes, while the account is open."""
        door = Door(self._clock, is_strict=self._patience.is_wary)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(door.widen(), name="door")
            readers = Crew[Due](tasks, "reader")
            listener = Crew[tuple[Mailbox, ...]](tasks, "push")
            while True:
                self._given.clear()
                reads = self._reads(self._wanted, opened)
                soon = first_turns(list(reads), self._clock.now())
                dues = {one: self._first.pop(one, soon[one]) for one in reads}
                await readers.keep({one: partial(self._read_on, one, reads[one], dues[one], door) for one in reads})
                heard = tuple(one for one in reads if isinstance(one, Mailbox) and one.refresh is not None)
                calendar = opened.calendar
                await listener.keep({heard: partial(self._listen, calendar, heard, door)} if heard and calendar else {})
                await self._miss([one for one in self._wanted if one not in reads])
                await self._given.wait()

    def _reads(self, wanted: Sequence[Due], opened: Opened) -> dict[Due, _Read]:
        """Return how each is read; what the source does not have is missing."""
        means, reads = self._means, dict[Due, _Read]()
        for one in wanted:
            if isinstance(one, Book) and opened.contacts is not None:
                reads[one] = partial(read_book, means.store, means.decided, opened.contacts, one, means.clock)
            elif isinstance(one, Mailbox) and opened.calendar is not None:
                reads[one] = partial(read_mailbox, means.store, means.decided, opened.calendar, one, means.clock)
        return reads

    async def _read_on(self, one: Due, read: _Read, due: datetime, door: Door) -> None:
        """Read one mailbox or book whenever it is due, or its bell rings."""
        bell = self._means.kind(one).bell(one)
        distance = timedelta() if due == NEVER else max(due - self._clock.now(), timedelta())  # from others, at first
        failures, whole = 0, False
        while True:
            await self._clock.until(due, bell.rung)
            if due == NEVER and not bell.rung.is_set():
                continue  # the clock was set back
            if self._rest.lasts(self._clock.now()):
                over = self._rest.until
                await self._clock.until(over if one.refresh is None else next_turn(one, over), self._never)
                due = self._clock.now()
                continue
            async with self._turn(one, door, whole=whole or bell.whole) as has_come:
                if not has_come:
                    due = self._clock.now() + distance
                    continue
                whole = bell.hear() or whole
                try:
                    await self._read(one, read, whole=whole)
                except SignInAgain:
                    door.shut()
                    raise
                except Throttled as error:
                    await self._begin_rest(error)
                    due = self._clock.now()
                except (RetryLater, GiveUp) as error:
                    await self._means.failed((one,), error)
                    await self._patience.answered(accepted=False)
                    due = _again(one, self._clock.now(), wait_after(error, failures), failures)
                    failures = min(failures + 1, 10)
                    door.open(accepted=False)
                else:
                    failures, whole = 0, False
                    due = next_turn(one, self._clock.now())
                    door.open(accepted=True)

    @asynccontextmanager
    async def _turn(self, one: Due, door: Door, *, whole: bool) -> AsyncIterator[bool]:
        """Wait for a turn to ask the server, and have it; False: come again."""
        async with AsyncExitStack() as stack:
            is_let_in = await stack.enter_async_context(door.passed())
            if is_let_in:
                kind, source = self._means.kind(one), self._account.source
                if whole:  # first: who waits for this keeps no others of the account from being read
                    await stack.enter_async_context(kind.whole[source].one())
                await stack.enter_async_context(self._at_once[type(one)])
                await stack.enter_async_context(kind.slots[source].one())
            yield is_let_in and not self._rest.lasts(self._clock.now())

    @property
    def lacks(self) -> bool:
        """Whether there is a book for which the server says that it has no contacts."""
        return not self._not_offered.isdisjoint(self._wanted)

    async def _read(self, one: Due, read: _Read, *, whole: bool) -> None:
        await self._patience.begin()
        try:
            is_new = await read(whole=whole)
            self._not_offered.discard(one)
        except NotOffered:
            is_new = False
            self._not_offered.add(one)
        await self._patience.answered(accepted=True)
        self._means.kind(one).outcomes.well(one, is_new=is_new)
        if not self._rest.lasts(self._clock.now()):
            await self._means.pulse.say(account_name(self._account.id), None)

    async def _miss(self, missing: Sequence[Due]) -> None:
        """Note what is wanted and not to be had: a calendar is somebody's mistake, books are there for everybody."""
        self.is_bare = any(isinstance(one, Book) for one in missing)
        if self.is_bare:
            await self._bare(self._account.source)
        calendars = [one for one in missing if isinstance(one, Mailbox)]
        if calendars:
            error = Misconfigured("its source has no calendars", "let the user have an account at another source")
            await self._means.failed(calendars, error)

    async def _listen(self, source: CalendarSource, wanted: tuple[Mailbox, ...], door: Door) -> None:
        """Ring for mailboxes that the server says have changed; without that they are read in their turn."""
        failures = 0
        await door.answered.wait()
        while True:
            begun = self._clock.now()
            if self._rest.lasts(begun):
                await self._clock.until(self._rest.until, self._never)
                continue
            try:
                async for mailbox in source.changed(wanted):
                    self._means.calendars.bell(mailbox).ring(whole=False)
            except SignInAgain:
                door.shut()
                raise
            except Throttled as error:
                await self._begin_rest(error)
            except (RetryLater, GiveUp) as error:
                now = self._clock.now()
                failures = 0 if now - begun > LONGEST_WAIT else failures
                if not failures:
                    log.warning("%s: its changes are not heard at once: %s", account_name(self._account.id), error)
                await self._clock.until(now + wait_after(error, failures), self._never)
                failures += 1
            else:
                return

    async def _begin_rest(self, error: Throttled) -> None:
        """Leave the server alone for as long as it asks; that is nobody's failure, but `status` tells it."""
        now = self._clock.now()
        asked = REST if error.after is None else timedelta(seconds=min(error.after, LONGEST_REST.total_seconds()))
        self._rest.begin(now, now + max(asked, SHORTEST_REST))
        async with self._means.store.read() as rows:
            zone = (await self._means.decided.now(rows)).rules.organisation.zone
        until = (self._rest.until + timedelta(minutes=1, microseconds=-1)).astimezone(zone)
        said = f"the server asks to be left alone until {until:%H:%M}"
        await self._means.pulse.say(account_name(self._account.id), Throttled(said, error.remedy))


def _again(one: Due, now: datetime, wait: timedelta, failures: int) -> datetime:
    """Return when one that failed is tried again, at least `wait` later: ever more slowly, but not forgotten."""
    if one.refresh is None:
        return NEVER
    refresh = timedelta(seconds=one.refresh)
    slower: timedelta = max(refresh * 2**failures, wait)
    return now + min(slower, max(LONGEST_WAIT, refresh))


def account_name(account: int) -> str:
    """Return the name of an account's row in `store.health`."""
    return f"{ACCOUNT}{account}"
