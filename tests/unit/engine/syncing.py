"""Calendars that are being read, by a clock that a test turns."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.sync import Sync
from gateway.ports import CalendarSource, ContactSource, Opened
from gateway.store import accounts, mailboxes, users
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.fakes.clock import HandClock
from tests.unit.store.made import ZONE, account, person

FLUSH = 1  # the task that notes unchanged mailboxes waits, too


@asynccontextmanager
async def running(
    store: Store,
    calendar: CalendarSource | None,
    clock: HandClock,
    takes_part: Callable[[User], bool] = lambda _: True,
    *,
    contacts: ContactSource | None = None,
    with_contacts: bool = False,
) -> AsyncIterator[None]:
    """Read what is in `store` from `calendar` and `contacts`, whatever the account."""

    @asynccontextmanager
    async def connect(_: Account) -> AsyncIterator[Opened]:
        yield Opened(calendar, contacts)

    reading = Sync(
        store, Decided(), {"office": connect}, takes_part, clock, Pulse(store, clock), with_contacts=with_contacts
    )
    sync = asyncio.create_task(reading.run())
    try:
        yield
    finally:
        sync.cancel()
        await asyncio.wait((sync,))
        if not sync.cancelled():
            sync.result()


async def turning(clock: HandClock, condition: Callable[[], bool], waiting: int) -> None:
    """Let time pass until `condition` holds; it stands still while fewer than `waiting` wait for it."""
    async with asyncio.timeout(180):
        while not condition():
            await asyncio.sleep(0)
            if clock.next is not None and clock.waiting >= waiting and not condition():
                clock.turn(clock.next)


async def read_by_one(rows: Rows, *extensions: str, service: bool = True) -> tuple[Account, list[Mailbox]]:
    """Add an account, and users whose mailboxes it reads."""
    opened, boxes = await accounts.add(rows, account(service=service)), list[Mailbox]()
    for extension in extensions:
        user = await users.add(rows, person(extension))
        boxes.append(await mailboxes.add(rows, Mailbox(0, user.id, opened.id, user.emails[0], frozenset(), ZONE)))
    return opened, boxes
