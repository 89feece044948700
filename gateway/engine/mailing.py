"""The mail server, for all whose letters wait until it takes them: one letter at a time, and rest where it fails.

There is one of these, since servers count wrong passwords whoever sends, and what fails for one fails for the others.
What waits is kept by those who send; here is in memory when the server, and each letter, may be tried again.
"""

import asyncio
from collections.abc import Hashable
from datetime import datetime, timedelta

from gateway.domain.letter import Letter
from gateway.engine.pulse import Pulse
from gateway.engine.supervise import wait_after
from gateway.engine.turns import Rest
from gateway.errors import GiveUp, Refused, RetryLater, SignInAgain, Unreachable
from gateway.ports import Clock, Post

NAME = "mail"  # of its row in `store.health`
LATER = timedelta(minutes=2)  # for a letter that the server takes, but not yet; each time twice as long
LONGEST = timedelta(hours=2)
SIGN_IN = timedelta(hours=1)  # wrong passwords that are tried often lock an account

Key = Hashable
"""What a letter is known by to who sends it, and stays when it is written anew."""


class Mailer:
    """Sends through `post`, and says how that is."""

    def __init__(self, post: Post, clock: Clock, pulse: Pulse) -> None:
        self._post = post
        self._clock = clock
        self._pulse = pulse
        self._one = asyncio.Lock()
        self._failures = 0
        self._rest = Rest()
        self._later: dict[Key, Rest] = {}
        self._told = 0

    def rests_until(self) -> datetime | None:
        """Return until when no letter is sent; None: they are. A clock that was set back ends it."""
        return self._rest.until if self._rest.lasts(self._clock.now()) else None

    def waits_until(self, key: Key) -> datetime | None:
        """Return until when this letter waits by itself; None: it does not."""
        later = self._later.get(key)
        return later.until if later is not None and later.lasts(self._clock.now()) else None

    async def send(self, key: Key, letter: Letter) -> bool:
        """Return whether the mail server has it; where not, it or all letters wait from now on.

        Raises `Refused` where it never will.
        """
        async with self._one:
            if self.rests_until():  # since another one failed meanwhile
                return False
            try:
                await self._post.send(letter)
            except Refused:
                self._later.pop(key, None)
                raise
            except (Unreachable, SignInAgain, GiveUp) as error:
                await self._pulse.say(NAME, error)
                pause = wait_after(error, self._failures)
                now = self._clock.now()
                self._rest.begin(now, now + (max(pause, SIGN_IN) if isinstance(error, SignInAgain) else pause))
                self._failures += 1
                return False
            except RetryLater:
                self._put_off(key, self._clock.now())
                return False
            self._later.pop(key, None)
            self._failures = 0
            await self._pulse.say(NAME, None)
            return True

    async def tell_waiting(self, many: int) -> None:
        """Tell how many letters wait, in a line that is there only if one was ever sent."""
        if many or self._told:
            await self._pulse.tell(NAME, {"waiting": many})
        self._told = many

    def _put_off(self, key: Key, now: datetime) -> None:
        """Let a letter wait, and forget those that nobody has sent for long: they are not wanted any more."""
        self._later = {one: rest for one, rest in self._later.items() if now < rest.until + LONGEST}
        before = self._later.get(key)
        pause = min(2 * (before.until - before.begun), LONGEST) if before else LATER
        self._later[key] = Rest(now, now + pause)
