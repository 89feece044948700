"""Reading calendars when they are due (step 1 of an appointment's way, docs/architecture.md).

A task per account keeps it open, a task per mailbox reads it every `refresh` seconds, spread so that a server is never
asked by all at once, and at most `AT_ONCE` at a time. A mailbox that fails waits longer by itself and delays nobody. An
account whose credentials are refused stops as a whole and is tried again slowly, with one request: many wrong sign-ins
would lock it out. One watcher of the store serves all accounts, which may be thousands.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

from gateway.domain.mailbox import Account, Mailbox
from gateway.engine.crew import Crew
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.pulse import Pulse
from gateway.engine.reading import read_mailbox
from gateway.engine.supervise import supervise, wait_after
from gateway.errors import GiveUp, Misconfigured, RetryLater, RingplanError
from gateway.ports import CalendarSource, Clock, Connect, Opened
from gateway.store import accounts, mailboxes, wishes
from gateway.store.store import Store

AT_ONCE = 32  # readings of one source; that many have to hang before another one waits
APART = timedelta(milliseconds=50)  # between two mailboxes that are new
ALONE = timedelta(seconds=5)  # the first reading of an account, before others join it
LONGEST_WAIT = timedelta(minutes=5)
FLUSH = timedelta(seconds=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOLDEN = (5**0.5 - 1) / 2

log = logging.getLogger(__name__)


class Sync:
    """Reads the calendars of everybody who takes part; `connect` opens an account, by the name of its source."""

    def __init__(
        self,
        store: Store,
        decided: Decided,
        connect: Mapping[str, Connect],
        takes_part: TakesPart,
        clock: Clock,
        pulse: Pulse,
    ) -> None:
        self._store = store
        self._decided = decided
        self._connect = connect
        self._takes_part = takes_part
        self._clock = clock
        self._pulse = pulse
        self._few = {source: asyncio.Semaphore(AT_ONCE) for source in connect}
        self._mailboxes: dict[int, tuple[Mailbox, ...]] = {}  # by account
        self._turned: dict[int, asyncio.Event] = {}  # by account: its mailboxes are others now
        self._first: dict[Mailbox, datetime] = {}
        self._wished: dict[int, asyncio.Event] = {}  # by mailbox
        self._unchanged: set[int] = set()
        self._failing: dict[int, RingplanError] = {}  # by mailbox
        self._told_failing = 0

    async def run(self) -> None:
        """Follow accounts and mailboxes as they come and go, and hear wishes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._flush(), name="unchanged mailboxes")
            crew = Crew[Account](tasks, "account")
            async with aclosing(self._store.watch("accounts", "mailboxes", "users", "wishes")) as changes:
                async for changed in changes:
                    if changed - {"wishes"}:
                        await self._look(crew)
                    if "wishes" in changed:
                        await self._hear_wishes()

    async def _look(self, crew: Crew[Account]) -> None:
        async with self._store.read() as rows:
            opened = await accounts.every(rows)
            everybody = (await self._decided.now(rows)).users.values()
            taking_part = {user.id for user in everybody if user.enabled and self._takes_part(user)}
            every = [mailbox for mailbox in await mailboxes.every(rows) if mailbox.user in taking_part]
        known = {mailbox for some in self._mailboxes.values() for mailbox in some}
        self._first |= spread([mailbox for mailbox in every if mailbox not in known], self._clock.now())
        before, self._mailboxes = self._mailboxes, {account.id: () for account in opened}
        for mailbox in every:
            self._mailboxes[mailbox.account] += (mailbox,)
        await crew.keep({account: partial(self._keep_open, account) for account in opened})
        for account, some in self._mailboxes.items():
            if before.get(account) != some and account in self._turned:
                self._turned[account].set()
        await self._pulse.only("account:", [account_name(account.id) for account in opened])

    async def _keep_open(self, account: Account) -> None:
        async def say(error: RingplanError) -> None:
            await self._pulse.say(account_name(account.id), error)
            await self._failed(self._mailboxes.get(account.id, ()), error)

        connect = self._connect.get(account.source)
        if connect is None:
            await say(
                Misconfigured(
                    f"it is at the source {account.source!r}, which the settings do not have",
                    f"add [sources.{account.source}] to the settings, or remove the account",
                )
            )
            return
        await supervise(partial(connect, account), partial(self._follow, account), say, self._clock)

    async def _follow(self, account: Account, opened: Opened) -> None:
        """Keep a reader per mailbox of this account, and listen to what the server pushes, while it is open.

        The first reading is alone: refused credentials are tried with one request, since servers lock accounts.
        """
        calendar = opened.calendar
        if calendar is None:
            return
        answered = asyncio.Event()
        turned = self._turned.setdefault(account.id, asyncio.Event())
        async with asyncio.TaskGroup() as tasks:
            readers = Crew[Mailbox](tasks, "mailbox")
            listener = Crew[tuple[Mailbox, ...]](tasks, "push")
            while True:
                turned.clear()
                wanted = self._mailboxes.get(account.id, ())
                soon = spread(wanted, self._clock.now())
                few = self._few[account.source]
                dues = sorted(((self._first.pop(one, soon[one]), one) for one in wanted), key=lambda due: due[0])
                await readers.keep(
                    {
                        one: partial(self._read_on, calendar, one, due, few, answered, alone=place == 0)
                        for place, (due, one) in enumerate(dues)
                    }
                )
                await listener.keep({wanted: partial(self._hear_push, calendar, wanted)} if wanted else {})
                await turned.wait()

    async def _read_on(
        self,
        source: CalendarSource,
        mailbox: Mailbox,
        due: datetime,
        few: asyncio.Semaphore,
        answered: asyncio.Event,
        *,
        alone: bool,
    ) -> None:
        """Read one mailbox whenever it is due, or wished for; unless `alone`, once the account was `answered`."""
        wished = self._wished.setdefault(mailbox.id, asyncio.Event())
        if not alone:
            await self._clock.until(self._clock.now() + ALONE, answered)
        refresh = timedelta(seconds=mailbox.refresh)
        failures = 0
        while True:
            await self._clock.until(due, wished)
            whole = wished.is_set()
            wished.clear()
            try:
                async with few:
                    if not await read_mailbox(self._store, self._decided, source, mailbox, self._clock, whole=whole):
                        self._unchanged.add(mailbox.id)
            except (RetryLater, GiveUp) as error:
                answered.set()
                self._unchanged.discard(mailbox.id)
                await self._failed((mailbox,), error)
                wait = min(max(refresh * 2**failures, wait_after(error, failures)), max(LONGEST_WAIT, refresh))
                due = self._clock.now() + wait
                failures = min(failures + 1, 10)
            else:
                answered.set()
                self._failing.pop(mailbox.id, None)
                await self._pulse.say(account_name(mailbox.account), None)
                failures = 0
                due = next_turn(mailbox, self._clock.now())

    async def _hear_push(self, source: CalendarSource, wanted: tuple[Mailbox, ...]) -> None:
        async for mailbox in source.changed(wanted):
            self._wished.setdefault(mailbox.id, asyncio.Event()).set()

    async def _hear_wishes(self) -> None:
        async with self._store.write() as rows:
            asked = {wish.user for wish in await wishes.take(rows)}
        for mailbox in (one for some in self._mailboxes.values() for one in some):
            if None in asked or mailbox.user in asked:
                self._wished.setdefault(mailbox.id, asyncio.Event()).set()

    async def _flush(self) -> NoReturn:
        """Note those that had nothing new, many at a time: they are most, and `status` can wait."""
        never = asyncio.Event()
        while True:
            await self._clock.until(self._clock.now() + FLUSH, never)
            self._tell_failing()
            if self._unchanged:
                unchanged, self._unchanged = self._unchanged, set()
                async with self._store.write() as rows:
                    await mailboxes.unchanged(rows, tuple(unchanged), self._clock.now())

    def _tell_failing(self) -> None:
        """Log how many calendars cannot be read when that changes; which ones, and why each, is for `status`."""
        every = {mailbox.id for some in self._mailboxes.values() for mailbox in some}
        self._failing = {mailbox: error for mailbox, error in self._failing.items() if mailbox in every}
        if len(self._failing) == self._told_failing:
            return
        self._told_failing = len(self._failing)
        if self._failing:
            *_, last = self._failing.values()
            remedy = f" ({last.remedy})" if last.remedy else ""
            log.warning(
                "%d of %d calendars cannot be read; the last: %s%s", len(self._failing), len(every), last, remedy
            )
        else:
            log.info("all %d calendars can be read again", len(every))

    async def _failed(self, some: Sequence[Mailbox], error: RingplanError) -> None:
        self._failing |= dict.fromkeys((mailbox.id for mailbox in some), error)
        async with self._store.write() as rows:
            await mailboxes.failed(rows, [mailbox.id for mailbox in some], error, self._clock.now())


def spread(wanted: Sequence[Mailbox], now: datetime) -> dict[Mailbox, datetime]:
    """Return when each is read first: soon, but not all at once; from then on each has its own turn (`next_turn`)."""
    many = max(len(wanted), 1)
    return {
        mailbox: now + min(APART * many, timedelta(seconds=mailbox.refresh)) * place / many
        for place, mailbox in enumerate(wanted)
    }


def next_turn(mailbox: Mailbox, now: datetime) -> datetime:
    """Return when `mailbox` is read again: at its own place in the course of each `refresh`, at most that far away.

    The place comes from its id alone, so mailboxes stay apart whatever made them be read together: a wish for all, a
    server that came back, a machine that slept, a clock that was set. Multiples of the golden ratio lie evenly on a
    circle, however many there are (Knuth, The Art of Computer Programming, volume 3, section 6.4, theorem S).
    """
    refresh = timedelta(seconds=mailbox.refresh)
    place = refresh * (mailbox.id * GOLDEN % 1)
    return now + refresh - (now - EPOCH - place) % refresh


def account_name(account: int) -> str:
    """Return the name of an account's row in `store.health`."""
    return f"account:{account}"
