"""The ContactSource of a CardDAV account: all address books of a person joined, or the one at a book's path.

What is marked private stays its owner's: it is left out of a book that is everybody's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.book import Book, ContactChanges
from gateway.errors import GiveUp
from gateway.sources.caldav.client import Client
from gateway.sources.caldav.contacts.cards import Cards, fetched
from gateway.sources.caldav.contacts.listing import Listing, changed, everything
from gateway.sources.caldav.contacts.token import Mark, marks, written
from gateway.sources.caldav.places import DavCollection, Places, aged

Collections = Mapping[str, DavCollection]


@dataclass(slots=True)
class Contacts:
    """Reads books of one account. A contact's key is the path of its resource."""

    client: Client
    places: Places
    now: Callable[[], datetime]

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """As `ports.ContactSource.read`.

        Raises `Refused`, never `SignInAgain`, where this book alone may not be read: calendars of the account may be.
        """
        return await self.places.tried(book, lambda: self._read(book, since))

    async def _read(self, book: Book, since: str | None) -> ContactChanges | None:
        before = marks(since)
        found = await self.places.collections(book)
        is_known = before.keys() == found.keys()
        if is_known:
            moved = {where: one for where, one in found.items() if not _is_unchanged(one, before[where])}
            if not moved:
                return None
            changes = await self._changes(moved, before)
            if changes is not None:
                return await self._brought(book, changes, moved, before, whole=False)
        listings = {where: await everything(self.client, one) for where, one in found.items()}
        if is_known and all(_is_unchanged(one, before[where], listings[where].digest) for where, one in found.items()):
            return None
        return await self._brought(book, listings, found, before, whole=True)

    async def _changes(self, moved: Collections, before: Mapping[str, Mark]) -> dict[str, Listing] | None:
        """Return what changed since the marks, None where the server does not tell, or not since then."""
        changes = {}
        for where, one in moved.items():
            token = before[where].sync
            if token is None or not one.syncs:
                return None
            try:
                changes[where] = await changed(self.client, one, token)
            except GiveUp:
                return None
        return changes

    async def _brought(
        self,
        book: Book,
        listings: Mapping[str, Listing],
        collections: Collections,
        before: Mapping[str, Mark],
        *,
        whole: bool,
    ) -> ContactChanges:
        """Fetch what is listed, and say how far each collection has been read then."""
        private = book.owner is not None
        cards = {
            where: await fetched(self.client, one, listings[where].members, private=private)
            for where, one in collections.items()
        }
        now = self.now().timestamp()
        read = {where: _mark(one, listings[where], before.get(where), now) for where, one in collections.items()}
        return ContactChanges(
            put=tuple(contact for some in cards.values() for contact in some.put),
            gone=() if whole else _gone(listings, cards),
            token=written(read if whole else {**before, **read}),
            whole=whole,
            set_aside=sum(some.set_aside for some in cards.values()),
        )


def _is_unchanged(one: DavCollection, before: Mark, digest: str = "") -> bool:
    if one.token is None:
        return digest == before.token.text
    return before.token.settled and one.token == before.token.text


def _gone(listings: Mapping[str, Listing], cards: Mapping[str, Cards]) -> tuple[str, ...]:
    """Return the keys under which there is no contact any more, also where one has become unreadable or a list."""
    return tuple(key for where, listing in listings.items() for key in sorted(listing.gone | cards[where].gone))


def _mark(one: DavCollection, listing: Listing, before: Mark | None, now: float) -> Mark | None:
    token = aged(one.token or listing.digest or None, before.token if before is not None else None, now)
    return Mark(token, listing.sync) if token is not None else None
