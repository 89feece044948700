"""The program itself: what happens before and around the commands."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from gateway import __main__ as program
from gateway.cli import root


def test_it_loads_the_commands_where_ctrl_c_is_caught() -> None:
    asks = "import sys, gateway.__main__; print('gateway.cli.root' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_ctrl_c_ends_it_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(prog_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(root, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 130


def run(*words: str, **given: object) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **given)  # type: ignore[call-overload, no-any-return]


def test_output_that_cannot_be_written_is_told_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = run("--version", stdout=full)
    assert done.returncode == 1
    assert done.stderr == b"ringplan: No space left on device\n"


def test_output_may_be_closed_and_letters_may_be_missing(tmp_path: Path) -> None:
    settings = ("--config", str(tmp_path / "ringplan.toml"))
    closed = run(*settings, "init", "--yes", "--domain", "example.org", stdout=None, preexec_fn=partial(os.close, 1))
    assert (closed.returncode, closed.stderr) == (0, b"")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run(*settings, "codes", "list", stdout=subprocess.PIPE, env=ascii_only)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"P? lunch" in done.stdout


def test_a_password_in_another_encoding_is_told(tmp_path: Path) -> None:
    settings = ("--config", str(tmp_path / "ringplan.toml"))
    assert run(*settings, "init", "--yes", "--domain", "example.org", stdout=subprocess.DEVNULL).returncode == 0
    done = run(*settings, "accounts", "add", "office", "reader", "--service", input=b"p\xe5ss\n")
    assert done.returncode == 2
    assert b"cannot be sent" in done.stderr
