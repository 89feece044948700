"""From a filter as it was asked to what the index is asked. Pure.

Here is decided what attributes are called and how values compare. What is unknown, and a value that its attribute
cannot have, is Undefined, never an error (RFC 4511, section 4.5.1.7).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from gateway.directory.index.attributes import NUMBERS, OBJECT_CLASS, Attribute, Column, Syntax, named, takes_language
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
from gateway.domain.contact import Numbering
from gateway.planning.folding import digits, folded
from gateway.planning.numbers import candidates


@dataclass(frozen=True, slots=True)
class Has:
    """A value in one of `columns`."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """One of `values` in one of `columns`."""

    columns: tuple[Column, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """A value that begins with `initial`, ends with `final` and has `middle` in between, in this order; "" anything."""

    columns: tuple[Column, ...]
    initial: str
    middle: tuple[str, ...]
    final: str


@dataclass(frozen=True, slots=True)
class From:
    """A value that is `value` or comes after it."""

    columns: tuple[Column, ...]
    value: str


@dataclass(frozen=True, slots=True)
class UpTo:
    """A value that is `value` or comes before it."""

    columns: tuple[Column, ...]
    value: str


@dataclass(frozen=True, slots=True)
class OfClass:
    """An entry with this class (lower case), None: with any."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Below:
    """An entry in whose name, above its own part, this attribute has this value."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Always:
    """The same for every entry; None: Undefined."""

    truth: bool | None


@dataclass(frozen=True, slots=True)
class All:
    """All of `parts`."""

    parts: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of `parts`."""

    parts: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """What `part` is not."""

    part: "Test"


Leaf: TypeAlias = Has | Is | Like | From | UpTo | OfClass | Below | Always
Numbers: TypeAlias = Callable[[str], tuple[str, ...]]
Test: TypeAlias = Leaf | All | Some | Opposite

USUAL = 16  # attributes that a telephone searches at a time
UNDEFINED = Always(None)
NEVER = Always(False)
_ADDRESSES = (Column.MAIL, Column.DOMAIN)
_TEXTS = tuple(column for column in Column if column not in {*NUMBERS, *_ADDRESSES, Column.KEYPAD})
_RULES: dict[str, Syntax] = {
    **dict.fromkeys(("caseignorematch", "2.5.13.2", "caseexactmatch", "2.5.13.5"), Syntax.TEXT),
    **dict.fromkeys(("caseignoreia5match", "1.3.6.1.4.1.1466.109.114.2"), Syntax.ASCII),
    **dict.fromkeys(("caseexactia5match", "1.3.6.1.4.1.1466.109.114.1"), Syntax.ASCII),
    **dict.fromkeys(("telephonenumbermatch", "2.5.13.20"), Syntax.NUMBER),
    **dict.fromkeys(("objectidentifiermatch", "2.5.13.0"), Syntax.CLASS),
}
_WILD = {Syntax.TEXT: _TEXTS, Syntax.ASCII: _ADDRESSES, Syntax.NUMBER: NUMBERS, Syntax.CLASS: ()}
_BETWEEN = str.maketrans("", "", " -()/.\t")


def numbers_in(numbering: Numbering) -> Numbers:
    """Return what tells as what a number stands in the index, in whatever form it is asked.

    It keeps its last answers: telephones ask for one number in four attributes at once.
    """
    return lru_cache(maxsize=2_048)(lambda text: tuple(dict.fromkeys((*candidates(text, numbering), bare(text)))))


def understood(asked: Filter, numbers: Numbers) -> Test:
    """Return what the index has to find for a filter."""
    match asked:
        case And(parts):
            return All(tuple([understood(part, numbers) for part in parts]))
        case Or(parts):
            return _some(parts, numbers)
        case Not(part):
            return Opposite(understood(part, numbers))
        case Extensible():
            return _by_rule(asked, numbers)
    attribute = named(asked.attribute)
    if attribute is None:
        return _not_known(asked.attribute)
    match asked:
        case Present():
            return OfClass(None) if attribute is OBJECT_CLASS else Has(attribute.columns)
        case Substrings(_, initial, middle, final):
            return _like(attribute, initial, middle, final)
        case Equal(_, value) | Approx(_, value):
            return _is(attribute, value, numbers)
        case AtLeast(_, value):
            return _range(From, attribute, value)
        case AtMost(_, value):
            return _range(UpTo, attribute, value)


