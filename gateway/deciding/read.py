"""What is read for a user, and how often: calendar, own contacts, both or neither."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from gateway.deciding.pace import paced
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


async def as_put(rows: Rows) -> Mapping[int, Read]:
    """Return what is read for each user who has a mailbox."""
    contacts = {book.owner: book.enabled for book in await books.every(rows) if book.owner is not None}
    return {
        box.user: Read(box.refresh, box.calendar, contacts.get(box.user, False)) for box in await mailboxes.every(rows)
    }


def in_short(read: Read | None) -> str:
    """Say what is left out; nothing where calendar and contacts are read by themselves."""
    if read is None:
        return ""
    left_out = [] if read.calendar else ["no calendar"]
    left_out += [] if read.contacts else ["no contacts"]
    left_out += [paced(None)] if read.refresh is None else []
    return f" ({', '.join(left_out)})" if left_out else ""
