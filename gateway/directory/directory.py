"""The directory as one part of a running gateway: its index follows the store, and it listens once it has one.

When it listens somewhere, and when it cannot, is said to whoever asks how the parts are; it never ends the gateway.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.follow import follow
from gateway.directory.schema import Schema, load
from gateway.directory.server import listening
from gateway.directory.settings import Listening
from gateway.directory.visitors import Visitors
from gateway.domain.user import Extension
from gateway.store import devices, organisation, users
from gateway.store.store import Store

Ready = Callable[[], Awaitable[None]]


class Directory:
    """`opened` and `run` are for `engine.supervise`; `name_of` answers from memory at any time."""

    def __init__(self, settings: Listening, store: Store, ready: Ready) -> None:
        self._settings = settings
        self._store = store
        self._ready = ready
        self._catalogue = Catalogue(settings.directory.base)
        self._visitors = Visitors(settings.directory.base)
        self._owners: Mapping[Extension, int] = {}

    def name_of(self, extension: Extension, number: str) -> str | None:
        """Return the name that the owner of `extension` may see for a caller's number."""
        return self._catalogue.name_of(self._owners.get(extension), number)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Schema]:
        """Read the schema. Raises `Misconfigured`."""
        yield await asyncio.to_thread(load)

    async def run(self, schema: Schema) -> None:
        """Serve until cancelled; raises `RetryLater` when the store is away, `Misconfigured` where it cannot listen."""
        indexed, known = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(self._store, self._catalogue, indexed), name="directory index")
            tasks.create_task(self._know(known), name="directory visitors")
            await indexed.wait()
            await known.wait()
            async with listening(self._settings, self._catalogue, self._visitors, schema):
                await self._ready()
                await asyncio.Event().wait()

    async def _know(self, known: asyncio.Event) -> None:
        """Let in whoever has a device, as long as they have it."""
        async with aclosing(self._store.watch("devices", "organisation", "users")) as changes:
            async for _ in changes:
                async with self._store.read() as rows:
                    everybody = await users.every(rows)
                    form = (await organisation.get(rows)).numbering.form
                    self._visitors.replace(everybody, await devices.every(rows), form)
                self._owners = {place: user.id for user in everybody if user.enabled for place in user.places}
                known.set()
