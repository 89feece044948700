"""One stream: its calendars subscribed to, kept open as well as that goes, opened again when it ends.

What happens in it goes to `Known`, which outlives it: the server keeps a subscription for half an hour and what happens
meanwhile, so a stream that is opened anew goes on where the last one ended.
"""

import asyncio
import logging
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import exchangelib

from gateway.errors import GiveUp, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.connection.client import Client
from gateway.sources.ews.push.groups import Placed, Stream, anchor
from gateway.sources.ews.push.known import Known, Pace, Subscription
from gateway.sources.ews.push.notifications import Affinity, Ending, How, No, follow, subscribe

OF_ALL = (No.NOT_THERE, No.NO_MORE)  # not of one mailbox

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Life:
    """Of one connection: when it `began`, by the loop's time."""

    began: float = math.inf


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps `stream` open for the account `account`; `door`: held by the one of its streams that is being opened."""

    client: Client
    account: int
    stream: Stream
    known: Known
    pace: Pace
    door: asyncio.Lock

    async def keep(self) -> NoReturn:
        """Keep it open. Raises `SignInAgain`: the readings try that again, and not we."""
        failures = 0  # in a row
        while True:
            life, after = Life(), 0.0
            try:
                why = await self._open(life)
            except (RetryLater, GiveUp) as error:
                why = str(error)
                after = (error.after or 0.0) if isinstance(error, RetryLater) else self.pace.longest
            was_well = _now() - life.began >= self.pace.steady
            if was_well:
                failures = 0
                for one in self._ids():
                    self.known.failed.pop(one, None)
            elif not failures:
                log.info("account %d: a stream of %d calendars ended: %s", self.account, len(self.stream), why)
            if after or not was_well:
                await asyncio.sleep(max(after, self._pause(failures)))
                failures += 1

    def _pause(self, failures: int) -> float:
        longest = min(self.pace.longest, self.pace.first * 2.0 ** min(failures, 20))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads gateways, decides nothing secret

    async def _open(self, life: Life) -> str:
        """Subscribe where that is needed, and follow what the server tells until it ends; return why it did."""
        async with self._alone() as answered, self.client.stream(self.stream[0].url, anchor(self.stream)) as account:
            affinity = self._affinity()
            await self._subscribe(account, affinity, answered)
            told = {self.known.held[one].id: one for one in self._ids() if one in self.known.held}
            if told:
                return self._ended(await self._follow(account, affinity, told, life, answered), told)
        life.began = _now()
        await asyncio.sleep(min(self.known.without.get(one, 0.0) for one in self._ids()) - life.began)
        return "nobody in it can be subscribed to"

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Callable[[], None]]:
        """Wait, but not for long, while another stream asks first; yields what is called once we were answered.

        Credentials that have become wrong are so tried with one request, and not by each stream: servers lock accounts.
        """
        asks = False
        with suppress(TimeoutError):
            async with asyncio.timeout(self.pace.alone):
                asks = await self.door.acquire()

        def answered() -> None:
            nonlocal asks
            if asks:
                asks = False
                self.door.release()

        try:
            yield answered
        except SignInAgain:
            asks = False  # the door stays shut: the others are about to be ended, and shall not ask before they are
            raise
        finally:
            answered()

    def _affinity(self) -> Affinity:
        """Return what leads to the server of the stream; subscriptions that were made elsewhere are let go of."""
        held = self.known.held
        for moved in [one for one in self._ids() if one in held and held[one].url != self.stream[0].url]:
            self._lose(moved)
        return next((held[one].affinity for one in self._ids() if one in held), Affinity(anchor(self.stream)))

    async def _subscribe(self, account: exchangelib.Account, affinity: Affinity, answered: Callable[[], None]) -> None:
        """Subscribe to each calendar of the stream that is not yet; leave out for a while those that cannot be.

        Raises what may concern all of them; a mailbox that raises again and again is left out, too.
        """
        refused: Counter[No] = Counter()
        subscribed = any(one in self.known.held for one in self._ids())
        for one in sorted(self.stream, key=by_name):
            if one.mailbox.id in self.known.held or self.known.without.get(one.mailbox.id, 0.0) > _now():
                continue
            if not subscribed:
                affinity.anchor = one.address
            try:
                answer = await self.client.listen(account, partial(subscribe, affinity=affinity, address=one.address))
            except (Unreachable, Throttled):
                raise
            except (RetryLater, GiveUp):
                if not self.known.fails(one.mailbox.id):
                    raise
                answer = No.NOT_FOR_THIS_ONE
            answered()
            if isinstance(answer, str):
                self.known.held[one.mailbox.id] = Subscription(answer, one.url, affinity)
                self.known.unsure.add(one.mailbox.id)
                subscribed = True
                continue
            refused[answer] += self._leave_out(answer, self.stream if answer in OF_ALL else (one,))
        self._say(refused)

    def _leave_out(self, why: No, some: Collection[Placed]) -> int:
        """Leave out those of `some` that have no subscription, for as long as `why` lasts; return how many."""
        longer = {No.NOT_FOR_THIS_ONE: self.pace.ill, No.NOT_THERE: self.pace.missing}
        without = [one.mailbox.id for one in some if one.mailbox.id not in self.known.held]
        self.known.without |= dict.fromkeys(without, _now() + longer.get(why, self.pace.refused))
        return len(without)

    def _say(self, refused: Mapping[No, int]) -> None:
        """Log why calendars are only asked in turn; once, until it is another reason."""
        said = ", ".join(f"{number} of {len(self.stream)} {why.value}" for why, number in refused.items())
        if said and said != self.known.said:
            self.known.said = said
            log.info(
                "account %d: calendars cannot be followed by streams, they are asked in turn: %s", self.account, said
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
            self.known.hear(self.known.unsure.intersection(told.values()))
            self.known.unsure.difference_update(told.values())

        def tell(subscription: str) -> None:
            if subscription in told:
                loop.call_soon_threadsafe(self.known.hear, (told[subscription],))

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
            self.known.unsure.update(told.values())
            raise

    def _ended(self, ending: Ending, told: Mapping[str, int]) -> str:
        """Take note of what is lost with a stream; what the server did not name is all of it."""
        if ending.how is How.CUT:
            self.known.unsure.update(told.values())
        elif ending.how is How.LOST:
            for subscription in ending.lost or told:
                one = told[subscription]
                self._lose(one)
                if ending.lost and self.known.fails(one):
                    self.known.without[one] = _now() + self.pace.refused
                    log.info(
                        "account %d: mailbox %d cannot keep a subscription, it is asked in turn", self.account, one
                    )
        return ending.how.value

    def _lose(self, one: int) -> None:
        self.known.held.pop(one, None)
        self.known.unsure.add(one)

    def _ids(self) -> list[int]:
        return [one.mailbox.id for one in self.stream]


def by_name(one: Placed) -> str:
    """Order mailboxes as `groups.anchor` does."""
    return one.address.casefold()


def _now() -> float:
    return asyncio.get_running_loop().time()
