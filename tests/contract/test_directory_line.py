"""Lines of the directory at the sockets of this kernel: what waits for a client, and clients that are gone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from gateway.directory.line import FULL, Line
from gateway.directory.watch import Watch

MUCH = b"x" * 200 * FULL  # more than the kernel takes


class Owner:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.note("data")

    def pause_writing(self) -> None:
        self.note("pause")

    def resume_writing(self) -> None:
        self.note("resume")

    def connection_lost(self) -> None:
        self.note("lost")

    def note(self, said: str) -> None:
        self.said.append(said)
        self.changed.set()

    async def until(self, said: str) -> None:
        async with asyncio.timeout(60):
            while said not in self.said:
                self.changed.clear()
                await self.changed.wait()


@pytest_asyncio.fixture
async def watch() -> AsyncIterator[Watch]:
    watch = Watch(asyncio.get_running_loop())
    yield watch
    watch.close()


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket() as client:
        yield client


@pytest.fixture
def taken(client: socket.socket) -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client.connect(listening.getsockname())
        taken, _ = listening.accept()
        taken.setblocking(False)
        return taken


async def test_what_waits_goes_out_when_the_client_reads_and_then_it_is_hung_up(watch, client, taken):
    owner = Owner()
    line = Line(taken, owner, watch)
    line.begin()
    line.write(MUCH)
    assert owner.said == ["pause"]
    line.close()
    got = await asyncio.to_thread(lambda: sum(iter(lambda: len(client.recv(1 << 20)), 0)))
    await owner.until("lost")
    assert (got, owner.said) == (len(MUCH), ["pause", "resume", "lost"])


@pytest.mark.parametrize("reads", [True, False])
async def test_a_client_that_is_gone_is_said_to_be_once(watch, client, taken, reads):
    owner = Owner()
    line = Line(taken, owner, watch)
    line.begin()
    line.write(MUCH)
    if not reads:
        line.pause()
    client.close()  # with much that it has not read: the kernel says so by a reset
    await owner.until("lost")
    line.write(b"more")
    line.abort()
    assert owner.said == ["pause", "lost"]
