"""What the columns of a table hold, by their headers. Pure.

Headers as Outlook (English, Swedish, German) and Google Contacts (since 2024 and before) export them, and those that
people write themselves. Compared without case, spaces and signs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.domain.contact import Kind

SIGNS = re.compile(r"[\W_]+")
PAIR = re.compile(r"phone(\d{1,3})(?:type|label|value)")  # Google: a number and, beside it, what it is for
EMAIL = re.compile(
    r"email(?:\d{1,3}value|\d{0,3}address|\d{0,3})|epost(?:adress)?\d?|mail|emailadresse\d?|epostadress\d"
)
TEXTS = {  # of several such columns, the one whose name stands first here
    "key": ("uid", "id"),
    "name": ("name", "namn", "fullname", "displayname", "visningsnamn", "anzeigename"),
    "given": ("given", "givenname", "firstname", "förnamn", "vorname"),
    "more": ("middlename", "additionalname", "mellannamn", "weiterevornamen"),
    "family": ("family", "familyname", "lastname", "surname", "efternamn", "nachname"),
    "company": (
        "company", "organization", "organisation", "organizationname", "organization1name", "företag", "firma",
    ),
    "title": (
        "jobtitle", "organizationtitle", "organization1title", "befattning", "position", "title", "titel",
    ),  # Outlook's Title is Dr
}  # fmt: skip
NUMBERS = {
    Kind.WORK: {
        "phone", "telephone", "number", "extension", "work", "workphone", "businessphone", "businessphone2",
        "companymainphone", "primaryphone", "telefon", "nummer", "anknytning", "arbete", "telefonarbete",
        "telefonarbete2", "telefongeschäftlich", "telefongeschäftlich2", "telefonfirma", "durchwahl", "rufnummer",
    },
    Kind.MOBILE: {"mobile", "mobilephone", "cell", "cellphone", "mobil", "mobiltelefon", "carphone", "handy"},
    Kind.HOME: {
        "home", "homephone", "homephone2", "hem", "telefonhem", "telefonhem2", "telefonbost", "telefonbostad",
        "telefonprivat", "telefonprivat2", "privat",
    },
    Kind.OTHER: {"otherphone", "other", "annantelefon", "övrigt", "weiterestelefon"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in a row: `texts` by what they are, `emails`, `numbers`, and `labelled` (what for, number)."""

    texts: dict[str, int] = field(default_factory=dict)
    emails: tuple[int, ...] = ()
    numbers: tuple[tuple[Kind, int], ...] = ()
    labelled: tuple[tuple[int | None, int], ...] = ()

    @property
    def count(self) -> int:
        """How many columns were understood."""
        return len(self.texts) + len(self.emails) + len(self.numbers) + len(self.labelled)

    @property
    def is_enough(self) -> bool:
        """Whether a number can be found, and whose it is."""
        return bool(self.numbers or self.labelled) and bool(self.texts.keys() - {"key", "title"})


def columns(headers: Sequence[str]) -> Columns:
    """Understand the first row."""
    names = [SIGNS.sub("", header).casefold() for header in headers]
    texts = {
        what: names.index(next(name for name in known if name in names))
        for what, known in TEXTS.items()
        if not set(known).isdisjoint(names)
    }
    emails = tuple(place for place, name in enumerate(names) if EMAIL.fullmatch(name))
    numbers = tuple(
        (kind, place) for kind, known in NUMBERS.items() for place, name in enumerate(names) if name in known
    )
    return Columns(texts, emails, numbers, _labelled(names))


def _labelled(names: Sequence[str]) -> tuple[tuple[int | None, int], ...]:
    places = {name: place for place, name in enumerate(names) if PAIR.fullmatch(name)}
    found = []
    for name, place in places.items():
        if name.endswith("value"):
            stem = name.removesuffix("value")
            label = places.get(f"{stem}label", places.get(f"{stem}type"))
            found.append((label, place))
    return tuple(found)
