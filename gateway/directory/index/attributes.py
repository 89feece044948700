"""Attributes that the directory knows: under which names, and where in the index their values are. Pure.

Names and numbers are those of RFC 4519, RFC 4524, RFC 2798 and `ldap/schema/contacts.schema`.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Column(IntEnum):
    """What of an entry is searched."""

    NAME = 0
    FAMILY = 1
    GIVEN = 2
    COMPANY = 3
    TITLE = 4
    MAIL = 5
    WORK = 6
    MOBILE = 7
    HOME = 8
    KEYPAD = 9
    UID = 10  # this and the next are what nodes have too
    UNIT = 11
    DOMAIN = 12


class Syntax(Enum):
    """How values compare: folded; ASCII alone, folded; as telephone numbers; as keys of the keypad; as classes."""

    TEXT = auto()
    ASCII = auto()
    NUMBER = auto()
    KEYPAD = auto()
    CLASS = auto()


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name` as it is written in answers. `columns`: its values are all that is in them."""

    name: str
    syntax: Syntax
    columns: tuple[Column, ...] = ()


NUMBERS = (Column.WORK, Column.MOBILE, Column.HOME)
OBJECT_CLASS = Attribute("objectClass", Syntax.CLASS)
_NAMES = (Column.NAME, Column.FAMILY, Column.GIVEN, Column.COMPANY, Column.TITLE, Column.UNIT)
_KNOWN = {
    "objectClass 2.5.4.0": OBJECT_CLASS,
    "name 2.5.4.41": Attribute("name", Syntax.TEXT, _NAMES),  # and what is derived from it (RFC 4512, section 2.5.1)
    "cn commonName 2.5.4.3": Attribute("cn", Syntax.TEXT, (Column.NAME,)),
    "displayName 2.16.840.1.113730.3.1.241": Attribute("displayName", Syntax.TEXT, (Column.NAME,)),
    "sn surname 2.5.4.4": Attribute("sn", Syntax.TEXT, (Column.FAMILY,)),
    "givenName gn 2.5.4.42": Attribute("givenName", Syntax.TEXT, (Column.GIVEN,)),
    "o organizationName 2.5.4.10": Attribute("o", Syntax.TEXT, (Column.COMPANY,)),
    "company": Attribute("company", Syntax.TEXT, (Column.COMPANY,)),
    "title 2.5.4.12": Attribute("title", Syntax.TEXT, (Column.TITLE,)),
    "mail rfc822Mailbox 0.9.2342.19200300.100.1.3": Attribute("mail", Syntax.ASCII, (Column.MAIL,)),
    "uid userid 0.9.2342.19200300.100.1.1": Attribute("uid", Syntax.TEXT, (Column.UID,)),
    "telephoneNumber 2.5.4.20": Attribute("telephoneNumber", Syntax.NUMBER, (Column.WORK,)),
    "mobile mobileTelephoneNumber 0.9.2342.19200300.100.1.41": Attribute("mobile", Syntax.NUMBER, (Column.MOBILE,)),
    "homePhone homeTelephoneNumber 0.9.2342.19200300.100.1.20": Attribute("homePhone", Syntax.NUMBER, (Column.HOME,)),
    "numberKey": Attribute("numberKey", Syntax.NUMBER, NUMBERS),
    "keypad t9": Attribute("keypad", Syntax.KEYPAD, (Column.KEYPAD,)),
    "ou organizationalUnitName 2.5.4.11": Attribute("ou", Syntax.TEXT, (Column.UNIT,)),
    "dc domainComponent 0.9.2342.19200300.100.1.25": Attribute("dc", Syntax.ASCII, (Column.DOMAIN,)),
}
_BY_NAME = {name.lower(): attribute for names, attribute in _KNOWN.items() for name in names.split()}


def named(written: str) -> Attribute | None:
    """Return the attribute of this name, in any case or as its OID; None for what nobody knows."""
    return _BY_NAME.get(written) or _BY_NAME.get(written.lower())


def takes_language(written: str) -> Attribute | None:
    """Return the attribute of which `written` is that in some language (RFC 3866): known, and no entry has it."""
    name, _, option = written.partition(";")
    return named(name) if option.lower().startswith("lang-") else None
