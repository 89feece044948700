"""Fixtures of real servers: one of each per run, started when the first test asks for it.

Each test has users and extensions of its own. A test that stops, kills or breaks a server starts its own with
`peers` and the fixture `folder`.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from peers.asterisk import Asterisk
from peers.radicale import Radicale
from peers.sogo import Sogo

AT_CONTRACTS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
ON_THE_ROAD = ("ingrid", "johan", "karin", "lars", "maria", "nils", "olga")
BY_HAND = ("petra", "rolf", "sanna", "tove")
IN_DIRECTORY = ("agnes", "bodil")
IN_PORTAL = ("sigrid@example.org",)  # one signs in with an address, as with most servers
IN_ROOMS = ("ulla", "vera", "walter", "xenia", "yngve", "zora")
EVERYBODY = (*AT_CONTRACTS, *ON_THE_ROAD, *BY_HAND, *IN_DIRECTORY, *IN_PORTAL, *IN_ROOMS)
PEOPLE = {name: f"password of {name}" for name in EVERYBODY}


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """A folder for the run's servers: short, as the path of a UNIX socket must be, and open to their users."""
    with tempfile.TemporaryDirectory(prefix="ringplan-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short-named, empty folder for one test's own servers."""
    with tempfile.TemporaryDirectory(prefix="ringplan-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest_asyncio.fixture(scope="session")
async def asterisk(servers: Path) -> AsyncIterator[Asterisk]:
    """The run's Asterisk 22, with phones 1001 to 1040."""
    async with Asterisk.start(servers / "asterisk") as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def radicale(servers: Path) -> AsyncIterator[Radicale]:
    """The run's Radicale with `PEOPLE`."""
    async with Radicale.start(servers / "radicale", PEOPLE) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def sogo(servers: Path) -> AsyncIterator[Sogo]:
    """The run's SOGo with `PEOPLE`."""
    async with Sogo.start(servers / "sogo", PEOPLE) as running:
        yield running
