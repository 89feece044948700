"""`ringplan users import`: many users at once, out of a CSV file."""

import asyncio
from pathlib import Path

from gateway.deciding.by import By
from gateway.deciding.importing import Imported, Wrong, plan, records, text_of, write
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store.store import Store


async def import_users(settings: Settings, file: Path, *, update: bool) -> Imported:
    """Write everybody in `file` into the store, or nobody.

    Raises an `ExceptionGroup` of `Misconfigured`, one for every field that is wrong, each with its line.
    """
    some = records(await asyncio.to_thread(text_in, file, "name a CSV file"), str(file))
    async with Store.open(settings.store) as store, store.write() as rows:
        wanted = await plan(rows, settings.installation, some, update=update)
        if wanted.wrong:
            raise ExceptionGroup("the file cannot be imported", [_told(one) for one in wanted.wrong])
        return await write(rows, settings.installation, By(WallClock().now()), wanted)


def text_in(file: Path, remedy: str) -> str:
    """Return what a CSV file says. Blocking. Raises `Misconfigured`, with `remedy` where it cannot be read at all."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}", remedy) from error
    return text_of(content, str(file))


def _told(wrong: Wrong) -> Misconfigured:
    return Misconfigured(f"line {wrong.number}: {wrong.error}: {wrong.error.remedy}")
