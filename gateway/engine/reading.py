"""One reading of one mailbox, from the server's answer to rows (steps 2 to 5 of an appointment's way).

Appointments live here for a moment: what is no diversion and no conference is dropped, never stored, never logged.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Generic, TypeVar

from gateway.domain.mailbox import Mailbox, Reading, Window
from gateway.domain.user import Organisation, User
from gateway.engine.decided import Decided, Decisions
from gateway.errors import GiveUp, RetryLater, Throttled
from gateway.planning import codes
from gateway.planning.conference import meetings
from gateway.planning.working import last_start
from gateway.ports import CalendarSource, Clock
from gateway.store import diversions, mailboxes
from gateway.store import meetings as kept_meetings
from gateway.store.store import Store

MOST_ASKED = 100  # strangers that a source is asked for in one reading
YESTERDAY = timedelta(days=1)
AHEAD = timedelta(days=15)  # today and 14 days ahead

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


def window(now: datetime, user: User, of: Organisation) -> Window:
    """Return what is to be read of the calendars of `user`: from yesterday to 14 days ahead, in whole days of UTC.

    It begins earlier when work last began earlier: "gone for the day" of a Friday is in force on Sunday.
    """
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    begun = last_start(now, user.hours or of.hours, user.zone)
    start = today - YESTERDAY
    if begun is not None and begun < start:
        start = datetime.combine(begun.astimezone(UTC).date(), time(), UTC)
    return Window(start, today + AHEAD, today.date())


async def read_mailbox(
    store: Store, decided: Decided, source: CalendarSource, mailbox: Mailbox, clock: Clock, *, whole: bool = False
) -> bool:
    """Read `mailbox` and keep what it asks for; False: nothing is new. `whole`: whatever the cursor says.

    Raises what the source raises; the rows of the reading before then stay.
    """
    now = clock.now()
    async with store.read() as rows:
        before = await mailboxes.progress_of(rows, mailbox.id)
        decisions = await decided.now(rows)
    user = decisions.users.get(mailbox.user)
    if user is None or before is None:
        return False
    days = window(now, user, decisions.rules.organisation)
    since = before.cursor if before.cursor and before.cursor.day == days.day and not whole else None
    reading = await source.read(mailbox, days, since)
    if reading is not None and not reading.appointments and await _had_some(store, mailbox):
        # a server that has just lost a calendar, or is starting, looks like this: it has to say so twice
        reading = await source.read(mailbox, days, None)
    if reading is None:
        return False
    told = await _ask(source, mailbox, reading, user, decisions)
    if not told.is_whole:
        reading = replace(reading, cursor=None)
    await _keep(store, decided, mailbox, reading, told, before.epoch, clock)
    return True


async def _had_some(store: Store, mailbox: Mailbox) -> bool:
    async with store.read() as rows:
        return await diversions.count(rows, mailbox.id) + await kept_meetings.count(rows, mailbox.id) > 0


@dataclass(frozen=True, slots=True)
class Told:
    """What the source tells of those in conferences who are nobody's here; not `is_whole`: ask again soon."""

    groups: Mapping[str, tuple[str, ...] | None]
    numbers: Mapping[str, tuple[str, ...]]
    is_whole: bool


async def _ask(source: CalendarSource, mailbox: Mailbox, reading: Reading, user: User, decisions: Decisions) -> Told:
    """Ask the source for the lists and numbers of strangers; of whom it does not tell, they are left out."""
    people, items = decisions.people, reading.appointments
    groups, numbers = _Answers[tuple[str, ...] | None](), _Answers[tuple[str, ...]]()
    await groups.ask(source.group, mailbox, meetings.strangers(items, user, people))
    if decisions.rules.organisation.outside:
        await numbers.ask(source.numbers, mailbox, meetings.strangers(items, user, people, groups.told))
    return Told(groups.told, numbers.told, groups.is_whole and numbers.is_whole)


@dataclass(slots=True)
class _Answers(Generic[Answer]):
    told: dict[str, Answer] = field(default_factory=dict)
    is_whole: bool = True

    async def ask(
        self, question: Callable[[Mailbox, str], Awaitable[Answer]], mailbox: Mailbox, addresses: Sequence[str]
    ) -> None:
        """Ask for each address, while the source answers. Raises what closes or rests the whole account."""
        for address in addresses[:MOST_ASKED]:
            try:
                self.told[address] = await question(mailbox, address)
            except Throttled:
                raise
            except RetryLater:
                self.is_whole = False
                return
            except GiveUp as error:
                log.info("mailbox %s: somebody who is nobody here is left out of a conference: %s", mailbox.id, error)


async def _keep(
    store: Store, decided: Decided, mailbox: Mailbox, reading: Reading, told: Told, epoch: int, clock: Clock
) -> None:
    async with store.write(patient=True) as rows:
        now = clock.now()  # an answer may have been long in coming
        decisions = await decided.now(rows)
        user = decisions.users.get(mailbox.user)
        if user is None:
            return
        found = codes.read(reading.appointments, user, decisions.rules)
        asked = meetings.read(reading.appointments, user, decisions.people, decisions.rules, told.groups, told.numbers)
        remarks = Counter(found.remarks) + Counter(asked.remarks)
        await mailboxes.replace(
            rows,
            mailbox.id,
            [diversion for diversion in found.diversions if diversion.end > now],
            reading.cursor,
            epoch=epoch,
            now=now,
            set_aside=reading.set_aside,
            remarks={remark.value: count for remark, count in remarks.items()},
            meetings=asked.found,
        )
