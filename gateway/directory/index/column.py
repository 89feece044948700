"""One column of the index: what the entries of a segment have in one attribute, and which of them match. Pure.

All values stand in one text, a line for each entry, each value between two `SEPARATOR`: so `str.find`, which is as
fast as memory, finds parts, and with a separator before or behind it beginnings, ends and whole values. Where there
are many entries, the places of all values are kept in the order of the values besides: beginnings and ranges
are found there in a few comparisons. Whole values are found by their hashes, which are kept in order too.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Sequence
from functools import lru_cache

from gateway.directory.index import bits
from gateway.directory.index.matching import From, Like, UpTo
from gateway.directory.index.steps import run

SEPARATOR = "\x1f"  # sorts before all that is in a value
MANY = 256  # entries from which a column is ordered
_NOTHING: "array[int]" = array("I")
_AT_ONCE = 500  # entries that are looked at one by one without a pause: a millisecond's work
_OFTEN = 64  # hits from which lines are looked at one by one: finding each costs more


def line(values: Sequence[str]) -> str:
    """Return what stands in a column for an entry with `values`."""
    joined = values[0] if len(values) == 1 else SEPARATOR.join(dict.fromkeys(filter(None, values)))
    return f"{SEPARATOR}{joined}{SEPARATOR}" if joined else ""


class Column:
    """`has`: the entries that have a value (`bits`). Made of lines, one per entry; use `column`."""

    __slots__ = ("_hashed", "_hashes", "_order", "_size", "_starts", "_text", "has")

    def __init__(self, lines: Sequence[str]) -> None:
        self._text = "\n".join((*lines, ""))
        self._size = len(lines)
        self.has = bits.of((number for number, line in enumerate(lines) if line), self._size)
        self._starts: array[int] | None = None
        self._order: array[int] | None = None
        self._hashes: array[int] | None = None
        self._hashed: array[int] = _NOTHING
        if self._size >= MANY:
            self._starts, places, values = _places(lines)
            self._order = array("I", [places[one] for one in sorted(range(len(values)), key=values.__getitem__)])
            hashed = sorted(zip(map(hash, values), places, strict=True))
            self._hashes = array("q", [one for one, _ in hashed])
            self._hashed = array("I", [place for _, place in hashed])

    def values(self, entry: int) -> list[str]:
        """Return the values of one entry, in their order."""
        return self.line(entry)[1:-1].split(SEPARATOR) if self.has >> entry & 1 else []

    def first(self, entry: int) -> str:
        """Return the lowest value of one entry, "" if it has none: that by which it is sorted (RFC 2891, 2.2)."""
        return min(self.values(entry), default="")

    def line(self, entry: int) -> str:
        """Return all that stands here for one entry."""
        if self._starts is None:
            return self._text.split("\n", entry + 1)[entry]
        start = self._starts[entry]
        return self._text[start : self._text.index("\n", start)]

    def whole(self, value: str) -> int:
        """Return the entries that have exactly this value."""
        if not self.has:
            return 0
        pattern = f"{SEPARATOR}{value}{SEPARATOR}"
        if self._hashes is None:
            return self._containing(pattern)
        found, wanted = 0, hash(value)
        at = bisect_left(self._hashes, wanted)
        while at < len(self._hashes) and self._hashes[at] == wanted:
            place = self._hashed[at]
            if self._text.startswith(pattern, place - 1):
                found |= 1 << self._entry(place)
            at += 1
        return found

    def like(self, asked: Like) -> int:
        """Return the entries with a value of these parts."""
        return run(self.liking(asked))

    def liking(self, asked: Like) -> Generator[None, None, int]:
        """Do as `like`, with pauses where entries have to be looked at one by one."""
        initial, middle, final = asked.initial, asked.middle, asked.final
        if initial and not middle and not final:
            return self._begins(initial) if self._order else self._containing(SEPARATOR + initial)
        parts = [SEPARATOR + initial if initial else "", *middle, final + SEPARATOR if final else ""]
        rarest = max(parts, key=len)
        found = self._begins(initial) if self._order and rarest is parts[0] else self._containing(rarest)
        if sum(map(bool, parts)) == 1:
            return found
        right = []
        for at, entry in enumerate(bits.each(found)):
            if at % _AT_ONCE == _AT_ONCE - 1:
                yield
            if any(_fits(value, asked) for value in self.values(entry)):
                right.append(entry)
        return bits.of(right, self._size)

    def range(self, asked: From | UpTo) -> int:
        """Return the entries with a value on this side of a bound."""
        if self._order is None:
            return bits.of(
                (
                    entry
                    for entry in bits.each(self.has)
                    for value in self.values(entry)
                    if (value >= asked.value if isinstance(asked, From) else value <= asked.value)
                ),
                self._size,
            )
        if isinstance(asked, From):
            return self._entries(self._order[self._place(asked.value) :])
        pattern = asked.value + SEPARATOR
        return self._entries(self._order[: self._place(pattern, behind=True)])

    def _begins(self, pattern: str) -> int:
        order = self._order or _NOTHING
        return self._entries(order[self._place(pattern) : self._place(pattern, behind=True)])

    def _place(self, pattern: str, *, behind: bool = False) -> int:
        text, length = self._text, len(pattern)
        search = bisect_right if behind else bisect_left
        return search(self._order or (), pattern, key=lambda at: text[at : at + length])

    def _entries(self, places: Iterable[int]) -> int:
        return bits.of(map(self._entry, places), self._size)

    def _entry(self, place: int) -> int:
        """Return in which line a place of the text is."""
        if self._starts is None:
            return self._text.count("\n", 0, place)
        return bisect_right(self._starts, place) - 1

    def _containing(self, pattern: str) -> int:
        """Return the entries in whose line the pattern is."""
        text = self._text
        at = text.find(pattern)
        if at < 0:
            return 0
        if text.count(pattern, at) >= _OFTEN:
            return bits.of((entry for entry, line in enumerate(text.split("\n")) if pattern in line), self._size)
        found = []
        while at >= 0:
            found.append(self._entry(at))
            at = text.find(pattern, text.index("\n", at))
        return bits.of(found, self._size)


def column(lines: Sequence[str]) -> Column:
    """Return the column of these lines; empty ones are the same for all."""
    return Column(lines) if any(lines) else _empty(len(lines))


@lru_cache(maxsize=256)
def _empty(size: int) -> Column:
    return Column([""] * size)


def _places(lines: Sequence[str]) -> "tuple[array[int], list[int], list[str]]":
    """Return where each line starts, and where each value does, with the values."""
    starts, places, values = array("I"), [], []
    at = 0
    for text in lines:
        starts.append(at)
        place = at + 1
        for value in text[1:-1].split(SEPARATOR) if text else ():
            places.append(place)
            values.append(value)
            place += len(value) + 1
        at += len(text) + 1
    return starts, places, values


def _fits(value: str, asked: Like) -> bool:
    """Tell whether the parts follow each other in `value`, none over another."""
    if not value.startswith(asked.initial):
        return False
    at, end = len(asked.initial), len(value) - len(asked.final)
    for part in asked.middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and value.endswith(asked.final)
