"""Where a test's own database lies."""

from pathlib import Path

import pytest

from gateway.store.settings import StoreSettings


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    return StoreSettings(path=tmp_path / "ringplan.db")
