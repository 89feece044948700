"""Being told of changes: keeps the streaming connections of one account open, and yields whose calendar has changed.

Exchange 2010 SP1 and later. Whatever happens in a calendar means "read it now"; what it was is for the reading. All
that is not told here is found by the engine's own readings, each `refresh`, so nothing here is ever raised but refused
credentials: a stream that is lost, refused or throttled is opened again with growing pauses, and its calendars are
only asked in turn meanwhile.

When a mailbox is yielded without an event: once its subscription, or the open stream that carried it, was lost, since
what happened in between is unknown. Not when it is subscribed to for the first time: what changes between its first
reading and the subscription is found one `refresh` later. Subscriptions are kept when streams are closed and opened
anew (because mailboxes come and go, or their half hour is over): the server keeps what happens meanwhile.

Facts: Microsoft, "Maintain affinity between a group of subscriptions and the Mailbox server in Exchange", "Handling
notification-related errors in EWS in Exchange", "EWS throttling in Exchange", "ConnectionTimeout"; captures 097 to 104
and 131 to 143 of gromox 3.10.
"""

import asyncio
import logging
import math
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

import exchangelib

from gateway.domain.mailbox import Account, Mailbox
from gateway.errors import GiveUp, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.client import Client
from gateway.sources.ews.discovery import Discovery
from gateway.sources.ews.groups import Placed, Plan, Stream, anchor, plan
from gateway.sources.ews.notifications import SILENCE, Affinity, Ending, How, No, follow, subscribe
from gateway.sources.ews.settings import EwsSettings

OWN = 50  # users' own accounts of a source that hold a stream each: a stream is a thread and a connection
IN_A_ROW = 3  # so many failures are no accident
OF_ALL = (No.NOT_THERE, No.NO_MORE)  # not of one mailbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    `settle`: before the first request: mailboxes that are added one after the other shall not each cost a new plan.
    `alone`: a stream that is being opened waits so long for another one to be. `silence`: a stream on which nothing
    comes for so long is dead. `steady`: one that lived so long was well. `first` and `longest`: pauses. Until somebody
    is tried again: `ill`, whose mailbox cannot be subscribed to; `refused`, whose mailbox Exchange does not give to
    delegates; `missing`, whose server has no streams. `plan`: until streams are shared out anew.
    """

    settle: float = 2.0
    alone: float = 5.0
    silence: float = SILENCE
    steady: float = 60.0
    first: float = 1.0
    longest: float = 15 * 60.0
    ill: float = 30 * 60.0
    refused: float = 4 * 3600.0
    missing: float = 22 * 3600.0
    plan: float = 3600.0


PACE = Pace()


def own_streams() -> asyncio.Semaphore:
    """Return what bounds the streams of users' own accounts; one for a source. Who finds no place waits, and is polled.

    A service account has `settings.streams` of its own and needs none.
    """
    return asyncio.Semaphore(OWN)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as the server knows it, and what leads requests to that server."""

    id: str = field(repr=False)
    affinity: Affinity


@dataclass(slots=True)
class Life:
    """Of one stream: when it `began`, by the loop's time."""

    began: float = math.inf


