"""The ContactSource of an Exchange account: a mailbox's folder of contacts, page by page since a saved state.

A contact is named by its ItemId. That changes when it is moved out of the folder and back ("EWS identifiers in
Exchange"), which then is told as a removal and a new one. A company book is a mailbox like any other, of which what is
marked private is its owner's own and left out. Where only the calendar is shared the book is refused, and the calendar
is read as before. `Book.path` says nothing here: the folder is found by its name.
"""

import json
from dataclasses import dataclass, field
from functools import partial

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact
from gateway.errors import GiveUp, RetryLater
from gateway.sources.ews.connection.refusals import StaleState
from gateway.sources.ews.contacts import changes as asks
from gateway.sources.ews.place import Place, Places

READS = 1  # counted up when more of a contact is read: books are then read anew
MOST_PAGES = 5000  # of changes, in one reading
MOST = 200_000  # contacts of one book


@dataclass(frozen=True, slots=True)
class Books:
    """Reads books of one account."""

    places: Places

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """As `ports.ContactSource.read`; raises `NotShared` where the account may not read these contacts."""
        return await self.places.at(book, lambda place: self._read(place, book, since))

    async def _read(self, place: Place, book: Book, since: str | None) -> ContactChanges | None:
        known = _state(since)
        if known is not None:
            try:
                found = await self._since(place, book, known)
            except StaleState:
                known = None
            else:
                return found.changes(whole=False) if found.some else None
        return (await self._since(place, book, None)).changes(whole=True)

    async def _since(self, place: Place, book: Book, state: str | None) -> "_Found":
        found = _Found()
        for _ in range(MOST_PAGES):
            page = await self.places.ask(place, partial(asks.changes, state=state))
            found.take(page)
            if page.put:
                private = book.owner is not None
                found.hear(await self.places.ask(place, partial(asks.details, ids=page.put, private=private)))
            if len(found.put) > MOST:
                raise GiveUp(f"the folder has more than {MOST} contacts", "remove what is not needed")
            if not page.more or page.state == state:
                return found
            state = page.state
        raise RetryLater("the server does not come to an end of what has changed", after=60.0)


@dataclass(slots=True)
class _Found:
    """What a reading has brought so far; of what comes twice the last counts."""

    put: dict[str, Contact] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    state: str = ""
    some: bool = False
    set_aside: int = 0

    def take(self, page: asks.Changes) -> None:
        self.state, self.some = page.state, self.some or bool(page.put or page.gone)
        self._drop(page.gone)

    def hear(self, told: asks.Told) -> None:
        self._drop(told.out)
        for one in told.contacts:
            self.put[one.key] = one
            self.gone.pop(one.key, None)
        self.set_aside += told.set_aside

    def changes(self, *, whole: bool) -> ContactChanges:
        token = json.dumps({"reads": READS, "state": self.state}) if self.state else None
        gone = () if whole else tuple(self.gone)
        return ContactChanges(tuple(self.put.values()), gone, token, whole, self.set_aside)

    def _drop(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self.put.pop(key, None)
            self.gone[key] = None


def _state(token: str | None) -> str | None:
    """Read a token; what cannot be read, or was read for less, is none."""
    try:
        said = json.loads(token or "null")
        state = said["state"] if said["reads"] == READS else None
    except (ValueError, TypeError, LookupError):
        return None
    return state if isinstance(state, str) and state else None
