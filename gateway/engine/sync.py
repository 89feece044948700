"""Reading calendars when they are due (step 1 of an appointment's way, docs/architecture.md).

A task per account keeps it open, a task per mailbox reads it every `refresh` seconds, spread so that a server is never
asked by all at once, and at most `AT_ONCE` at a time. A mailbox that fails waits longer by itself and delays nobody. An
account whose credentials are refused stops as a whole and is tried again slowly, with one request: many wrong sign-ins
would lock it out.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.engine.crew import Crew
from gateway.engine.pulse import Pulse
from gateway.engine.reading import read_mailbox
from gateway.engine.supervise import supervise, wait_after
from gateway.errors import GiveUp, Misconfigured, RetryLater, RingplanError
from gateway.ports import CalendarSource, Clock, Connect, Opened
from gateway.store import accounts, mailboxes, users, wishes
from gateway.store.store import Store

AT_ONCE = 8
APART = timedelta(milliseconds=50)  # between two mailboxes when an account is opened
LONGEST_WAIT = timedelta(minutes=5)
FLUSH = timedelta(seconds=10)

TakesPart = Callable[[User], bool]


class Sync:
    """Reads the calendars of everybody who takes part; `connect` opens an account, by the name of its source."""

    def __init__(
        self, store: Store, connect: Mapping[str, Connect], takes_part: TakesPart, clock: Clock, pulse: Pulse
    ) -> None:
        self._store = store
        self._connect = connect
        self._takes_part = takes_part
        self._clock = clock
        self._pulse = pulse
        self._wished: dict[int, asyncio.Event] = {}  # by mailbox
        self._unchanged: set[int] = set()

    async def run(self) -> None:
        """Follow the accounts as they come and go."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear_wishes(), name="wishes")
            tasks.create_task(self._flush(), name="unchanged mailboxes")
            crew = Crew[Account](tasks, "account")
            async with aclosing(self._store.watch("accounts")) as changes:
                async for _ in changes:
                    async with self._store.read() as rows:
                        wanted = await accounts.every(rows)
                    await crew.keep({account: partial(self._keep_open, account) for account in wanted})
                    await self._pulse.only("account:", [account_name(account.id) for account in wanted])

    async def _keep_open(self, account: Account) -> None:
        async def say(error: RingplanError) -> None:
            await self._pulse.say(account_name(account.id), error)
            await self._failed(await self._mailboxes(account), error)

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
        """Keep a reader per mailbox of this account, and listen to what the server pushes, while it is open."""
        calendar = opened.calendar
        if calendar is None:
            return
        few = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            readers = Crew[Mailbox](tasks, "mailbox")
            listener = Crew[tuple[Mailbox, ...]](tasks, "push")
            async with aclosing(self._store.watch("mailboxes", "users")) as changes:
                async for _ in changes:
                    wanted = await self._mailboxes(account)
                    firsts = spread(wanted, self._clock.now())
                    await readers.keep({one: self._reader(calendar, one, firsts[one], few) for one in wanted})
                    await listener.keep({wanted: partial(self._hear_push, calendar, wanted)} if wanted else {})

    def _reader(
        self, source: CalendarSource, mailbox: Mailbox, first: datetime, few: asyncio.Semaphore
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        return partial(self._read_on, source, mailbox, first, few)

    async def _read_on(self, source: CalendarSource, mailbox: Mailbox, due: datetime, few: asyncio.Semaphore) -> None:
        """Read one mailbox whenever it is due, or wished for."""
        wished = self._wished.setdefault(mailbox.id, asyncio.Event())
        refresh = timedelta(seconds=mailbox.refresh)
        failures = 0
        while True:
            await self._clock.until(due, wished)
            whole = wished.is_set()
            wished.clear()
            try:
                async with few:
                    if not await read_mailbox(self._store, source, mailbox, self._clock, whole=whole):
                        self._unchanged.add(mailbox.id)
            except (RetryLater, GiveUp) as error:
                self._unchanged.discard(mailbox.id)
                await self._failed((mailbox,), error)
                wait = min(max(refresh * 2**failures, wait_after(error, failures)), max(LONGEST_WAIT, refresh))
                due = self._clock.now() + wait
                failures = min(failures + 1, 10)
            else:
                await self._pulse.say(account_name(mailbox.account), None)
                failures = 0
                due = next_turn(due, refresh, self._clock.now())

    async def _hear_push(self, source: CalendarSource, wanted: tuple[Mailbox, ...]) -> None:
        async for mailbox in source.changed(wanted):
            self._wished.setdefault(mailbox.id, asyncio.Event()).set()

    async def _hear_wishes(self) -> None:
        async with aclosing(self._store.watch("wishes")) as changes:
            async for _ in changes:
                async with self._store.write() as rows:
                    asked = await wishes.take(rows)
                    boxes = await mailboxes.every(rows) if asked else ()
                users_asked = {wish.user for wish in asked}
                for mailbox in boxes:
                    if None in users_asked or mailbox.user in users_asked:
                        self._wished.setdefault(mailbox.id, asyncio.Event()).set()

    async def _flush(self) -> NoReturn:
        """Note those that had nothing new, many at a time: they are most, and `status` can wait."""
        never = asyncio.Event()
        while True:
            await self._clock.until(self._clock.now() + FLUSH, never)
            if self._unchanged:
                unchanged, self._unchanged = self._unchanged, set()
                async with self._store.write() as rows:
                    await mailboxes.unchanged(rows, tuple(unchanged), self._clock.now())

    async def _failed(self, some: Iterable[Mailbox], error: RingplanError) -> None:
        async with self._store.write() as rows:
            await mailboxes.failed(rows, [mailbox.id for mailbox in some], error, self._clock.now())

    async def _mailboxes(self, account: Account) -> tuple[Mailbox, ...]:
        async with self._store.read() as rows:
            taking_part = {user.id for user in await users.every(rows) if user.enabled and self._takes_part(user)}
            every = await mailboxes.every(rows)
        return tuple(one for one in every if one.account == account.id and one.user in taking_part)


def spread(wanted: tuple[Mailbox, ...], now: datetime) -> dict[Mailbox, datetime]:
    """Return when each is read first: soon, but not all at once; from then on each keeps its own turn."""
    many = max(len(wanted), 1)
    return {
        mailbox: now + min(APART * many, timedelta(seconds=mailbox.refresh)) * place / many
        for place, mailbox in enumerate(wanted)
    }


def next_turn(due: datetime, refresh: timedelta, now: datetime) -> datetime:
    """Return when a mailbox that was due at `due` is read again: its own turn, unless that is over or far away.

    Turns that were missed (the machine slept) are not made up for; after a clock that was set back nobody waits longer
    than `refresh`.
    """
    following = due + refresh
    return following if now < following <= now + refresh else now + refresh


def account_name(account: int) -> str:
    """Return the name of an account's row in `store.health`."""
    return f"account:{account}"
