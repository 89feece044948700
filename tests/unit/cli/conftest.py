"""The commands as they are typed, on an installation of its own per test."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from gateway.cli.root import app

Ringplan = Callable[..., Result]

INIT = ("init", "--yes", "--domain", "example.org", "--zone", "Europe/Stockholm", "--country", "SE")


@pytest.fixture(scope="session", autouse=True)
def _one_set_of_commands() -> Iterator[None]:
    """Let all of them be made of their functions once: that takes longer than most of them do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(get_command))
        yield


@pytest.fixture(scope="session")
def new_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after `init`."""
    folder = tmp_path_factory.mktemp("new-installation")
    assert CliRunner().invoke(app, ["--config", str(folder / "ringplan.toml"), *INIT]).exit_code == 0
    return folder


@pytest.fixture
def installed(tmp_path: Path) -> Ringplan:
    """Nothing yet but a folder: `installed("init", …)`."""

    def ringplan(*words: str, says: str | None = None) -> Result:
        return CliRunner().invoke(app, ["--config", str(tmp_path / "ringplan.toml"), *words], input=says)

    return ringplan


@pytest.fixture
def ringplan(installed: Ringplan, tmp_path: Path, new_installation: Path) -> Ringplan:
    """An installation after `init`."""
    shutil.copytree(new_installation, tmp_path, dirs_exist_ok=True)
    return installed
