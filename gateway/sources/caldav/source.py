"""The CalendarSource of a CalDAV account.

Whether anything changed is told by one PROPFIND: each calendar's `sync-token`, else its `getctag`. A token is believed
only when the calendar was read at least two seconds after the token was first seen: SOGo's is a time in seconds, so a
change within the second of an earlier one leaves it as it is (seen on SOGo 5.8). After a change a calendar is therefore
read twice.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import dns.asyncresolver

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.errors import GiveUp, Refused, SignInAgain
from gateway.net.trust import trust
from gateway.ports import Connect, Opened
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import DEADLINES, Client, Deadlines, joined, opened
from gateway.sources.caldav.discovery import Discovery, Place, path
from gateway.sources.caldav.parse import parse
from gateway.sources.caldav.settings import CalDavSettings

GRAIN = 2.0  # seconds until a token is believed
READS = 2  # counted up when more of an item is read: what was read before is then read anew
Where = tuple[int, str, str | None]  # a mailbox, and what its calendars are found by
MARGIN = timedelta(days=1)  # servers place floating and all-day items by a zone of their own


def now_utc() -> datetime:
    """Return the time of now."""
    return datetime.now(UTC)


def connect(
    settings: CalDavSettings,
    resolver: dns.asyncresolver.Resolver | None = None,
    now: Callable[[], datetime] = now_utc,
    deadlines: Deadlines = DEADLINES,
) -> Connect:
    """Return what opens an account at this source. Raises `Misconfigured` for an unusable `ca`."""
    context = trust(settings.ca, settings.pin, settings.tls_minimum)

    @asynccontextmanager
    async def enter(account: Account) -> AsyncIterator[Opened]:
        async with opened(account, context, settings.connections, deadlines) as client:
            yield Opened(Calendars(client, Discovery(client, settings, account, resolver), now))

    def connected(account: Account) -> AbstractAsyncContextManager[Opened]:
        return enter(account)

    return connected


@dataclass(frozen=True, slots=True)
class Token:
    """A calendar's token: first seen at `seen` (seconds since 1970), and `settled` once it is believed."""

    text: str = field(repr=False)
    seen: float
    settled: bool


@dataclass(slots=True)
class Calendars:
    """Reads mailboxes of one account; where their calendars are is found once and kept while it works."""

    client: Client
    discovery: Discovery
    now: Callable[[], datetime]
    _places: dict[Where, tuple[Place, ...]] = field(default_factory=dict)

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        """As `ports.CalendarSource.read`; raises `Refused` where a service account may not read this mailbox."""
        kept = _where(mailbox) in self._places
        try:
            try:
                return await self._read(mailbox, window, since)
            except GiveUp:
                self._places.pop(_where(mailbox), None)
                self.discovery.forget()
                if not kept:
                    raise
                return await self._read(mailbox, window, since)
        except Refused as error:
            if self.discovery.account.service:
                raise
            raise SignInAgain(str(error), error.remedy) from error

    async def group(self, mailbox: Mailbox, address: str) -> tuple[str, ...] | None:
        """Return None: CalDAV does not tell who is in a list."""
        return None

    async def numbers(self, mailbox: Mailbox, address: str) -> tuple[str, ...]:
        """Return nothing: a calendar server need not have contacts, and they are not looked for."""
        return ()

    async def changed(self, mailboxes: Collection[Mailbox]) -> AsyncIterator[Mailbox]:
        """Never yield: CalDAV has no push that servers agree on. Ends by cancellation."""
        await asyncio.Event().wait()
        for mailbox in mailboxes:
            yield mailbox

    async def _read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        if _where(mailbox) not in self._places:
            self._places[_where(mailbox)] = await self.discovery.places(mailbox)
        before = _tokens(since) if since is not None and since.day == window.day else {}
        found = await self._seen(mailbox)
        seen = {where: _aged(text, before.get(where), self.now().timestamp()) for where, text in found.items()}
        if before and before == seen and all(token is not None and token.settled for token in before.values()):
            return None
        texts = await self._texts(mailbox, window)
        readable = [[text for text in calendar if text is not None] for calendar in texts]
        missing = sum(text is None for calendar in texts for text in calendar)
        parsed = [
            await asyncio.to_thread(parse, calendar, window, mailbox.zone, mailbox.addresses) for calendar in readable
        ]
        return Reading(
            appointments=told_apart([appointments for appointments, _ in parsed]),
            cursor=_cursor(seen, window),
            set_aside=missing + sum(set_aside for _, set_aside in parsed),
        )

    async def _seen(self, mailbox: Mailbox) -> dict[str, str | None]:
        """Ask for the token of each calendar; where a collection came or went, the calendars are listed anew."""
        tokens: dict[str, str | None] = {}
        places = []
        for known in self._places[_where(mailbox)]:
            answer = await self.client.propfind(known.at, known.depth, dav.TOKENS)
            told = {path(joined(answer.at, resource.href)): resource for resource in answer.resources}
            place = known if known.members == told.keys() else await self.discovery.place(known.at)
            places.append(place)
            for where in place.calendars:
                resource = told.get(where)
                tokens[where] = _token(resource) if resource is not None else None
        self._places[_where(mailbox)] = tuple(places)
        return tokens

    async def _texts(self, mailbox: Mailbox, window: Window) -> list[list[str | None]]:
        """Return the texts of each calendar, in the order of their paths; None: an item without its text."""
        query = dav.query(window.start - MARGIN, window.end + MARGIN)
        calendars = {where: url for place in self._places[_where(mailbox)] for where, url in place.calendars.items()}
        answers = [await self.client.report(calendars[where], 1, query) for where in sorted(calendars)]
        return [[item.text(f"{dav.C}calendar-data") for item in answer.resources] for answer in answers]


