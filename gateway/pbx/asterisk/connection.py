"""Opening one AMI connection, as an `async with`: TCP or TLS, signed in, read from and watched until it is left.

Its loss is an exception of whoever uses it (`client`), never a cancellation; opening it again is the engine's.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from gateway.errors import Unreachable
from gateway.net.trust import trust
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.settings import AsteriskSettings


@asynccontextmanager
async def connect(settings: AsteriskSettings) -> AsyncIterator[Client]:
    """Open one connection and sign in. Raises `Unreachable`, `SignInAgain`, or `Misconfigured` for a bad `ca`."""
    reader, writer = await _opened(settings)
    client = Client(reader, writer, settings)
    try:
        async with _beside(client.read(), name="ami read"):
            await client.sign_in()
            async with _beside(client.watch(), name="ami watch"):
                yield client
    finally:
        writer.transport.abort()


async def _opened(settings: AsteriskSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trusted = trust(settings.ca) if settings.tls else None
    try:
        async with asyncio.timeout(settings.deadline):
            return await asyncio.open_connection(settings.host, settings.port, ssl=trusted)
    except (OSError, TimeoutError) as error:
        remedy = "check that Asterisk runs and that manager.conf has enabled = yes, this port and this bindaddr"
        if isinstance(error, ssl.SSLError):
            remedy = "check tlsenable, tlsbindaddr and tlscertfile in manager.conf, and ca in the settings"
        why = str(error) or type(error).__name__
        raise Unreachable(f"Asterisk at {settings.address} cannot be reached: {why}", remedy) from error


@asynccontextmanager
async def _beside(work: Coroutine[object, object, None], name: str) -> AsyncIterator[None]:
    """Run `work` as a task while the body runs; an error of the body passes as it is, not wrapped into a group."""
    failed: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work, name=name)
        try:
            yield
        except Exception as error:  # noqa: BLE001 raised below, where no group wraps it
            failed = error
        task.cancel()
    if failed is not None:
        raise failed
