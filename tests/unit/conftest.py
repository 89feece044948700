"""What holds for all unit tests: nothing is reached over a network, and a new database is made once."""

import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.settings import StoreSettings
from gateway.store.store import Store


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a unit test fail that connects to, listens for, or looks up a host."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a unit test uses no sockets: see tests/contract")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="session")
async def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that is as new: making each by all revisions takes longer than most tests."""
    folder = tmp_path_factory.mktemp("new-store")
    async with Store.open(StoreSettings(path=folder / "ringplan.db")):
        return folder


@pytest.fixture
async def store(tmp_path: Path, new_store: Path) -> AsyncIterator[Store]:
    """A new database in the test's own folder, opened."""
    shutil.copytree(new_store, tmp_path, dirs_exist_ok=True)
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as opened:
        yield opened
