"""`users` and `accounts`: who takes part, and with what their calendars are read."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.store import mailboxes
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.cli.conftest import Ringplan

SERVICE = ("accounts", "add", "office", "reader", "--service")


def listed(ringplan: Ringplan) -> list[dict[str, object]]:
    found = json.loads(ringplan("users", "list", "--json").stdout)
    assert isinstance(found, list)
    return found


def test_a_user_is_added_changed_and_removed(ringplan: Ringplan) -> None:
    added = ringplan("users", "add", "1001", "--email", "Anna@Example.org", "--name", "Änna", "--phone", "2001")
    assert added.exit_code == 0, added.stderr
    (user,) = listed(ringplan)
    assert user["emails"] == ["anna@example.org"]
    assert (user["name"], user["phones"], user["zone"]) == ("Änna", ["2001"], "Europe/Stockholm")
    assert ringplan("users", "set", "2001", "--language", "de", "--disable").exit_code == 0
    (user,) = listed(ringplan)
    assert (user["language"], user["enabled"], user["phones"]) == ("de", False, ["2001"])
    assert "Änna" in ringplan("users", "list").stdout
    assert ringplan("users", "remove", "1001").exit_code == 0
    assert listed(ringplan) == []
    gone = ringplan("users", "remove", "1001")
    assert gone.exit_code == 2
    assert "nobody has the number 1001" in gone.stderr


def test_whose_calls_always_ring_is_kept_until_it_is_cleared(ringplan: Ringplan, tmp_path: Path) -> None:
    ringplan("users", "add", "1001", "--through", "1002", "--through", "0701234567", "--through", "1002")
    assert listed(ringplan)[0]["through"] == ["1002", "0701234567"]
    assert "1002 0701234567" in ringplan("users", "list").stdout
    ringplan("users", "set", "1001", "--name", "Anna")
    assert listed(ringplan)[0]["through"] == ["1002", "0701234567"]
    (tmp_path / "users.csv").write_text("extension,through\n1001,1003 1004\n1005,\n")
    assert ringplan("users", "import", "--update", str(tmp_path / "users.csv")).exit_code == 0
    assert [user["through"] for user in listed(ringplan)] == [["1003", "1004"], []]
    ringplan("users", "set", "1001", "--through", "")
    assert listed(ringplan)[0]["through"] == []
    many = [word for number in range(2000, 2011) for word in ("--through", str(number))]
    for words, told in (("--through", "front desk"), "is no number"), (many, "at most 10"):
        done = ringplan("users", "set", "1001", *words)
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    assert listed(ringplan)[0]["through"] == []


def test_somebody_gets_another_number(ringplan: Ringplan, tmp_path: Path) -> None:
    ringplan("users", "add", "1001", "--phone", "1501")
    ringplan("users", "add", "1002")
    for taken in ("1002", "1501"):
        done = ringplan("users", "set", "1001", "--extension", taken)
        assert (done.exit_code, taken in done.stderr) == (1, True), done.stderr
    done = ringplan("users", "set", "1001", "--extension", "10a1")
    assert (done.exit_code, "'10a1' is no number" in done.stderr) == (2, True)
    assert [user["extension"] for user in listed(ringplan)] == ["1001", "1002"]
    settings = tmp_path / "ringplan.toml"
    settings.write_text(settings.read_text().replace("pilot = []", 'pilot = ["1001"]'))
    done = ringplan("users", "set", "1001", "--extension", "1011")
    assert done.exit_code == 0, done.stderr
    assert "1001 has the number 1011 now" in done.stdout
    assert "[run] pilot names 1001: put 1011 in its place" in done.stdout
    assert [(user["extension"], user["phones"]) for user in listed(ringplan)] == [("1002", []), ("1011", ["1501"])]
    assert ringplan("users", "add", "1001").exit_code == 0


def test_a_calendar_is_read_as_often_as_its_owner_needs(ringplan: Ringplan, tmp_path: Path) -> None:
    def refreshes() -> list[int | None]:
        async def read() -> list[int | None]:
            async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store, store.read() as rows:
                return [mailbox.refresh for mailbox in await mailboxes.every(rows)]

        return asyncio.run(read())

    ringplan("users", "add", "1001", "--email", "anna@example.org")
    done = ringplan("users", "set", "1001", "--refresh", "300")
    assert (done.exit_code, "nothing is read for 1001" in done.stderr) == (2, True)
    ringplan(*SERVICE, says="x\n")
    ringplan("users", "add", "1002", "--email", "bo@example.org")
    assert refreshes() == [60, 60]
    done = ringplan("users", "set", "1001", "--refresh", "300")
    assert (done.exit_code, "1001 is changed" in done.stdout) == (0, True), done.output
    assert refreshes() == [300, 60]
    assert ringplan("users", "set", "1001", "--refresh", "5").exit_code == 2
    assert refreshes() == [300, 60]


def test_everything_that_is_wrong_with_a_user_is_told_at_once(ringplan: Ringplan) -> None:
    done = ringplan("users", "add", "10a1", "--email", "anna", "--zone", "X/Y", "--language", "fi", "--pbx", "other")
    assert done.exit_code == 2
    for told in ("10a1", "'anna'", "X/Y", "sv, de, en", "one of: main"):
        assert told in done.stderr
    assert "Traceback" not in done.output
    assert listed(ringplan) == []


def test_a_number_that_is_taken_is_refused(ringplan: Ringplan) -> None:
    ringplan("users", "add", "1001", "--phone", "2001")
    done = ringplan("users", "add", "2001")
    assert done.exit_code == 1
    assert "2001 already belongs to a user" in done.stderr


def test_a_service_account_reads_those_who_have_no_calendar_yet_and_those_who_come(ringplan: Ringplan) -> None:
    ringplan("users", "add", "1001", "--email", "anna@example.org")
    ringplan("users", "add", "1002")
    done = ringplan(*SERVICE, says="pass word\n")
    assert done.exit_code == 0, done.stderr
    assert "reads 1 calendar" in done.stdout
    ringplan("users", "add", "1003", "--email", "carl@example.org")
    assert [user["calendar"] for user in listed(ringplan)] == ["reader at office", None, "reader at office"]
    (account,) = json.loads(ringplan("accounts", "list", "--json").stdout)
    assert (account["login"], account["kind"], account["calendars"]) == ("reader", "service", 2)
    assert "pass word" not in ringplan("accounts", "list").output


def test_a_users_own_account_reads_theirs(ringplan: Ringplan) -> None:
    ringplan("users", "add", "1001", "--email", "anna@example.org")
    done = ringplan("accounts", "add", "office", "anna", "--user", "1001", says="secret\n")
    assert done.exit_code == 0, done.stderr
    assert [user["calendar"] for user in listed(ringplan)] == ["anna at office"]
    assert ringplan("accounts", "password", "office", "anna", says="another\n").exit_code == 0
    assert ringplan("accounts", "remove", "office", "anna", says="n\n").exit_code == 1
    assert ringplan("accounts", "remove", "office", "anna", "--yes").exit_code == 0
    assert [user["calendar"] for user in listed(ringplan)] == [None]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("accounts", "add", "home", "reader", "--service"), "one of: office"),
        (("accounts", "add", "office", "reader"), "--service, or --user"),
        (("accounts", "add", "office", "reader", "--user", "1009"), "nobody has the number 1009"),
        (("accounts", "password", "office", "nobody"), "no account nobody"),
    ],
)
def test_an_account_that_cannot_be_is_told(ringplan: Ringplan, words: tuple[str, ...], told: str) -> None:
    done = ringplan(*words, says="x\n")
    assert done.exit_code == 2
    assert told in done.stderr


def test_an_empty_password_is_not_taken(ringplan: Ringplan) -> None:
    assert ringplan(*SERVICE, says="\n").exit_code == 2


def test_a_file_of_users_is_imported_and_may_be_imported_again(ringplan: Ringplan, tmp_path: Path) -> None:
    ringplan(*SERVICE, says="x\n")
    file = tmp_path / "users.csv"
    file.write_text("\ufeffExtension;Email;Name;Phones\n1001;anna@example.org;Anna;2001 2002\n\n1002;;Bo;\n", "utf-8")
    done = ringplan("users", "import", str(file))
    assert done.exit_code == 0, done.stderr
    assert "2 added, 0 changed; calendars newly read: 1" in done.stdout
    assert [user["phones"] for user in listed(ringplan)] == [["2001", "2002"], []]
    again = ringplan("users", "import", str(file))
    assert again.exit_code == 2
    assert "line 2: extension: 1001 is there already" in again.stderr
    file.write_text("extension,name\n1001,Anna Berg\n1003,Cy\n", "utf-8")
    assert "1 added, 1 changed" in ringplan("users", "import", str(file), "--update").stdout
    assert [user["name"] for user in listed(ringplan)] == ["Anna Berg", "Bo", "Cy"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extension,email\n1001,a@b.se\n10x,c\n", ["line 3: extension: '10x'", "line 3: email: 'c'"]),
        ("extension,email\n1001,a@b.se\n1002,a@b.se\n", ["line 3: address: a@b.se belongs to line 2"]),
        ("extension,phones\n1001,1002\n1002,\n", ["line 3: number: 1002 belongs to line 2"]),
        ("extension,phones\n1001,1001\n", ["line 2: a number or an address is given twice"]),
        ("extension,email\n,a@b.se\n", ["line 2: extension: is missing"]),
        ("extension,emial\n1001,a@b.se\n", ["line 1: there is no column 'emial'", "did you mean email?"]),
        ("name\nAnna\n", ["line 1: there is no column extension"]),
        ("", ["line 1: there is no column extension"]),
        ("extension,name\n1001,A,B\n", ["line 2: 3 fields, but 2 columns"]),
        ("extension,source\n1001,home\n", ["line 2: source: 'home' has no service account"]),
        ('extension,name\n1001,"A\x07"\n', ["line 2: name"]),
    ],
)
def test_every_wrong_line_is_told_and_nothing_is_written(
    ringplan: Ringplan, tmp_path: Path, text: str, told: list[str]
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(text, "utf-8")
    done = ringplan("users", "import", str(file))
    assert done.exit_code == 2
    for one in told:
        assert one in done.stderr
    assert listed(ringplan) == []


def test_a_file_that_cannot_be_read_is_told(ringplan: Ringplan, tmp_path: Path) -> None:
    assert "cannot be read" in ringplan("users", "import", str(tmp_path / "none.csv")).stderr
    (tmp_path / "latin.csv").write_bytes("extension,name\n1001,Åsa\n".encode("latin-1"))
    done = ringplan("users", "import", str(tmp_path / "latin.csv"))
    assert done.exit_code == 2
    assert "line 2: not UTF-8" in done.stderr


def test_who_gets_an_address_later_gets_a_calendar_too(ringplan: Ringplan, tmp_path: Path) -> None:
    ringplan("users", "add", "1001")
    ringplan("users", "add", "1002")
    ringplan(*SERVICE, says="pass word\n")
    done = ringplan("users", "set", "1001", "--email", "anna@example.org")
    assert "reader at office reads anna@example.org" in done.stdout
    (tmp_path / "later.csv").write_text("extension,email\n1001,anna@example.org\n1002,bo@example.org\n")
    imported = ringplan("users", "import", "--update", str(tmp_path / "later.csv"))
    assert "newly read: 1" in imported.stdout, imported.stderr
    assert [user["calendar"] for user in listed(ringplan)] == ["reader at office", "reader at office"]
    assert ringplan("users", "set", "1001", "--path", "/elsewhere/").exit_code == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extension,extension\n1001,1002\n", ["column extension is there twice"]),
        ('extension,name\n1001,Anna\n1002,"Bo\n1003,Cy\n', ["line 3: unexpected end of data"]),
        ("extension\n1001,x\nabc\n", ["line 2: 2 fields, but 1 columns", "line 3: extension: 'abc'"]),
        ('extension,name\n1001,"An\nna"\nabc,Bo\n', ["line 2: name", "line 4: extension: 'abc'"]),
        (f"extension,name\n1001,{'x' * 5000}\n", [f"'{'x' * 60}…' is not one line"]),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_lines(
    ringplan: Ringplan, tmp_path: Path, text: str, told: list[str]
) -> None:
    (tmp_path / "users.csv").write_text(text)
    done = ringplan("users", "import", str(tmp_path / "users.csv"))
    assert done.exit_code == 2
    for one in told:
        assert one in done.stderr
    assert len(done.stderr) < 1000
    assert listed(ringplan) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain", "\udcff"), "nobody has the number"),
        (("users", "remove", "1" * 500), "nobody has the number"),
        (("users", "add", "1001", "--path", "\udcff"), "path: "),
        (("accounts", "add", "office", "a:b", "--service"), "is no login"),
        (("accounts", "add", "office", "\udcff", "--service"), "is no login"),
        (("accounts", "add", "office", "", "--service"), "is no login"),
        (("accounts", "add", "office", "anna", "--user", "1001", "--address", "anna"), "is no e-mail address"),
        (("accounts", "password", "office", "nobody"), "there is no account nobody"),
    ],
)
def test_what_is_no_text_is_told(ringplan: Ringplan, words: tuple[str, ...], told: str) -> None:
    done = ringplan(*words, says="")
    assert done.exit_code == 2, done.output
    assert told in done.stderr
    assert len(done.stderr) < 300


def test_a_password_that_is_no_text_is_refused(ringplan: Ringplan) -> None:
    done = ringplan(*SERVICE, says="a\0b\n")
    assert done.exit_code == 2
    assert "cannot be sent" in done.stderr
