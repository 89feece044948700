"""One reading of one mailbox, from the server's answer to rows (steps 2 to 5 of an appointment's way).

Appointments live here for a moment: what is no diversion is dropped, never stored, never logged.
"""

from datetime import UTC, datetime, time, timedelta

from gateway.domain.mailbox import Mailbox, Reading, Window
from gateway.domain.user import Organisation, User
from gateway.engine.decided import Decided
from gateway.planning import codes as planning
from gateway.planning.working import last_start
from gateway.ports import CalendarSource, Clock
from gateway.store import diversions, mailboxes
from gateway.store.store import Store

YESTERDAY = timedelta(days=1)
AHEAD = timedelta(days=15)  # today and 14 days ahead


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
    await _keep(store, decided, mailbox, reading, before.epoch, clock)
    return True


async def _had_some(store: Store, mailbox: Mailbox) -> bool:
    async with store.read() as rows:
        return await diversions.count(rows, mailbox.id) > 0


async def _keep(store: Store, decided: Decided, mailbox: Mailbox, reading: Reading, epoch: int, clock: Clock) -> None:
    async with store.write() as rows:
        now = clock.now()  # an answer may have been long in coming
        decisions = await decided.now(rows)
        user = decisions.users.get(mailbox.user)
        if user is None:
            return
        found = planning.read(reading.appointments, user, decisions.rules)
        await mailboxes.replace(
            rows,
            mailbox.id,
            [diversion for diversion in found.diversions if diversion.end > now],
            reading.cursor,
            epoch=epoch,
            now=now,
            set_aside=reading.set_aside,
            remarks={remark.value: count for remark, count in found.remarks.items()},
        )
