"""The wheel, built from the checkout and installed into an empty environment: everything that runs is in it."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tree(folder: Path, pattern: str = "*") -> set[Path]:
    found = {path.relative_to(folder) for path in folder.rglob(pattern) if path.is_file()}
    return {path for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with the wheel; the dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    [wheel] = folder.glob("ringplan-*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, "--quiet", "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment


def test_the_command_runs_where_only_the_wheel_is(installed):
    assert "ringplan" in run(installed / "bin" / "ringplan", "--help", cwd=installed).lower()


def test_the_package_is_whole(installed):
    place = run(installed / "bin" / "python", "-c", "import gateway; print(gateway.__path__[0])", cwd=installed)
    package = Path(place.strip())
    assert package.is_relative_to(installed)
    assert tree(package) == tree(ROOT / "gateway")


@pytest.mark.parametrize("folder", [folder for folder in ("dialplan", "ldap") if (ROOT / folder).is_dir()])
def test_the_data_is_there(installed, folder):
    assert tree(installed / "share" / "ringplan" / folder) == tree(ROOT / folder)
