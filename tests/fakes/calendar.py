"""A calendar that a test writes into (`ports.CalendarSource`)."""

import asyncio
from collections.abc import AsyncIterator, Collection

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Cursor, Mailbox, Reading, Window
from gateway.errors import RingplanError


class FakeCalendar:
    """Serves `appointments` by mailbox, once `answers` is set; fails with `error`; `reads` are (mailbox id, whole?).

    `groups` and `contacts` are what it knows of addresses, `looked_up` those that it was asked for. Such questions fail
    with `shy`.
    """

    def __init__(self) -> None:
        self.appointments: dict[int, tuple[Appointment, ...]] = {}
        self.error: RingplanError | None = None
        self.reads: list[tuple[int, bool]] = []
        self.lies: list[Reading] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.pushed: asyncio.Queue[Mailbox] = asyncio.Queue()
        self.groups: dict[str, tuple[str, ...]] = {}
        self.contacts: dict[str, tuple[str, ...]] = {}
        self.looked_up: list[str] = []
        self.shy: RingplanError | None = None
        self._version = 0

    def write(self, mailbox: int, *appointments: Appointment) -> None:
        """Let a mailbox hold exactly these."""
        self.appointments[mailbox] = appointments
        self._version += 1

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        self.reads.append((mailbox.id, since is None))
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        if self.lies:
            return self.lies.pop(0)
        cursor = Cursor(str(self._version), window.day)
        if since == cursor:
            return None
        held = self.appointments.get(mailbox.id, ())
        return Reading(tuple(one for one in held if one.start < window.end and one.end > window.start), cursor)

    async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
        while True:
            yield await self.pushed.get()

    async def group(self, mailbox: Mailbox, address: str) -> tuple[str, ...] | None:
        self._asked_for(address)
        return self.groups.get(address)

    async def numbers(self, mailbox: Mailbox, address: str) -> tuple[str, ...]:
        self._asked_for(address)
        return self.contacts.get(address, ())

    def _asked_for(self, address: str) -> None:
        self.looked_up.append(address)
        if self.shy is not None:
            raise self.shy
