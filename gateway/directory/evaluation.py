"""What of a segment a filter is true for, by the three values of RFC 4511, section 4.5.1.7. Pure."""

from collections.abc import Iterator
from functools import reduce
from operator import and_, or_

from gateway.directory.matching import All, Leaf, Opposite, Some, Test
from gateway.directory.segment import Segment


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


def _decided(test: Test, segment: Segment) -> tuple[int, int]:
    """Return for which entries it is true and for which it is false; for the rest it is Undefined."""
    if isinstance(test, Some):
        some = [_decided(part, segment) for part in test.parts]
        return reduce(or_, (one[0] for one in some), 0), reduce(and_, (one[1] for one in some), segment.all)
    if isinstance(test, All):
        every = [_decided(part, segment) for part in test.parts]
        return reduce(and_, (one[0] for one in every), segment.all), reduce(or_, (one[1] for one in every), 0)
    if isinstance(test, Opposite):
        true, false = _decided(test.part, segment)
        return false, true
    found = segment.where(test)
    return (0, 0) if found is None else (found, segment.all & ~found)
