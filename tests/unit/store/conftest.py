"""A fresh database per test, in the test's own folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.settings import StoreSettings
from gateway.store.store import Store


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    return StoreSettings(path=tmp_path / "ringplan.db")


@pytest.fixture
async def store(settings: StoreSettings) -> AsyncIterator[Store]:
    async with Store.open(settings) as opened:
        yield opened
