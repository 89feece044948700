"""What a telephone asks for what is typed on it: names by their beginning, numbers in any form, keys of a keypad. Pure.

The filter is the one of the delivered settings (`ldap/phones`), with all that telephones differ in put together.
"""

import re

from gateway.directory.query import Equal, Filter, Or, Present, Substrings

NAMES = ("cn", "sn", "givenName", "company")
NUMBERS = ("telephoneNumber", "mobile", "homePhone", "numberKey")
ANYBODY = Present("cn")  # whoever can be called has a name
_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()/.-]*", re.ASCII)
_KEYS = re.compile(r"[0-9]{2,}", re.ASCII)
_BEGINNING = 3  # digits from which a number is found by its beginning


def wanted(text: str) -> Filter:
    """Return the filter for `text`, which is not empty."""
    raw = text.encode("utf-8", "replace")
    parts: list[Filter] = [Substrings(name, raw, (), None) for name in NAMES]
    if _NUMBER.fullmatch(text):
        parts += [Equal(name, raw) for name in NUMBERS]
        if sum(map(str.isdigit, text)) >= _BEGINNING:
            parts += [Substrings(name, raw, (), None) for name in NUMBERS]
    if _KEYS.fullmatch(text):
        parts.append(Substrings("keypad", raw, (), None))
    return Or(tuple(parts))
