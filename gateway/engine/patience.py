"""How often refused credentials are tried, so that no server locks an account because of us.

A user's own account is tried again after ten minutes and then never, until its credentials change or an administrator
lets it be tried (`store.refusals`). A service account is never given up: after 15 minutes, then hourly. What counts is
in the store, and is there before the next try can be: each try is noted before it is made until the credentials have
worked, so that a gateway which dies over and over while it signs in does not do so more often than this either.

Directories lock an account after so many wrong passwords within some minutes: Microsoft's baselines say ten in ten
("Account lockout threshold" and "Reset account lockout counter after", Windows security policy settings).
"""

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.domain.mailbox import Account
from gateway.engine.together import Together
from gateway.ports import Clock
from gateway.store import refusals
from gateway.store.refusals import Refusals
from gateway.store.store import Store

APART = timedelta(minutes=10)
AT_MOST = 2  # refusals of a user's own account
SERVICE_FIRST = timedelta(minutes=15)
SERVICE_THEN = timedelta(hours=1)
MAY_DIE = 3  # tries in a row that end with the gateway: fewer are chance, such as an administrator's restarts
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def next_try(account: Account, past: Refusals) -> datetime | None:
    """Return when the credentials may be tried, which may be over; None: not until somebody does something."""
    if past.many >= AT_MOST and not account.service:
        return None
    pause = APART if not account.service else SERVICE_FIRST if past.many <= 1 else SERVICE_THEN
    since = [LONG_AGO]
    if past.last is not None:
        since.append(past.last + pause)
    if past.tried is not None and past.unanswered >= (1 if past.many else MAY_DIE):
        since.append(past.tried + pause)
    return max(since)


class Patience:
    """That of one account, with its present credentials; `past` is what is noted about them."""

    def __init__(self, store: Store, together: Together, account: Account, past: Refusals, clock: Clock) -> None:
        self._store = store
        self._together = together
        self._account = account
        self._clock = clock
        self._past = past
        self._is_known = True  # that `past` is what is in the store
        self._works = False
        self._begun = False
        self._beginning = asyncio.Lock()

    @property
    def is_wary(self) -> bool:
        """Whether they were refused, or nobody knows: then not even a second request may be on its way."""
        return bool(self._past.many or self._past.unanswered)

    async def turn(self) -> bool:
        """Return when the credentials may be tried; never, while they may not. True: they had to wait.

        A refusal that lies in the future, because the clock was set back, is one of now. A clock that was put forward
        lets a try come early, once.
        """
        never, waited = asyncio.Event(), False
        self._works = self._begun = False
        while True:
            now = self._clock.now()
            await self._look(now)
            due = next_try(self._account, self._past)
            if due is not None and due <= now:
                return waited
            waited = True
            if due is None:
                await never.wait()
            else:
                await self._clock.until(due, never)

    async def begin(self) -> None:
        """Note a try, unless the credentials work or another try is on its way."""
        if self._works:
            return
        async with self._beginning:  # who comes meanwhile must not be ahead of the note
            if not self._begun:
                self._is_known = False
                now = self._clock.now()
                await self._together.write(lambda rows: refusals.begin(rows, self._account, now))
                self._begun = True

    async def answered(self, *, accepted: bool) -> None:
        """Note that a try ended otherwise than by a refusal; `accepted`: they work."""
        if self._works or not (self._begun or accepted):
            return
        await self._together.write(lambda rows: refusals.answered(rows, self._account, accepted=accepted))
        self._begun, self._works = False, accepted

    async def refused(self) -> None:
        """Note a refusal."""
        self._is_known = False
        async with self._store.write() as rows:
            await refusals.refused(rows, self._account, self._clock.now())

    async def _look(self, now: datetime) -> None:
        """See what is noted; nothing of it can lie in the future."""
        if not self._is_known:
            async with self._store.read() as rows:
                self._past = await refusals.of(rows, self._account.id)
        if any(when is not None and when > now for when in (self._past.first, self._past.last, self._past.tried)):
            async with self._store.write() as rows:
                await refusals.set_back(rows, self._account, now)
                self._past = await refusals.of(rows, self._account.id)
        self._is_known = True
