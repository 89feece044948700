"""What strangers wrote steers no terminal, in whatever way it is shown."""

import json
import logging

import pytest

from gateway.cli import shown
from gateway.cli.run import FORMAT, Printable

STEERING = "\x1b[2J\r\n\x9b31m\u202e\U000e0041 Ångström"


def test_nothing_that_is_printed_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    shown.line(STEERING)
    shown.line(shown.bad(STEERING))
    shown.table(("",), [(STEERING,)])
    printed = capsys.readouterr().out
    assert all(one.isprintable() for one in printed.splitlines())
    assert printed.count("Ångström") == printed.count("\n") == 3


def test_json_carries_it_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    shown.as_json({"said": [STEERING]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"said": [STEERING]}
    assert all(one.isprintable() for one in printed.split("\n"))
    assert "Ångström" in printed


def test_a_line_of_the_log_is_one_line() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 1, "forbids /%s/", (STEERING,), None)
    assert Printable(FORMAT).format(record).isprintable()
