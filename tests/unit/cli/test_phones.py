"""`phones`: who may search, and the settings that their telephones ask for."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import phones
from gateway.cli.macs import write_every
from gateway.domain.device import Device
from tests.unit.cli.conftest import Ringplan

DIRECTORY = """
[directory]
host = "pbx.example.org"

[directory.listen.inside]
address = "10.0.0.1"
tls = "none"

[directory.listen.safe]
address = "10.0.0.1"
tls = "ldaps"
certificate = "pbx.pem"
key = "pbx.key"
"""


@pytest.fixture
def office(ringplan: Ringplan, tmp_path: Path) -> Ringplan:
    """Anna, Bertil and Cecilia, and a directory that telephones can search with and without TLS."""
    with (tmp_path / "ringplan.toml").open("a") as settings:
        settings.write(DIRECTORY)
    for file in ("pbx.pem", "pbx.key"):
        (tmp_path / file).touch()
    for extension, name in (("1001", "Anna"), ("1002", "Bertil"), ("1003", "Cecilia")):
        assert ringplan("users", "add", extension, "--name", name).exit_code == 0
    return ringplan


def listed(office: Ringplan) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads(office("phones", "list", "--json").stdout)
    return told


def password_in(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("ldap.password")).partition(" = ")[2]


def test_a_telephone_is_added_shown_and_revoked(office: Ringplan) -> None:
    added = office("phones", "add", "--user", "1001", "--vendor", "yealink", "--name", "desk", "--shown-as", "e164")
    assert (added.exit_code, 'phones settings yealink --user 1001 --name "desk"' in added.stdout) == (0, True), added
    assert listed(office) == [
        {"id": 1, "extension": "1001", "user": "Anna", "name": "desk", "vendor": "yealink", "shown_as": "e164"}
    ]
    assert "desk" in office("phones", "list").stdout
    assert office("phones", "revoke", "1").exit_code == 0
    assert listed(office) == []


def test_settings_are_the_same_each_time_and_the_telephone_is_made_once(office: Ringplan) -> None:
    first, again = (office("phones", "settings", "yealink", "--user", "1001") for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == again.stdout
    assert office("audit").stdout.count("phone settings shown") == 2
    assert "1001 gets a telephone of Yealink" in first.stderr
    assert again.stderr == ""
    assert first.stdout.startswith("#!version")
    assert "ldap.port = 636\nldap.tls_mode = 2\n" in first.stdout
    assert "ldap.user = uid=1,ou=people,dc=contacts\n" in first.stdout
    assert (len(password_in(first.stdout)), password_in(first.stdout).isalnum()) == (24, True)


def test_what_is_revoked_comes_back_with_another_password(office: Ringplan) -> None:
    before = office("phones", "settings", "yealink", "--user", "1001").stdout
    office("phones", "revoke", "1")
    after = office("phones", "settings", "yealink", "--user", "1001").stdout
    assert password_in(before) != password_in(after)


def test_a_telephone_that_knows_no_tls_is_told_of(office: Ringplan) -> None:
    done = office("phones", "settings", "mitel", "--user", "1001")
    assert (done.exit_code, "@pbx.example.org:389" in done.stdout) == (0, True), done.output
    assert "unencrypted" in done.stderr


def test_a_telephone_that_somebody_else_gets_can_search_no_more_for_the_first(office: Ringplan) -> None:
    for extension in ("1001", "1002"):
        done = office("phones", "settings", "yealink", "--user", extension, "--mac", "00:04:F2:AA:BB:CC")
        assert done.exit_code == 0, done.output
    assert "somebody else's" in done.stderr
    assert [(one["extension"], one["name"]) for one in listed(office)] == [("1002", "0004f2aabbcc")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("settings", "yealnik", "--user", "1001"), "did you mean yealink?"),
        (("settings", "yealink", "--user", "2000"), "nobody has the number 2000"),
        (("settings", "yealink"), "say for which telephone"),
        (("settings", "--all"), "say for which telephone"),
        (("settings", "yealink", "--user", "1001", "--mac", "0004f2"), "is no MAC address"),
        (("settings", "yealink", "--user", "1001", "--mac", "0004f2aabbcc", "--name", "x"), "give one of them"),
        (("settings", "yealink", "--user", "1001", "--name", " "), "is empty"),
        (("add", "--user", "1001", "--vendor", "yealink", "--shown-as", "roman"), "is not known"),
        (("revoke", "7"), "there is no telephone 7"),
        (("revoke", "0004f2aabbcc"), "there is no telephone 0004f2aabbcc"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(office: Ringplan, words: tuple[str, ...], said: str) -> None:
    done = office("phones", *words)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert listed(office) == []


def test_of_several_telephones_one_must_be_named(office: Ringplan) -> None:
    for name in ("desk", "home"):
        office("phones", "add", "--user", "1001", "--vendor", "snom", "--name", name)
    done = office("phones", "settings", "snom", "--user", "1001")
    assert (done.exit_code, "1001 has several: desk, home" in done.stderr) == (2, True), done.output
    assert office("phones", "settings", "snom", "--user", "1001", "--name", "home").exit_code == 0


def test_makers_are_shown_with_what_their_telephones_can_do(installed: Ringplan) -> None:
    told = json.loads(installed("phones", "vendors", "--json").stdout)
    assert {"vendor": "snom", "title": "Snom", "file": "snom-{MAC}.xml", "tls": ["ldaps", "none"]} in told
    assert "Mitel 6800 and 6900" in installed("phones", "vendors").stdout


def test_without_a_directory_there_are_no_settings(ringplan: Ringplan) -> None:
    done = ringplan("phones", "settings", "yealink", "--user", "1001")
    assert (done.exit_code, "add [directory]" in done.stderr) == (2, True), done.output


def test_somebody_who_does_not_take_part_gets_no_telephone(office: Ringplan) -> None:
    office("users", "set", "1001", "--disable")
    done = office("phones", "add", "--user", "1001", "--vendor", "yealink")
    assert (done.exit_code, "users set 1001 --enable" in done.stderr) == (2, True), done.output


def test_all_telephones_of_a_file_get_their_settings(office: Ringplan, tmp_path: Path) -> None:
    macs, out = tmp_path / "macs.csv", tmp_path / "out"
    macs.write_text("mac,extension,vendor\n00:04:F2:AA:BB:01,1001,yealink\n0004f2aabb02,1002,Snom\n\n")
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert (done.exit_code, done.stdout) == (0, f"2 telephones: 2 files written, 0 as they were; in {out}\n"), (
        done.output
    )
    files = {file.name: file.read_bytes() for file in out.iterdir()}
    assert sorted(files) == ["0004f2aabb01.cfg", "snom-0004F2AABB02.xml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in out.iterdir()} == {0o600}
    assert [one["name"] for one in listed(office)] == ["0004f2aabb01", "0004f2aabb02"]
    noted = office("audit").stdout
    assert ("phone settings shown" in noted, "2 shown, 2 added" in noted) == (True, True)
    macs.write_text("vendor;mac;extension\nsnom;0004F2-AABB02;1002\nyealink;0004f2aabb01;1001\n")
    again = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert again.stdout == f"2 telephones: 0 files written, 2 as they were; in {out}\n", again.output
    assert {file.name: file.read_bytes() for file in out.iterdir()} == files


def test_every_mistake_of_a_file_is_told_and_nothing_is_written(office: Ringplan, tmp_path: Path) -> None:
    macs, out = tmp_path / "macs.csv", tmp_path / "out"
    office("users", "set", "1003", "--disable")
    macs.write_text(
        "0004f2aabb01,1001,yealink\n"
        "0004f2aabb,1001,yealink\n"
        "0004f2aabb03,2000,yealink\n"
        "0004f2aabb04,1001,acme\n"
        "00-04-f2-aa-bb-01,1002,snom\n"
    )
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert done.exit_code == 2
    for said in (
        "line 2: mac: '0004f2aabb' is no MAC address: give 12 digits",
        "line 3: extension: nobody has the number '2000': ringplan users list",
        "line 4: vendor: there are no settings for 'acme': one of: yealink",
        "line 5: mac: 0004f2aabb01 is in line 1 already",
    ):
        assert said in done.stderr
    macs.write_text("0004f2aabb01,1001,yealink\n0004f2aabb02,1003,yealink\n")
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert (done.exit_code, "line 2: 1003 does not take part" in done.stderr) == (2, True), done.output
    macs.write_text("mac,extension\n0004f2aabb01,1001\n")
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert "line 1: not three fields" in done.stderr
    assert not out.exists()
    assert listed(office) == []


def test_many_telephones_are_written_some_at_a_time(
    office: Ringplan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    macs, out, some = tmp_path / "macs.csv", tmp_path / "out", list[int]()

    async def counted(*given: Any) -> list[Device]:
        some.append(len(given[2]))
        return await as_it_is(*given)

    as_it_is = phones._some
    monkeypatch.setattr(phones, "_some", counted)
    monkeypatch.setattr(phones, "STEP", 2)
    monkeypatch.setattr(phones, "PAUSE", 0)
    macs.write_text("".join(f"0004f2aabb0{n},{1001 + n % 3},yealink\n" for n in range(5)))
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert (done.exit_code, done.stderr) == (0, "2 of 5\n4 of 5\n"), done.output
    assert some == [2, 2, 1]
    assert len(list(out.iterdir())) == len(listed(office)) == 5


def test_a_mistake_in_what_is_written_last_leaves_the_first_unwritten_too(
    office: Ringplan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, macs, out = tmp_path / "ringplan.toml", tmp_path / "macs.csv", tmp_path / "out"
    monkeypatch.setattr(phones, "STEP", 1)
    monkeypatch.setattr(phones, "PAUSE", 0)
    office("users", "set", "1003", "--disable")
    macs.write_text("0004f2aabb01,1001,yealink\n0004f2aabb02,1003,yealink\n")
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert (done.exit_code, "line 2: 1003 does not take part" in done.stderr) == (2, True), done.output
    settings.write_text(settings.read_text().replace("pbx.example.org", ".".join(2 * ["x" * 50]) + ".org"))
    macs.write_text("0004f2aabb01,1001,snom\n0004f2aabb02,1002,yealink\n")
    done = office("phones", "settings", "--all", "--map", str(macs), "--out", str(out))
    assert (done.exit_code, "line 2:" in done.stderr) == (2, True), done.output
    assert not out.exists()
    assert listed(office) == []


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "names no telephone"), (b"\xff,1,2", "not UTF-8"), (b'"', "line 1:")]
)
def test_a_file_that_cannot_be_read_is_told(office: Ringplan, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "macs.csv").write_bytes(content)
    done = office("phones", "settings", "--all", "--map", str(tmp_path / "macs.csv"), "--out", str(tmp_path / "out"))
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_makers_that_can_be_served_nowhere_are_told_once(office: Ringplan, tmp_path: Path) -> None:
    settings = tmp_path / "ringplan.toml"
    settings.write_text(
        settings.read_text().replace('tls = "none"', 'tls = "ldaps"\ncertificate = "pbx.pem"\nkey = "pbx.key"')
    )
    (tmp_path / "macs.csv").write_text("0004f2aabb01,1001,mitel\n0004f2aabb02,1001,mitel\n")
    done = office("phones", "settings", "--all", "--map", str(tmp_path / "macs.csv"), "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert done.stderr.count("telephones of Mitel 6800 and 6900 can be served nowhere") == 1


def test_a_file_is_replaced_whole_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("longer than what comes")
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")
    assert write_every(tmp_path, {"a": "å", "b": "b"}) == 2
    assert write_every(tmp_path, {"a": "å", "b": "c"}) == 1
    assert (tmp_path / "a").read_text() == "å"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "elsewhere"]
