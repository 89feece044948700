"""iCalendar text as a tree of components, with the properties that are asked for and no others. Pure.

RFC 5545 section 3.1 (content lines, folding) and 3.6. Properties that nobody reads are not even looked at, so a defect
in them harms nothing, and no text is kept longer than needed. `icalendar`'s own tree is not used: it reads everything,
costs three times as much, and remembers each VTIMEZONE for the life of the process, from one person's calendar to the
next one's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.recurrence.unreadable import Unreadable

FOLD = re.compile(r"\r?\n[ \t]")
LINE = re.compile(r"\r\n|\n|\r")
PARAMETER = re.compile(r';([^=:;",]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
NAME = re.compile(r"[A-Za-z0-9-]+")
DEEPEST = 8
MOST_PARTS = 5_000  # components in one text
MOST_RULES = 10  # RRULE or EXRULE in one component
MOST_DATES = 5_000  # RDATE and EXDATE together in one text


@dataclass(frozen=True, slots=True)
class Property:
    """A value as written (still escaped), and its parameters by upper-case name, quotes removed."""

    value: str = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Component:
    """`name` is upper case; `properties` by upper-case name, in their order."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict, repr=False)
    components: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Return each property of this name."""
        return self.properties.get(name, [])

    def one(self, name: str) -> Property | None:
        """Return the only property of this name; of several the first."""
        found = self.properties.get(name)
        return found[0] if found else None

    def named(self, name: str) -> Iterator["Component"]:
        """Yield the components of this name inside."""
        return (component for component in self.components if component.name == name)


def components(text: str, wanted: frozenset[str]) -> Component:
    """Read the first VCALENDAR of a text with the properties whose names are `wanted`. Raises `Unreadable`."""
    root = Component("")
    stack = [root]
    count = dates = 0
    for line in LINE.split(FOLD.sub("", text)):
        match = NAME.match(line)
        if match is None:
            continue
        name = match[0].upper()
        if name == "BEGIN":
            component = Component(line[match.end() + 1 :].strip().upper())
            stack[-1].components.append(component)
            stack.append(component)
            count += 1
            if len(stack) > DEEPEST or count > MOST_PARTS:
                raise Unreadable("components too deep, or too many")
        elif name == "END":
            if stack[-1].name != line[match.end() + 1 :].strip().upper() or len(stack) == 1:
                raise Unreadable("an END without its BEGIN")
            stack.pop()
        elif name in wanted:
            found = stack[-1].properties.setdefault(name, [])
            found.append(_property(line, match.end()))
            dates += line.count(",") + 1 if name in ("RDATE", "EXDATE") else 0
            if dates > MOST_DATES or (name.endswith("RULE") and len(found) > MOST_RULES):
                raise Unreadable("too many rules or dates")
    if len(stack) != 1:
        raise Unreadable("a BEGIN without its END")
    for calendar in root.named("VCALENDAR"):
        return calendar
    raise Unreadable("no VCALENDAR")


def _property(line: str, at: int) -> Property:
    parameters = {}
    while match := PARAMETER.match(line, at):
        parameters[match[1].strip().upper()] = match[2].replace('"', "").strip()
        at = match.end()
    if line[at : at + 1] != ":":
        raise Unreadable("a property without a value")
    return Property(line[at + 1 :], parameters)
