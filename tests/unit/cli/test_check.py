"""`check`: what it says of many findings. What it finds is looked at on real servers, in tests/contract and system."""

from pathlib import Path

import pytest

from gateway.cli.check import AT_MOST, Known, _accounts, _tell_of
from gateway.domain.book import Book
from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.settings import load
from tests.unit.cli.conftest import Ringplan


def test_of_many_findings_of_a_kind_the_first_are_told_and_the_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = [Finding(f"p{number}@example.org", False, f"nothing at {number}", "look there") for number in range(2000)]
    good = [Finding("a@example.org", True, "can be read")]
    _tell_of("reader at office", [*good, *bad, Finding("b@example.org", False, "no", "another remedy")])
    told = capsys.readouterr().out.splitlines()
    assert sum("nothing at" in line for line in told) == AT_MOST
    assert "ok   reader at office a@example.org: can be read" in told
    assert "       another remedy" in told
    assert "FAIL reader at office others: 1990 more like these; --json names all" in told


def test_what_is_said_of_many_is_said_once_and_the_first_of_them_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    readers = [Finding(f"p{number}@example.org", True, "the right is reviewer") for number in range(300)]
    none = [Finding(name, False, "the right is none", "share it") for name in ("x@example.org", "y@example.org")]
    _tell_of("reader at office", [*readers, *none, Finding("p@example.org", True, "the right is full")])
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 4
    assert told[0].startswith("ok   reader at office p0@example.org, p1@example.org, p2@example.org")
    assert told[0].endswith("p9@example.org and 290 more (--json names all): the right is reviewer")
    assert told[1:3] == ["FAIL reader at office x@example.org, y@example.org: the right is none", "       share it"]


def test_what_works_and_should_be_looked_at_is_told_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    _tell_of("reader at office", [Finding("source", True, "TLS 1.0 IS ALLOWED", "update the server")])
    assert capsys.readouterr().out.splitlines() == [
        "note reader at office source: TLS 1.0 IS ALLOWED",
        "       update the server",
    ]


def test_no_letter_can_be_sent_where_no_mail_server_is_set(ringplan: Ringplan) -> None:
    done = ringplan("check", "--mail-to", "anna@example.org")
    assert (done.exit_code, "add [mail]" in done.stderr) == (2, True), done.output


def test_a_letter_is_sent_to_an_address_alone(ringplan: Ringplan, tmp_path: Path) -> None:
    with (tmp_path / "ringplan.toml").open("a") as settings:
        settings.write('[mail]\nhost = "localhost"\nsender = "a@example.org"\n')
    done = ringplan("check", "--mail-to", "Anna <anna@example.org>")
    assert (done.exit_code, "is no e-mail address" in done.stderr) == (2, True), done.output


@pytest.mark.parametrize("read", [(), (Book(1, 1, "", name="customers"),)])
async def test_an_account_that_reads_nothing_is_told_unless_it_reads_a_book_of_the_company(
    ringplan: Ringplan, tmp_path: Path, read: tuple[Book, ...]
) -> None:
    reader = Account(1, "office", "reader", Secret("x"), service=True)
    known = Known((), (reader,), (), (), (), read, {}, {}, written=True, guests=False)
    found = [one.said async for _, one in _accounts(load(tmp_path / "ringplan.toml"), known)]
    assert found == ([] if read else ["no calendar is read through it"])
