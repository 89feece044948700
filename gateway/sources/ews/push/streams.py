"""Being told of changes: keeps the streaming connections of one account open, and yields whose calendar has changed.

Exchange 2010 SP1 and later. Whatever happens in a calendar means "read it now"; what it was is for the reading. All
that is not told here is found by the engine's own readings, each `refresh`, so nothing here is ever raised but refused
credentials: a stream that is lost, refused or throttled is opened again with growing pauses, and its calendars are
only asked in turn meanwhile.

When a mailbox is yielded without an event: once when a stream carries it that was subscribed to anew, or after the open
stream that carried it was lost, since what happened before is unknown. If nothing did, that is one small request.
Subscriptions are kept when streams are closed and opened anew (because mailboxes come and go, or their half hour is
over): the server keeps what happens meanwhile.

Facts: Microsoft, "Maintain affinity between a group of subscriptions and the Mailbox server in Exchange", "Handling
notification-related errors in EWS in Exchange", "EWS throttling in Exchange", "ConnectionTimeout"; captures 097 to 104
and 131 to 143 of gromox 3.10.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.domain.mailbox import Account, Mailbox
from gateway.errors import GiveUp, RetryLater, SignInAgain
from gateway.sources.ews.connection.client import Client
from gateway.sources.ews.discovery.discovery import Discovery
from gateway.sources.ews.push.groups import Placed, Plan, Stream, plan
from gateway.sources.ews.push.known import PACE, Known, Pace
from gateway.sources.ews.push.stream import Keeper
from gateway.sources.ews.settings import EwsSettings

OWN = 50  # users' own accounts of a source that hold a stream each: a stream is a thread and a connection


def own_streams() -> asyncio.Semaphore:
    """Return what bounds the streams of users' own accounts; one for a source. Who finds no place waits, and is polled.

    A service account has `settings.streams` of its own and needs none.
    """
    return asyncio.Semaphore(OWN)


@dataclass(slots=True)
class Streams:
    """The streams of one account. What they have learnt is kept from one `listen` to the next."""

    client: Client
    discovery: Discovery
    settings: EwsSettings
    account: Account
    own: asyncio.Semaphore
    pace: Pace = PACE
    _known: Known = field(default_factory=Known)

    async def listen(self, mailboxes: Collection[Mailbox]) -> AsyncGenerator[Mailbox, None]:
        """Yield mailboxes that have changed, a burst of one once. Raises `SignInAgain`, and ends by cancellation."""
        known = {mailbox.id: mailbox for mailbox in mailboxes}
        self._known.held = {one: held for one, held in self._known.held.items() if one in known}
        self._known.news.set()
        streams = asyncio.create_task(self._keep(tuple(mailboxes)), name=f"streams of account {self.account.id}")
        streams.add_done_callback(lambda _: self._known.news.set())
        try:
            while not streams.done():
                await self._known.news.wait()
                self._known.news.clear()
                while self._known.heard:
                    one = next(iter(self._known.heard))
                    del self._known.heard[one]
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
        door = asyncio.Lock()
        while True:
            wanted = (await self._planned(mailboxes)).streams
            gone = [running.pop(stream) for stream in running.keys() - set(wanted)]
            for task in gone:
                task.cancel()
            if gone:
                await asyncio.wait(gone)
            for stream in wanted:
                if stream not in running:
                    keeper = Keeper(self.client, self.account.id, stream, self._known, self.pace, door)
                    name = f"{len(stream)} calendars of account {self.account.id}"
                    running[stream] = tasks.create_task(keeper.keep(), name=name)
            await asyncio.sleep(self.pace.plan)

    async def _planned(self, mailboxes: Collection[Mailbox]) -> Plan:
        """Find where each mailbox is. One whose place is not known, or that cannot have a stream for long, has none."""
        soon = asyncio.get_running_loop().time() + self.pace.ill
        placed = []
        for mailbox in mailboxes:
            if self._known.without.get(mailbox.id, 0.0) <= soon:
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
