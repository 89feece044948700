"""Where Ringplan meets the world, as Protocols: a calendar, contacts, a PBX and one connection to it, mail, a clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.book import Book, ContactChanges
from gateway.domain.conference import Call, CallId, Member, Prompt
from gateway.domain.held import Asked, CallTold, Held, PbxEvent, Place, Refusal
from gateway.domain.letter import Letter
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window


class CalendarSource(Protocol):
    """Calendars of one account."""

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        """Return all appointments that overlap `window`, or None: unchanged since the cursor.

        Raises `RetryLater`, `SignInAgain` or `GiveUp`; one unreadable item is set aside and counted, never raised.
        """

    def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
        """Yield mailboxes that the server says have changed; a source without push never yields."""

    async def group(self, mailbox: Mailbox, address: str) -> tuple[str, ...] | None:
        """Return the addresses (lower case) of a distribution list's members, lists in it expanded too.

        None: the address is no list, the server does not tell, or they are more than 50. Raises like `read`.
        """

    async def numbers(self, mailbox: Mailbox, address: str) -> tuple[str, ...]:
        """Return the telephone numbers that the owner's own contacts hold for an address, as they are written.

        The best one first; none where there is no such contact or the server does not tell. Raises like `read`.
        """


class ContactSource(Protocol):
    """Address books of one account."""

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """Return what changed since the token `since`, or all (None, or a token that is of no use any more).

        None: nothing has changed. Raises `RetryLater`, `SignInAgain` or `GiveUp`; one unreadable contact is set aside
        and counted, never raised. Numbers come without their `key`.
        """


@dataclass(frozen=True, slots=True)
class Opened:
    """What an account offers; None: that is not to be had there."""

    calendar: CalendarSource | None = None
    contacts: ContactSource | None = None


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

    async def boot(self) -> str:
        """Return what names this run of the PBX: another one after it has been started anew."""

    async def call(self, calls: Sequence[Call]) -> Mapping[CallId, Refusal]:
        """Place these calls, in their order, each at most once in the life of its id; return what was refused.

        How a call goes is told by events. Raises `Unreachable`: any of them may have been placed.
        """

    async def calls(self) -> Mapping[CallId, CallTold]:
        """Return how far every call is that this PBX knows of."""

    async def hang_up(self, calls: Collection[CallId]) -> None:
        """End these calls, wherever they are."""

    async def forget(self, calls: Collection[CallId]) -> None:
        """Let the PBX forget these calls, which are over and will not be placed again."""

    async def members(self) -> frozenset[Member]:
        """Return who is in any conference of ours."""

    async def close(self, name: str, prompt: Prompt) -> None:
        """Tell everybody in the conference `name` what `prompt` says, and put them out."""

    async def be_asked(self, lasting: timedelta) -> None:
        """Let the PBX ask for names of callers (`Asked`) for so long, by its own clock; nothing: no more."""

    async def name(self, names: Mapping[Asked, str | None]) -> None:
        """Let telephones show these names (None: there is none), and ring; calls that are gone are passed over."""


class Pbx(Protocol):
    """A PBX that can be connected to."""

    def connect(self) -> AbstractAsyncContextManager[Switch]:
        """Open one connection. Raises `Unreachable`, `SignInAgain` or `Refused`."""


class Post(Protocol):
    """Mail, as far as letters are sent."""

    async def send(self, letter: Letter) -> None:
        """Hand one letter over to be delivered.

        Raises `Unreachable`, `SignInAgain` or `Misconfigured`, which will hold for the next letter as well; another
        `RetryLater`: not this one now; `Refused`: this one never. After any other than `Refused` it may have been sent.
        """


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the aware time of now."""

    async def until(self, when: datetime, wake: asyncio.Event) -> None:
        """Return at `when`, once `wake` is set, or early when the clock was set back; steps are noticed within 30 s."""
