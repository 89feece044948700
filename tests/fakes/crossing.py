"""A TCP proxy that stops at an exact place in what crosses it, so that a test can kill somebody just there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum


class Toward(Enum):
    """Which way something crosses."""

    SERVER = "server"
    CLIENT = "client"


class Crossing:
    """Passes everything on to `127.0.0.1:target`; after `stop`, up to the place that was named, and then nothing."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.reached = asyncio.Event()
        self._place: tuple[Toward, bytes, bool] | None = None
        self._after: bytes | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, target: int) -> AsyncIterator["Crossing"]:
        """Listen on a free loopback port."""
        crossing = cls(target)
        server = await asyncio.start_server(crossing._serve, "127.0.0.1", 0)
        crossing.port = server.sockets[0].getsockname()[1]
        try:
            yield crossing
        finally:
            server.close()
            for writer in crossing._writers:
                writer.transport.abort()
            await server.wait_closed()

    def stop(self, toward: Toward, at: bytes, *, pass_it: bool, after: bytes | None = None) -> None:
        """Let nothing more cross either way once `at` is seen, after the client has sent `after`.

        `pass_it`: what is read together with it still arrives.
        """
        self._after = after
        self.reached.clear()
        self._place = (toward, at, pass_it)

    def go_on(self) -> None:
        """Pass everything on again, on new connections."""
        self._place = None
        self.reached.clear()

    def cut(self) -> None:
        """Cut every connection, as a pulled cable would, and pass everything on again on new ones."""
        for writer in self._writers:
            writer.transport.abort()
        self.go_on()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        mine = {writer, to_server}
        self._writers |= mine
        try:
            with suppress(ConnectionError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._carry(reader, to_server, Toward.SERVER))
                    both.create_task(self._carry(from_server, writer, Toward.CLIENT))
        except ExceptionGroup as group:
            if group.split(ConnectionError)[1] is not None:
                raise
        finally:
            self._writers -= mine
            for one in mine:
                one.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, toward: Toward) -> None:
        seen = b""
        while data := await reader.read(1 << 16):
            if self.reached.is_set():
                continue
            seen = seen[-200:] + data
            if self._after and toward is Toward.SERVER and self._after in seen:
                self._after, seen = None, b""
            if self._place and not self._after and self._place[0] is toward and self._place[1] in seen:
                if self._place[2]:
                    writer.write(data)
                    await writer.drain()
                self.reached.set()
                continue
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
