"""All entries of one owner, or of the company, as searches see them; and how a changed shelf comes about. Pure.

Where there are many entries, what changed lately stands in a segment of its own beside them, so that one change is not
the work of indexing all anew; when it has grown, both are made one again.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from gateway.directory.index import bits
from gateway.directory.index.column import MANY
from gateway.directory.index.entries import Row
from gateway.directory.index.segment import Segment, building
from gateway.domain.contact import Numbering

LATELY = 200  # entries that stand beside the many


class Part(NamedTuple):
    """A segment, and which of its entries are still there."""

    segment: Segment
    there: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """`above`: the name above the entries. `parts`: the many first, then what changed lately."""

    above: str
    parts: tuple[Part, ...] = ()

    def __len__(self) -> int:
        return sum(part.there.bit_count() for part in self.parts)

    def rows(self) -> Iterator[Row]:
        """Yield all rows."""
        for part in self.parts:
            for entry in bits.each(part.there):
                yield part.segment.rows[entry]

    def ids(self, book: int) -> set[int]:
        """Return the ids of the entries that are, or were lately, from this book."""
        return {number for part in self.parts for number in part.segment.rows.ids(book)}


def changing(
    shelf: Shelf, put: Sequence[Row], gone: Collection[int], numbering: Numbering
) -> Generator[None, None, Shelf]:
    """Return `shelf` with the rows `put`, and without the ids `gone`; with pauses."""
    out = {*gone, *(row.id for row in put)}
    left = tuple(Part(part.segment, part.there & ~_bits(part.segment, out)) for part in shelf.parts)
    if left and left[0].segment.size >= MANY:
        many, *lately = left
        beside = [row for part in lately for row in Shelf(shelf.above, (part,)).rows()]
        if len(beside) + len(put) <= LATELY:
            recent = yield from building([*beside, *put], numbering, shelf.above)
            return replace(shelf, parts=(many, Part(recent, recent.all)) if recent.size else (many,))
    rows = [*replace(shelf, parts=left).rows(), *put]
    whole = yield from building(rows, numbering, shelf.above)
    return replace(shelf, parts=(Part(whole, whole.all),) if rows else ())


def without(shelf: Shelf, extensions: Collection[str]) -> Shelf:
    """Return `shelf` without the contacts that are users of the PBX: whose only number is one of `extensions`.

    Users themselves stay.
    """
    parts = []
    for part in shelf.parts:
        hidden = 0
        for key, entries in part.segment.short.items():
            if key in extensions:
                hidden |= entries
        parts.append(Part(part.segment, part.there & ~hidden))
    return replace(shelf, parts=tuple(parts))


def _bits(segment: Segment, ids: Collection[int]) -> int:
    return bits.of(segment.rows.of(ids), segment.size)
