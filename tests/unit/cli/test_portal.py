"""`portal`: who may sign in, and as what."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.deciding import passwords
from gateway.domain.letter import Letter
from gateway.mail.smtp import Smtp
from gateway.store import audit, sessions, signins
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

PORTAL = "https://telephone.example.org"
LINK = re.compile(rf"{PORTAL}/welcome/[\w-]{{43}}")
NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture
def with_portal(ringplan: Ringplan, tmp_path: Path) -> Ringplan:
    """Anna and Otto, and a portal."""
    settings = tmp_path / "ringplan.toml"
    settings.write_text(f'{settings.read_text()}\n[web]\nurl = "{PORTAL}"\nproxies = ["127.0.0.1/32"]\n')
    assert ringplan("users", "add", "1001", "--email", "anna@example.org", "--language", "sv").exit_code == 0
    assert ringplan("users", "add", "1002", "--email", "otto@example.org").exit_code == 0
    return ringplan


def listed(ringplan: Ringplan) -> list[dict[str, object]]:
    found = json.loads(ringplan("portal", "list", "--json").stdout)
    assert isinstance(found, list)
    return found


def store_of(tmp_path: Path) -> StoreSettings:
    (path,) = tmp_path.rglob("*.db")
    return StoreSettings(path=path)


def send_mail(tmp_path: Path) -> None:
    """Let letters be sent."""
    settings = tmp_path / "ringplan.toml"
    settings.write_text(
        f'{settings.read_text()}\n[mail]\nhost = "mail.example.org"\nsender = "telephone@example.org"\n'
    )


def sign_in(tmp_path: Path, name: str) -> None:
    """Let somebody have chosen a password and signed in with a browser."""

    async def work() -> None:
        async with Store.open(store_of(tmp_path)) as store, store.write() as rows:
            found = await signins.by_name(rows, name)
            assert found is not None
            await signins.put_hash(rows, found.id, passwords.NOBODYS)
            await sessions.begin(rows, found.id, NOW, NOW.replace(year=2036), "a browser")

    asyncio.run(work())


def test_a_link_is_told_once_and_until_when(with_portal: Ringplan, tmp_path: Path) -> None:
    done = with_portal("portal", "invite", "1001")
    assert done.exit_code == 0, done.stderr
    assert LINK.fullmatch(done.stdout.splitlines()[0])
    assert "once, until 20" in done.stdout
    (anna,) = listed(with_portal)
    assert (anna["extension"], anna["role"], anna["password"]) == ("1001", "user", False)
    assert "link until" in with_portal("portal", "list").stdout
    sign_in(tmp_path, "anna@example.org")
    (anna,) = listed(with_portal)
    assert (anna["password"], anna["invited_until"]) == (True, None)
    assert str(anna["used"]).startswith("2026-11-23")


def test_nothing_of_a_link_is_kept_but_what_it_is_known_by(with_portal: Ringplan, tmp_path: Path) -> None:
    secret = with_portal("portal", "invite", "1001").stdout.splitlines()[0].rpartition("/")[2]
    assert secret.encode() not in b"".join(file.read_bytes() for file in tmp_path.rglob("*.db*"))


def test_an_administrator_needs_no_telephone(with_portal: Ringplan) -> None:
    done = with_portal("portal", "invite", "--administrator", "Ada@Example.org")
    assert LINK.match(done.stdout)
    assert with_portal("portal", "invite", "--administrator", "ada@example.org").exit_code == 0
    (ada,) = listed(with_portal)
    assert (ada["address"], ada["role"], ada["extension"]) == ("ada@example.org", "administrator", None)
    for words, told in (
        (("--administrator", "anna@example.org"), "is a user's"),
        (("--administrator", "nobody"), "is no e-mail address"),
        (("1001", "--administrator", "ada@example.org"), "who is invited"),
        ((), "who is invited"),
        (("1001", "--role", "chief"), "is no role"),
        (("1009",), "nobody has the number"),
        (("1001", "--mail"), "no mail is sent"),
    ):
        done = with_portal("portal", "invite", *words)
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


def test_without_a_portal_nobody_is_invited(ringplan: Ringplan) -> None:
    ringplan("users", "add", "1001", "--email", "anna@example.org")
    done = ringplan("portal", "invite", "1001")
    assert (done.exit_code, "there is no portal" in done.stderr) == (2, True)
    assert "Nobody may sign in yet" in ringplan("portal", "list").stdout


def test_who_does_not_take_part_is_not_invited(with_portal: Ringplan) -> None:
    with_portal("users", "set", "1001", "--disable")
    done = with_portal("portal", "invite", "1001")
    assert (done.exit_code, "does not take part" in done.stderr) == (1, True)
    assert listed(with_portal) == []


def test_the_last_administrator_stays(with_portal: Ringplan, tmp_path: Path) -> None:
    with_portal("portal", "invite", "1001", "--role", "administrator")
    sign_in(tmp_path, "1001")
    with_portal("portal", "invite", "1002", "--role", "administrator")  # and has not chosen a password yet
    for words in (("role", "1001", "user"), ("remove", "anna@example.org"), ("invite", "1001", "--role", "user")):
        done = with_portal("portal", *words)
        assert (done.exit_code, "the last administrator" in done.stderr) == (1, True), done.stderr
    sign_in(tmp_path, "1002")
    assert with_portal("portal", "role", "1001", "operator").exit_code == 0
    assert [one["role"] for one in listed(with_portal)] == ["operator", "administrator"]
    assert with_portal("portal", "remove", "1002").exit_code == 1
    assert with_portal("portal", "remove", "1001").exit_code == 0
    assert [one["extension"] for one in listed(with_portal)] == ["1002"]


def test_somebody_is_signed_out_everywhere_and_all_of_it_is_noted(with_portal: Ringplan, tmp_path: Path) -> None:
    with_portal("portal", "invite", "1001")
    sign_in(tmp_path, "1001")
    assert "1 session is ended" in with_portal("portal", "sessions", "end", "anna@example.org").stdout
    assert "0 sessions are ended" in with_portal("portal", "sessions", "end", "1001").stdout
    with_portal("portal", "role", "1001", "operator")
    with_portal("portal", "remove", "1001")
    gone = with_portal("portal", "remove", "1001")
    assert (gone.exit_code, "may not sign in" in gone.stderr) == (2, True)

    async def notes() -> list[tuple[str, str, str]]:
        async with Store.open(store_of(tmp_path)) as store, store.read() as rows:
            return [(one.who, one.did, one.about) for one in reversed(await audit.latest(rows, 50))]

    did = ["invited", "sessions ended", "role changed", "sign-in removed"]
    assert [one for one in asyncio.run(notes()) if one[1] in did] == [("command", one, "signin 1") for one in did]


def test_a_link_is_sent_in_the_language_of_who_gets_it(
    with_portal: Ringplan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Letter] = []

    async def send(_: Smtp, letter: Letter) -> None:
        sent.append(letter)

    monkeypatch.setattr(Smtp, "send", send)
    send_mail(tmp_path)
    done = with_portal("portal", "invite", "1001", "--mail")
    assert done.exit_code == 0, done.stderr
    assert not LINK.search(done.stdout)
    assert "sent to anna@example.org" in done.stdout
    (letter,) = sent
    assert (letter.to, letter.subject) == ("anna@example.org", "Välj ditt lösenord för Ringplan")
    assert LINK.search(letter.body)
    sign_in(tmp_path, "1001")
    assert with_portal("portal", "invite", "1001", "--mail").exit_code == 0
    assert sent[-1].subject == "Välj ett nytt lösenord för Ringplan"
    with_portal("users", "add", "1003")
    done = with_portal("portal", "invite", "1003", "--mail")
    assert (done.exit_code, "has no e-mail address" in done.stderr) == (2, True)


def test_everybody_without_a_password_is_invited_by_letters_that_wait(with_portal: Ringplan, tmp_path: Path) -> None:
    done = with_portal("portal", "invite", "--all")
    assert (done.exit_code, "no mail is sent" in done.stderr) == (2, True)
    send_mail(tmp_path)
    with_portal("users", "add", "1003")
    done = with_portal("portal", "invite", "--all")
    assert done.stdout.splitlines() == [
        "2 invited; 2 letters wait to be sent",
        "without an e-mail address: 1; ringplan users list --unaddressed names them",
    ]
    assert with_portal("portal", "invite", "--all").stdout.startswith("0 invited; 2 letters wait")
    without = json.loads(with_portal("users", "list", "--unaddressed", "--json").stdout)
    assert [one["extension"] for one in without] == ["1003"]
    assert "Nobody" not in with_portal("users", "list", "--unaddressed").stdout
    with_portal("users", "set", "1003", "--email", "eva@example.org")
    assert with_portal("users", "list", "--unaddressed").stdout.strip() == "Nobody"
    assert with_portal("portal", "invite", "--all").stdout.startswith("1 invited; 3 letters wait")
    assert "letter waits" in with_portal("portal", "list").stdout
    assert [one["letter"] for one in listed(with_portal)] == ["waits"] * 3
    sign_in(tmp_path, "1001")
    assert [one["letter"] for one in listed(with_portal)] == [None, "waits", "waits"]
    for words in (("1001",), ("--role", "operator"), ("--administrator", "ada@example.org")):
        assert with_portal("portal", "invite", "--all", *words).exit_code == 2
