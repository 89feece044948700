"""What the settings file says, on a page: all of it but secrets."""

from dataclasses import replace
from pathlib import Path

from gateway.settings import load
from gateway.web.application import application
from gateway.web.pages.told import as_told
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House

FILE = """
[store]
path = "ringplan.db"
[pbx.main]
kind = "asterisk"
host = "192.0.2.1"
secret = "file:ami.secret"
[sources.office]
kind = "caldav"
url = "https://calendar.example.org/"
[web]
[run]
pilot = ["1001", "1002"]
"""


def told(folder: Path) -> dict[str, dict[str, str]]:
    (folder / "ami.secret").write_text("opensesame\n")
    (folder / "ringplan.toml").write_text(FILE)
    return as_told(load(folder / "ringplan.toml", {}).tables)


def test_every_table_is_told_with_what_is_usual_and_without_secrets(tmp_path: Path):
    tables = told(tmp_path)
    assert list(tables) == ["store", "pbx.main", "sources.office", "web", "run", "log"]
    assert tables["pbx.main"]["secret"] == "set"
    assert tables["pbx.main"]["host"] == "192.0.2.1"
    assert tables["web"]["port"] == "8480"
    assert tables["run"] == {"dry_run": "false", "pilot": "1001, 1002"}
    assert "opensesame" not in str(tables)


async def test_administrators_read_it(house: House, tmp_path: Path):
    portal = replace(house.portal, told=told(tmp_path), file="/etc/ringplan/ringplan.toml", read=NOON)
    of = replace(house, portal=portal, app=application(portal))
    page = (await (await of.browser(of.ada)).get("/administration/settings")).text
    assert "/etc/ringplan/ringplan.toml" in page
    assert "[sources.office]" in page
    assert "https://calendar.example.org/" in page
    assert "23 Nov 2026 12:00" in page
    assert "opensesame" not in page
    assert (await (await of.browser(of.otto)).get("/administration/settings")).status_code == 403
