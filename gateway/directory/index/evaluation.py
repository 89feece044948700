"""What of a segment a filter is true for, by the three values of RFC 4511, section 4.5.1.7. Pure."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from gateway.directory.index.attributes import Column
from gateway.directory.index.matching import All, Always, Below, From, Leaf, Like, OfClass, Opposite, Some, Test, UpTo
from gateway.directory.index.segment import Segment

Where: TypeAlias = Callable[[Leaf], int | None]

_BESIDE_EACH_OTHER = 6  # how much longer than finding one part it takes to see whether several follow each other
_IN_ORDER = 2  # the same for all that is on one side of a bound


def true_for(test: Test, segment: Segment, where: Where | None = None) -> int:
    """Return the entries for which `test` is true; `where`: what answers its questions, if not the segment itself."""
    return _decided(test, segment.all, where or segment.where)[0]


def leaves(test: Test) -> Iterator[Leaf]:
    """Yield the questions that a filter is made of."""
    if isinstance(test, All | Some):
        for part in test.parts:
            yield from leaves(part)
    elif isinstance(test, Opposite):
        yield from leaves(test.part)
    else:
        yield test


def effort(leaf: Leaf) -> int:
    """Return how long a question takes: as so many times the look for one part of a text in one column."""
    if isinstance(leaf, Like):
        parts = len(leaf.middle) + bool(leaf.initial) + bool(leaf.final)
        return len(leaf.columns) * (1 if parts == 1 else _BESIDE_EACH_OTHER)
    return len(leaf.columns) * _IN_ORDER if isinstance(leaf, From | UpTo) else 1


def tells_nodes_apart(leaf: Leaf) -> bool:
    """Say whether the answer may be one for this node and another one for that."""
    if isinstance(leaf, Always):
        return False
    return isinstance(leaf, OfClass | Below) or max(leaf.columns, default=Column.NAME) >= Column.UID


def _decided(test: Test, everybody: int, where: Where) -> tuple[int, int]:
    """Return for which entries it is true and for which it is false; for the rest it is Undefined."""
    if isinstance(test, Some):
        true, false = 0, everybody
        for part in test.parts:
            also, neither = _decided(part, everybody, where)
            true |= also
            false &= neither
        return true, false
    if isinstance(test, All):
        true, false = everybody, 0
        for part in test.parts:
            also, neither = _decided(part, everybody, where)
            true &= also
            false |= neither
        return true, false
    if isinstance(test, Opposite):
        true, false = _decided(test.part, everybody, where)
        return false, true
    found = where(test)
    return (0, 0) if found is None else (found, everybody & ~found)
