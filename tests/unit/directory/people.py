"""Made-up people for the directory's tests, and what a filter must find among them, told the plain way.

The model knows nothing of the index: it goes through everybody, one by one, with values in a dictionary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import Row, of_contact, unpacked
from gateway.directory.index.shelf import Shelf, changing
from gateway.directory.index.steps import run
from gateway.directory.query import (
    And,
    Approx,
    AtLeast,
    AtMost,
    Equal,
    Extensible,
    Filter,
    Not,
    Or,
    Present,
    Substrings,
)
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.planning.folding import folded
from gateway.planning.numbers import candidates, forms, keyed

SWEDEN = Numbering("SE", "8", "", 5, Form.NATIONAL)
GIVEN = ["Anna", "Anders", "Åsa", "Örjan", "Łukasz", "Þór", "Jean-Luc", "Bo Erik", "Zoë", ""]
FAMILY = ["Öberg", "Oberg", "Ångström", "Andersson", "Strauß", "Núñez", "Lind", "van der Berg", "Lindqvist"]
COMPANIES = ["Volt AB", "Göta Frakt", "Baltic  Data", ""]
KINDS = list(Kind)
Asked: TypeAlias = Present | Equal | Approx | AtLeast | AtMost | Substrings

FOLDED = {
    **dict.fromkeys(("cn", "commonname", "displayname"), "cn"),
    **dict.fromkeys(("sn", "surname"), "sn"),
    **dict.fromkeys(("givenname", "gn"), "given"),
    **dict.fromkeys(("o", "company", "organizationname"), "company"),
    "mail": "mail",
    "title": "title",
    "uid": "uid",
}
BETWEEN = str.maketrans("", "", " -")
DIALLED = {"telephonenumber": "wo", "mobile": "m", "mobiletelephonenumber": "m", "homephone": "h", "numberkey": "womh"}


def person(random: Random, number: int) -> Contact:
    """Return somebody; `number` is their key."""
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    written = [
        f"+46 8 {random.randrange(300):03d} 00",
        f"070-{random.randrange(300):03d} 11 22",
        f"0049 30 {random.randrange(100):03d}456",
        str(random.randrange(1000, 1100)),
        f"08-{random.randrange(100):03d} (0) 77",
    ]
    numbers = tuple(
        PhoneNumber(random.choice(KINDS), one) for one in random.sample(written, random.choice((0, 1, 1, 2, 3)))
    )
    contact = Contact(
        key=str(number),
        name=f"{given} {family}".strip() if random.random() < 0.95 else "",
        given=given,
        family=family if random.random() < 0.9 else "",
        company=random.choice(COMPANIES),
        title=random.choice(("", "Säljare", "CEO")),
        emails=(f"{number}@example.com",) if random.random() < 0.6 else (),
        numbers=numbers,
    )
    return keyed(contact, SWEDEN)


def shelf(catalogue: Catalogue, owner: int | None, rows: list[Row]) -> Shelf:
    """Return a shelf of these."""
    return run(changing(Shelf(catalogue.above(owner)), rows, (), catalogue.numbering))


def some(random: Random, first: int, count: int, book: int = 1) -> list[Row]:
    """Return the rows of so many people, with ids from `first` on."""
    return [of_contact(id_, book, person(random, id_)) for id_ in range(first, first + count)]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server compares: texts once folded; `keys`: numbers by what they mean. `unordered`: has no >= and <=."""

    fold: Callable[[str], str]
    keys: bool
    unordered: frozenset[str]


OURS = Manner(folded, keys=True, unordered=frozenset())


def plain(text: str, fold: Callable[[str], str] = folded) -> str:
    """Return a text as names are compared."""
    return " ".join(fold(text).split())


def holds(asked: Filter, row: Row, manner: Manner = OURS) -> bool | None:
    """Say whether a filter is true for somebody; None: that is Undefined."""
    if isinstance(asked, And):
        every = [holds(part, row, manner) for part in asked.parts]
        return False if False in every else None if None in every else True
    if isinstance(asked, Or):
        every = [holds(part, row, manner) for part in asked.parts]
        return True if True in every else None if None in every else False
    if isinstance(asked, Not):
        inner = holds(asked.part, row, manner)
        return None if inner is None else not inner
    assert not isinstance(asked, Extensible)
    name = asked.attribute.lower()
    if name == "objectclass":
        return True if isinstance(asked, Present) else _said(asked).lower() in (b"person", b"inetorgperson", b"top")
    if name in FOLDED:
        return _text(asked, _texts(row, manner)[FOLDED[name]], manner)
    if name in DIALLED:
        return _number(asked, DIALLED[name], unpacked(row), manner)
    return None


def _texts(row: Row, manner: Manner) -> dict[str, list[str]]:
    contact = unpacked(row)
    found = {
        "cn": [contact.name],
        "sn": [contact.family],
        "given": [contact.given],
        "company": [contact.company],
        "title": [contact.title],
        "mail": list(contact.emails),
        "uid": [contact.key],
    }
    return {name: [plain(value, manner.fold) for value in values if value] for name, values in found.items()}


def _text(asked: Asked, values: list[str], manner: Manner) -> bool | None:
    fold = manner.fold
    if asked.attribute == "mail" and not isinstance(asked, Present) and not _said(asked).isascii():
        return None
    if isinstance(asked, AtLeast | AtMost) and FOLDED[asked.attribute.lower()] in manner.unordered:
        return None
    match asked:
        case Present():
            return bool(values)
        case Equal(_, value) | Approx(_, value):
            return plain(value.decode(), fold) in values
        case AtLeast(_, value):
            return any(one >= plain(value.decode(), fold) for one in values)
        case AtMost(_, value):
            return any(one <= plain(value.decode(), fold) for one in values)
        case Substrings(_, initial, middle, final):
            parts = [fold((one or b"").decode()) for one in (initial, *middle, final)]
            return any(_in_order(one, parts) for one in values)
    raise AssertionError(asked)


def _said(asked: Equal | Approx | AtLeast | AtMost | Substrings) -> bytes:
    if isinstance(asked, Substrings):
        return b"".join((asked.initial or b"", *asked.any, asked.final or b""))
    return asked.value


def _number(asked: Asked, letters: str, contact: Contact, manner: Manner) -> bool | None:
    mine = [one for one in contact.numbers if one.kind.value[0] in letters]
    if isinstance(asked, Present):
        return bool(mine)
    if isinstance(asked, Equal | Approx):
        asked_as = asked.value.decode()
        if not manner.keys:
            return any(asked_as.translate(BETWEEN) in forms(one.key, SWEDEN) for one in mine)
        keys = candidates(asked_as, SWEDEN)
        return any(one.key in keys for one in mine if one.key)
    if isinstance(asked, Substrings):
        parts = [(one or b"").decode().translate(BETWEEN) for one in (asked.initial, *asked.any, asked.final)]
        return any(_in_order(form, parts) for one in mine for form in forms(one.key, SWEDEN))
    return None


def _in_order(value: str, parts: list[str]) -> bool:
    """Say whether the parts follow one another: the first at the beginning, the last at the end."""
    initial, *middle, final = parts
    if len(initial) + len(final) > len(value) or not value.startswith(initial) or not value.endswith(final):
        return False
    rest = value[len(initial) : len(value) - len(final)]
    for part in middle:
        _, found, rest = rest.partition(part) if part else ("", "x", rest)
        if not found:
            return False
    return True
