"""What is read for a user, and how often: calendar, own contacts, both or neither."""

from dataclasses import dataclass, replace
from enum import Enum

from gateway.store import books, mailboxes
from gateway.store.rows import Rows


class Stays(Enum):
    """It stays as it is."""

    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Read:
    """`refresh`: seconds, None: only when somebody asks. `calendar` and `contacts` None: as they are."""

    refresh: int | Stays | None = Stays.STAYS
    calendar: bool | None = None
    contacts: bool | None = None


async def put_read(rows: Rows, user: int, wanted: Read) -> bool:
    """Let it be so; what is not read any more is forgotten. False: the user has no mailbox."""
    if not await mailboxes.of(rows, user):
        return False
    if not isinstance(wanted.refresh, Stays):
        await mailboxes.pace(rows, user, wanted.refresh)
    if wanted.calendar is not None:
        await mailboxes.put_calendar(rows, user, calendar=wanted.calendar)
    if wanted.contacts is not None:
        for book in await books.of(rows, user):
            await books.put(rows, replace(book, enabled=wanted.contacts))
    return True