def told_apart(calendars: list[tuple[Appointment, ...]]) -> tuple[Appointment, ...]:
    """Join several calendars: what is in two of them alike counts once, what differs under one name gets its own.

    Only one of those under one name has a location: a meeting asks for one conference, however often it is kept.
    """
    names: dict[tuple[str, str], Appointment] = {}
    for number, appointments in enumerate(calendars):
        for appointment in appointments:
            known = names.get((appointment.uid, appointment.occurrence))
            if known is not None and _alike(known, appointment):
                appointment = known if known.location else appointment
            elif known is not None:
                location = "" if known.location else appointment.location
                appointment = replace(appointment, uid=f"{appointment.uid} {number}", location=location)
            names[appointment.uid, appointment.occurrence] = appointment
    return tuple(names.values())


def _alike(one: Appointment, other: Appointment) -> bool:
    """Tell whether two copies differ at most in where and with whom, which decides about no diversion."""
    return replace(one, location="", attendees=()) == replace(other, location="", attendees=())


def _where(mailbox: Mailbox) -> Where:
    return mailbox.id, mailbox.address, mailbox.path


def _token(resource: dav.Resource) -> str | None:
    return resource.text(f"{dav.D}sync-token") or resource.text(f"{dav.S}getctag")


def _aged(text: str | None, before: Token | None, now: float) -> Token | None:
    if text is None:
        return None
    if before is None or before.text != text:
        return Token(text, now, settled=False)
    return replace(before, settled=before.settled or now - before.seen >= GRAIN)


def _tokens(cursor: Cursor) -> Mapping[str, Token]:
    """Read a cursor; one that another version wrote is none."""
    try:
        written = json.loads(cursor.token)
        if written["reads"] != READS:
            return {}
        return {
            where: Token(str(text), float(seen), settled is True)
            for where, (text, seen, settled) in written["tokens"].items()
        }
    except (ValueError, TypeError, AttributeError, LookupError):
        return {}


def _cursor(tokens: Mapping[str, Token | None], window: Window) -> Cursor | None:
    """Write a cursor; there is none if a calendar has no token: it is then read whole each time."""
    known = {where: token for where, token in tokens.items() if token is not None}
    if len(known) < len(tokens):
        return None
    written = {where: [token.text, token.seen, token.settled] for where, token in sorted(known.items())}
    return Cursor(json.dumps({"reads": READS, "tokens": written}, separators=(",", ":")), window.day)
