"""Sets of entries as integers: bit n is entry n. Pure.

And, or and not of ten thousand entries are then one operation each, whatever a filter asks.
"""

import re
from collections.abc import Iterable, Iterator

_ONE = tuple(1 << bit for bit in range(8))
_SET = tuple(tuple(bit for bit in range(8) if byte & 1 << bit) for byte in range(256))
_SOME = re.compile(rb"[^\0]")


def of(entries: Iterable[int], size: int) -> int:
    """Return the set of `entries`, each below `size`."""
    filled = bytearray(size // 8 + 1)
    for entry in entries:
        filled[entry >> 3] |= _ONE[entry & 7]
    return int.from_bytes(filled, "little")


def between(first: int, end: int) -> int:
    """Return the set of all entries from `first` on, up to before `end`."""
    return (1 << end) - (1 << first) if end > first else 0


def each(entries: int) -> Iterator[int]:
    """Yield what is in the set, in order."""
    filled = entries.to_bytes(entries.bit_length() // 8 + 1, "little")
    for found in _SOME.finditer(filled):
        first = found.start()
        for bit in _SET[filled[first]]:
            yield first * 8 + bit
