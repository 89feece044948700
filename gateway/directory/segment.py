"""A piece of the index: entries below one name, in the order of their folded names, and what of them matches. Pure.

A segment never changes. Whoever has found an entry in one may come back to it, whatever happened meanwhile.
"""

from array import array
from collections.abc import Collection, Generator, Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import TypeAlias

from gateway.directory import bits, names
from gateway.directory.attributes import Column as Of
from gateway.directory.column import MANY, Column, column, line
from gateway.directory.entries import Row, lines, unpacked
from gateway.directory.kept import Kept
from gateway.directory.matching import Always, Below, From, Has, Is, Leaf, Like, OfClass, UpTo, compared
from gateway.domain.contact import Numbering

PERSON = ("top", "person", "organizationalPerson", "inetOrgPerson", "ringplanContact")
AT_ONCE = 16  # entries that are indexed without a pause: a millisecond's work
_ANSWERS = 2_048  # that a segment with many entries keeps: a byte for each eight entries
_serials = count()

Values: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class Segment:
    """`above`: the name above the entries. `fixed`: what the one entry of a node has, None: they are people.

    `short`: the entries that have a single number, an extension's; they may be users of the PBX.
    """

    __slots__ = ("_answers", "_classes", "_columns", "above", "all", "fixed", "rows", "serial", "short", "size")

    def __init__(
        self,
        rows: Sequence[Row],
        columns: Sequence[Column],
        above: str,
        classes: Collection[str] = PERSON,
        fixed: Values | None = None,
    ) -> None:
        self.serial = next(_serials)
        self.size = len(rows)
        self.all = bits.between(0, self.size)
        self.rows = Rows(rows)
        self.above = above
        self.fixed = fixed
        self.short: dict[str, int] = {}
        self._columns = tuple(columns)
        self._classes = frozenset(name.lower() for name in classes)
        self._answers: Kept[Leaf, int] | None = Kept(_ANSWERS) if self.size >= MANY else None

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

    def _matching(self, leaf: Is | Like | Has | From | UpTo | OfClass | Below) -> int:
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


class Rows:
    """The rows of a segment, in few objects."""

    __slots__ = ("_books", "_ids", "_packed")

    def __init__(self, rows: Iterable[Row]) -> None:
        self._ids, self._books, self._packed = array("q"), array("i"), []
        for row in rows:
            self._ids.append(row.id)
            self._books.append(row.book)
            self._packed.append(row.packed)

    def __getitem__(self, entry: int) -> Row:
        return Row(self._ids[entry], self._books[entry], self._packed[entry])

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
    kept: list[tuple[tuple[str, ...], Row]] = []
    short: list[tuple[str, int]] = []
    for at, row in enumerate(rows):
        if at % AT_ONCE == AT_ONCE - 1:
            yield
        contact = unpacked(row)
        kept.append((lines(contact, numbering), row))
        if len(contact.numbers) == 1 and contact.numbers[0].key.isdigit():
            short.append((contact.numbers[0].key, row.id))
    kept.sort(key=lambda one: (one[0][Of.NAME], one[1].id))
    columns = []
    for of in Of:
        yield
        columns.append(column([one[0][of] for one in kept]))
    segment = Segment([row for _, row in kept], columns, above)
    if short:
        places = {row.id: at for at, (_, row) in enumerate(kept)}
        for key, number in short:
            segment.short[key] = segment.short.get(key, 0) | 1 << places[number]
    return segment


@lru_cache(maxsize=2_048)
def node(own: str, above: str, classes: tuple[str, ...]) -> Segment:
    """Return the segment of one entry that is nobody: `own` is its own part of its name, "ou=people"."""
    attribute, _, value = own.partition("=")
    of = {"uid": Of.UID, "ou": Of.UNIT, "dc": Of.DOMAIN}[attribute]
    columns = [column([line((compared(value),)) if one is of else ""]) for one in Of]
    fixed = (("objectClass", classes), (attribute, (value,)))
    return Segment([Row(0, 0, own.encode())], columns, above, classes, fixed)
