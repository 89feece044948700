"""The directory as a part of a running gateway: an index that follows the store, and listeners that serve from it.

Each is supervised by itself. A port that is taken keeps one listener away, and neither the others nor anything else;
and while the store is away, what was indexed last is served.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.follow import follow
from gateway.directory.listings import Listings
from gateway.directory.schema import load
from gateway.directory.server import listening
from gateway.directory.settings import Listening
from gateway.directory.visitors import Visitors
from gateway.domain.device import Device
from gateway.domain.listing import Listing
from gateway.domain.user import Extension
from gateway.errors import RetryLater
from gateway.store import devices, organisation, users
from gateway.store.store import Store

Well = Callable[[], Awaitable[None]]


class Directory:
    """`follow` keeps the index, `listen` serves from it; `name_of` and `search` answer from memory at any time."""

    def __init__(self, settings: Listening, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._catalogue = Catalogue(settings.directory.base)
        self._visitors = Visitors(settings.directory.base)
        self._listings = Listings(self._catalogue, settings.directory.time_limit)
        self._owners: Mapping[Extension, int] = {}
        self._is_indexed = asyncio.Event()
        self._is_known = asyncio.Event()

    @property
    def listeners(self) -> Collection[str]:
        """The names of the listeners, as the settings have them."""
        return self._settings.listen.keys()

    def name_of(self, extension: Extension, number: str) -> str | None:
        """Return the name that the owner of `extension` may see for a caller's number."""
        return self._catalogue.name_of(self._owners.get(extension), number)

    async def search(self, owner: int, text: str, first: int, most: int) -> Listing:
        """Return what a telephone of user `owner` finds (`Listings.some`).

        Raises `RetryLater` when that takes too long, and before there is an index.
        """
        if not self._is_indexed.is_set():
            raise RetryLater("The contacts are still being read.", "Try again in a moment.")
        return await self._listings.some(owner, text, first, most)

    async def follow(self, well: Well) -> None:
        """Keep the index as the store is, until cancelled; `well` once it is. Raises `RetryLater`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(self._store, self._catalogue, self._is_indexed), name="directory index")
            tasks.create_task(self._know(), name="directory visitors")
            await self._is_filled()
            await well()

    @asynccontextmanager
    async def listen(self, name: str) -> AsyncIterator[None]:
        """Serve on one listener, once there is something to serve. Raises `Misconfigured` where it cannot listen."""
        schema = await asyncio.to_thread(load)
        await self._is_filled()
        alone = Listening(self._settings.directory, {name: self._settings.listen[name]})
        async with listening(alone, self._catalogue, self._visitors, schema):
            yield

    async def _is_filled(self) -> None:
        await self._is_indexed.wait()
        await self._is_known.wait()

    async def _know(self) -> None:
        """Let in whoever has a device, as long as they have it."""
        telephones: tuple[tuple[Device, bytes], ...] = ()
        async with aclosing(self._store.watch("devices", "organisation", "users")) as changes:
            async for changed in changes:
                async with self._store.read() as rows:
                    everybody = await users.every(rows)
                    form = (await organisation.get(rows)).numbering.form
                    if "devices" in changed:
                        telephones = await devices.every(rows)
                self._visitors.replace(everybody, telephones, form)
                self._owners = {place: user.id for user in everybody if user.enabled for place in user.places}
                self._is_known.set()
