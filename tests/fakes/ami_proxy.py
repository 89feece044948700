"""A TCP proxy before an AMI, which cuts the connection at an exact action."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class AmiProxy:
    """Passes everything on until `cut_after` actions have gone through, then cuts both sides; None: never."""

    target: int
    port: int = 0
    cut_after: int | None = None
    passed: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["AmiProxy"]:
        """Listen on a free loopback port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()

    def cut(self) -> None:
        """Cut every connection, as a pulled cable would: what is on its way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_pbx, to_pbx = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, to_pbx}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._actions(reader, to_pbx))
                both.create_task(self._answers(from_pbx, writer))
        finally:
            self._writers -= {writer, to_pbx}

    async def _actions(self, reader: asyncio.StreamReader, to_pbx: asyncio.StreamWriter) -> None:
        try:
            while self.cut_after is None or self.passed < self.cut_after:
                to_pbx.write(await reader.readuntil(b"\r\n\r\n"))
                self.passed += 1
            await to_pbx.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # one side went away, and so does the other
        if self.cut_after is not None and self.passed >= self.cut_after:
            to_pbx.close()  # what was passed on arrives; its answers do not
        else:
            self.cut()

    async def _answers(self, from_pbx: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await from_pbx.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the other side is told below
        writer.close()
