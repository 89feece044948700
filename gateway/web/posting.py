"""Sending invitations that wait for their letter (`store/letters.py`), one after the other.

Level-triggered, as `engine/conference/telling.py`: what waits is in the store, and leaves it after the mail server has
taken it. A gateway that dies in between sends a second letter, whose newer link is the one that counts, never none.
"""

import asyncio
import logging
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NoReturn

from gateway.deciding import inviting, signing
from gateway.domain.letter import Letter
from gateway.engine.pulse import Pulse
from gateway.engine.supervise import wait_after
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Unreachable
from gateway.ports import Post
from gateway.store import letters
from gateway.web.letters import invitation
from gateway.web.portal import Portal

NAME = "mail"  # as the other letters: it is the same server that is well or not
IDLE = timedelta(hours=1)
LATER = timedelta(minutes=2)  # for a letter that the server takes, but not yet; each time twice as long
MOST_TIMES = 6  # after so many, as long as the last time: two hours
SIGN_IN = timedelta(hours=1)  # wrong passwords that are tried often lock an account

log = logging.getLogger(__name__)


class Posting:
    """Sends through `post`."""

    def __init__(self, portal: Portal, post: Post, pulse: Pulse) -> None:
        self._portal = portal
        self._store = portal.store
        self._clock = portal.clock
        self._post = post
        self._pulse = pulse
        self._woken = asyncio.Event()
        self._failures = 0
        self._rest: tuple[datetime, datetime] | None = None  # from when until when no letter is sent
        self._later: dict[int, tuple[int, datetime, datetime]] = {}  # by sign-in: how often, from when until when
        self._told = 0

    async def run(self) -> NoReturn:
        """Send what there is to send; ends only by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name="letters wanted")
            while True:
                self._woken.clear()
                await self._clock.until(await self._look(), self._woken)

    async def _watch(self) -> None:
        async with aclosing(self._store.watch("signins")) as changes:
            async for _ in changes:
                self._woken.set()

    async def _look(self) -> datetime:
        """Send what is due, and return when to look again."""
        while True:
            now = self._clock.now()
            async with self._store.read() as rows:
                waiting = await letters.waiting(rows)
            self._later = {one: self._later[one] for one in waiting if one in self._later}
            rests_until = self._rests(now)
            due = [] if rests_until else [one for one in waiting if not self._waits(one, now)]
            if not due:
                await self._tell(len(waiting))
                return rests_until or self._soonest(now)
            for signin in due:
                if self._rests(self._clock.now()):
                    break
                await self._send(signin)

    def _rests(self, now: datetime) -> datetime | None:
        """Return until when no letter is sent; None: they are. A clock that was set back ends it."""
        since, until = self._rest or (now, now)
        return until if since <= now < until else None

    def _waits(self, signin: int, now: datetime) -> bool:
        _, since, until = self._later.get(signin, (0, now, now))
        return since <= now < until

    def _soonest(self, now: datetime) -> datetime:
        return min([now + IDLE, *(until for _, _, until in self._later.values())])

    async def _tell(self, many: int) -> None:
        """Tell how many letters wait, in a line that is there only if one was ever sent."""
        if many or self._told:
            await self._pulse.tell(NAME, {"waiting": many})
        self._told = many

    async def _send(self, signin: int) -> None:
        """Send one, and note what has become of it."""
        async with self._store.write() as rows:
            made = await inviting.due(rows, signin, self._clock.now())
        if made is None:
            return
        invited, user = made
        link = signing.link(self._portal.installation, invited.secret)
        if await self._taken(signin, invitation(self._portal.texts, invited, link, user.zone)):
            async with self._store.write() as rows:
                await letters.forget(rows, signin)

    async def _taken(self, signin: int, letter: Letter) -> bool:
        """Return whether the mail server has it; where not, it is noted when it is tried again."""
        try:
            await self._post.send(letter)
        except Refused as error:
            log.warning("signin %s gets no invitation: %s (%s)", signin, error, error.remedy)
            async with self._store.write() as rows:
                await letters.refuse(rows, signin, self._clock.now())
            return False
        except (Unreachable, SignInAgain, GiveUp) as error:
            await self._pulse.say(NAME, error)
            now = self._clock.now()
            pause = wait_after(error, self._failures)
            self._rest = now, now + (max(pause, SIGN_IN) if isinstance(error, SignInAgain) else pause)
            self._failures += 1
            return False
        except RetryLater:
            times, now = self._later.get(signin, (0,))[0], self._clock.now()
            self._later[signin] = min(times + 1, MOST_TIMES), now, now + LATER * 2**times
            return False
        self._failures = 0
        await self._pulse.say(NAME, None)
        return True
