"""What clients ask: messages out of BER (RFC 4511, section 4). Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from gateway.directory.query import Filter, Scope
from gateway.directory.wire import answers, ber, filters
from gateway.directory.wire.answers import PROTOCOL_ERROR, Refusal

_MOST_ATTRIBUTES = 200
_LONGEST_LIST = 10_000  # bytes of a list of attributes
_MOST_CONTROLS = 20
_SHORT = 1000  # bytes of a list of attributes that is remembered
_SIMPLE, _SASL = 0x80, 0xA3
_CONTROLS = 0xA0
_NAME, _VALUE = 0x80, 0x81
_LARGEST = 0x7FFFFFFF  # maxInt
UNBIND, ABANDON = 0x42, 0x50
ABANDONABLE = (0x63, 0x6E)  # search and compare
_SCOPES = {scope.value: scope for scope in Scope}


@dataclass(frozen=True, slots=True)
class Bind:
    """`password` None: not a simple bind but SASL, or what is no method at all."""

    version: int
    name: bytes = field(repr=False)
    password: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unbind:
    """The client hangs up."""


@dataclass(frozen=True, slots=True)
class Search:
    """`size`, `seconds`: what the client allows, 0: anything. `dereferences` is not looked at: there are no aliases."""

    base: bytes
    scope: Scope
    size: int
    seconds: int
    types_only: bool
    filter: Filter = field(repr=False)
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Whether an entry has an attribute with a value."""

    entry: bytes = field(repr=False)
    attribute: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abandon:
    """The client does not want the answer to request `number` any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Extended:
    """An operation that is named by an OID."""

    oid: bytes
    value: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """The client wants to write; `tag`: of the answer that it waits for."""

    tag: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What was understood only as far as to be refused; `tag`: of the answer that the client waits for."""

    tag: int
    refusal: Refusal


Request: TypeAlias = Bind | Unbind | Search | Compare | Abandon | Extended | Change | Refused


@dataclass(frozen=True, slots=True)
class Control:
    """More that a request asks for, by OID (RFC 4511, section 4.1.11)."""

    oid: bytes
    is_critical: bool
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Message:
    """A request and its number on the connection."""

    number: int
    request: Request
    controls: tuple[Control, ...] = ()


def peeked(data: bytes) -> tuple[int, int]:
    """Return number and operation (a tag) of a message, without reading it. Raises `Malformed`."""
    at, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, last = ber.expect(data, at, end, ber.INTEGER)
    return ber.integer(data, first, last), ber.header(data, last, end)[0]


def decode(data: bytes, at: int, end: int) -> Message:
    """Return the message that lies from `at` to `end`. Raises `Malformed`: the connection has to be closed."""
    at, stop = ber.expect(data, at, end, ber.SEQUENCE)
    if stop != end:
        raise ber.Malformed("a message is longer or shorter than it says")
    first, last = ber.expect(data, at, end, ber.INTEGER)
    number = ber.integer(data, first, last)
    if not 0 < number <= _LARGEST:
        raise ber.Malformed("a request is numbered from 1 to 2147483647")
    tag, first, last = ber.header(data, last, end)
    known = _REQUESTS.get(tag)
    if known is None:
        raise ber.Malformed("there is no such request")
    answer, read = known
    request: Request
    try:
        request = read(data, first, last)
    except Refusal as refusal:
        request = Refused(answer, refusal)
    return Message(number, request, _controls(data, last, end) if last < end else ())


def _bind(data: bytes, at: int, end: int) -> Bind:
    first, last = ber.expect(data, at, end, ber.INTEGER)
    version = ber.integer(data, first, last)
    first, last = ber.expect(data, last, end, ber.OCTETS)
    tag, begins, ends = ber.header(data, last, end)
    if ends != end:
        raise ber.Malformed("a bind has three parts")
    return Bind(version, data[first:last], data[begins:ends] if tag == _SIMPLE else None)


def _unbind(data: bytes, at: int, end: int) -> Unbind:
    return Unbind()


