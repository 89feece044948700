"""Somebody whom telephones can find: a person or a company with numbers, out of an address book."""

from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What a number is for; the order is that of usefulness."""

    WORK = "work"
    MOBILE = "mobile"
    HOME = "home"
    OTHER = "other"


class Form(Enum):
    """How a number is shown and dialled: as somebody wrote it, +4681…, 08…, or that with the outside line before it."""

    WRITTEN = "written"
    E164 = "e164"
    NATIONAL = "national"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """`written` as in the address book. `key` names it whatever form it has: "+46812345", an extension "1001", or "".

    A source leaves `key` empty; "" afterwards means: no number of which that is known.
    """

    kind: Kind
    written: str = field(repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """`key` names it in its book for as long as it is there. `numbers`: the most useful one first."""

    key: str = field(repr=False)
    name: str = field(repr=False)
    given: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    numbers: tuple[PhoneNumber, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Numbering:
    """How numbers are written here, which decides what a number without a country means.

    `country`: ISO 3166 in capitals, "" unknown: only numbers that begin with + or 00 are then known in full. `area`:
    the area code without its 0 ("8"), for numbers written without one. `outside`: what is dialled for a line ("0" or
    ""). `extension`: the most digits that an extension has. `form`: how numbers are shown where a device has no own.
    """

    country: str = ""
    area: str = ""
    outside: str = ""
    extension: int = 5
    form: Form = Form.WRITTEN
