"""What is given back as the token of a book: how far each of its collections has been read. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.sources.caldav.places import Token

READS = 1  # counted up when more of a card is read: what was read before is then read anew


@dataclass(frozen=True, slots=True)
class Mark:
    """One collection: the `token` by which it was told to have changed, and that which the next sync begins at.

    These differ: the token that SOGo 5.8 gives with a sync-collection lies a second before the collection's own, so
    that nothing of the last second is missed. `sync` None: the server has no sync-collection.
    """

    token: Token
    sync: str | None = field(repr=False)


def marks(token: str | None) -> Mapping[str, Mark]:
    """Read a book's token, by the paths of its collections; one that another version wrote is none."""
    try:
        written = json.loads(token or "{}")
        if written["reads"] != READS:
            return {}
        return {
            where: Mark(Token(str(text), float(seen), settled is True), None if sync is None else str(sync))
            for where, (text, seen, settled, sync) in written["books"].items()
        }
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return {}


def written(known: Mapping[str, Mark | None]) -> str | None:
    """Write a book's token; there is none if one of its collections has none: all is then read each time."""
    books = {
        where: [mark.token.text, mark.token.seen, mark.token.settled, mark.sync]
        for where, mark in sorted(known.items())
        if mark is not None
    }
    if len(books) < len(known):
        return None
    return json.dumps({"reads": READS, "books": books}, separators=(",", ":"))
