"""The house rules that ruff, mypy and import-linter do not know, held over every file of the checkout.

The hosts that may not be named are asked of this machine: those of its apt, pip and npm.
"""

import ast
import asyncio
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pip._internal.models.index import PyPI

ROOT = Path(__file__).parents[2]
LONGEST = 400
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager"}
DATA = ("dialplan", "docker", "ldap")
SHARED = ("dialplan", "ldap")
EVERYBODYS = {Path("/"), Path("/tmp"), Path("/home"), Path("/root"), Path("/opt"), Path("/srv")}  # noqa: S108 - compared only
PASSES_UNRUN = re.compile(r"pytest\.(skip|xfail)|mark\.(skip|xfail)|import(or)skip")
SWALLOWED = re.compile(r"except( Exception| BaseException)?:\s*(pass\s*)?$|suppress\((Base)?Exception")
SLEPT = re.compile(r"time\.sleep\(|asyncio\.sleep\((0\.\d*[1-9]|[1-9])")


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def files(*patterns: str) -> list[Path]:
    """What git tracks, or would: relative paths."""
    listed = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns)
    return sorted({Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()})


def lines(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """The lines in which `pattern` is found, as `path:number`."""
    return [
        f"{path}:{number}"
        for path in paths
        for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1)
        if pattern.search(line)
    ]


def hosts() -> set[str]:
    """The registries that this machine uses."""
    said = output("apt-get", "indextargets", "--format", "$(SITE)").split()
    said += re.findall(r"[a-z]+://[^\s'\"]+", output(sys.executable, "-m", "pip", "config", "list"))
    if npm := shutil.which("npm"):
        said.append(output(npm, "config", "get", "registry").strip())
    named = {urlsplit(site).hostname for site in said} | {PyPI.netloc, PyPI.file_storage_domain}
    return {host for host in named if host}


def test_no_file_is_too_long():
    lengths = {str(path): len((ROOT / path).read_bytes().splitlines()) for path in files("*.py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_names_say_something():
    assert [path for path in files("*.py") if VAGUE & {path.stem, *path.parts[:-1]}] == []


@pytest.mark.parametrize("folder", DATA)
def test_a_data_folder_holds_no_python(folder):
    assert files(f"{folder}/**/*.py", f"{folder}/*.py") == []


def test_a_package_is_introduced_by_its_docstring_and_nothing_else():
    modules = files("gateway/**/*.py", "gateway/*.py")
    for package in {path.parent for path in modules}:
        contract = ast.parse((ROOT / package / "__init__.py").read_text())
        assert ast.get_docstring(contract), f"{package} has no contract"
        assert len(contract.body) == 1, f"{package}/__init__.py holds more than its contract"


def test_no_file_names_a_registry_or_a_place_on_this_machine():
    places = {str(ROOT)} | ({f"{ROOT.parent}/"} if ROOT.parent not in EVERYBODYS else set())
    unwanted = [word.encode() for word in hosts() | places]
    assert unwanted
    assert [str(path) for path in files() if any(word in (ROOT / path).read_bytes() for word in unwanted)] == []


def test_no_test_can_pass_unrun():
    assert lines(PASSES_UNRUN, files("tests/*.py", "tests/**/*.py")) == []


def test_no_error_is_swallowed():
    assert lines(SWALLOWED, files("gateway/*.py", "gateway/**/*.py")) == []


def test_nothing_sleeps_where_it_could_wait():
    assert lines(SLEPT, files("gateway/*.py", "gateway/**/*.py", "tests/*.py", "tests/**/*.py")) == []


async def test_a_unit_test_reaches_nobody():
    with pytest.raises(AssertionError, match="no sockets"):
        await asyncio.open_connection("127.0.0.1", 9)
    with pytest.raises(AssertionError, match="no sockets"):
        await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)


def test_every_shared_folder_is_in_the_wheel():
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert packaging["shared-data"] == {
        folder: f"share/ringplan/{folder}" for folder in SHARED if (ROOT / folder).is_dir()
    }
