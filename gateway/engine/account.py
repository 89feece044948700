"""One account at work: kept open, its mailboxes read when they are due, and what the server pushes heard.

Manners hold for the account as a whole, since servers count per account. Refused credentials are tried as rarely as
`patience` says, with one request (`door`). Where the server asks for rest, no mailbox is read until then, and none is
at fault. A mailbox that fails waits longer by itself and delays nobody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from gateway.domain.mailbox import Account, Mailbox
from gateway.engine.crew import Crew
from gateway.engine.decided import Decided
from gateway.engine.door import Door
from gateway.engine.outcomes import Outcomes
from gateway.engine.patience import Patience
from gateway.engine.pulse import Pulse
from gateway.engine.reading import read_mailbox
from gateway.engine.supervise import supervise, wait_after
from gateway.engine.together import Together
from gateway.engine.turns import Bell, Rest, Slots, between, next_turn, spread
from gateway.errors import GiveUp, RetryLater, RingplanError, SignInAgain, Throttled
from gateway.ports import CalendarSource, Clock, Connect, Opened
from gateway.store.refusals import Refusals
from gateway.store.store import Store

ACCOUNT = "account:"  # so begin the names of their rows in `store.health`
AT_ONCE = 16  # readings of one account; its source may let fewer of them ask
REST = timedelta(minutes=1)  # where the server does not say how long
SHORTEST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(days=1)
LONGEST_WAIT = timedelta(minutes=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What all accounts work with. `bells` are by mailbox id."""

    store: Store
    together: Together
    decided: Decided
    clock: Clock
    pulse: Pulse
    outcomes: Outcomes
    bells: dict[int, Bell] = field(default_factory=dict)

    def know(self, mailboxes: Iterable[int]) -> None:
        """Forget what is kept of all others."""
        self.outcomes.known = frozenset(mailboxes)
        for gone in self.bells.keys() - self.outcomes.known:
            del self.bells[gone]

    def bell(self, mailbox: Mailbox) -> Bell:
        """Return the bell of a mailbox."""
        return self.bells.setdefault(mailbox.id, Bell())


class AtWork:
    """`give` it mailboxes, `run` it."""

    def __init__(
        self, account: Account, past: Refusals, connect: Connect, few: Slots, rest: Rest, means: Means
    ) -> None:
        self._account = account
        self._rest = rest
        self._connect = connect
        self._few = few
        self._means = means
        self._clock = means.clock
        self._patience = Patience(means.store, means.together, account, past, means.clock)
        self._mine = asyncio.Semaphore(AT_ONCE)
        self._mailboxes: tuple[Mailbox, ...] = ()
        self._first: dict[Mailbox, datetime] = {}
        self._given = asyncio.Event()
        self._never = asyncio.Event()  # one for all: thousands would each keep a kilobyte

    def give(self, mailboxes: Sequence[Mailbox], first: Mapping[Mailbox, datetime]) -> None:
        """Let exactly these be read, those in `first` at their time there."""
        self._first |= {mailbox: first[mailbox] for mailbox in mailboxes if mailbox in first}
        if self._mailboxes != tuple(mailboxes):
            self._mailboxes = tuple(mailboxes)
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
        await self._means.outcomes.failed(self._mailboxes, error)

    async def _follow(self, opened: Opened) -> None:
        """Keep a reader per mailbox, and listen to what the server pushes, while the account is open."""
        calendar = opened.calendar
        if calendar is None:
            return
        door = Door(self._clock, is_strict=self._patience.is_wary)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(door.widen(), name="door")
            readers = Crew[Mailbox](tasks, "mailbox")
            listener = Crew[tuple[Mailbox, ...]](tasks, "push")
            while True:
                self._given.clear()
                wanted = self._mailboxes
                soon = spread(wanted, self._clock.now())
                dues = {one: self._first.pop(one, soon[one]) for one in wanted}
                await readers.keep({one: partial(self._read_on, calendar, one, dues[one], door) for one in wanted})
                await listener.keep({wanted: partial(self._listen, calendar, wanted, door)} if wanted else {})
                await self._given.wait()

    async def _read_on(self, source: CalendarSource, mailbox: Mailbox, due: datetime, door: Door) -> None:
        """Read one mailbox whenever it is due, or its bell rings."""
        bell = self._means.bell(mailbox)
        refresh = between(mailbox)
        distance = max(due - self._clock.now(), timedelta())  # from the others of this account, at first
        failures, whole = 0, False
        while True:
            await self._clock.until(due, bell.rung)
            if self._rest.lasts(self._clock.now()):
                await self._clock.until(next_turn(mailbox, self._rest.until), self._never)
                due = self._clock.now()
                continue
            async with self._turn(door) as has_come:
                if not has_come:
                    due = self._clock.now() + distance
                    continue
                whole = bell.hear() or whole
                try:
                    await self._read(source, mailbox, whole=whole)
                except SignInAgain:
                    door.shut()
                    raise
                except Throttled as error:
                    await self._begin_rest(error)
                    continue
                except (RetryLater, GiveUp) as error:
                    await self._means.outcomes.failed((mailbox,), error)
                    await self._patience.answered(accepted=False)
                    wait = max(refresh * 2**failures, wait_after(error, failures))
                    due = self._clock.now() + min(wait, max(LONGEST_WAIT, refresh))
                    failures = min(failures + 1, 10)
                    door.open(accepted=False)
                else:
                    failures, whole = 0, False
                    due = next_turn(mailbox, self._clock.now())
                    door.open(accepted=True)

    @asynccontextmanager
    async def _turn(self, door: Door) -> AsyncIterator[bool]:
        """Wait for a turn to ask the server, and have it; False: come again."""
        async with AsyncExitStack() as stack:
            is_let_in = await stack.enter_async_context(door.passed())
            if is_let_in:
                await stack.enter_async_context(self._mine)
                await stack.enter_async_context(self._few.one())
            yield is_let_in and not self._rest.lasts(self._clock.now())

    async def _read(self, source: CalendarSource, mailbox: Mailbox, *, whole: bool) -> None:
        means = self._means
        await self._patience.begin()
        is_new = await read_mailbox(means.store, means.decided, source, mailbox, self._clock, whole=whole)
        await self._patience.answered(accepted=True)
        means.outcomes.well(mailbox, is_new=is_new)
        if not self._rest.lasts(self._clock.now()):
            await means.pulse.say(account_name(self._account.id), None)

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
                    self._means.bell(mailbox).ring(whole=False)
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


def account_name(account: int) -> str:
    """Return the name of an account's row in `store.health`."""
    return f"{ACCOUNT}{account}"
