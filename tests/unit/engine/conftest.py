"""A fresh database per test; a calendar, a PBX and a clock that tests turn by hand."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock
from tests.fakes.switch import FakePbx
from tests.unit.engine.conference.meeting import Meetings
from tests.unit.store.made import NOON


@pytest_asyncio.fixture(scope="session")
async def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that is as new: making each by all revisions takes longer than most tests."""
    folder = tmp_path_factory.mktemp("new-store")
    async with Store.open(StoreSettings(path=folder / "ringplan.db")):
        return folder


@pytest.fixture
async def store(tmp_path: Path, new_store: Path) -> AsyncIterator[Store]:
    shutil.copytree(new_store, tmp_path, dirs_exist_ok=True)
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as opened:
        yield opened


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def calendar() -> FakeCalendar:
    return FakeCalendar()


@pytest.fixture
def pbx() -> FakePbx:
    return FakePbx()


@pytest.fixture
async def held(store: Store, pbx: FakePbx, calendar: FakeCalendar, clock: HandClock) -> AsyncIterator[Meetings]:
    async with Meetings.open(store, pbx, calendar, clock) as opened:
        yield opened
