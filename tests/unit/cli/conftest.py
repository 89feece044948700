"""The commands as they are typed, on an installation of its own per test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.root import app

Ringplan = Callable[..., Result]

INIT = ("init", "--yes", "--domain", "example.org", "--zone", "Europe/Stockholm", "--country", "SE")


@pytest.fixture
def installed(tmp_path: Path) -> Ringplan:
    """Nothing yet but a folder: `installed("init", …)`."""

    def ringplan(*words: str, says: str | None = None) -> Result:
        return CliRunner().invoke(app, ["--config", str(tmp_path / "ringplan.toml"), *words], input=says)

    return ringplan


@pytest.fixture
def ringplan(installed: Ringplan) -> Ringplan:
    """An installation after `init`."""
    assert installed(*INIT).exit_code == 0
    return installed
