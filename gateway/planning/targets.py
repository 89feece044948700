"""Where a `>number` may lead (CODES.md, "Which items count"): anybody can send an item, and calls cost money."""

import re
from collections.abc import Collection

from gateway.domain.user import Extension

_NUMBER = re.compile(r"[0-9]{1,20}")


def is_number(text: str) -> bool:
    """Say whether `text` can be dialled: 1 to 20 digits 0 to 9 and nothing else, no other script's digits."""
    return _NUMBER.fullmatch(text) is not None


def is_permitted(number: str, permitted: Collection[str], extensions: Collection[Extension]) -> bool:
    """Say whether `number` matches one of `permitted`; none given: is one of `extensions`.

    A pattern is digits, `x` for any digit, and perhaps `*` at its end for any more digits, or none.
    """
    if not is_number(number):
        return False
    if not permitted:
        return number in extensions
    return any(_matches(number, pattern) for pattern in permitted)


def _matches(number: str, pattern: str) -> bool:
    begins = pattern.removesuffix("*")
    if len(number) < len(begins) or (len(number) > len(begins) and begins == pattern):
        return False
    return all(place in "xX" or place == digit for place, digit in zip(begins, number, strict=False))
