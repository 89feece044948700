"""A server that answers every bind and search alike, without looking at it: how much the load generator can do.

python -m tests.bench.directory_bare PORT
"""

import asyncio
import sys

from gateway.directory.wire import answers
from tests.bench.directory_load import DONE

BOUND = answers.result(1, answers.BIND, 0)
FOUND = DONE + b"\0\x04\0\x04\0"


class Bare(asyncio.Protocol):
    """Says that it is bound, then that nothing was found."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._answers = iter((BOUND, FOUND))

    def data_received(self, data: bytes) -> None:
        answer = next(self._answers, b"")
        if answer and isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(answer)


async def main(port: int) -> None:
    """Serve until SIGTERM."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
