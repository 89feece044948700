"""The cards of a text, with the properties that are read and no others. Pure.

RFC 2426 section 2.6 and RFC 6350 section 3.2 (folding), vCard 2.1 section 2.1.3 (there a fold keeps its space, and a
QUOTED-PRINTABLE value may have soft line breaks). As programs write them: a card without its END ends where the next
one begins, a line that is none is passed over, and a photo is never put together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.vcard.property import HALF, NAME, Property

LINE = re.compile(r"\r\n|\n|\r")
BEGIN = re.compile(r"BEGIN:VCARD\s*", re.IGNORECASE)
END = re.compile(r"END:VCARD\s*", re.IGNORECASE)
AGENT = re.compile(r"(?:[\w-]+\.)?AGENT[^:]{0,200}:\s*", re.IGNORECASE)
VERSION = re.compile(r"VERSION:\s*([0-9.]+)", re.IGNORECASE)
QUOTED = re.compile(r"[^:]{0,200}QUOTED-PRINTABLE", re.IGNORECASE)
READ = frozenset({
    "FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE", "EMAIL", "TEL", "UID", "CLASS", "KIND",
    "X-ADDRESSBOOKSERVER-KIND", "X-ABLABEL",
})  # fmt: skip
LONGEST = 4_000  # characters of a property with its parameters: a longer one is left out
MOST = 500  # properties of one card: what comes after them is left out


@dataclass(slots=True)
class Card:
    """`properties` by upper-case name, in their order; `ended`: its END was there."""

    properties: dict[str, list[Property]] = field(default_factory=dict, repr=False)
    ended: bool = False
    count: int = 0

    def all(self, name: str) -> list[Property]:
        """Return each property of this name."""
        return self.properties.get(name, [])

    def add(self, line: str) -> None:
        """Take an unfolded line over, if it is a property that is read."""
        found = Property.parse(line) if self.count < MOST and len(line) <= LONGEST and _is_read(line) else None
        if found is not None:
            self.properties.setdefault(found.name, []).append(found)
            self.count += 1


def decoded(text: bytes) -> str:
    """Return bytes as text by their byte order mark, else as UTF-8; a byte that is none stays as a lone surrogate.

    `Property` reads such bytes by the CHARSET that stands beside them.
    """
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "replace")
    return text.decode("utf-8", "surrogateescape")


def cards(text: bytes | str) -> Iterator[Card]:
    """Yield each VCARD of a text. A card inside another (vCard 2.1, AGENT) is left out; anything else is no card."""
    written = decoded(text) if isinstance(text, bytes) else HALF.sub("\ufffd", text)
    card: Card | None = None
    is_agent = is_inside = False
    for line in _unfolded(LINE.split(written.removeprefix("\ufeff"))):
        if is_inside:
            is_inside = not END.fullmatch(line)
        elif BEGIN.fullmatch(line):
            if card is not None and not is_agent:
                yield card
            is_inside = card is not None and is_agent
            card = card if is_inside else Card()
        elif card is not None and END.fullmatch(line):
            card.ended = True
            yield card
            card = None
        elif card is not None:
            card.add(line)
        is_agent = AGENT.fullmatch(line) is not None
    if card is not None:
        yield card


def _unfolded(lines: list[str]) -> Iterator[str]:
    """Yield lines put together; of one that nobody reads, or is too long, only how it begins."""
    line, is_soft, is_old = "", False, False
    for more in lines:
        if line and (more.startswith((" ", "\t")) or (is_soft and not END.fullmatch(more))):
            if len(line) <= LONGEST and _is_read(line):
                line = line[:-1] + more if is_soft else line + (more if is_old else more[1:])
            is_soft = is_soft and more.endswith("=")
            continue
        if line:
            yield line
        line, is_soft = more, more.endswith("=") and QUOTED.match(more) is not None
        if version := VERSION.match(more):
            is_old = version[1] == "2.1"
    if line:
        yield line


def _is_read(line: str) -> bool:
    name = NAME.match(line)
    return name is not None and name[2].upper() in READ
