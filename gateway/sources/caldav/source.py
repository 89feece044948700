"""The CalendarSource of a CalDAV account. After a change a calendar is read twice, for which see `places.Token`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import dns.asyncresolver

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.errors import Refused, SignInAgain
from gateway.net.trust import trust
from gateway.ports import Connect, Opened
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import DEADLINES, Client, Deadlines, opened
from gateway.sources.caldav.contacts.source import Contacts
from gateway.sources.caldav.discovery import ADDRESS_BOOKS, Discovery
from gateway.sources.caldav.parse import parse
from gateway.sources.caldav.places import DavCollection, Places, Token, aged
from gateway.sources.caldav.settings import CalDavSettings

READS = 2  # counted up when more of an item is read: what was read before is then read anew
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
            calendars = Places(client, Discovery(client, settings, account, resolver))
            books = Places(client, Discovery(client, settings, account, resolver, ADDRESS_BOOKS))
            yield Opened(Calendars(client, calendars, account.service, now), Contacts(client, books, now))

    return enter


@dataclass(slots=True)
class Calendars:
    """Reads mailboxes of one account."""

    client: Client
    places: Places
    is_service: bool
    now: Callable[[], datetime]

    async def read(self, mailbox: Mailbox, window: Window, since: Cursor | None) -> Reading | None:
        """As `ports.CalendarSource.read`; raises `Refused` where a service account may not read this mailbox."""
        try:
            return await self.places.tried(mailbox, lambda: self._read(mailbox, window, since))
        except Refused as error:
            if self.is_service:
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
        before = _tokens(since) if since is not None and since.day == window.day else {}
        found = await self.places.collections(mailbox)
        now = self.now().timestamp()
        seen = {where: aged(one.token, before.get(where), now) for where, one in found.items()}
        if before and before == seen and all(token is not None and token.settled for token in before.values()):
            return None
        texts = await self._texts(found, window)
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

    async def _texts(self, calendars: Mapping[str, DavCollection], window: Window) -> list[list[str | None]]:
        """Return the texts of each calendar, in the order of their paths; None: an item without its text."""
        query = dav.query(window.start - MARGIN, window.end + MARGIN)
        answers = [await self.client.report(calendars[where].at, 1, query) for where in sorted(calendars)]
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
