"""A scripted calendar in place of a client of Exchange, for the tests of readings."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem, EWSDateTime
from exchangelib.properties import ItemId

from gateway.domain.mailbox import Cursor, Mailbox, Reading, Window
from gateway.sources.ews import place
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.requests import Changes, Masters, Mixed, View
from gateway.sources.ews.source import Calendars

WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))
URL = "https://mail.example.test/EWS/Exchange.asmx"
OTHER = "https://other.example.test/EWS/Exchange.asmx"
ANNA = Mailbox(1, 1, 1, "anna@example.test", frozenset({"anna@example.test"}), ZoneInfo("Europe/Stockholm"))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def item(name: str, start: datetime = NOON, hours: float = 1, kind: str = "Single") -> CalendarItem:
    end = start + timedelta(hours=hours)
    return CalendarItem(
        _id=ItemId(id=name),
        uid=name,
        subject=f"M: {name}",
        start=EWSDateTime.from_datetime(start),
        end=EWSDateTime.from_datetime(end),
        type=kind,
    )


@dataclass
class Scripted:
    """A calendar with `items` that answers what a `Client` is asked; `asked` names what, and of whom.

    Its state is a number and counts on with each change; `mixed`: something in it is no appointment, so that no kinds
    can be asked for; `errors` are raised instead of the next answers of a name.
    """

    items: list[CalendarItem] = field(default_factory=list)
    state: int = 1
    pages: int = 1
    gone: frozenset[str] = frozenset()
    mixed: bool = False
    asked: list[str] = field(default_factory=list)
    of: list[tuple[str, str]] = field(default_factory=list)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    instead: dict[str, Callable[..., object]] = field(default_factory=dict)

    async def ask(self, at, address, work):
        name = work.func.__name__
        self.asked.append(name)
        self.of.append((at, address))
        await asyncio.sleep(0)
        if self.errors.get(name):
            raise self.errors[name].pop(0)
        return self.instead.get(name, getattr(self, name))(**work.keywords)

    def put(self, one: CalendarItem) -> None:
        self.items.append(one)
        self.state += 1

    def changes(self, state, kinds=True):
        if kinds and self.mixed:
            raise Mixed("no appointment")
        seen = 1 - self.pages if state is None else int(state)
        if seen < 0:
            return Changes(str(seen + 1), some=True, more=True)
        series = frozenset(one.id for one in self.items if kinds and one.type == "RecurringMaster")
        return Changes(str(self.state), some=seen != self.state, more=False, series=series, gone=self.gone)

    def view(self, start, end, fields, most):
        assert "subject" in fields
        found = [one for one in self.items if one.type != "RecurringMaster" and one.start < end and start < one.end]
        return View(full=True) if len(found) >= most else View(tuple(found))

    def masters(self, offset):
        ids = [one.id for one in self.items if one.type == "RecurringMaster"]
        return Masters(tuple(ids), None)

    def details(self, ids, fields):
        return tuple(one for one in self.items if one.id in ids)

    def primary(self, address):
        return {"alias@example.test": "anna@example.test"}.get(address, "")


@dataclass
class Places:
    """Where the mailbox is found: the first of `urls`, the next one after each `forget` or `doubt`."""

    urls: list[str] = field(default_factory=lambda: [URL])
    address: str = ""
    doubted: bool = False

    async def endpoint(self, _mailbox):
        return Endpoint(self.urls[0], "", self.address)

    def forget(self, _mailbox):
        self.urls = self.urls[1:] or self.urls

    def doubt(self, mailbox):
        self.doubted = True
        self.forget(mailbox)


class Telling:
    """Streams that tell of each mailbox at once, and only of that."""

    async def listen(self, mailboxes):
        for mailbox in mailboxes:
            yield mailbox


def calendars(scripted: Any, places: Places | None = None) -> Calendars:
    found: Any = places or Places()
    telling: Any = Telling()
    return Calendars(place.Places(scripted, found), telling, set())


async def told(source: Calendars) -> None:
    """Let a stream tell that something happened in Anna's calendar."""
    assert [one async for one in source.changed([ANNA])] == [ANNA]


async def whole(source: Calendars, since: Cursor | None = None, box: Mailbox = ANNA) -> Reading:
    reading = await source.read(box, WINDOW, since)
    assert reading is not None
    return reading


def uids(reading: Reading) -> list[str]:
    return [one.uid for one in reading.appointments]
