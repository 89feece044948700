"""A piece of the index: entries below one name, in the order of their folded names, and what of them matches. Pure.

A segment never changes. Whoever has found an entry in one may come back to it, whatever happened meanwhile.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Generator, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, count
from typing import TypeAlias

from gateway.directory.index import bits, names
from gateway.directory.index.attributes import NUMBERS
from gateway.directory.index.attributes import Column as Of
from gateway.directory.index.column import MANY, SEPARATOR, Column, column, line
from gateway.directory.index.entries import Row, called, lines, unpacked
from gateway.directory.index.kept import Kept
from gateway.directory.index.matching import Always, Below, From, Has, Is, Leaf, Like, OfClass, UpTo, compared
from gateway.domain.contact import Numbering

PERSON = ("top", "person", "organizationalPerson", "inetOrgPerson", "ringplanContact")
AT_ONCE = 16  # entries that are indexed without a pause: a millisecond's work
_ANSWERS = 2_048  # that a segment with many entries keeps, and up to twice as many
_ANSWERS_BYTES = 16 * 1024 * 1024  # that they have, and up to twice as many: one for each eight entries
_serials = count()

Values: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class Segment:
    """`above`: the name above the entries. `fixed`: what the one entry of a node has, None: they are people.

    `numbers`: hashes of what the entries' numbers are called, and whose they are. `short`: by extension, the contacts
    that have no other number; they may be users of the PBX.
    """

    __slots__ = (
        "_answers",
        "_classes",
        "_columns",
        "_hashed",
        "_hashes",
        "above",
        "all",
        "fixed",
        "rows",
        "serial",
        "short",
        "size",
    )

    def __init__(
        self,
        rows: Sequence[Row],
        columns: Sequence[Column],
        above: str,
        classes: Collection[str] = PERSON,
        fixed: Values | None = None,
        numbers: Iterable[tuple[int, int]] = (),
    ) -> None:
        hashed = sorted(numbers)
        self._hashes, self._hashed = array("q", [one for one, _ in hashed]), array("I", [entry for _, entry in hashed])
        self.serial = next(_serials)
        self.size = len(rows)
        self.all = bits.between(0, self.size)
        self.rows = Rows(rows)
        self.above = above
        self.fixed = fixed
        self.short: dict[str, int] = {}
        self._columns = tuple(columns)
        self._classes = frozenset(name.lower() for name in classes)
        self._answers: Kept[Leaf, int] | None = Kept(answers_kept(self.size)) if self.size >= MANY else None

    def column(self, of: Of) -> Column:
        """Return one column."""
        return self._columns[of]

    def dn(self, entry: int) -> str:
        """Return the name of an entry."""
        own = self.rows[entry].packed.decode() if self.fixed else f"uid={self.rows.uid(entry)}"
        return f"{own},{self.above}" if self.above else own

    def where(self, leaf: Leaf) -> int | None:
        """Return the entries for which this is true, None: it is Undefined for all. For the others it is false."""
        if isinstance(leaf, Always):
            return None if leaf.truth is None else self.all if leaf.truth else 0
        if self._answers is None:
            return self._matching(leaf)
        found = self._answers.get(leaf)
        if found is None:
            found = self._matching(leaf)
            self._answers.put(leaf, found)
        return found

    def working(self, leaf: Leaf) -> Generator[None, None, int | None]:
        """Do as `where`, with pauses: one column of ten thousand entries may be ten milliseconds' work."""
        if not isinstance(leaf, Like | From | UpTo) or (self._answers and self._answers.get(leaf) is not None):
            return self.where(leaf)
        found = 0
        for of in leaf.columns:
            yield
            column = self._columns[of]
            found |= (yield from column.liking(leaf)) if isinstance(leaf, Like) else column.range(leaf)
        if self._answers is not None:
            self._answers.put(leaf, found)
        return found

    def _matching(self, leaf: Is | Like | Has | From | UpTo | OfClass | Below) -> int:
        if isinstance(leaf, Is) and leaf.columns[0] in NUMBERS:
            return sum([1 << entry for entry in self.called(leaf)])
        if isinstance(leaf, OfClass):
            return self.all if leaf.name is None or leaf.name in self._classes else 0
        if isinstance(leaf, Below):
            above = {pair for part in names.parsed(self.above) for pair in part}
            return self.all if (leaf.attribute, leaf.value) in above else 0
        found = 0
        for of in leaf.columns:
            column = self._columns[of]
            if not column.has:
                continue
            if isinstance(leaf, Is):
                for value in leaf.values:
                    found |= column.whole(value)
            elif isinstance(leaf, Like):
                found |= column.like(leaf)
            else:
                found |= column.has if isinstance(leaf, Has) else column.range(leaf)
        return found

    def called(self, leaf: Is) -> list[int]:
        """Return the entries that have one of these numbers, which are what `entries.called` says, in order.

        A hash alone says who has a number (of 64 bits, by a key of this process: two numbers do not share one). What
        kind of number it is stands in the columns.
        """
        hashes, found = self._hashes, set[int]()
        is_any_kind = len(leaf.columns) == len(NUMBERS)
        for value in leaf.values:
            wanted = hash(value)
            at = bisect_left(hashes, wanted)
            while at < len(hashes) and hashes[at] == wanted:
                entry, pattern = self._hashed[at], f"{SEPARATOR}{value}{SEPARATOR}"
                if is_any_kind or any(pattern in self._columns[of].line(entry) for of in leaf.columns):
                    found.add(entry)
                at += 1
        return sorted(found)


