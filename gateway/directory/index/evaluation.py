"""What of a segment a filter is true for, by the three values of RFC 4511, section 4.5.1.7. Pure."""

from collections.abc import Iterator

from gateway.directory.index.attributes import Column
from gateway.directory.index.matching import All, Always, Below, Leaf, OfClass, Opposite, Some, Test
from gateway.directory.index.segment import Segment


def true_for(test: Test, segment: Segment) -> int:
    """Return the entries for which `test` is true."""
    return _decided(test, segment)[0]


def leaves(test: Test) -> Iterator[Leaf]:
    """Yield the questions that a filter is made of."""
    if isinstance(test, All | Some):
        for part in test.parts:
            yield from leaves(part)
    elif isinstance(test, Opposite):
        yield from leaves(test.part)
    else:
        yield test


def tells_nodes_apart(leaf: Leaf) -> bool:
    """Say whether the answer may be one for this node and another one for that."""
    if isinstance(leaf, Always):
        return False
    return isinstance(leaf, OfClass | Below) or max(leaf.columns, default=Column.NAME) >= Column.UID


def _decided(test: Test, segment: Segment) -> tuple[int, int]:
    """Return for which entries it is true and for which it is false; for the rest it is Undefined."""
    if isinstance(test, Some):
        true, false = 0, segment.all
        for part in test.parts:
            also, neither = _decided(part, segment)
            true |= also
            false &= neither
        return true, false
    if isinstance(test, All):
        true, false = segment.all, 0
        for part in test.parts:
            also, neither = _decided(part, segment)
            true &= also
            false |= neither
        return true, false
    if isinstance(test, Opposite):
        true, false = _decided(test.part, segment)
        return false, true
    found = segment.where(test)
    return (0, 0) if found is None else (found, segment.all & ~found)
