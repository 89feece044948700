"""Reading calendars when they are due (step 1 of an appointment's way, docs/architecture.md).

A task per account keeps it open (`account`), a task per mailbox reads it every `refresh` seconds, spread so that a
server is never asked by all at once (`turns`). One watcher of the store serves all accounts, which may be thousands.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial

from gateway.domain.mailbox import Account, Mailbox
from gateway.engine.account import ACCOUNT, AtWork, Means, account_name
from gateway.engine.crew import Crew, Work
from gateway.engine.decided import Decided, TakesPart
from gateway.engine.outcomes import Outcomes
from gateway.engine.pulse import Pulse
from gateway.engine.together import Together
from gateway.engine.turns import Rest, Slots, spread
from gateway.errors import Misconfigured
from gateway.ports import Clock, Connect
from gateway.store import accounts, mailboxes, refusals, wishes
from gateway.store.refusals import Refusals
from gateway.store.store import Store

AT_ONCE = 32  # readings of one source


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
        self._connect = connect
        self._takes_part = takes_part
        self._means = Means(store, Together(store), decided, clock, pulse, Outcomes(store, clock))
        self._few = {source: Slots(AT_ONCE) for source in connect}
        self._at_work: dict[Account, AtWork] = {}
        self._rests: dict[int, Rest] = {}  # by account: it lasts although the account is opened anew
        self._mailboxes: tuple[Mailbox, ...] = ()

    async def run(self) -> None:
        """Follow accounts and mailboxes as they come and go, and hear wishes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._means.outcomes.run(), name="outcomes")
            crew = Crew[Account](tasks, "account")
            async with aclosing(self._store.watch("accounts", "mailboxes", "users", "wishes")) as changes:
                async for changed in changes:
                    if changed - {"wishes"}:
                        await self._look(crew)
                    if "wishes" in changed:
                        await self._hear_wishes()

    async def _look(self, crew: Crew[Account]) -> None:
        async with self._store.read() as rows:
            opened, past = await accounts.every(rows), await refusals.every(rows)
            everybody = (await self._means.decided.now(rows)).users.values()
            taking_part = {user.id for user in everybody if user.enabled and self._takes_part(user)}
            every = tuple(mailbox for mailbox in await mailboxes.every(rows) if mailbox.user in taking_part)
        known = set(self._mailboxes)
        first = spread([mailbox for mailbox in every if mailbox not in known], self._means.clock.now())
        self._mailboxes = every
        self._means.know(mailbox.id for mailbox in every)
        whose: dict[int, list[Mailbox]] = {account.id: [] for account in opened}
        for mailbox in every:
            whose[mailbox.account].append(mailbox)
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

    def _begin(self, account: Account, past: Refusals, connect: Connect) -> AtWork:
        rest = self._rests.setdefault(account.id, Rest())
        return AtWork(account, past, connect, self._few[account.source], rest, self._means)

    async def _is_lost(self, account: Account, some: Sequence[Mailbox]) -> None:
        error = Misconfigured(
            f"it is at the source {account.source!r}, which the settings do not have",
            f"add [sources.{account.source}] to the settings, or remove the account",
        )
        await self._means.pulse.say(account_name(account.id), error)
        await self._means.outcomes.failed(some, error)

    async def _hear_wishes(self) -> None:
        async with self._store.write() as rows:
            asked = {wish.user for wish in await wishes.take(rows)}
        for mailbox in self._mailboxes:
            if None in asked or mailbox.user in asked:
                self._means.bell(mailbox).ring(whole=True)
