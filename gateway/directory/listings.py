"""Contacts as pages list them: what a telephone of the same user would find, in the same order, a part at a time.

It runs in the loop that leads calls, so a search gives way to others every two milliseconds, and nobody has two at a
time, however often they ask.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.query import Query, Scope, Viewer
from gateway.directory.typed import ANYBODY, wanted
from gateway.directory.wire.answers import Refusal
from gateway.domain.listing import Listing
from gateway.errors import RetryLater

LONGEST = 100  # characters of what is looked for: more is no name and no number


class Listings:
    """`seconds`: a search that takes longer ends with `RetryLater`."""

    def __init__(self, catalogue: Catalogue, seconds: float) -> None:
        self._catalogue = catalogue
        self._seconds = seconds
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def some(self, owner: int, text: str, first: int, most: int) -> Listing:
        """Return what `owner`'s telephone finds for `text` ("": everybody), at most so many from the `first` on (0…).

        Raises `RetryLater` when that takes too long.
        """
        catalogue, typed = self._catalogue, " ".join(text[:LONGEST].split())
        query = Query(catalogue.base, Scope.SUBTREE, wanted(typed) if typed else ANYBODY)
        viewer = Viewer(owner, catalogue.numbering.form)
        deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with self._one_at_a_time(owner, deadline):
                found = catalogue.find(viewer, query)
                if found is None:
                    found = await catalogue.find_slowly(viewer, query, deadline)
        except (Refusal, TimeoutError) as error:
            raise RetryLater("The search takes too long.", "Type more of the name.") from error
        entries = found.entries
        listed = tuple([catalogue.listed(hit, owner) for hit in entries[first : first + most]])
        return Listing(listed, len(entries))

    @asynccontextmanager
    async def _one_at_a_time(self, owner: int, deadline: float) -> AsyncIterator[None]:
        """Wait for the owner's other search. Raises `TimeoutError` at `deadline`."""
        turn = self._turns.setdefault(owner, asyncio.Lock())
        async with asyncio.timeout_at(deadline):
            await turn.acquire()
        try:
            yield
        finally:
            turn.release()
