"""What a search asks beyond itself: an order (RFC 2891), pages (RFC 2696), a window on a list
(draft-ietf-ldapext-ldapv3-vlv-09). Pure.

Other controls are left alone, unless they are critical (RFC 4511, section 4.1.11).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.directory.query import SortKey
from gateway.directory.wire import ber
from gateway.directory.wire.answers import PROTOCOL_ERROR, UNAVAILABLE_CRITICAL_EXTENSION, Refusal
from gateway.directory.wire.messages import Control

SORT, SORTED = b"1.2.840.113556.1.4.473", b"1.2.840.113556.1.4.474"
PAGED = b"1.2.840.113556.1.4.319"
WINDOW, WINDOW_SHOWN = b"2.16.840.1.113730.3.4.9", b"2.16.840.1.113730.3.4.10"
MANAGE_DSA_IT = b"2.16.840.1.113730.3.4.2"  # RFC 3296: asks that referrals be shown as entries; there are none
KNOWN = (SORT, PAGED, WINDOW, MANAGE_DSA_IT)
_MOST_KEYS = 10
_LONGEST = 4_000  # bytes of the value of a control
_LARGEST = 0x7FFFFFFF
_RULE, _REVERSED = 0x80, 0x81
_BY_OFFSET, _BY_VALUE = 0xA0, 0x81
_BLAMED = 0x80


@dataclass(frozen=True, slots=True)
class Sort:
    """An order; `is_critical`: rather nothing than another one."""

    keys: tuple[SortKey, ...]
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Page:
    """At most `size` entries, those after the page that came with `cookie` (b"": the first)."""

    size: int
    cookie: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Entries around a target: `before` it and `after` it.

    The target is entry `offset` of a list that the client takes to have `count` (0: it does not know), or the first one
    that is not before `value` in the order.
    """

    before: int
    after: int
    offset: int = 0
    count: int = 0
    value: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the controls of one search ask."""

    sort: Sort | None = None
    page: Page | None = None
    window: Window | None = None


NOTHING = Wanted()


def wanted(controls: Iterable[Control]) -> Wanted:
    """Return what these controls ask. Raises `Refusal` for a critical one that is not known, and for bad values."""
    found: dict[bytes, Sort | Page | Window] = {}
    for control in controls:
        read = _READ.get(control.oid)
        if read is None:
            only(control)
        elif control.oid in found:
            raise Refusal(PROTOCOL_ERROR, "a control stands twice")
        else:
            try:
                found[control.oid] = read(control)
            except ber.Malformed as error:
                raise Refusal(PROTOCOL_ERROR, "the value of a control cannot be read") from error
    sort, page, window = found.get(SORT), found.get(PAGED), found.get(WINDOW)
    if page is not None and window is not None:
        raise Refusal(PROTOCOL_ERROR, "pages and windows do not go together")
    return Wanted(
        sort if isinstance(sort, Sort) else None,
        page if isinstance(page, Page) else None,
        window if isinstance(window, Window) else None,
    )


def only(*controls: Control) -> None:
    """Raise `Refusal` where one of `controls` is critical, and more than can be ignored."""
    if any(control.is_critical and control.oid != MANAGE_DSA_IT for control in controls):
        raise Refusal(UNAVAILABLE_CRITICAL_EXTENSION, "a critical control is not known here")


def _sort(control: Control) -> Sort:
    data, at, end = _opened(control)
    keys = []
    while at < end:
        first, last = ber.expect(data, at, end, ber.SEQUENCE)
        keys.append(_key(data, first, last))
        at = last
    if not 0 < len(keys) <= _MOST_KEYS:
        raise ber.Malformed("an order has one to ten keys")
    return Sort(tuple(keys), control.is_critical)


def _key(data: bytes, at: int, end: int) -> SortKey:
    first, at = ber.expect(data, at, end, ber.OCTETS)
    attribute, rule, is_reversed = str(data[first:at], "utf-8", "replace"), None, False
    if at < end and data[at] == _RULE:
        first, at = ber.expect(data, at, end, _RULE)
        rule = str(data[first:at], "utf-8", "replace")
    if at < end:
        first, at = ber.expect(data, at, end, _REVERSED)
        is_reversed = ber.boolean(data, first, at)
    if at != end:
        raise ber.Malformed("a key has at most three parts")
    return SortKey(attribute, rule, is_reversed)


def _page(control: Control) -> Page:
    data, at, end = _opened(control)
    first, at = ber.expect(data, at, end, ber.INTEGER)
    size = _counted(data, first, at)
    first, at = ber.expect(data, at, end, ber.OCTETS)
    if at != end:
        raise ber.Malformed("a page is a size and a cookie")
    return Page(size, data[first:at])


def _window(control: Control) -> Window:
    data, at, end = _opened(control)
    first, at = ber.expect(data, at, end, ber.INTEGER)
    before = _counted(data, first, at)
    first, at = ber.expect(data, at, end, ber.INTEGER)
    after = _counted(data, first, at)
    tag, first, last = ber.header(data, at, end)
    if last < end:  # a name for the list of the last time: each list is made anew
        _, at = ber.expect(data, last, end, ber.OCTETS)
        if at != end:
            raise ber.Malformed("a window has at most four parts")
    if tag == _BY_VALUE:
        return Window(before, after, value=data[first:last])
    if tag != _BY_OFFSET:
        raise ber.Malformed("a window is by offset or by value")
    begins, at = ber.expect(data, first, last, ber.INTEGER)
    offset = _counted(data, begins, at)
    begins, at = ber.expect(data, at, last, ber.INTEGER)
    if at != last:
        raise ber.Malformed("a place is an offset and a count")
    return Window(before, after, offset, _counted(data, begins, at))


def _opened(control: Control) -> tuple[bytes, int, int]:
    if control.value is None:
        raise ber.Malformed("this control has a value")
    if len(control.value) > _LONGEST:
        raise ber.Malformed("the value of a control is short")
    at, end = ber.expect(control.value, 0, len(control.value), ber.SEQUENCE)
    if end != len(control.value):
        raise ber.Malformed("nothing follows the value of a control")
    return control.value, at, end


def _counted(data: bytes, at: int, end: int) -> int:
    number = ber.integer(data, at, end)
    if not 0 <= number <= _LARGEST:
        raise ber.Malformed("nothing can be counted so")
    return number


_READ: dict[bytes, Callable[[Control], Sort | Page | Window]] = {SORT: _sort, PAGED: _page, WINDOW: _window}


def sorted_so(code: int, blamed: str | None = None) -> bytes:
    """Return the control that says how sorting went; `blamed`: the attribute that could not be sorted by."""
    content = ber.encoded_integer(code, ber.ENUMERATED)
    content += b"" if blamed is None else ber.tlv(_BLAMED, blamed.encode())
    return _control(SORTED, content)


def page_of(size: int, cookie: bytes) -> bytes:
    """Return the control that ends a page; `size`: about how many there are in all, `cookie` b"": it was the last."""
    return _control(PAGED, ber.encoded_integer(size) + ber.tlv(ber.OCTETS, cookie))


def window_at(position: int, count: int, code: int) -> bytes:
    """Return the control that says which entry of `count` the target was, counted from 1."""
    numbers = ber.encoded_integer(position) + ber.encoded_integer(count)
    return _control(WINDOW_SHOWN, numbers + ber.encoded_integer(code, ber.ENUMERATED))


def _control(oid: bytes, content: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.tlv(ber.OCTETS, oid) + ber.tlv(ber.OCTETS, ber.tlv(ber.SEQUENCE, content)))
