"""Distinguished names as text (RFC 4514), taken apart and written. Pure.

Names are compared without case, and without spaces that say nothing (RFC 4518, section 2.6). Also read are the quotes
and semicolons of LDAPv2 (RFC 4514, appendix B), because old telephones write them.
"""

import re
from functools import lru_cache
from typing import TypeAlias

from gateway.directory.wire.answers import INVALID_DN_SYNTAX, Refusal

Part: TypeAlias = tuple[tuple[str, str], ...]  # one relative name: attribute and value; several where they are joined
Name: TypeAlias = tuple[Part, ...]  # the innermost first, as it is written

LONGEST = 2_000  # characters
_ATTRIBUTE = re.compile(r"\s*(?:oid\.)?([a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\s*=\s*", re.IGNORECASE)
_VALUE = re.compile(r'(?:\\[0-9a-f]{2}|\\[ "#+,;<=>\\]|[^\\"+,;<>\0])*', re.IGNORECASE)
_QUOTED = re.compile(r'"((?:\\.|[^\\"])*)"\s*', re.DOTALL)
_ESCAPES = re.compile(r"(?:\\[0-9a-f]{2})+|\\.", re.IGNORECASE | re.DOTALL)
_OWN_SIGN = {"0.9.2342.19200300.100.1.1": "uid", "userid": "uid", "0.9.2342.19200300.100.1.25": "dc"}
_OWN_SIGN |= {"2.5.4.11": "ou", "organizationalunitname": "ou", "domaincomponent": "dc"}


@lru_cache(maxsize=1_024)
def parsed(text: str) -> Name:
    """Take a name apart; the empty one has no parts. Raises `Refusal` (invalidDNSyntax) for what is none."""
    if len(text) > LONGEST:
        raise _no_name()
    if not text.strip():
        return ()
    parts: list[Part] = []
    joined: list[tuple[str, str]] = []
    at = 0
    while True:
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None:
            raise _no_name()
        value, at = _value(text, attribute.end())
        name = attribute[1].lower()
        joined.append((_OWN_SIGN.get(name, name), value))
        if at == len(text) or text[at] in ",;":
            parts.append(tuple(sorted(joined)))
            joined = []
        elif text[at] != "+":
            raise _no_name()
        if at == len(text):
            return tuple(parts)
        at += 1


def _value(text: str, at: int) -> tuple[str, int]:
    """Return the value that begins at `at`, as it is compared, and where it ends."""
    quoted = _QUOTED.match(text, at)
    found = quoted or _VALUE.match(text, at)
    if found is None:
        raise _no_name()
    bare = found[1] if quoted else found[0].lstrip()
    value = _ESCAPES.sub(_plain, bare)
    return " ".join(value.casefold().split()), found.end()


def _plain(escaped: re.Match[str]) -> str:
    try:
        return bytes.fromhex(escaped[0].replace("\\", "")).decode()
    except ValueError:
        if len(escaped[0]) > 2:
            raise _no_name() from None
        return escaped[0][1:]


def _no_name() -> Refusal:
    return Refusal(INVALID_DN_SYNTAX, "this is no name")
