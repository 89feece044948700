"""Filters as they come over the wire (RFC 4511, section 4.5.1.7), and as text (RFC 4515). Pure."""

from collections.abc import Callable

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
from gateway.directory.wire import ber
from gateway.directory.wire.answers import ADMIN_LIMIT_EXCEEDED, PROTOCOL_ERROR, Refusal

DEEPEST = 100
MOST_PARTS = 500  # those of substrings count too
LONGEST_PART = 2_000  # bytes; no attribute with its value is longer
_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS, _AT_LEAST, _AT_MOST, _PRESENT, _APPROX, _EXTENSIBLE = (
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0x87, 0xA8, 0xA9,
)  # fmt: skip
_INITIAL, _ANY, _FINAL = 0x80, 0x81, 0x82
_RULE, _TYPE, _VALUE, _DN = 0x81, 0x82, 0x83, 0x84
_ASSERTIONS: dict[int, Callable[[str, bytes], Filter]] = {
    _EQUAL: Equal,
    _AT_LEAST: AtLeast,
    _AT_MOST: AtMost,
    _APPROX: Approx,
}
_ESCAPED = {byte: f"\\{byte:02x}" for byte in (*range(0x20), *b"*()\\", *range(0x7F, 0x100))}


def decode(data: bytes, at: int, end: int) -> tuple[Filter, int]:
    """Return the filter at `at`, and where it ends.

    Raises `Malformed` for what is no BER; `Refusal` for what is no filter, is nested deeper than `DEEPEST`, has more
    than `MOST_PARTS` parts or one that is longer than `LONGEST_PART`.
    """
    left = [MOST_PARTS]
    found = _decoded(data, at, end, left, DEEPEST)
    if left[0] < 0:
        raise Refusal(ADMIN_LIMIT_EXCEEDED, "the filter is too long or too deep")
    return found


def _decoded(data: bytes, at: int, end: int, left: list[int], depth: int) -> tuple[Filter, int]:
    """`left`: how many parts there may still be, counted down as they are found."""
    tag, begins, ends = ber.header(data, at, end)
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise Refusal(ADMIN_LIMIT_EXCEEDED, "the filter is too long or too deep")
    if ends - begins > LONGEST_PART and tag not in (_AND, _OR, _NOT):
        raise Refusal(ADMIN_LIMIT_EXCEEDED, "a part of the filter is too long")
    assertion = _ASSERTIONS.get(tag)
    if assertion is not None:
        start, stop = ber.expect(data, begins, ends, ber.OCTETS)
        first, last = ber.expect(data, stop, ends, ber.OCTETS)
        if last != ends:
            raise ber.Malformed("an assertion is an attribute and a value")
        return assertion(str(data[start:stop], "utf-8", "replace"), data[first:last]), ends
    if tag == _PRESENT:
        return Present(str(data[begins:ends], "utf-8", "replace")), ends
    if tag == _SUBSTRINGS:
        found = _substrings(data, begins, ends)
        left[0] -= len(found.any)
        return found, ends
    if tag in (_AND, _OR):
        parts = []
        while begins < ends:
            part, begins = _decoded(data, begins, ends, left, depth - 1)
            parts.append(part)
        return (And if tag == _AND else Or)(tuple(parts)), ends
    if tag == _NOT:
        part, stop = _decoded(data, begins, ends, left, depth - 1)
        if stop != ends:
            raise ber.Malformed("not has one part")
        return Not(part), ends
    if tag == _EXTENSIBLE:
        return _extensible(data, begins, ends), ends
    raise Refusal(PROTOCOL_ERROR, "there is no such filter")


def _substrings(data: bytes, begins: int, ends: int) -> Substrings:
    start, stop = ber.expect(data, begins, ends, ber.OCTETS)
    at, last = ber.expect(data, stop, ends, ber.SEQUENCE)
    if last != ends or at == last:
        raise ber.Malformed("substrings are an attribute and at least one part")
    initial: bytes | None = None
    middle: list[bytes] = []
    final: bytes | None = None
    while at < last:
        tag, first, end = ber.header(data, at, last)
        if tag == _INITIAL and initial is None and final is None and not middle:
            initial = data[first:end]
        elif tag == _ANY and final is None:
            middle.append(data[first:end])
        elif tag == _FINAL and final is None:
            final = data[first:end]
        else:
            raise Refusal(PROTOCOL_ERROR, "substrings are one initial, any and one final, in this order")
        at = end
    return Substrings(str(data[start:stop], "utf-8", "replace"), initial, tuple(middle), final)


