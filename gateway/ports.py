"""The four places where Ringplan meets the world, as Protocols: a calendar, a PBX and one connection to it, a clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.held import Held, PbxEvent, Place, Refusal
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window


class CalendarSource(Protocol):
    """Calendars of one account."""

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        """Return all appointments that overlap `window`, or None: unchanged since the cursor.

        Raises `RetryLater`, `SignInAgain` or `GiveUp`; one unreadable item is set aside and counted, never raised.
        """

    def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
        """Yield mailboxes that the server says have changed; a source without push never yields."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an account offers."""

    calendar: CalendarSource | None


Connect = Callable[[Account], AbstractAsyncContextManager[Opened]]


class Switch(Protocol):
    """One connection to a PBX that is up and has been signed in to; lost, every call raises `Unreachable`."""

    def events(self) -> AsyncIterator[PbxEvent]:
        """Yield what the PBX tells, until the connection is lost: then raise `Unreachable`."""

    async def held(self) -> Mapping[Place, Held]:
        """Read back all that the PBX holds of ours."""

    async def hold(self, wanted: Mapping[Place, Held | None]) -> Mapping[Place, Refusal]:
        """Make the PBX hold exactly `wanted` for these places (None: forget); return what it refused."""

    async def pause(self, places: Collection[Place]) -> Refusal | None:
        """Let exactly the queue members of `places` be paused by us; who was paused by others stays as they are."""


class Pbx(Protocol):
    """A PBX that can be connected to."""

    def connect(self) -> AbstractAsyncContextManager[Switch]:
        """Open one connection. Raises `Unreachable`, `SignInAgain` or `Refused`."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the aware time of now."""

    async def until(self, when: datetime, wake: asyncio.Event) -> None:
        """Return at `when`, once `wake` is set, or early when the clock was set back; steps are noticed within 30 s."""
