"""What a search asks, whoever asks it: filters and orders as values. Pure.

A filter is a tree of these (RFC 4511, section 4.5.1.7). Attributes are named as the client wrote them; whether they are
known, what they are called here and how they compare is for who answers to know.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from gateway.domain.contact import Form


class Scope(IntEnum):
    """How far below its base a search reaches (RFC 4511, section 4.5.1.2)."""

    BASE = 0
    ONE = 1
    SUBTREE = 2


@dataclass(frozen=True, slots=True)
class And:
    """All of `parts`; none is true (RFC 4526)."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of `parts`; none is false (RFC 4526)."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What `part` is not; what is undefined stays so."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Present:
    """An entry that has the attribute."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Equal:
    """An attribute with this value."""

    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Approx:
    """An attribute with about this value: as `Equal` here (RFC 4511 lets a server do so)."""

    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class AtLeast:
    """An attribute with this value or one that comes after it."""

    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class AtMost:
    """An attribute with this value or one that comes before it."""

    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Substrings:
    """An attribute with these parts in this order; `initial` at its beginning, `final` at its end."""

    attribute: str
    initial: bytes | None
    any: tuple[bytes, ...]
    final: bytes | None


@dataclass(frozen=True, slots=True)
class Extensible:
    """A match by a rule that is named, of an attribute, or of any that has the rule; `dn`: of the entry's name too."""

    rule: str | None
    attribute: str | None
    value: bytes
    dn: bool = False


Filter: TypeAlias = And | Or | Not | Present | Equal | Approx | AtLeast | AtMost | Substrings | Extensible


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order that was asked for (RFC 2891)."""

    attribute: str
    rule: str | None = None
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the user whose own contacts may be seen beside the company's, None: nobody's. `form` of numbers."""

    owner: int | None
    form: Form


@dataclass(frozen=True, slots=True)
class Query:
    """A search as it was asked; `attributes` as written, empty: all. `order` empty: by name, one's own first."""

    base: str
    scope: Scope
    filter: Filter
    attributes: tuple[str, ...] = ()
    types_only: bool = False
    order: tuple[SortKey, ...] = ()
