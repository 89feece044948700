"""`check`: what it says of many findings. What it finds is looked at on real servers, in tests/contract and system."""

import pytest

from gateway.cli.check import AT_MOST, _tell_of
from gateway.domain.finding import Finding


def test_of_many_findings_of_a_kind_the_first_are_told_and_the_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = [Finding(f"p{number}@example.org", False, "nothing there", "look there") for number in range(2000)]
    good = [Finding("a@example.org", True, "can be read")]
    _tell_of("reader at office", [*good, *bad, Finding("b@example.org", False, "no", "another remedy")])
    told = capsys.readouterr().out.splitlines()
    assert sum("nothing there" in line for line in told) == AT_MOST
    assert "ok   reader at office a@example.org: can be read" in told
    assert "       another remedy" in told
    assert "FAIL reader at office others: 1990 more like these; --json names all" in told
