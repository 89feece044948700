"""The calendar servers that the story can be told with: a real Radicale, or the scripted Exchange of the tests."""

import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import trustme

from peers.dav import card as vcard
from peers.dav import event
from peers.radicale import Radicale
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Attendee, Contact, Item

READER = "reader@example.org"
WRITTEN = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody writes into a calendar; `start` and `end` aware.

    `attendees`: the addresses of those whom the calendar's owner asks to it; nobody has answered yet.
    """

    start: datetime
    end: datetime
    subject: str
    private: bool = False
    location: str = ""
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody in an address book."""

    given: str
    family: str
    company: str
    work: str
    mobile: str


class Calendars(Protocol):
    """A running server. `table`: how the gateway's settings name it; `service`: the account that reads everybody's."""

    title: str
    url: str
    kind: str
    table: str
    service: tuple[str, str] | None
    refresh: int
    how: str

    async def write(self, person: str, name: str, entry: Entry) -> None:
        """Put an item into somebody's calendar, new or changed."""

    async def delete(self, person: str, name: str) -> None:
        """Take an item out of somebody's calendar."""

    async def keep(self, person: str, name: str, card: Card) -> None:
        """Put somebody into a person's own address book."""

    async def drop(self, person: str, name: str) -> None:
        """Take somebody out of it."""

    async def subject(self, person: str, name: str) -> str | None:
        """Return what the calendar says, None where the item is not there."""


class OnRadicale:
    """Everybody's own calendar on a Radicale, asked each second: CalDAV has no push."""

    title, kind, table, refresh = "Radicale, a calendar server with four people", "caldav", "", 1
    service: tuple[str, str] | None = None

    def __init__(self, radicale: Radicale) -> None:
        self.radicale, self.url = radicale, radicale.url
        one, *others = radicale.people
        self.how = (
            "\nWrite into a calendar yourself, with any CalDAV client:\n"
            f"  {radicale.home(one)}calendar/\n"
            f"  user {one}, password “{radicale.people[one]}”; likewise {', '.join(others)}\n"
        )

    async def write(self, person: str, name: str, entry: Entry) -> None:
        """See `Calendars`."""
        start, end = (f":{at.astimezone(UTC):{WRITTEN}}" for at in (entry.start, entry.end))
        lines = ["CLASS:PRIVATE"] * entry.private
        if entry.location:
            lines += [f"LOCATION:{entry.location}"]
        if entry.attendees:
            lines += [f"ORGANIZER:mailto:{_address(person)}"]
            lines += [f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{one}" for one in entry.attendees]
        await self.radicale.calendar(person).put(name, event(name, start, end, entry.subject, *lines))

    async def delete(self, person: str, name: str) -> None:
        """See `Calendars`."""
        await self.radicale.calendar(person).delete(name)

    async def keep(self, person: str, name: str, card: Card) -> None:
        """See `Calendars`."""
        whole = f"{card.given} {card.family}"
        lines = (f"N:{card.family};{card.given};;;", f"ORG:{card.company}", f"TEL;TYPE=WORK:{card.work}")
        text = vcard(name, whole, *lines, f"TEL;TYPE=CELL:{card.mobile}")
        await self.radicale.address_book(person).put(name, text)

    async def drop(self, person: str, name: str) -> None:
        """See `Calendars`."""
        await self.radicale.address_book(person).delete(name)

    async def subject(self, person: str, name: str) -> str | None:
        """See `Calendars`."""
        text = await self.radicale.calendar(person).get(name) or ""
        found = [line.removeprefix("SUMMARY:") for line in text.splitlines() if line.startswith("SUMMARY:")]
        return found[0] if found else None


class OnExchange:
    """Everybody's mailbox on a scripted Exchange behind a self-signed certificate, read by one impersonating account.

    The gateway asks for each calendar once a minute; that the telephones follow at once is the streams' doing.
    """

    title, kind, refresh = "A scripted Exchange with four mailboxes, NTLM and streaming notifications", "exchange", 60
    how = "\nThe calendars are on a scripted Exchange, which no Outlook can write to.\n"

    def __init__(self, exchange: FakeExchange, pin: str, service: tuple[str, str]) -> None:
        self.exchange, self.url = exchange, exchange.url
        self.service: tuple[str, str] | None = service
        self.table = f'access = "impersonation"\npin = "{pin}"\n'
        self._kept: dict[tuple[str, str], int] = {}

    async def write(self, person: str, name: str, entry: Entry) -> None:
        """See `Calendars`."""
        sensitivity = "Private" if entry.private else "Normal"
        item = Item(
            subject=entry.subject,
            start=entry.start,
            end=entry.end,
            uid=name,
            sensitivity=sensitivity,
            location=entry.location,
            required=tuple(Attendee(address=one) for one in entry.attendees),
        )
        self.exchange.calendar(_address(person)).put(item)

    async def delete(self, person: str, name: str) -> None:
        """See `Calendars`."""
        self.exchange.calendar(_address(person)).delete(name)

    async def keep(self, person: str, name: str, card: Card) -> None:
        """See `Calendars`."""
        phones = {"BusinessPhone": card.work, "MobilePhone": card.mobile}
        contact = Contact(given=card.given, surname=card.family, phones=phones, company=card.company)
        self._kept[person, name] = self.exchange.contacts(_address(person)).put(contact)

    async def drop(self, person: str, name: str) -> None:
        """See `Calendars`."""
        self.exchange.contacts(_address(person)).delete(self._kept.pop((person, name)))

    async def subject(self, person: str, name: str) -> str | None:
        """See `Calendars`."""
        try:
            return self.exchange.calendar(_address(person)).stored(name).item.subject
        except KeyError:
            return None


@asynccontextmanager
async def on_radicale(folder: Path, people: Mapping[str, str]) -> AsyncIterator[Calendars]:
    """Start a Radicale for `people` (name: password)."""
    async with Radicale.start(folder / "radicale", people) as radicale:
        yield OnRadicale(radicale)


@asynccontextmanager
async def on_exchange(folder: Path, people: Mapping[str, str]) -> AsyncIterator[Calendars]:
    """Start a scripted Exchange for `people` (name: password)."""
    own = trustme.CA().issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.configure_cert(context)
    shown = ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode())
    async with FakeExchange(tls=context).up() as exchange:
        for person, password in people.items():
            exchange.person(_address(person), password)
        exchange.service(READER, "reads in the demo")
        exchange.impersonator(READER)
        yield OnExchange(exchange, hashlib.sha256(shown).hexdigest(), (READER, "reads in the demo"))


def _address(person: str) -> str:
    return f"{person}@example.org"


SOURCES = {"caldav": on_radicale, "exchange": on_exchange}
