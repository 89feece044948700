"""The program itself: what happens before and around the commands."""

import subprocess
import sys

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