def _some(parts: tuple[Filter, ...], numbers: Numbers) -> Test:
    """Join what asks several attributes for the same, as telephones do that look for a number or a name."""
    same: dict[tuple[Any, ...], list[str]] = {}
    tests: list[Test] = []
    for part in parts:
        if isinstance(part, Equal):
            same.setdefault((part.value,), []).append(part.attribute)
        elif isinstance(part, Substrings):
            same.setdefault((part.initial, part.any, part.final), []).append(part.attribute)
        else:
            tests.append(understood(part, numbers))
    for asked, written in same.items():
        join = _joined if len(written) <= USUAL else _joined.__wrapped__  # a client's long lists are not kept
        joined, unknown = join(tuple(written))
        tests += unknown
        for attribute in joined:
            tests.append(_is(attribute, *asked, numbers) if len(asked) == 1 else _like(attribute, *asked))
    return tests[0] if len(tests) == 1 else Some(tuple(tests))


@lru_cache(maxsize=256)
def _joined(written: tuple[str, ...]) -> tuple[tuple[Attribute, ...], tuple[Test, ...]]:
    """Return attributes of these names, those that compare alike as one; and what stands for those nobody knows."""
    alike: dict[Syntax, list[Column]] = {}
    unknown: list[Test] = []
    for name in written:
        attribute = named(name)
        if attribute is None:
            unknown.append(_not_known(name))
        else:
            alike.setdefault(attribute.syntax, []).extend(attribute.columns)
    return tuple(Attribute("", syntax, tuple(dict.fromkeys(of))) for syntax, of in alike.items()), tuple(unknown)


def _not_known(written: str) -> Always:
    return NEVER if takes_language(written) else UNDEFINED


def compared(text: str) -> str:
    """Return a text as names are compared: folded, and with single spaces."""
    return " ".join(folded(text).split()) if text else ""


def bare(number: str) -> str:
    """Return a number as it is compared where nothing is known of it: without what people write in between."""
    return number.translate(_BETWEEN).lower()


def _is(attribute: Attribute, value: bytes, numbers: Numbers) -> Test:
    text = _text(value, attribute.syntax)
    if not text:
        return UNDEFINED
    if attribute.syntax is Syntax.NUMBER:
        return Is(attribute.columns, numbers(text))
    if attribute.syntax is Syntax.KEYPAD:
        keys = digits(text)
        return Like(attribute.columns, keys, (), "") if keys else UNDEFINED
    if attribute.syntax is Syntax.CLASS:
        return OfClass(text.strip().lower())
    return Is(attribute.columns, (compared(text),))


def _like(attribute: Attribute, initial: bytes | None, middle: tuple[bytes, ...], final: bytes | None) -> Test:
    if attribute.syntax is Syntax.CLASS:
        return UNDEFINED  # objectClass has no rule for parts (RFC 4512, section 3.3)
    plain = _PARTS[attribute.syntax]
    parts = []
    for part in (initial or b"", *middle, final or b""):
        text = _text(part, attribute.syntax)
        if text is None:
            return UNDEFINED
        parts.append(plain(text) if text else "")
    first, *between, last = parts
    asked = Like(attribute.columns, first.lstrip(), tuple(filter(None, between)), last.rstrip())
    return asked if asked.initial or asked.middle or asked.final else Has(attribute.columns)


def _range(bound: type[From | UpTo], attribute: Attribute, value: bytes) -> Test:
    text = _text(value, attribute.syntax)
    if not text or attribute.syntax not in (Syntax.TEXT, Syntax.ASCII):
        return UNDEFINED  # numbers and classes have no order
    return bound(attribute.columns, compared(text))


def _by_rule(asked: Extensible, numbers: Numbers) -> Test:
    """A rule with an attribute that it does not fit, and a rule that nobody knows, are Undefined."""
    syntax = _RULES.get(asked.rule.lower()) if asked.rule else None
    attribute = named(asked.attribute) if asked.attribute else None
    if asked.attribute is None and syntax is not None:
        attribute = OBJECT_CLASS if syntax is Syntax.CLASS else Attribute("", syntax, _WILD[syntax])
    if attribute is None or (asked.rule and syntax is not attribute.syntax):
        return UNDEFINED
    found = _is(attribute, asked.value, numbers)
    text = _text(asked.value, attribute.syntax)
    if not asked.dn or not text:
        return found
    return Some((found, Below(attribute.name.lower(), compared(text))))


def _text(value: bytes, syntax: Syntax) -> str | None:
    """Return what a value says; None: nothing with this syntax does."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    if syntax is Syntax.ASCII and not text.isascii():
        return None
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _part(text: str) -> str:
    """Return a part of a text as it is compared: spaces at its ends may stand between words."""
    words = " ".join(folded(text).split())
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if words and text[-1].isspace() else ''}"


_PARTS: dict[Syntax, Callable[[str], str]] = {
    Syntax.TEXT: _part,
    Syntax.ASCII: _part,
    Syntax.NUMBER: bare,
    Syntax.KEYPAD: digits,
}
