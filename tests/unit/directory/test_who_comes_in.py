"""Who comes in, as the store has it: telephones are read when one of them changes, users when somebody does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.directory import Directory
from gateway.directory.settings import DirectorySettings, Listening
from gateway.domain.contact import Numbering
from gateway.domain.user import Organisation, User
from gateway.store import devices, organisation, users
from gateway.store.store import Store
from peers.process import until

ZONE = ZoneInfo("Europe/Stockholm")
SOON = 60.0  # seconds, for what takes some milliseconds


@pytest.fixture
async def directory(store: Store) -> AsyncIterator[Directory]:
    """A directory that follows the store."""
    async with store.write() as rows:
        await organisation.put(rows, Organisation(ZONE, numbering=Numbering("SE", "8")))
    made, is_well = Directory(Listening(DirectorySettings(host="pbx.example.org"), {}), store), asyncio.Event()

    async def well() -> None:
        is_well.set()

    following = asyncio.create_task(made.follow(well), name="directory")
    await asyncio.wait_for(is_well.wait(), SOON)
    yield made
    following.cancel()
    await asyncio.wait((following,))


async def test_a_telephone_comes_in_as_long_as_it_and_its_user_are_there(store: Store, directory: Directory) -> None:
    async def seen(name: str, *, comes_in: bool) -> None:
        def holds() -> bool:
            return (directory._visitors.admit(name.encode(), secret, "10.0.0.1", 0.0).visitor is not None) is comes_in

        await until(holds, SOON, f"{name} comes in: {comes_in}")

    async with store.write() as rows:
        anna = await users.add(rows, User(0, "1001", ("anna@example.org",), ZONE))
        desk = await devices.add(rows, anna.id, "desk", "yealink")
        secret = (await devices.password(rows, desk)).reveal().encode()
    await seen("1001", comes_in=True)
    async with store.write() as rows:
        await users.put(rows, replace(anna, extension="1009", emails=("a@example.org",)))
    await seen("1001", comes_in=False)
    await seen("1009", comes_in=True)
    await seen("a@example.org", comes_in=True)
    await seen("anna@example.org", comes_in=False)
    async with store.write() as rows:
        await users.put(rows, replace(anna, enabled=False))
    await seen("1009", comes_in=False)
    async with store.write() as rows:
        await users.put(rows, anna)
    await seen("1001", comes_in=True)
    assert directory._owners == {"1001": anna.id}
    async with store.write() as rows:
        await devices.remove(rows, desk.id)
    await seen("1001", comes_in=False)
    async with store.write() as rows:
        again = await devices.add(rows, anna.id, "desk", "yealink")
        secret = (await devices.password(rows, again)).reveal().encode()
    await seen("1001", comes_in=True)
    async with store.write() as rows:
        await users.remove(rows, anna.id)
    await seen("1001", comes_in=False)
    assert directory._visitors.here(again.id) is None
