"""Reading calendars and books when they are due (step 1 of an appointment's way, docs/architecture.md).

A task per account keeps it open (`account`), a task per mailbox and book reads it every `refresh` seconds, spread so
that a server is never asked by all at once (`turns`). One watcher of the store serves all accounts, which may be
thousands.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import NoReturn

from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.engine.account import ACCOUNT, AtWork, account_name
from gateway.engine.crew import Crew, Work
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.means import Kind, Means
from gateway.engine.outcomes import FLUSH, Outcomes
from gateway.engine.pulse import Pulse
from gateway.engine.together import Together
from gateway.engine.turns import Due, Rest, Slots, first_turns
from gateway.errors import Misconfigured
from gateway.ports import Clock, Connect
from gateway.store import accounts, books, mailboxes, refusals, wishes
from gateway.store.refusals import Refusals
from gateway.store.rows import Rows
from gateway.store.store import Store

AT_ONCE = 32  # readings of one source's calendars
BOOKS_AT_ONCE = 8  # which may be large
# Of these, so many that somebody asked for: read whole, they are work for us more than for the server, and what people
# set by hand has its turn between them. More at once are not read sooner.
WHOLE_AT_ONCE, WHOLE_BOOKS_AT_ONCE = 8, 2
WITHOUT_CONTACTS = "without_contacts"  # a fact about the gateway: names of sources that have none
NOT_OFFERED = "contacts_not_offered"  # another: of sources whose server has none, for some or all


class Sync:
    """Reads the calendars of everybody who takes part, and `with_contacts` theirs and the company's books.

    `connect` opens an account, by the name of its source.
    """

    def __init__(
        self,
        store: Store,
        decided: Decided,
        connect: Mapping[str, Connect],
        takes_part: TakesPart,
        clock: Clock,
        pulse: Pulse,
        *,
        with_contacts: bool = False,
    ) -> None:
        self._store = store
        self._connect = connect
        self._takes_part = takes_part
        self._with_contacts = with_contacts
        calendars = Kind(
            Outcomes("calendars", mailboxes, store, clock), _slots(connect, AT_ONCE), _slots(connect, WHOLE_AT_ONCE)
        )
        of_contacts = Kind(
            Outcomes("books", books, store, clock), _slots(connect, BOOKS_AT_ONCE), _slots(connect, WHOLE_BOOKS_AT_ONCE)
        )
        self._means = Means(store, Together(store), decided, clock, pulse, calendars, of_contacts)
        self._at_work: dict[Account, AtWork] = {}
        self._rests: dict[int, Rest] = {}  # by account: it lasts although the account is opened anew
        self._wanted: tuple[Due, ...] = ()
        self._bare: list[str] = []  # sources

    async def run(self) -> None:
        """Follow accounts and mailboxes as they come and go, and hear wishes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note(), name="outcomes")
            crew = Crew[Account](tasks, "account")
            async with aclosing(self._store.watch("accounts", "books", "mailboxes", "users", "wishes")) as changes:
                async for changed in changes:
                    if changed - {"wishes"}:
                        await self._look(crew)
                    if "wishes" in changed:
                        await self._hear_wishes()

    async def _look(self, crew: Crew[Account]) -> None:
        async with self._store.read() as rows:
            opened, past = await accounts.every(rows), await refusals.every(rows)
            calendars, of_contacts = await self._due(rows)
        known, self._wanted = set(self._wanted), (*calendars, *of_contacts)
        first = first_turns([one for one in self._wanted if one not in known], self._means.clock.now())
        self._means.calendars.know(calendars)
        self._means.books.know(of_contacts)
        whose: dict[int, list[Due]] = {account.id: [] for account in opened}
        for one in self._wanted:
            whose[one.account].append(one)
        before, self._at_work = self._at_work, {}
        work: dict[Account, Work] = {}
        for account in opened:
            connect = self._connect.get(account.source)
            if connect is None:
                work[account] = partial(self._is_lost, account, whose[account.id])
                continue
            at_work = before.get(account) or self._begin(account, past[account.id], connect)
            at_work.give(whose[account.id], first)
            self._at_work[account], work[account] = at_work, at_work.run
        await crew.keep(work)
        await self._means.pulse.only(ACCOUNT, [account_name(account.id) for account in opened])

    async def _due(self, rows: Rows) -> tuple[list[Mailbox], list[Book]]:
        """Return what is read: of those who take part, and of the company."""
        everybody = (await self._means.decided.now(rows)).users.values()
        taking_part = {user.id for user in everybody if user.enabled and self._takes_part(user)}
        calendars = [one for one in await mailboxes.every(rows) if one.calendar and one.user in taking_part]
        every = await books.every(rows) if self._with_contacts else ()
        return calendars, [one for one in every if one.enabled and (one.owner is None or one.owner in taking_part)]

    def _begin(self, account: Account, past: Refusals, connect: Connect) -> AtWork:
        rest = self._rests.setdefault(account.id, Rest())
        return AtWork(account, past, connect, rest, self._means, self._is_bare)

    async def _is_lost(self, account: Account, some: Sequence[Due]) -> None:
        error = Misconfigured(
            f"it is at the source {account.source!r}, which the settings do not have",
            f"add [sources.{account.source}] to the settings, or remove the account",
        )
        await self._means.pulse.say(account_name(account.id), error)
        await self._means.failed(some, error)

    async def _hear_wishes(self) -> None:
        async with self._store.write() as rows:
            asked = {wish.user for wish in await wishes.take(rows)}
        for one in self._wanted:
            if None in asked or _owner(one) in asked:
                self._means.kind(one).bell(one).ring(whole=True)

    async def _note(self) -> NoReturn:
        never, clock = asyncio.Event(), self._means.clock
        while True:
            await clock.until(clock.now() + FLUSH, never)
            await self._means.calendars.outcomes.flush()
            await self._means.books.outcomes.flush()
            if self._with_contacts:
                await self._tell_bare()

    async def _is_bare(self, source: str) -> None:
        """Tell it at once: `ringplan sync` is not to wait for books that rest."""
        if source not in self._bare:
            await self._tell_bare()

    async def _tell_bare(self) -> None:
        """Tell the sources at which there are books that rest, or that the server does not have."""
        self._bare = sorted({account.source for account, at_work in self._at_work.items() if at_work.is_bare})
        lacking = sorted({account.source for account, at_work in self._at_work.items() if at_work.lacks})
        await self._means.pulse.tell("gateway", {WITHOUT_CONTACTS: self._bare, NOT_OFFERED: lacking})


def _slots(connect: Mapping[str, Connect], many: int) -> Mapping[str, Slots]:
    return {source: Slots(many) for source in connect}


def _owner(one: Due) -> int | None:
    return one.owner if isinstance(one, Book) else one.user
