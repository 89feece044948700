"""The XML of WebDAV that is sent and read: request bodies, and the multistatus of an answer. Pure.

RFC 4918 (multistatus, section 14.16), RFC 5397 (current-user-principal), RFC 4791 (calendar-home-set, section 6.2.1;
calendar-query, section 7.8; 507 for a cut answer, section 7.8), RFC 6352 (address books), RFC 6578 (sync-token, members
that are gone), RFC 3744 (owner, principal-property-search). `getctag` is Apple's, in the namespace
http://calendarserver.org/ns/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

D, C, S = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
B = "{urn:ietf:params:xml:ns:carddav}"

TOKENS = b'<propfind xmlns="DAV:"><prop><sync-token/><getctag xmlns="http://calendarserver.org/ns/"/></prop></propfind>'
PRINCIPAL = b'<propfind xmlns="DAV:"><prop><current-user-principal/><resourcetype/></prop></propfind>'
COLLECTIONS = (
    b'<propfind xmlns="DAV:"><prop><resourcetype/><owner/>'
    b'<supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav"/></prop></propfind>'
)

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:[0-9]+|x[0-9a-fA-F]+);")
_ALLOWED = {9, 10, 13}

MOST_TAGS = 2_000_000  # of one answer: the 100,000 items of 50 MiB have three quarters of them
PIECE = 64 * 2**10  # bytes


class Unreadable(ValueError):
    """The body is not a whole multistatus."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One member of a multistatus: its href as sent, and the properties that it has (status 200).

    `is_gone`: the server says of the member itself that there is none (404).
    """

    href: str
    properties: Mapping[str, Element] = field(repr=False)
    is_gone: bool = False

    def text(self, name: str) -> str | None:
        """Return a property's text, None where it is missing or empty."""
        found = self.properties.get(name)
        return (found.text or "").strip() or None if found is not None else None

    def hrefs(self, name: str) -> tuple[str, ...]:
        """Return the hrefs inside a property."""
        found = self.properties.get(name)
        elements = found.iter(f"{D}href") if found is not None else ()
        return tuple(text for element in elements if (text := (element.text or "").strip()))

    @property
    def is_calendar(self) -> bool:
        """A calendar that may hold events; a subscribed one, or one of tasks, is not."""
        kind = self.properties.get(f"{D}resourcetype")
        if kind is None or kind.find(f"{C}calendar") is None or kind.find(f"{S}subscribed") is not None:
            return False
        supported = self.properties.get(f"{C}supported-calendar-component-set")
        names = [(comp.get("name") or "").upper() for comp in supported] if supported is not None else []
        return not names or "VEVENT" in names

    @property
    def is_address_book(self) -> bool:
        """A collection of contacts."""
        kind = self.properties.get(f"{D}resourcetype")
        return kind is not None and kind.find(f"{B}addressbook") is not None


@dataclass(frozen=True, slots=True)
class Multistatus:
    """All members; `token`: of a sync-collection; `is_cut`: the server says that it left members out (507)."""

    resources: tuple[Resource, ...]
    token: str | None = None
    is_cut: bool = False


def home(home_set: str) -> bytes:
    """Return a propfind for a principal's homes; `home_set` is the property's name as `{namespace}name`."""
    return f'<propfind xmlns="DAV:"><prop>{_element_of(home_set)}<principal-collection-set/></prop></propfind>'.encode()


def query(start: datetime, end: datetime) -> bytes:
    """Return a calendar-query for whole events that overlap the time from `start` until `end` (aware)."""
    span = " ".join(
        f'{name}="{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"' for name, moment in (("start", start), ("end", end))
    )
    return (
        '<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop><c:calendar-data/></prop>'
        '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
        f"<c:time-range {span}/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
    ).encode()


def search(address: str, home_set: str) -> bytes:
    """Return a principal-property-search (RFC 3744 section 9.4) for the `home_set` of the person with `address`."""
    return (
        '<principal-property-search xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><property-search><prop>'
        f"<c:calendar-user-address-set/></prop><match>{escape(address)}</match></property-search>"
        f"<prop>{_element_of(home_set)}<c:calendar-user-address-set/></prop></principal-property-search>"
    ).encode()


def multistatus(body: bytes) -> Multistatus:
    """Read a 207's body; members that have no property with status 200 have none at all.

    Characters that XML 1.0 forbids, which servers pass on out of a calendar, are read as U+FFFD.
    Raises `Unreadable` for anything that is not a whole multistatus.
    """
    try:
        root = _parsed(body)
    except (ParseError, DefusedXmlException, UnicodeError, LookupError, ValueError) as error:
        raise Unreadable("not XML") from error
    if root.tag != f"{D}multistatus":
        raise Unreadable("not a multistatus")
    resources, is_cut = [], False
    for response in root.iterfind(f"{D}response"):
        status = response.findtext(f"{D}status") or ""
        if " 507" in status:
            is_cut = True
            continue
        properties: dict[str, Element] = {}
        for propstat in response.iterfind(f"{D}propstat"):
            if " 200" in (propstat.findtext(f"{D}status") or ""):
                for prop in propstat.iterfind(f"{D}prop"):
                    properties.update((element.tag, element) for element in prop)
        resources.append(Resource((response.findtext(f"{D}href") or "").strip(), properties, " 404" in status))
    token = (root.findtext(f"{D}sync-token") or "").strip() or None
    return Multistatus(tuple(resources), token, is_cut)


def _element_of(name: str) -> str:
    namespace, _, local = name.removeprefix("{").partition("}")
    return f'<{local} xmlns="{namespace}"/>'


def _parsed(body: bytes) -> Element:
    if body.count(b"<") > MOST_TAGS:
        raise Unreadable("too many elements")
    try:
        return _element(body)
    except ParseError:
        scrubbed = _FORBIDDEN.sub(_replacement, body).decode("utf-8", "replace")
        return _element(scrubbed.encode())


def _element(body: bytes) -> Element:
    """Parse a piece at a time: other threads get their turn only in between."""
    parser = DefusedXMLParser(forbid_dtd=True)
    for at in range(0, len(body), PIECE):
        parser.feed(body[at : at + PIECE])
    found: Element = parser.close()
    return found


def _replacement(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if found.startswith(b"&"):
        number = int(found[3:-1], 16) if found[2:3] in b"xX" else int(found[2:-1])
        if number in _ALLOWED or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000:
            return found
    return b"\xef\xbf\xbd"
