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
from gateway.engine.mailing import Mailer
from gateway.errors import Refused
from gateway.store import letters
from gateway.web.letters import invitation
from gateway.web.portal import Portal

IDLE = timedelta(hours=1)

log = logging.getLogger(__name__)


class Posting:
    """Sends through `mailer`."""

    def __init__(self, portal: Portal, mailer: Mailer) -> None:
        self._portal = portal
        self._store = portal.store
        self._clock = portal.clock
        self._mailer = mailer
        self._woken = asyncio.Event()

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
            async with self._store.read() as rows:
                waiting = await letters.waiting(rows)
            rests_until = self._mailer.rests_until()
            waits = {one: self._mailer.waits_until(one) for one in waiting.items()}
            due = [] if rests_until else [one for one, later in waits.items() if later is None]
            if not due:
                await self._mailer.tell_waiting(len(waiting))
                return rests_until or min([self._clock.now() + IDLE, *filter(None, waits.values())])
            for signin, since in due:
                if self._mailer.rests_until():
                    break
                await self._send(signin, since)

    async def _send(self, signin: int, since: datetime) -> None:
        """Send one, and note what has become of it; what is wanted anew does not wait because of what was before."""
        async with self._store.write() as rows:
            made = await inviting.due(rows, signin, self._clock.now())
        if made is None:
            return
        invited, user = made
        link = signing.link(self._portal.installation, invited.secret)
        try:
            taken = await self._mailer.send((signin, since), invitation(self._portal.texts, invited, link, user.zone))
        except Refused as error:
            log.warning("signin %s gets no invitation: %s (%s)", signin, error, error.remedy)
            async with self._store.write() as rows:
                await letters.refuse(rows, signin, self._clock.now())
            return
        if taken:
            async with self._store.write() as rows:
                await inviting.sent(rows, signin, invited.to)
