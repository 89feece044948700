"""Entries as they go over the wire (RFC 4511, section 4.5.2), with the attributes that were asked for. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from operator import attrgetter

from gateway.directory.index.attributes import NUMBERS, Column, named
from gateway.directory.index.entries import unpacked
from gateway.directory.index.segment import PERSON, Segment
from gateway.directory.wire import ber
from gateway.domain.contact import Contact, Form, Kind, Numbering
from gateway.planning.numbers import shown

ENTRY = 0x64
SUBSCHEMA = "cn=subschema"
_READ = (
    *("objectClass", "uid", "cn", "sn", "givenName", "o", "title", "mail", "telephoneNumber", "mobile", "homePhone"),
    *("ou", "dc"),
)
_OPERATIONAL = ("entryDN", "structuralObjectClass", "subschemaSubentry")  # RFC 5020; RFC 4512, section 3.4
_WORKED = {name.lower(): name for name in _OPERATIONAL}
_KINDS = {
    "telephoneNumber": (Kind.WORK, Kind.OTHER),
    "mobile": (Kind.MOBILE,),
    "homePhone": (Kind.HOME,),
}
_TEXTS: dict[str, Callable[[Contact], str]] = {
    "uid": attrgetter("key"),
    "cn": attrgetter("name"),
    "displayName": attrgetter("name"),
    "sn": attrgetter("family"),
    "givenName": attrgetter("given"),
    "o": attrgetter("company"),
    "company": attrgetter("company"),
    "title": attrgetter("title"),
}
_serials = count()


@dataclass(frozen=True, slots=True)
class Selection:
    """What shall stand in an entry: attributes by their name here, and by that in the answer, which is encoded."""

    serial: int
    names: tuple[tuple[str, bytes], ...]
    types_only: bool
    form: Form


@lru_cache(maxsize=512)
def selection(attributes: tuple[str, ...], types_only: bool, form: Form) -> Selection:
    """Return the selection of what was asked for; none or "*": all that people read, "+": what servers do, "1.1": none.

    Who asks for an attribute by another of its names is answered in that name: telephones look for what they asked.
    """
    chosen: dict[str, str] = {}
    for written in attributes or ("*",):
        attribute = named(written)
        if attribute is not None:
            is_alias = attribute.name.lower() != written.lower() and not written[0].isdigit()
            chosen[attribute.name] = written if is_alias else attribute.name
        elif written == "*":
            chosen = {name: name for name in _READ} | chosen
        elif written == "+":
            chosen |= {name: name for name in _OPERATIONAL}
        elif name := _WORKED.get(written.lower()):
            chosen[name] = name
    names = tuple((name, ber.tlv(ber.OCTETS, written.encode())) for name, written in chosen.items())
    return Selection(next(_serials), names, types_only, form)


def encoded(segment: Segment, entry: int, asked: Selection, numbering: Numbering) -> bytes:
    """Return an entry as a SearchResultEntry with its tag; attributes without a value are not in it."""
    fixed = dict(segment.fixed or ())
    person = None if segment.fixed else unpacked(segment.rows[entry])
    content = b""
    for name, written in asked.names:
        if name in _OPERATIONAL:
            found = _worked(name, segment, entry)
        elif person is None:
            found = fixed.get(name, ())
        else:
            found = _read(name, person, segment, entry, asked.form, numbering)
        if found:
            values = b"" if asked.types_only else b"".join([ber.tlv(ber.OCTETS, value.encode()) for value in found])
            content += ber.tlv(ber.SEQUENCE, written + ber.tlv(ber.SET, values))
    return ber.tlv(ENTRY, ber.tlv(ber.OCTETS, segment.dn(entry).encode()) + ber.tlv(ber.SEQUENCE, content))


def _read(name: str, person: Contact, segment: Segment, entry: int, form: Form, numbering: Numbering) -> Sequence[str]:
    """Return what a person has in an attribute."""
    if name in _KINDS:
        kinds = _KINDS[name]
        some = (shown(number, form, numbering) for number in person.numbers if number.kind in kinds)
        return tuple(dict.fromkeys(filter(None, some)))
    match name:
        case "objectClass":
            return PERSON
        case "mail":
            return tuple(email for email in dict.fromkeys(person.emails) if email.isascii())
        case "numberKey":
            return tuple(dict.fromkeys(value for of in NUMBERS for value in segment.column(of).values(entry)))
        case "keypad":
            return segment.column(Column.KEYPAD).values(entry)
    text = _TEXTS[name](person) if name in _TEXTS else ""
    return (text,) if text else ()


def _worked(name: str, segment: Segment, entry: int) -> Sequence[str]:
    """Return what the server itself says of an entry."""
    classes = dict(segment.fixed).get("objectClass", ()) if segment.fixed else PERSON
    return ({"entryDN": segment.dn(entry), "structuralObjectClass": classes[-1]}.get(name, SUBSCHEMA),)
