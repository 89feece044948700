"""Listeners are supervised one by one: a port that is taken keeps one away, and no other."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.directory import Directory
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.engine.supervise import supervise
from gateway.errors import RingplanError
from gateway.store import devices, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers import ports
from peers.ldapsearch import Telephone
from peers.process import POLL, SOON


@pytest.fixture
def taken() -> Iterator[int]:
    port = ports.free()
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", port))
        somebody.listen()
        yield port
    ports.release(port)


@pytest.fixture
def port() -> Iterator[int]:
    found = ports.free()
    yield found
    ports.release(found)


async def test_a_port_that_is_taken_keeps_one_listener_away_and_no_other(tmp_path: Path, taken: int, port: int) -> None:
    said: dict[str, RingplanError | None] = {}

    async def say(name: str, error: RingplanError | None) -> None:
        said[name] = error

    async def serve(name: str, _: None) -> None:
        await say(name, None)
        await asyncio.Event().wait()

    async def follow(_: None) -> None:
        await directory.follow(partial(say, "directory", None))

    listen = {
        name: ListenSettings.model_validate({"address": "127.0.0.1", "tls": "none", "port": number})
        for name, number in (("first", taken), ("second", port))
    }
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store:
        async with store.write() as rows:
            user = await users.add(rows, User(0, "1001", (), ZoneInfo("Europe/Stockholm"), name="Anna"))
            password = await devices.password(rows, await devices.add(rows, user.id, "desk", "other"))
        directory = Directory(Listening(DirectorySettings(host="127.0.0.1"), listen), store)
        clock = WallClock()
        works = [supervise(nullcontext, follow, partial(say, "directory"), clock)]
        works += [
            supervise(partial(directory.listen, name), partial(serve, name), partial(say, name), clock)
            for name in directory.listeners
        ]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            async with asyncio.timeout(SOON):
                while said.keys() != {"directory", "first", "second"}:
                    await asyncio.sleep(POLL)
            assert (said["directory"], said["second"]) == (None, None)
            assert f"port {taken} cannot be listened on" in str(said["first"])
            [found] = await Telephone(f"ldap://127.0.0.1:{port}", "1001", password.reveal()).search("(cn=anna)")
            assert found["telephoneNumber"] == ["1001"]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
