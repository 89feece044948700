"""The CalendarSource of an Exchange account.

Whether anything changed is told by SyncFolderItems; what then is in the window, by a CalendarView. The newest state is
asked for before the view, so what changes in between is found by the next reading. The newest state of each mailbox is
also kept here: the first reading of a day, and one that was wished for, are whole, but need not begin at the first
state of a calendar, which may be 200 pages away.

Exchange expands series in a view; some servers do not (gromox 3.10), and then do not tell of changed occurrences
either: there, a calendar of which a stream tells anything is read though its state is the same. Which kind an endpoint
is, is learnt from what it shows: the first occurrence in anybody's view says for all mailboxes there that it expands.
Until then, the series of a calendar are asked for and expanded here. Which those are, SyncFolderItems tells as it tells
of all items; only where it went on from an old state, after a start of the gateway, the folder is searched through
once.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from uuid import uuid4
from zoneinfo import ZoneInfo

import dns.asyncresolver
from exchangelib import CalendarItem
from exchangelib.items.calendar_item import EXCEPTION, OCCURRENCE

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.errors import GiveUp, RetryLater
from gateway.net.trust import trust
from gateway.ports import Connect, Opened
from gateway.sources.ews import requests
from gateway.sources.ews.connection.client import Shared, opened
from gateway.sources.ews.connection.protocol import DEADLINES, Deadlines
from gateway.sources.ews.connection.refusals import StaleState
from gateway.sources.ews.contacts.numbers import numbers
from gateway.sources.ews.contacts.source import Books
from gateway.sources.ews.discovery.discovery import discovery_of
from gateway.sources.ews.items.expand import MASTER_FIELDS, changed, expanded
from gateway.sources.ews.items.parse import FIELDS, appointments
from gateway.sources.ews.lists import everybody, members
from gateway.sources.ews.place import Place, Places
from gateway.sources.ews.push.streams import Streams, own_streams
from gateway.sources.ews.settings import EwsSettings

MARGIN = timedelta(days=1)  # all-day items lie at the midnights of the zone that they were made in
DAY = timedelta(days=1)  # a stretch that is not halved any more
MOST_PAGES = 1000  # of changes, in one reading
READS = 2  # counted up when more of an item is read: what was read before is then read anew

Parse = Callable[[Sequence[CalendarItem], Window, ZoneInfo, frozenset[str]], tuple[tuple[Appointment, ...], int]]


def connect(
    settings: EwsSettings, resolver: dns.asyncresolver.Resolver | None = None, deadlines: Deadlines = DEADLINES
) -> Connect:
    """Return what opens an account at this source. Raises `Misconfigured` for an unusable `ca`."""
    context = trust(settings.ca, settings.pin, settings.tls_minimum)
    shared, own, expanding = Shared(), own_streams(), set[str]()

    @asynccontextmanager
    async def enter(account: Account) -> AsyncIterator[Opened]:
        async with opened(account, settings, context, shared, deadlines) as client:
            discovery = discovery_of(account, settings, context, resolver)
            streams = Streams(client, discovery, settings, account, own)
            places = Places(client, discovery)
            yield Opened(Calendars(places, streams, expanding), Books(places))

    return enter


@dataclass(frozen=True, slots=True)
class Known:
    """What a cursor says: the `state`, which event was heeded, and whether as much of each item was read as is now."""

    state: str | None = field(default=None, repr=False)
    told: str = ""
    is_whole: bool = False


@dataclass(slots=True)
class Calendars:
    """Reads mailboxes of one account. `expanding`: the URLs that are known to expand series, of all accounts."""

    places: Places
    streams: Streams
    expanding: set[str]
    _states: dict[Place, str] = field(default_factory=dict, repr=False)
    _told: dict[int, str] = field(default_factory=dict, repr=False)  # of a mailbox: another one with each event
    _series: dict[Place, frozenset[str]] = field(default_factory=dict, repr=False)  # ids, until the server expands
    _mixed: set[Place] = field(default_factory=set, repr=False)  # where changes cannot tell series from others

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        """As `ports.CalendarSource.read`; raises `Refused` where the account may not read this mailbox."""
        return await self.places.at(mailbox, lambda place: self._read(place, mailbox, window, since))

    async def group(self, mailbox: Mailbox, address: str) -> tuple[str, ...] | None:
        """As `ports.CalendarSource.group`; asked for as the mailbox's owner may see it, a request for each list."""

        async def everybody_at(place: Place) -> tuple[str, ...] | None:
            return await everybody(lambda one: self.places.ask(place, partial(members, address=one)), address.lower())

        return await self.places.at(mailbox, everybody_at)

    async def numbers(self, mailbox: Mailbox, address: str) -> tuple[str, ...]:
        """As `ports.CalendarSource.numbers`; none where only the calendar is shared with the account."""
        return await self.places.at(mailbox, lambda place: self.places.ask(place, partial(numbers, address=address)))

    async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncGenerator[Mailbox, None]:
        """Yield each mailbox that a stream says something about; those without a stream are only asked in turn."""
        async with aclosing(self.streams.listen(mailboxes)) as changes:
            async for mailbox in changes:
                self._told[mailbox.id] = uuid4().hex
                yield mailbox

    async def _read(self, place: Place, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        known = _known(since) if since is not None and since.day == window.day else Known()
        told = self._told.get(mailbox.id, "")
        try:
            state, same = await self._newest(place, known.state)
        except StaleState:
            self._states.pop(place, None)
            state, same = await self._newest(place, None)
        if same and known.is_whole and (told == known.told or place.url in self.expanding):
            return None
        items, unreadable = await self._view(place, window)
        mailbox = replace(mailbox, addresses=mailbox.addresses | {place.address.lower()})  # organisers are named by it
        found, set_aside = await _parsed(appointments, mailbox, window, items)
        if any(item.type in (OCCURRENCE, EXCEPTION) for item in items):
            self.expanding.add(place.url)
            self._series.clear()
        elif place.url not in self.expanding:
            series = await self._known_series(place, window)
            more, wrong = await _parsed(expanded, mailbox, window, series)
            found, set_aside = found + more, set_aside + wrong
        cursor = Cursor(json.dumps({"reads": READS, "state": state, "told": told}), window.day) if state else None
        return Reading(found, cursor, set_aside + unreadable)

    async def _newest(self, place: Place, known: str | None) -> tuple[str, bool]:
        """Return the newest state, and whether it is the one that is `known`: nothing has changed since.

        Each page is kept at once: a reading that fails on the way goes on from there the next time.
        """
        state = self._states.get(place, known)
        same = state is not None and state == known
        if state is None and place.url not in self.expanding and place not in self._mixed:
            self._series[place] = frozenset()
        for _ in range(MOST_PAGES):
            page = await self._page(place, state)
            same = same and not page.some
            before, state = state, page.state
            self._states[place] = state
            if place in self._series:
                self._series[place] = (self._series[place] | page.series) - page.gone
            if not page.more or state == before:
                break
        else:
            raise RetryLater("the server does not come to an end of what has changed", after=60.0)
        if same and known is not None:
            self._states[place] = state = known  # though it may have been given another name
        return state, same

    async def _page(self, place: Place, state: str | None) -> requests.Changes:
        """Return a page of changes; which of them are series is asked for only where that is of use."""
        if place in self._series:
            try:
                return await self.places.ask(place, partial(requests.changes, state=state))
            except requests.Mixed:
                self._mixed.add(place)
                del self._series[place]
        return await self.places.ask(place, partial(requests.changes, state=state, kinds=False))

    async def _view(self, place: Place, window: Window) -> tuple[tuple[CalendarItem, ...], int]:
        """Return what lies in the window, and how many items cannot be read; a stretch that is full is halved."""
        stretches = [(window.start - MARGIN, window.end + MARGIN)]
        items: dict[str, CalendarItem] = {}
        unreadable = 0
        while stretches:
            start, end = stretches.pop()
            most = requests.PAGE if end - start > DAY else requests.MOST
            work = partial(requests.view, start=start, end=end, fields=FIELDS, most=most)
            page = await self.places.ask(place, work)
            if not page.full:
                items |= {item.id: item for item in page.items}
                unreadable += page.unreadable
            elif most == requests.MOST:
                raise GiveUp(f"the calendar has more than {most} items on one day", "remove what is not needed")
            else:
                middle = start + (end - start) / 2
                stretches += [(middle, end), (start, middle)]
        return tuple(items.values()), unreadable

    async def _known_series(self, place: Place, window: Window) -> tuple[CalendarItem, ...]:
        """Return all series of a calendar, and what was changed of them in the window."""
        series = self._series.get(place)
        if series is None:
            series = await self._searched(place)
        if place not in self._mixed:
            self._series[place] = series
        masters = await self._details(place, sorted(series), MASTER_FIELDS)
        return masters + await self._details(place, changed(masters, window), FIELDS)

    async def _searched(self, place: Place) -> frozenset[str]:
        """Look through the whole folder for the ids of series."""
        ids: set[str] = set()
        offset: int | None = 0
        while offset is not None:
            page = await self.places.ask(place, partial(requests.masters, offset=offset))
            ids.update(page.ids)
            offset = page.following
        return frozenset(ids)

    async def _details(self, place: Place, ids: Sequence[str], fields: tuple[str, ...]) -> tuple[CalendarItem, ...]:
        found: tuple[CalendarItem, ...] = ()
        for some in _pages(ids):
            found += await self.places.ask(place, partial(requests.details, ids=some, fields=fields))
        return found


async def _parsed(
    parse: Parse, mailbox: Mailbox, window: Window, items: Sequence[CalendarItem]
) -> tuple[tuple[Appointment, ...], int]:
    return await asyncio.to_thread(parse, items, window, mailbox.zone, mailbox.addresses)


def _pages(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + requests.PAGE] for start in range(0, len(ids), requests.PAGE)]


def _known(cursor: Cursor) -> Known:
    """Read a cursor; what cannot be read knows nothing."""
    try:
        token = json.loads(cursor.token)
        state, told, reads = token["state"], token.get("told", ""), token.get("reads")
    except (ValueError, TypeError, LookupError, AttributeError):
        return Known()
    return Known(state, str(told), is_whole=reads == READS) if isinstance(state, str) and state else Known()
