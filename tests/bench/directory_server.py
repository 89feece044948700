"""The directory in a process of its own, as the gateway runs it, for the bench: it counts what this process takes.

    python -m tests.bench.directory_server FOLDER PORT SECURE CERTIFICATE KEY

Once it listens, `FOLDER/ready.json` says how many seconds the index took, and how many milliseconds passed from the
commit of a changed contact until a search found it.
"""

import asyncio
import gc
import json
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

from gateway.directory.directory import Directory
from gateway.directory.index.catalogue import BASE, Catalogue
from gateway.directory.query import Equal, Query, Scope, Viewer
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.domain.book import ContactChanges
from gateway.domain.contact import Form
from gateway.store import books, contacts
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.bench.directory_world import DAY, NOW

CHANGES = 10
LOOK = 0.001  # seconds between two looks


async def main(folder: Path, port: int, secure: int, certificate: Path, key: Path) -> None:
    """Serve until SIGTERM."""
    settings = Listening(
        DirectorySettings.model_validate({"host": "127.0.0.1", "connections": 10_000}),
        {
            "plain": ListenSettings.model_validate({"address": "127.0.0.1", "port": port, "tls": "none"}),
            "secure": ListenSettings.model_validate(
                {"address": "127.0.0.1", "port": secure, "tls": "ldaps", "certificate": certificate, "key": key}
            ),
        },
    )
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
        began = time.perf_counter()
        directory = Directory(settings, store)

        async def ready() -> None:
            told = {"index": time.perf_counter() - began}
            visible = [await _visible(store, directory._catalogue, at) for at in range(CHANGES)]
            (folder / "ready.json").write_text(json.dumps({**told, "visible": visible}))

        async with AsyncExitStack() as listeners, asyncio.TaskGroup() as tasks:
            following = tasks.create_task(directory.follow(ready))
            for name in directory.listeners:
                await listeners.enter_async_context(directory.listen(name))
            await following


async def _visible(store: Store, catalogue: Catalogue, at: int) -> float:
    """Return how many milliseconds after its commit a changed contact is found."""
    async with store.read() as rows:
        book = (await books.every(rows))[at % 2]
        contact = (await contacts.of_book(rows, book.id))[at]
    async with store.write() as rows:
        changes = ContactChanges((replace(contact, title=f"changed {at}"),), whole=False)
        await contacts.apply(rows, book.id, changes, day=DAY, epoch=0, now=NOW)
    written = time.perf_counter()
    query = Query(BASE, Scope.SUBTREE, Equal("title", f"changed {at}".encode()))
    while True:
        found = catalogue.find(Viewer(book.owner, Form.NATIONAL), query)
        if found is not None and found.entries:
            return (time.perf_counter() - written) * 1000
        await asyncio.sleep(LOOK)


if __name__ == "__main__":
    gc.freeze()  # as the gateway does, once all is loaded
    with suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5])))
