"""`init`: what it writes can be used at once, is for its owner alone, and is never written over unasked."""

import re
from pathlib import Path

import pytest

from gateway.pbx.asterisk.lines import WRITE
from gateway.settings import CalendarSettings, load
from tests.unit.cli.conftest import INIT, Ringplan


def test_what_it_writes_can_be_read_and_is_for_its_owner_alone(installed: Ringplan, tmp_path: Path) -> None:
    done = installed(*INIT, "--host", "192.0.2.1", "--source", "school")
    assert done.exit_code == 0, done.stderr
    settings = load(tmp_path / "ringplan.toml", {})
    assert settings.pbx["main"].host == "192.0.2.1"
    school = settings.sources["school"]
    assert isinstance(school, CalendarSettings)
    assert school.domain == "example.org"
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("ringplan.toml", "ami.secret", "ringplan.db", "ringplan.key"), 0o600)


def test_what_it_leaves_commented_out_can_be_used_and_is_what_holds_without_it(
    installed: Ringplan, tmp_path: Path
) -> None:
    assert installed(*INIT).exit_code == 0
    file = tmp_path / "ringplan.toml"
    before = load(file, {})
    commented = re.compile(r"^# (?=[a-z_]+ = |\[)", re.MULTILINE)
    assert len(commented.findall(file.read_text())) >= 3
    file.write_text(commented.sub("", file.read_text()))
    for name in ("mail.secret", "pbx.pem", "pbx.key", "web.pem", "web.key"):
        (tmp_path / name).write_text("x\n")
    after = load(file, {})
    assert (after.pbx, before.mail, before.directory, before.web) == (before.pbx, None, None, None)
    assert after.mail is not None
    assert after.directory is not None
    assert after.web is not None
    assert after.web.is_secret


def test_it_says_what_to_add_to_asterisk_and_keeps_the_secret_to_itself(installed: Ringplan, tmp_path: Path) -> None:
    done = installed(*INIT, "--pattern", "_2XXX")
    assert "[ringplan]" in done.stdout
    assert f"write = {WRITE}\n" in done.stdout
    assert "Gosub(ringplan,${EXTEN},1(${EXTEN}))" in done.stdout
    assert "exten => _2XXX,hint" in done.stdout
    assert (tmp_path / "ami.secret").read_text().strip() not in done.stdout
    assert f"secret = <the text in {tmp_path / 'ami.secret'}>" in done.stdout
    copied = [Path(path) for path in re.findall(r"^Copy (\S+) beside", done.stdout, re.MULTILINE)]
    assert all(path.is_file() for path in copied)
    assert copied == sorted(copied[0].parent.glob("*.conf"), reverse=True)


def test_it_asks_when_nothing_is_said(installed: Ringplan, tmp_path: Path) -> None:
    answers = ["pbx.example.org", "5039", "", "", "exchange", "https://mail.example.org/", "Europe/Berlin", "de", "de"]
    done = installed("init", says="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    settings = load(tmp_path / "ringplan.toml", {})
    assert (settings.pbx["main"].host, settings.pbx["main"].port) == ("pbx.example.org", 5039)
    source = settings.sources["office"]
    assert isinstance(source, CalendarSettings)
    assert (source.kind, source.url) == ("exchange", "https://mail.example.org/EWS/Exchange.asmx")
    assert 'access = "delegation"\n\n[run]' in (tmp_path / "ringplan.toml").read_text()
    shown = installed("organisation", "show").stdout
    assert "Europe/Berlin" in shown
    assert "DE" in shown


def test_settings_that_are_there_stay_unless_forced(ringplan: Ringplan, tmp_path: Path) -> None:
    secret = (tmp_path / "ami.secret").read_text()
    (tmp_path / "ringplan.toml").write_text("mine")
    refused = ringplan(*INIT)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert (tmp_path / "ringplan.toml").read_text() == "mine"
    assert ringplan(*INIT, "--force").exit_code == 0
    assert (tmp_path / "ami.secret").read_text() == secret


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--language", "fi"), "sv, de, en"),
        (("--country", "XX"), "ISO 3166"),
        (("--url", "https://example.org/"), "one of them"),
        (("--source", "my office"), "letters"),
        (("--kind", "notes"), "caldav, exchange"),
        (("--user", "ring plan"), "pbx.main.user"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_and_nothing_is_written(
    installed: Ringplan, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = installed(*INIT, *words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not (tmp_path / "ringplan.toml").exists()


def test_the_unit_names_the_settings_and_takes_rights_away(installed: Ringplan, tmp_path: Path) -> None:
    done = installed("init", "--unit")
    assert f"--config {tmp_path / 'ringplan.toml'} run" in done.stdout
    assert f"ReadWritePaths={tmp_path}" in done.stdout
    assert "ProtectSystem=strict" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "\nAmbientCapabilities=\n" in done.stdout


@pytest.mark.parametrize(("port", "may"), [("389", True), ("1389", False)])
def test_the_unit_lets_the_directory_have_a_low_port(ringplan: Ringplan, tmp_path: Path, port: str, may: bool) -> None:
    table = f'[directory]\nhost = "h"\n[directory.listen.a]\naddress = "127.0.0.1"\ntls = "none"\nport = {port}\n'
    with (tmp_path / "ringplan.toml").open("a") as settings:
        settings.write(table)
    assert ("AmbientCapabilities=CAP_NET_BIND_SERVICE" in ringplan("init", "--unit").stdout) is may


@pytest.mark.parametrize(("port", "may"), [("443", True), ("8443", False)])
def test_the_unit_lets_the_portal_have_a_low_port(ringplan: Ringplan, tmp_path: Path, port: str, may: bool) -> None:
    with (tmp_path / "ringplan.toml").open("a") as settings:
        settings.write(f"[web]\nport = {port}\n")
    assert ("AmbientCapabilities=CAP_NET_BIND_SERVICE" in ringplan("init", "--unit").stdout) is may
