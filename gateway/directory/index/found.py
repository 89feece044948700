"""What a search found, in its order, without taking more of it into the hand than is looked at. Pure."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TypeAlias, overload

from gateway.directory.index import bits
from gateway.directory.index.attributes import Column, named
from gateway.directory.index.matching import Is
from gateway.directory.index.segment import Segment
from gateway.directory.index.shelf import Part
from gateway.directory.index.tree import Group
from gateway.directory.query import SortKey

Hit: TypeAlias = tuple[Segment, int]
Order: TypeAlias = Sequence[tuple[Column, bool]]  # reversed or not

LAST = "\U0010ffff"  # comes after all values
_NAMES: Order = [(Column.NAME, False)]
_AT_ONCE = 200  # entries whose keys are taken without a pause


class Hits(Sequence[Hit]):
    """The entries of several groups, one after the other, each by folded name."""

    __slots__ = ("_groups", "_size")

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = [(group, sum([part.there.bit_count() for part in group])) for group in groups]
        self._size = sum([size for _, size in self._groups])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Hit]:
        return self._from(0)

    @overload
    def __getitem__(self, at: int) -> Hit: ...

    @overload
    def __getitem__(self, at: slice) -> list[Hit]: ...

    def __getitem__(self, at: int | slice) -> Hit | list[Hit]:
        if isinstance(at, int):
            index = at + self._size if at < 0 else at
            if not 0 <= index < self._size:
                raise IndexError(at)
            return next(self._from(index))
        first, end, step = at.indices(self._size)
        if step != 1:
            return list(self)[at]
        return list(islice(self._from(first), max(end - first, 0)))

    def _from(self, first: int) -> Iterator[Hit]:
        for group, size in self._groups:
            if first < size:
                yield from islice(_by_name(group), first, None)
            first = max(first - size, 0)


def _by_name(group: Group) -> Iterator[Hit]:
    """Yield the entries of a group; its parts are in this order already."""
    each = map(_hits, group)
    return next(each) if len(group) == 1 else merge(*each, key=_name)


def _hits(part: Part) -> Iterator[Hit]:
    segment = part.segment
    for entry in bits.each(part.there):
        yield segment, entry


def _name(hit: Hit) -> str:
    return hit[0].column(Column.NAME).line(hit[1])


def called(asked: Is, groups: Sequence[Group]) -> list[Hit]:
    """Return the entries of several groups that have a number, one group after the other, each by folded name."""
    found: list[Hit] = []
    for group in groups:
        if not group or group[0].segment.fixed:
            continue  # nodes have no numbers
        some = [(segment, entry) for segment, there in group for entry in segment.called(asked) if there >> entry & 1]
        found += sorted(some, key=_name) if len(some) > 1 else some
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """`entries` in order, as they were then."""

    entries: Sequence[Hit]


def order_of(keys: Sequence[SortKey]) -> Order:
    """Return the columns of an order, and which of them are reversed; what is not known is passed over."""
    known = ((named(key.attribute), key.is_reversed) for key in keys)
    return [(attribute.columns[0], is_reversed) for attribute, is_reversed in known if attribute and attribute.columns]


def unsorted(groups: Sequence[Group], order: Order) -> int:
    """Return how many entries have to be sorted to bring what was found into this order."""
    return 0 if not order or (order == _NAMES and len(groups) <= 1) else len(Hits(groups))


def ordering(groups: Sequence[Group], order: Order) -> Generator[None, None, Sequence[Hit]]:
    """Bring what was found into order, with pauses; none was asked for: group by group, each by name."""
    hits = Hits(groups)
    return (yield from _sorted(hits, order)) if unsorted(groups, order) else hits


def _sorted(hits: Hits, order: Order) -> Generator[None, None, list[Hit]]:
    """What has several values is sorted by the lowest, what has none comes last (RFC 2891, section 2.2)."""
    keys: list[tuple[list[str], Hit]] = []
    for at, (segment, entry) in enumerate(hits):
        keys.append(([segment.column(of).first(entry) or LAST for of, _ in order], (segment, entry)))
        if at % _AT_ONCE == _AT_ONCE - 1:
            yield
    for at in reversed(range(len(order))):
        keys.sort(key=lambda one: one[0][at], reverse=order[at][1])
        yield
    return [hit for _, hit in keys]