def _extensible(data: bytes, begins: int, ends: int) -> Extensible:
    found: dict[int, bytes] = {}
    at, latest = begins, 0
    while at < ends:
        tag, first, end = ber.header(data, at, ends)
        if tag <= latest or tag not in (_RULE, _TYPE, _VALUE, _DN):
            raise ber.Malformed("a match by rule is rule, attribute, value and dn, in this order")
        found[tag], at, latest = data[first:end], end, tag
    if _VALUE not in found:
        raise ber.Malformed("a match by rule has a value")
    if _RULE not in found and _TYPE not in found:
        raise Refusal(PROTOCOL_ERROR, "a match by rule has a rule or an attribute")
    rule, attribute = (str(found[tag], "utf-8", "replace") if tag in found else None for tag in (_RULE, _TYPE))
    dn = found.get(_DN, b"\0")
    return Extensible(rule, attribute, found[_VALUE], ber.boolean(dn, 0, len(dn)))


def encoded(asked: Filter) -> bytes:
    """Return the BER of a filter."""
    match asked:
        case And(parts):
            return ber.tlv(_AND, b"".join(map(encoded, parts)))
        case Or(parts):
            return ber.tlv(_OR, b"".join(map(encoded, parts)))
        case Not(part):
            return ber.tlv(_NOT, encoded(part))
        case Present(attribute):
            return ber.tlv(_PRESENT, attribute.encode())
        case Equal(attribute, value):
            return ber.tlv(_EQUAL, _assertion(attribute, value))
        case Approx(attribute, value):
            return ber.tlv(_APPROX, _assertion(attribute, value))
        case AtLeast(attribute, value):
            return ber.tlv(_AT_LEAST, _assertion(attribute, value))
        case AtMost(attribute, value):
            return ber.tlv(_AT_MOST, _assertion(attribute, value))
        case Substrings(attribute, initial, middle, final):
            content = b"" if initial is None else ber.tlv(_INITIAL, initial)
            content += b"".join(ber.tlv(_ANY, part) for part in middle)
            content += b"" if final is None else ber.tlv(_FINAL, final)
            return ber.tlv(_SUBSTRINGS, ber.tlv(ber.OCTETS, attribute.encode()) + ber.tlv(ber.SEQUENCE, content))
        case Extensible(rule, attribute, value, dn):
            content = b"" if rule is None else ber.tlv(_RULE, rule.encode())
            content += b"" if attribute is None else ber.tlv(_TYPE, attribute.encode())
            return ber.tlv(_EXTENSIBLE, content + ber.tlv(_VALUE, value) + (ber.tlv(_DN, b"\xff") if dn else b""))


def _assertion(attribute: str, value: bytes) -> bytes:
    return ber.tlv(ber.OCTETS, attribute.encode()) + ber.tlv(ber.OCTETS, value)


def text(asked: Filter) -> str:
    """Return a filter as people write it, all ASCII (RFC 4515). Not for logs: it holds whom somebody looks for."""
    match asked:
        case And(parts):
            return f"(&{''.join(map(text, parts))})"
        case Or(parts):
            return f"(|{''.join(map(text, parts))})"
        case Not(part):
            return f"(!{text(part)})"
        case Present(attribute):
            return f"({attribute}=*)"
        case Equal(attribute, value):
            return f"({attribute}={_escaped(value)})"
        case Approx(attribute, value):
            return f"({attribute}~={_escaped(value)})"
        case AtLeast(attribute, value):
            return f"({attribute}>={_escaped(value)})"
        case AtMost(attribute, value):
            return f"({attribute}<={_escaped(value)})"
        case Substrings(attribute, initial, middle, final):
            return f"({attribute}={'*'.join(_escaped(part) for part in (initial or b'', *middle, final or b''))})"
        case Extensible(rule, attribute, value, dn):
            return f"({attribute or ''}{':dn' if dn else ''}{f':{rule}' if rule else ''}:={_escaped(value)})"


def _escaped(value: bytes) -> str:
    return value.decode("latin-1").translate(_ESCAPED)
