"""Putting, removing and listing calendar items and contacts on a real DAV server, each over a connection of its own.

RFC 4791 (calendars) and RFC 6352 (address books).

Deliberately not the gateway's own DAV client: what that client gets wrong must show here.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from defusedxml.ElementTree import fromstring

CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}
CARD = {"Content-Type": "text/vcard; charset=utf-8"}
MEMBERS = b'<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
XML = {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
EVENTS = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>
</C:calendar-query>"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has an account at a server."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One person's calendar at `url` (with a slash at its end); `ca` is the file to trust, None for plain HTTP."""

    url: str
    person: Person
    ca: Path | None = None

    async def put(self, name: str, ics: str) -> str:
        """Write the item `name` (without `.ics`), new or changed; return its ETag, empty if the server gives none."""
        answer = await self._request("PUT", name, ics.encode(), CALENDAR)
        answer.raise_for_status()
        return str(answer.headers.get("ETag", ""))

    async def delete(self, name: str) -> None:
        """Remove the item `name`; an error if it is not there."""
        (await self._request("DELETE", name)).raise_for_status()

    async def get(self, name: str) -> str | None:
        """Return the item `name`, None if it is not there."""
        answer = await self._request("GET", name)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().text

    async def events(self) -> list[str]:
        """Return every item with an event, as the server writes it (RFC 4791, 7.8: calendar-query)."""
        answer = await self._ask("REPORT", self.url, EVENTS.encode(), XML)
        found = fromstring(answer.raise_for_status().content).iter("{urn:ietf:params:xml:ns:caldav}calendar-data")
        return [data.text or "" for data in found]

    async def _request(
        self, method: str, name: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self._ask(method, f"{self.url}{name}.ics", content, headers)

    async def _ask(self, method: str, url: str, content: bytes, headers: dict[str, str] | None) -> httpx.Response:
        return await _asked(self.person, self.ca, method, url, content, headers)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """One address book at `url` (with a slash at its end), as `person`; `ca` is the file to trust."""

    url: str
    person: Person
    ca: Path | None = None

    async def put(self, name: str, vcard: str) -> None:
        """Write the card `name` (without `.vcf`), new or changed."""
        (await self._ask("PUT", f"{self.url}{name}.vcf", vcard.encode(), CARD)).raise_for_status()

    async def delete(self, name: str) -> None:
        """Remove the card `name`; an error if it is not there."""
        (await self._ask("DELETE", f"{self.url}{name}.vcf")).raise_for_status()

    async def names(self) -> list[str]:
        """Return the names (without `.vcf`) of all that is in it."""
        answer = (await self._ask("PROPFIND", self.url, MEMBERS, XML)).raise_for_status()
        hrefs = [found.text or "" for found in fromstring(answer.content).iter("{DAV:}href")]
        return [href.rpartition("/")[2].removesuffix(".vcf") for href in hrefs if href.endswith(".vcf")]

    async def clear(self) -> None:
        """Remove all that is in it."""
        for name in await self.names():
            await self.delete(name)

    async def _ask(
        self, method: str, url: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await _asked(self.person, self.ca, method, url, content, headers)


async def _asked(
    person: Person, ca: Path | None, method: str, url: str, content: bytes, headers: dict[str, str] | None
) -> httpx.Response:
    trust: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca) if ca else True
    login = (person.name, person.password)
    async with httpx.AsyncClient(auth=login, verify=trust, trust_env=False, timeout=30.0) as client:
        return await client.request(method, url, content=content, headers=headers)


def card(uid: str, name: str, *lines: str) -> str:
    """Return a vCard 3.0; `lines` are its further properties. Nothing is escaped or folded: the text is as wanted."""
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", *lines, "END:VCARD", ""])


def event(uid: str, start: str, end: str, summary: str, *lines: str) -> str:
    """Return an iCalendar object with one event; `start` and `end` with what follows the name: `:20261121T080000Z`.

    `lines` are further properties of the event. Nothing is escaped or folded: the text is as it is wanted.
    """
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ringplan//peers//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z", f"DTSTART{start}", f"DTEND{end}", f"SUMMARY:{summary}", *lines,
        "END:VEVENT", "END:VCALENDAR", "",
    ])  # fmt: skip