@dataclass(slots=True)
class Streams:
    """The streams of one account. What it has learnt is kept from one `listen` to the next."""

    client: Client
    discovery: Discovery
    settings: EwsSettings
    account: Account
    own: asyncio.Semaphore
    pace: Pace = PACE
    _held: dict[int, Subscription] = field(default_factory=dict)  # this and the next four by mailbox
    _heard: dict[int, None] = field(default_factory=dict)  # to be yielded, in this order
    _unsure: set[int] = field(default_factory=set)  # something may have been missed
    _failed: Counter[int] = field(default_factory=Counter)  # in a row
    _without: dict[int, float] = field(default_factory=dict)  # only asked in turn until then, by the loop's time
    _door: asyncio.Lock = field(default_factory=asyncio.Lock)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _said: str = ""

    async def listen(self, mailboxes: Collection[Mailbox]) -> AsyncGenerator[Mailbox, None]:
        """Yield mailboxes that have changed, a burst of one once. Raises `SignInAgain`, and ends by cancellation."""
        known = {mailbox.id: mailbox for mailbox in mailboxes}
        self._held = {one: held for one, held in self._held.items() if one in known}
        self._news.set()
        streams = asyncio.create_task(self._keep(tuple(mailboxes)), name=f"streams of account {self.account.id}")
        streams.add_done_callback(lambda _: self._news.set())
        try:
            while not streams.done():
                await self._news.wait()
                self._news.clear()
                while self._heard:
                    one = next(iter(self._heard))
                    del self._heard[one]
                    if one in known:
                        yield known[one]
            streams.result()
        finally:
            streams.cancel()
            await asyncio.wait((streams,))
            if not streams.cancelled():
                streams.exception()  # raised already, or nobody is left to raise it to

    async def _keep(self, mailboxes: Collection[Mailbox]) -> None:
        """Hold streams, where there may be any; raises what ends them all."""
        if not self.settings.streams:
            await asyncio.Event().wait()
        async with nullcontext() if self.account.service else self.own:
            await asyncio.sleep(self.pace.settle)
            try:
                async with asyncio.TaskGroup() as tasks:
                    await self._share_out(mailboxes, tasks)
            except ExceptionGroup as ended:
                refused, others = ended.split(SignInAgain)
                if refused is None or others is not None:
                    raise
                raise refused.exceptions[0] from ended

    async def _share_out(self, mailboxes: Collection[Mailbox], tasks: asyncio.TaskGroup) -> NoReturn:
        """Keep the streams that are planned; those that are planned again go on undisturbed."""
        running: dict[Stream, asyncio.Task[NoReturn]] = {}
        while True:
            wanted = (await self._planned(mailboxes)).streams
            gone = [running.pop(stream) for stream in running.keys() - set(wanted)]
            for task in gone:
                task.cancel()
            if gone:
                await asyncio.wait(gone)
            for stream in wanted:
                if stream not in running:
                    name = f"{len(stream)} calendars of account {self.account.id}"
                    running[stream] = tasks.create_task(self._stream(stream), name=name)
            await asyncio.sleep(self.pace.plan)

    async def _planned(self, mailboxes: Collection[Mailbox]) -> Plan:
        """Find where each mailbox is. One whose place is not known, or that cannot have a stream for long, has none."""
        soon = _now() + self.pace.ill
        placed = []
        for mailbox in mailboxes:
            if self._without.get(mailbox.id, 0.0) <= soon:
                try:
                    at = await self.discovery.endpoint(mailbox)
                except (RetryLater, GiveUp):
                    continue
                placed.append(Placed(mailbox, at.url, at.group, at.address or mailbox.address))
        told = await self._groups([one.mailbox for one in placed if not one.group])
        placed = [Placed(one.mailbox, one.url, told.get(one.mailbox.id, one.group), one.address) for one in placed]
        return plan(placed, self.settings.streams if self.account.service else min(self.settings.streams, 1))

    async def _groups(self, mailboxes: Collection[Mailbox]) -> Mapping[int, str]:
        """Ask who may share a stream. Where that is not known, all at one URL do, and the server sorts them out."""
        try:
            return await self.discovery.groups(mailboxes) if mailboxes else {}
        except (RetryLater, GiveUp):
            return {}

    async def _stream(self, stream: Stream) -> NoReturn:
        """Keep one stream open, as well as that goes."""
        failures = 0  # in a row
        while True:
            life, after = Life(), 0.0
            try:
                why = await self._open(stream, life)
            except (RetryLater, GiveUp) as error:
                why = str(error)
                after = (error.after or 0.0) if isinstance(error, RetryLater) else self.pace.longest
            was_well = _now() - life.began >= self.pace.steady
            if was_well:
                failures = 0
                for one in stream:
                    self._failed.pop(one.mailbox.id, None)
            elif not failures:
                log.info("account %d: a stream of %d calendars ended: %s", self.account.id, len(stream), why)
            if after or not was_well:
                await asyncio.sleep(max(after, self._pause(failures)))
                failures += 1

    def _pause(self, failures: int) -> float:
        longest = min(self.pace.longest, self.pace.first * 2.0 ** min(failures, 20))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads gateways, decides nothing secret

    async def _open(self, stream: Stream, life: Life) -> str:
        """Subscribe where that is needed, and follow what the server tells until it ends; return why it did."""
        async with self._alone() as answered, self.client.stream(stream[0].url, anchor(stream)) as account:
            affinity = self._affinity(stream)
            await self._subscribe(stream, account, affinity, answered)
            told = {self._held[one.mailbox.id].id: one.mailbox.id for one in stream if one.mailbox.id in self._held}
            if told:
                self._hear(self._unsure.intersection(told.values()))
                self._unsure.difference_update(told.values())
                return self._ended(await self._follow(account, affinity, told, life, answered), told)
        life.began = _now()
        await asyncio.sleep(min(self._without.get(one.mailbox.id, 0.0) for one in stream) - life.began)
        return "nobody in it can be subscribed to"

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Callable[[], None]]:
        """Wait, but not for long, while another stream asks first; yields what is called once we were answered.

        Credentials that have become wrong are so tried with one request, and not by each stream: servers lock accounts.
        """
        asks = False
        with suppress(TimeoutError):
            async with asyncio.timeout(self.pace.alone):
                asks = await self._door.acquire()

        def answered() -> None:
            nonlocal asks
            if asks:
                asks = False
                self._door.release()

        try:
            yield answered
        finally:
            answered()

    def _affinity(self, stream: Stream) -> Affinity:
        held = (self._held[one.mailbox.id].affinity for one in stream if one.mailbox.id in self._held)
        return next(held, Affinity(anchor(stream)))

    async def _subscribe(
        self, stream: Stream, account: exchangelib.Account, affinity: Affinity, answered: Callable[[], None]
    ) -> None:
        """Subscribe to each calendar of `stream` that is not yet; leave out for a while those that cannot be.

        Raises what may concern all of them; a mailbox that raises again and again is left out, too.
        """
        refused: Counter[No] = Counter()
        subscribed = any(one.mailbox.id in self._held for one in stream)
        for one in sorted(stream, key=by_name):
            if one.mailbox.id in self._held or self._without.get(one.mailbox.id, 0.0) > _now():
                continue
            if not subscribed:
                affinity.anchor = one.address
            try:
                answer = await self.client.listen(account, partial(subscribe, affinity=affinity, address=one.address))
            except (Unreachable, Throttled):
                raise
            except (RetryLater, GiveUp):
                if not self._fails(one.mailbox.id):
                    raise
                answer = No.NOT_FOR_THIS_ONE
            answered()
            if isinstance(answer, str):
                self._held[one.mailbox.id] = Subscription(answer, affinity)
                subscribed = True
                continue
            refused[answer] += self._leave_out(answer, stream if answer in OF_ALL else (one,))
            if answer in OF_ALL:
                break
        self._say(refused, len(stream))

    def _fails(self, one: int) -> bool:
        """Count, and return whether that was once too often in a row."""
        self._failed[one] += 1
        return self._failed[one] >= IN_A_ROW

    def _leave_out(self, why: No, some: Collection[Placed]) -> int:
        """Leave out those of `some` that have no subscription, for as long as `why` lasts; return how many."""
        longer = {No.NOT_FOR_THIS_ONE: self.pace.ill, No.NOT_THERE: self.pace.missing}
        without = [one.mailbox.id for one in some if one.mailbox.id not in self._held]
        self._without |= dict.fromkeys(without, _now() + longer.get(why, self.pace.refused))
        return len(without)

    def _say(self, refused: Mapping[No, int], count: int) -> None:
        """Log why calendars are only asked in turn; once, until it is another reason."""
        said = ", ".join(f"{number} of {count} {why.value}" for why, number in refused.items())
        if said and said != self._said:
            self._said = said
            log.info(
                "account %d: calendars cannot be followed by streams, they are asked in turn: %s", self.account.id, said
            )

    async def _follow(
        self,
        account: exchangelib.Account,
        affinity: Affinity,
        told: Mapping[str, int],
        life: Life,
        answered: Callable[[], None],
    ) -> Ending:
        loop = asyncio.get_running_loop()

        def opened() -> None:
            answered()
            life.began = loop.time()

        def tell(subscription: str) -> None:
            if subscription in told:
                loop.call_soon_threadsafe(self._hear, (told[subscription],))

        work = partial(
            follow,
            affinity=affinity,
            subscriptions=tuple(told),
            opened=partial(loop.call_soon_threadsafe, opened),
            tell=tell,
            silence=self.pace.silence,
        )
        try:
            return await self.client.listen(account, work)
        except (RetryLater, GiveUp):
            if life.began < math.inf:
                self._unsure.update(told.values())
            raise

    def _hear(self, some: Iterable[int]) -> None:
        self._heard |= dict.fromkeys(some)
        self._news.set()

    def _ended(self, ending: Ending, told: Mapping[str, int]) -> str:
        """Take note of what is lost with a stream; what the server did not name is all of it."""
        if ending.how is How.CUT:
            self._unsure.update(told.values())
        elif ending.how is How.LOST:
            for subscription in ending.lost or told:
                one = told[subscription]
                self._held.pop(one, None)
                self._unsure.add(one)
                if ending.lost and self._fails(one):
                    self._without[one] = _now() + self.pace.refused
        return ending.how.value


def by_name(one: Placed) -> str:
    """Order mailboxes as `groups.anchor` does."""
    return one.address.casefold()


def _now() -> float:
    return asyncio.get_running_loop().time()
