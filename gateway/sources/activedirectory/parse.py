"""An entry of a directory becomes a contact. Pure.

Attributes by Microsoft's "Active Directory Schema" (telephoneNumber, ipPhone, otherTelephone, mobile, objectGUID …),
which for names and numbers are those of RFC 4519 and RFC 2798, so that other LDAP servers are read alike. Fax and pager
are left out; photos are never asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.vcard.property import cleaned

NUMBERS = {  # the most useful one first
    "telephoneNumber": Kind.WORK,
    "otherTelephone": Kind.WORK,
    "ipPhone": Kind.WORK,
    "otherIpPhone": Kind.WORK,
    "mobile": Kind.MOBILE,
    "otherMobile": Kind.MOBILE,
    "homePhone": Kind.HOME,
    "otherHomePhone": Kind.HOME,
}
KEY = "objectGUID"
ATTRIBUTES = (KEY, "displayName", "cn", "givenName", "sn", "company", "o", "title", "mail", *NUMBERS)
LONGEST_NUMBER, LONGEST_ADDRESS = 100, 254  # characters (addresses: RFC 5321, errata 1690)
MOST_NUMBERS, MOST_ADDRESSES = 50, 10


@dataclass(frozen=True, slots=True)
class Entry:
    """`values` by the lower-case names of attributes, as bytes."""

    dn: str = field(repr=False)
    values: Mapping[str, Sequence[bytes]] = field(repr=False)


def key(entry: Entry) -> str:
    """Return what names an entry for as long as it is there: its objectGUID, which moves with it, else its DN."""
    (guid, *_) = entry.values.get(KEY.lower()) or (b"",)
    return guid.hex() or entry.dn


def contact(entry: Entry) -> Contact | None:
    """Return what an entry says; None: it has neither a name nor a number. Raises `ValueError`: it is no UTF-8."""
    given, family, company = _text(entry, "givenName"), _text(entry, "sn"), _text(entry, "company", "o")
    numbers, emails = tuple(_numbers(entry))[:MOST_NUMBERS], tuple(_emails(entry))[:MOST_ADDRESSES]
    name = _text(entry, "displayName", "cn") or f"{given} {family}".strip() or company
    if not name and not numbers:
        return None
    return Contact(
        key=key(entry),
        name=name or next(iter(emails), "") or numbers[0].written,
        given=given,
        family=family,
        company=company,
        title=_text(entry, "title"),
        emails=emails,
        numbers=numbers,
    )


def _text(entry: Entry, *names: str) -> str:
    """Return the first value that one of the attributes has."""
    return next((line for name in names for line in _lines(entry, name)), "")


def _lines(entry: Entry, name: str) -> Iterator[str]:
    """Yield values, each in one line and without what cannot be seen."""
    for value in entry.values.get(name.lower(), ()):
        if line := cleaned(value.decode()):
            yield line


def _numbers(entry: Entry) -> Iterator[PhoneNumber]:
    for name, kind in NUMBERS.items():
        yield from (PhoneNumber(kind, line) for line in _lines(entry, name) if len(line) <= LONGEST_NUMBER)


def _emails(entry: Entry) -> Iterator[str]:
    yield from (line for line in _lines(entry, "mail") if "@" in line and len(line) <= LONGEST_ADDRESS)
