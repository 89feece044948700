"""A directory's entries in a list, looked through one by one: what the server asks of a catalogue, and no more.

Attributes compare without case, numbers as they stand. A search with an extensible match counts as slow.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

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
    Query,
    Scope,
    Substrings,
    Viewer,
)
from gateway.directory.wire import answers
from gateway.directory.wire.answers import INVALID_DN_SYNTAX, NO_SUCH_OBJECT, TIME_LIMIT_EXCEEDED, Refusal
from gateway.domain.contact import Form, Numbering

BASE = "dc=contacts"
COMPANY = f"ou=company,{BASE}"
PEOPLE = f"ou=people,{BASE}"


@dataclass(frozen=True)
class Entry:
    """`owner` None: everybody's."""

    dn: str
    attributes: dict[str, tuple[str, ...]]
    owner: int | None = None


@dataclass(frozen=True)
class Found:
    entries: Sequence[Entry]


def person(number: int, name: str, *phones: str, owner: int | None = None, **more: str) -> Entry:
    given, _, family = name.rpartition(" ")
    above = COMPANY if owner is None else f"uid={owner},{PEOPLE}"
    attributes = {"objectClass": ("top", "ringplanContact"), "uid": (f"c{number}",), "cn": (name,), "sn": (family,)}
    attributes |= {"givenName": (given,)} if given else {}
    attributes |= dict(zip(("telephoneNumber", "mobile", "homePhone"), ((phone,) for phone in phones), strict=False))
    return Entry(f"uid=c{number},{above}", attributes | {key: (value,) for key, value in more.items()}, owner)


@dataclass
class FakeCatalogue:
    """`people` in the order in which they are answered. `never`: slow searches end only at their deadline."""

    people: list[Entry] = field(default_factory=list)
    base: str = BASE
    numbering: Numbering = field(default_factory=Numbering)
    never: bool = False

    def find(self, viewer: Viewer, query: Query) -> Found | None:
        return None if _is_slow(query.filter) else self._found(viewer, query)

    async def find_slowly(self, viewer: Viewer, query: Query, deadline: float) -> Found:
        if self.never:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, deadline - loop.time()))
            raise Refusal(TIME_LIMIT_EXCEEDED)
        return self._found(viewer, query)

    def selection(self, attributes: tuple[str, ...], types_only: bool, form: Form) -> tuple[tuple[str, ...], bool]:
        return tuple(name.lower() for name in attributes), types_only

    def entry(self, hit: Entry, selection: tuple[tuple[str, ...], bool]) -> bytes:
        asked, types_only = selection
        everything = not asked or "*" in asked
        shown = [
            (name, () if types_only else tuple(value.encode() for value in values))
            for name, values in hit.attributes.items()
            if everything or name.lower() in asked
        ]
        return answers.entry(hit.dn, shown)

    def _found(self, viewer: Viewer, query: Query) -> Found:
        base = query.base.lower().replace(", ", ",")
        if base and "=" not in base:
            raise Refusal(INVALID_DN_SYNTAX)
        visible = [
            Entry(BASE, {"objectClass": ("domain",), "dc": ("contacts",)}),
            Entry(COMPANY, {"objectClass": ("organizationalUnit",), "ou": ("company",)}),
            *(one for one in self.people if one.owner in (None, viewer.owner)),
        ]
        if base not in (one.dn.lower() for one in visible):
            raise Refusal(NO_SUCH_OBJECT, matched=BASE if base.endswith(BASE) else "")
        hits = [one for one in visible if _within(one, base, query.scope) and _matches(one, query.filter)]
        for key in reversed(query.order):
            hits.sort(key=lambda one, name=key.attribute: _first(one, name), reverse=key.is_reversed)  # type: ignore[misc]
        return Found(hits)


def _within(entry: Entry, base: str, scope: Scope) -> bool:
    dn = entry.dn.lower()
    match scope:
        case Scope.BASE:
            return dn == base
        case Scope.ONE:
            return dn.partition(",")[2] == base
        case Scope.SUBTREE:
            return dn == base or dn.endswith("," + base)


def _first(entry: Entry, name: str) -> str:
    return min((value.lower() for value in _values(entry, name) or ()), default="\U0010ffff")


def _values(entry: Entry, name: str) -> tuple[str, ...] | None:
    return next((values for key, values in entry.attributes.items() if key.lower() == name.lower()), None)


def _is_slow(asked: Filter) -> bool:
    match asked:
        case And(parts) | Or(parts):
            return any(map(_is_slow, parts))
        case Not(part):
            return _is_slow(part)
    return isinstance(asked, Extensible)


def _matches(entry: Entry, asked: Filter) -> bool:
    match asked:
        case And(parts):
            return all(_matches(entry, part) for part in parts)
        case Or(parts):
            return any(_matches(entry, part) for part in parts)
        case Not(part):
            return not _matches(entry, part)
        case Present(attribute):
            return _values(entry, attribute) is not None
    values = [value.lower() for value in _values(entry, asked.attribute or "") or ()]
    match asked:
        case Equal(_, value) | Approx(_, value) | Extensible(_, _, value):
            return value.decode("utf-8", "replace").lower() in values
        case AtLeast(_, value):
            return any(one >= value.decode().lower() for one in values)
        case AtMost(_, value):
            return any(one <= value.decode().lower() for one in values)
        case Substrings(_, initial, middle, final):
            return any(_has(one, initial, middle, final) for one in values)
    raise AssertionError(asked)


def _has(value: str, initial: bytes | None, middle: tuple[bytes, ...], final: bytes | None) -> bool:
    first, last = ((part or b"").decode("utf-8", "replace").lower() for part in (initial, final))
    if not (value.startswith(first) and value.endswith(last)):
        return False
    at = len(first)
    for part in middle:
        wanted = part.decode("utf-8", "replace").lower()
        at = value.find(wanted, at) + len(wanted)
        if at < len(wanted):
            return False
    return at <= len(value) - len(last)