def answers_kept(entries: int) -> int:
    """Return how many answers a segment with so many entries keeps."""
    return min(_ANSWERS, _ANSWERS_BYTES * 8 // entries)


class Rows:
    """The rows of a segment, in few objects."""

    __slots__ = ("_books", "_ends", "_ids", "_packed")

    def __init__(self, rows: Sequence[Row]) -> None:
        self._ids, self._books = array("q", [row.id for row in rows]), array("i", [row.book for row in rows])
        self._ends = array("I", accumulate((len(row.packed) for row in rows), initial=0))
        self._packed = b"".join([row.packed for row in rows])

    def __getitem__(self, entry: int) -> Row:
        packed = self._packed[self._ends[entry] : self._ends[entry + 1]]
        return Row(self._ids[entry], self._books[entry], packed)

    def uid(self, entry: int) -> str:
        """Return what names an entry."""
        number = self._ids[entry]
        return f"c{number}" if number > 0 else f"u{-number}"

    def of(self, ids: Collection[int]) -> list[int]:
        """Return which entries have these ids."""
        if len(ids) == 1:
            (one,) = ids
            return [self._ids.index(one)] if one in self._ids else []
        return [entry for entry, number in enumerate(self._ids) if number in ids]

    def ids(self, book: int) -> list[int]:
        """Return the ids of the entries that are from this book."""
        return [number for number, one in zip(self._ids, self._books, strict=True) if one == book]


def building(rows: Iterable[Row], numbering: Numbering, above: str) -> Generator[None, None, Segment]:
    """Index `rows`, with pauses."""
    kept: list[tuple[tuple[str, ...], Row, tuple[str, ...]]] = []
    for at, row in enumerate(rows):
        if at % AT_ONCE == AT_ONCE - 1:
            yield
        contact = unpacked(row)
        kept.append((lines(contact, numbering), row, called(contact)))
    kept.sort(key=lambda one: (one[0][Of.NAME], one[1].id))
    columns = []
    for of in Of:
        yield
        columns.append(column([one[0][of] for one in kept]))
    numbers = [(hash(key), at) for at, one in enumerate(kept) for key in one[2]]
    segment = Segment([one[1] for one in kept], columns, above, numbers=numbers)
    for at, one in enumerate(kept):
        if one[1].id > 0 and len(one[2]) == 1 and one[2][0].isdigit():
            segment.short[one[2][0]] = segment.short.get(one[2][0], 0) | 1 << at
    return segment


@lru_cache(maxsize=2_048)
def node(own: str, above: str, classes: tuple[str, ...]) -> Segment:
    """Return the segment of one entry that is nobody: `own` is its own part of its name, "ou=people"."""
    attribute, _, value = own.partition("=")
    of = {"uid": Of.UID, "ou": Of.UNIT, "dc": Of.DOMAIN}[attribute]
    columns = [column([line((compared(value),)) if one is of else ""]) for one in Of]
    fixed = (("objectClass", classes), (attribute, (value,)))
    return Segment([Row(0, 0, own.encode())], columns, above, classes, fixed)