def _search(data: bytes, at: int, end: int) -> Search:
    first, last = ber.expect(data, at, end, ber.OCTETS)
    base = data[first:last]
    first, last = ber.expect(data, last, end, ber.ENUMERATED)
    scope = _SCOPES.get(ber.integer(data, first, last))
    first, last = ber.expect(data, last, end, ber.ENUMERATED)
    dereferences = ber.integer(data, first, last)
    first, last = ber.expect(data, last, end, ber.INTEGER)
    size = ber.integer(data, first, last)
    first, last = ber.expect(data, last, end, ber.INTEGER)
    seconds = ber.integer(data, first, last)
    first, last = ber.expect(data, last, end, ber.BOOLEAN)
    types_only = ber.boolean(data, first, last)
    asked, last = filters.decode(data, last, end)
    first, last = ber.expect(data, last, end, ber.SEQUENCE)
    if last != end:
        raise ber.Malformed("a search has eight parts")
    if scope is None or not 0 <= dereferences <= 3 or not 0 <= size <= _LARGEST or not 0 <= seconds <= _LARGEST:
        raise Refusal(PROTOCOL_ERROR, "scope or limits are none")
    listed = data[first:last]
    names = _known_attributes(listed) if len(listed) < _SHORT else _attributes(listed)
    return Search(base, scope, size, seconds, types_only, asked, names)


def _attributes(data: bytes) -> tuple[str, ...]:
    names: list[str] = []
    at, end = 0, len(data)
    while at < end:
        if len(names) == _MOST_ATTRIBUTES or end > _LONGEST_LIST:
            raise Refusal(answers.ADMIN_LIMIT_EXCEEDED, "too many attributes are asked for")
        first, at = ber.expect(data, at, end, ber.OCTETS)
        names.append(str(data[first:at], "utf-8", "replace"))
    return tuple(names)


_known_attributes = lru_cache(maxsize=256)(_attributes)  # a telephone asks for the same ones each time


def _compare(data: bytes, at: int, end: int) -> Compare:
    first, last = ber.expect(data, at, end, ber.OCTETS)
    entry = data[first:last]
    first, last = ber.expect(data, last, end, ber.SEQUENCE)
    if last != end:
        raise ber.Malformed("a comparison is an entry and an assertion")
    begins, ends = ber.expect(data, first, end, ber.OCTETS)
    first, last = ber.expect(data, ends, end, ber.OCTETS)
    if last != end:
        raise ber.Malformed("an assertion is an attribute and a value")
    if last - begins > filters.LONGEST_PART:
        raise Refusal(answers.ADMIN_LIMIT_EXCEEDED, "no value is so long")
    return Compare(entry, str(data[begins:ends], "utf-8", "replace"), data[first:last])


def _abandon(data: bytes, at: int, end: int) -> Abandon:
    return Abandon(ber.integer(data, at, end))


def _extended(data: bytes, at: int, end: int) -> Extended:
    first, last = ber.expect(data, at, end, _NAME)
    oid = data[first:last]
    if last == end:
        return Extended(oid, None)
    first, last = ber.expect(data, last, end, _VALUE)
    if last != end:
        raise ber.Malformed("an extended request is a name and a value")
    return Extended(oid, data[first:last])


def _change(tag: int) -> Callable[[bytes, int, int], Change]:
    return lambda *_: Change(tag)


def _controls(data: bytes, at: int, end: int) -> tuple[Control, ...]:
    at, stop = ber.expect(data, at, end, _CONTROLS)
    if stop != end:
        raise ber.Malformed("nothing follows the controls")
    found: list[Control] = []
    while at < end:
        if len(found) == _MOST_CONTROLS:
            raise ber.Malformed("so many controls are no request")
        first, last = ber.expect(data, at, end, ber.SEQUENCE)
        found.append(_control(data, first, last))
        at = last
    return tuple(found)


def _control(data: bytes, at: int, end: int) -> Control:
    first, at = ber.expect(data, at, end, ber.OCTETS)
    oid, is_critical, value = data[first:at], False, None
    if at < end and data[at] == ber.BOOLEAN:
        first, at = ber.expect(data, at, end, ber.BOOLEAN)
        is_critical = ber.boolean(data, first, at)
    if at < end:
        first, at = ber.expect(data, at, end, ber.OCTETS)
        value = data[first:at]
    if at != end:
        raise ber.Malformed("a control has at most three parts")
    return Control(oid, is_critical, value)


# tag of a request → tag of its answer, how it is read
_REQUESTS: dict[int, tuple[int, Callable[[bytes, int, int], Request]]] = {
    0x60: (answers.BIND, _bind),
    0x42: (0, _unbind),
    0x63: (answers.SEARCH_DONE, _search),
    0x66: (answers.MODIFY, _change(answers.MODIFY)),
    0x68: (answers.ADD, _change(answers.ADD)),
    0x4A: (answers.DELETE, _change(answers.DELETE)),
    0x6C: (answers.RENAME, _change(answers.RENAME)),
    0x6E: (answers.COMPARE, _compare),
    0x50: (0, _abandon),
    0x77: (answers.EXTENDED, _extended),
}
