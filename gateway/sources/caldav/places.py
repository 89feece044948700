"""Which collections a mailbox or a book has now, and the token of each.

Whether anything changed is told by one PROPFIND per home: each collection's `sync-token` (RFC 6578), else its
`getctag`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import httpx

from gateway.errors import GiveUp
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import Client, joined
from gateway.sources.caldav.discovery import Discovery, Place, Whose, path

GRAIN = 2.0  # seconds until a token is believed
Where = tuple[int, str, str | None]  # a mailbox or book, and what its collections are found by
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Token:
    """A collection's token: first seen at `seen` (seconds since 1970), and `settled` once it is believed.

    It is believed only when the collection was read at least two seconds after the token was first seen: SOGo's is a
    time in seconds, so a change within the second of an earlier one leaves it as it is (seen on SOGo 5.8).
    """

    text: str = field(repr=False)
    seen: float
    settled: bool


@dataclass(frozen=True, slots=True)
class DavCollection:
    """A collection now; `token` None: the server has none. `syncs`: it is one for a sync-collection."""

    at: httpx.URL
    token: str | None = field(repr=False)
    syncs: bool


@dataclass(slots=True)
class Places:
    """Where each mailbox's (or each book's) collections lie: found once, and kept while that works."""

    client: Client
    discovery: Discovery
    _found: dict[Where, tuple[Place, ...]] = field(default_factory=dict)

    async def tried(self, whose: Whose, reading: Callable[[], Awaitable[Read]]) -> Read:
        """Return what `reading` brings; where it fails by places that were kept, once more with these found anew."""
        kept = _where(whose) in self._found
        try:
            return await reading()
        except GiveUp:
            self._found.pop(_where(whose), None)
            self.discovery.forget()
            if not kept:
                raise
        return await reading()

    async def collections(self, whose: Whose) -> Mapping[str, DavCollection]:
        """Return the collections by path; where one came or went, all are listed anew."""
        if _where(whose) not in self._found:
            self._found[_where(whose)] = await self.discovery.places(whose)
        collections: dict[str, DavCollection] = {}
        places = []
        for known in self._found[_where(whose)]:
            answer = await self.client.propfind(known.at, known.depth, dav.TOKENS)
            told = {path(joined(answer.at, resource.href)): resource for resource in answer.resources}
            place = known if known.members == told.keys() else await self.discovery.place(known.at)
            places.append(place)
            for where, at in place.collections.items():
                collections[where] = _collection(at, told.get(where))
        self._found[_where(whose)] = tuple(places)
        return collections


def aged(text: str | None, before: Token | None, now: float) -> Token | None:
    """Return the token that is seen `now`, given what was known of it; None: there is none."""
    if text is None:
        return None
    if before is None or before.text != text:
        return Token(text, now, settled=False)
    return replace(before, settled=before.settled or now - before.seen >= GRAIN)


def _collection(at: httpx.URL, resource: dav.Resource | None) -> DavCollection:
    if resource is None:
        return DavCollection(at, None, syncs=False)
    sync = resource.text(f"{dav.D}sync-token")
    return DavCollection(at, sync or resource.text(f"{dav.S}getctag"), syncs=sync is not None)


def _where(whose: Whose) -> Where:
    return whose.id, whose.address, whose.path
