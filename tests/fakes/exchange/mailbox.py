"""Mailboxes and what is in their calendars: the state of a scripted Exchange, changed by tests, read by operations.

Each change has a number; a sync state is such a number. What happened is told to `listeners` (streaming).
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, takewhile
from typing import Any
from uuid import uuid4

from tests.fakes.exchange.addressbook import FakeContacts
from tests.fakes.exchange.items import CANCELLED, Item
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.series import days

FOLDERS = (
    "root", "msgfolderroot", "inbox", "calendar", "contacts", "deleteditems", "drafts", "junkemail", "outbox",
    "sentitems", "tasks",
)  # fmt: skip
CONTACT = "contact"  # what the id of one says
DIGITS = 72  # of an item's number in its id, which so has 152 characters as Exchange's own have: some clients count


def opaque(*parts: str) -> str:
    """Return an id that clients cannot read; ids are told apart by case (Microsoft: "ItemId")."""
    return base64.b64encode("\x1f".join(parts).encode()).decode()


def read(identity: str) -> list[str]:
    """Take an id apart; [] is none of ours."""
    try:
        return base64.b64decode(identity, validate=True).decode().split("\x1f")
    except ValueError:
        return []


@dataclass(frozen=True)
class Happened:
    """`event` as EWS names it: CreatedEvent, ModifiedEvent, DeletedEvent, MovedEvent."""

    event: str
    mailbox: "Mailbox"
    item: str


@dataclass
class Stored:
    """An item with its history: numbers of the changes that made it (`born`) and last changed it (`changed`).

    `own`: the last change that was not one of a single occurrence.
    """

    number: int
    item: Item
    born: int
    changed: int
    created: datetime
    modified: datetime
    exceptions: dict[date, Item] = field(default_factory=dict)
    deleted: set[date] = field(default_factory=set)
    own: int = 0
    version: int = 0
    read_flag: int = 0


@dataclass(frozen=True)
class Instance:
    """One thing that can be asked for. `kind`: Single, RecurringMaster, Occurrence, Exception.

    `original`: when this occurrence would start by its series; None for what is no occurrence.
    """

    mailbox: "Mailbox"
    stored: Stored
    item: Item
    kind: str
    original: datetime | None = None

    @property
    def id(self) -> str:
        day = [self.original.astimezone(self.item.tz).date().isoformat()] if self.original else []
        return opaque(self.mailbox.guid, "item", str(self.stored.number).zfill(DIGITS), *day)

    @property
    def change_key(self) -> str:
        return opaque("change", str(self.stored.version))


class FakeCalendar:
    """The calendar of one mailbox; items are told apart by UID. Every method is one change, as a user would make it.

    `mixed`: something lies in it that is no appointment (a message that was moved there); it is never told of itself.
    `broken`: the UIDs of items that FindItem finds and GetItem cannot give ("ResponseCode", ErrorItemCorrupt).
    """

    def __init__(self, mailbox: "Mailbox") -> None:
        self.mailbox = mailbox
        self.items: dict[int, Stored] = {}
        self.removed: list[tuple[int, int, Stored]] = []
        self.change_count = 0
        self.mixed = False
        self.broken: set[str] = set()
        self._numbers = count(1)

    def put(self, item: Item) -> str:
        """Create the item, or change the one of its UID; return the UID."""
        known = self._find(item.uid) if item.uid else None
        if known:
            known.exceptions.clear()
            known.deleted.clear()
            self._change(known, item)
            return item.uid
        item = replace(item, uid=item.uid or f"040000008200E00074C5B7101A82E008{uuid4().hex.upper()}")
        number, now = next(self._numbers), datetime.now(UTC)
        self.change_count += 1
        self.items[number] = Stored(number, item, self.change_count, self.change_count, now, now)
        self._tell("CreatedEvent", self.items[number])
        return item.uid

    def change(self, uid: str, **fields: Any) -> None:
        stored = self.stored(uid)
        self._change(stored, replace(stored.item, **fields))

    def move(self, uid: str, start: datetime, end: datetime) -> None:
        self.change(uid, start=start, end=end)

    def cancel(self, uid: str) -> None:
        """What becomes of an item when a cancellation arrives (Microsoft: "IsCancelled"; [MS-OXOCAL])."""
        item = self.stored(uid).item
        self.change(uid, subject=CANCELLED + item.subject, cancelled=True, show_as="Free")

    def change_occurrence(self, uid: str, day: date, **fields: Any) -> None:
        """Change the occurrence that by the series falls on `day`."""
        stored = self._planned(uid, day)
        stored.exceptions[day] = replace(self.occurrence(stored, day).item, **fields)
        self._touch(stored)

    def delete_occurrence(self, uid: str, day: date) -> None:
        stored = self._planned(uid, day)
        stored.exceptions.pop(day, None)
        stored.deleted.add(day)
        self._touch(stored)

    def read(self, uid: str) -> None:
        """Mark as read: all that sync reports of it is a ReadFlagChange (Microsoft: "ReadFlagChange")."""
        self.change_count += 1
        self.stored(uid).read_flag = self.change_count

    def delete(self, uid: str, *, hard: bool = False) -> None:
        """Move to Deleted Items, which a stream tells as MovedEvent, or `hard` away, a DeletedEvent."""
        stored = self.items.pop(self.stored(uid).number)
        self.change_count += 1
        stored.modified = datetime.now(UTC)
        self.removed.append((self.change_count, stored.born, stored))
        self._tell("DeletedEvent" if hard else "MovedEvent", stored)

    @property
    def changed(self) -> datetime:
        """When anything in it was last made, changed or removed."""
        stored = [*self.items.values(), *(gone for _, _, gone in self.removed)]
        return max((one.modified for one in stored), default=self.mailbox.created)

    def stored(self, uid: str) -> Stored:
        found = self._find(uid)
        if found is None:
            raise KeyError(uid)
        return found

    def whole(self, stored: Stored) -> Instance:
        return Instance(self.mailbox, stored, stored.item, "RecurringMaster" if stored.item.recurrence else "Single")

    def wholes(self) -> list[Instance]:
        """All single items and masters, as a folder lists them."""
        return [self.whole(stored) for stored in self.items.values()]

    def occurrence(self, stored: Stored, day: date) -> Instance:
        """The occurrence of a series that by the series falls on `day`."""
        first = stored.item.start.astimezone(stored.item.tz)
        original = datetime.combine(day, first.time(), stored.item.tz)
        if day in stored.exceptions:
            return Instance(self.mailbox, stored, stored.exceptions[day], "Exception", original)
        local = stored.item.end.astimezone(stored.item.tz).replace(tzinfo=None) - first.replace(tzinfo=None)
        end = (original.replace(tzinfo=None) + local).replace(tzinfo=stored.item.tz)
        item = replace(stored.item, start=original, end=end, recurrence=None)
        return Instance(self.mailbox, stored, item, "Occurrence", original)

    def series(self, stored: Stored) -> Iterator[date]:
        """The days of a series as its pattern has them, those that were deleted or moved too."""
        item = stored.item
        return days(item.recurrence, item.start.astimezone(item.tz).date()) if item.recurrence else iter(())

    def expanded(self, since: datetime, before: datetime) -> list[Instance]:
        """What lies in the stretch, occurrences instead of masters, sorted by start (Microsoft: "CalendarView").

        What ends where the stretch begins lies in it, what starts where it ends does not.
        """
        found = [one for stored in self.items.values() for one in self._within(stored, before)]
        inside = [one for one in found if one.item.end >= since and one.item.start < before]
        return sorted(inside, key=lambda one: (one.item.start.astimezone(UTC), one.stored.number))

    def _within(self, stored: Stored, before: datetime) -> Iterator[Instance]:
        if stored.item.recurrence is None:
            yield self.whole(stored)
            return
        last = before.astimezone(stored.item.tz).date() + timedelta(days=1)
        for day in takewhile(lambda day: day <= last, self.series(stored)):
            if day not in stored.deleted and day not in stored.exceptions:
                yield self.occurrence(stored, day)
        yield from (self.occurrence(stored, day) for day in stored.exceptions)

    def _planned(self, uid: str, day: date) -> Stored:
        stored = self.stored(uid)
        if day in stored.deleted or day not in takewhile(lambda one: one <= day, self.series(stored)):
            raise KeyError(day)
        return stored

    def _find(self, uid: str) -> Stored | None:
        return next((stored for stored in self.items.values() if stored.item.uid == uid), None)

    def _change(self, stored: Stored, item: Item) -> None:
        stored.item = item
        self._touch(stored)
        stored.own = stored.changed

    def _touch(self, stored: Stored) -> None:
        self.change_count += 1
        stored.changed, stored.modified = self.change_count, datetime.now(UTC)
        stored.version += 1
        self._tell("ModifiedEvent", stored)

    def _tell(self, event: str, stored: Stored) -> None:
        for listener in tuple(self.mailbox.listeners):
            listener(Happened(event, self.mailbox, self.whole(stored).id))


@dataclass
class Mailbox:
    """`rights` by the address of whoever else reads it; all others have `everybody`'s, which is free/busy in Exchange.

    `group`: where it lies, as GroupingInformation says it. `contacts`: the folder of that name, which is shared with
    the addresses `contacts_with`.
    """

    address: str
    name: str
    aliases: tuple[str, ...] = ()
    group: str = ""
    everybody: Right = Right.FREE_BUSY
    rights: dict[str, Right] = field(default_factory=dict)
    guid: str = field(default_factory=lambda: str(uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    listeners: list[Callable[[Happened], None]] = field(default_factory=list)
    contacts: FakeContacts = field(default_factory=FakeContacts)
    contacts_with: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.calendar = FakeCalendar(self)

    def folder(self, name: str) -> str:
        return opaque(self.guid, "folder", name)

    def contact_id(self, number: int) -> str:
        """Return the id of one of its contacts."""
        return opaque(self.guid, CONTACT, str(number))
