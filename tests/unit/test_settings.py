"""The settings: what the file and the environment say, and every mistake by key, value and remedy, all at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.domain.secret import Secret
from gateway.errors import Misconfigured
from gateway.settings import CalendarSettings, Mistake, Mistakes, Settings, load
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.ews.settings import EwsSettings

GOOD = """
[store]
path = "data/ringplan.db"
[pbx.main]
kind = "asterisk"
host = "192.0.2.1"
secret = "file:ami.secret"
[sources.office]
kind = "caldav"
url = "https://calendar.example.org/"
[run]
pilot = ["1001"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ami.secret").write_text("opensesame\n")
    return tmp_path


def read(folder: Path, text: str = GOOD, environment: Mapping[str, str] | None = None) -> Settings:
    (folder / "ringplan.toml").write_text(text, encoding="utf-8")
    return load(folder / "ringplan.toml", environment or {})


def mistakes(folder: Path, text: str = GOOD, environment: Mapping[str, str] | None = None) -> tuple[Mistake, ...]:
    with pytest.raises(Mistakes) as found:
        read(folder, text, environment)
    assert "opensesame" not in f"{found.value} {found.value!r}"
    return found.value.mistakes


def test_each_package_gets_its_own_table(folder: Path) -> None:
    settings = read(folder)
    assert settings.store.path == folder / "data" / "ringplan.db"
    assert settings.store.key_path == folder / "data" / "ringplan.key"
    assert settings.pbx["main"].host == "192.0.2.1"
    assert settings.pbx["main"].secret == Secret("opensesame")
    office = settings.sources["office"]
    assert isinstance(office, CalendarSettings)
    assert office.url == "https://calendar.example.org/"
    assert settings.run.pilot == ("1001",)
    assert not settings.run.dry_run
    assert settings.log.level == "info"
    assert "opensesame" not in repr(settings)


def test_each_kind_of_source_has_keys_of_its_own(folder: Path) -> None:
    (folder / "ca.pem").write_text("a certificate")
    exchange = """
[sources.head-office]
kind = "exchange"
domain = "example.org"
access = "impersonation"
ca = "ca.pem"
tls_minimum = "1.0"
"""
    sources = read(folder, GOOD + exchange).sources
    assert isinstance(sources["office"], CalDavSettings)
    assert sources["head-office"] == EwsSettings(
        domain="example.org", access="impersonation", ca=folder / "ca.pem", tls_minimum="1.0"
    )


MAIL = """
[mail]
host = "mail.example.org"
sender = "telephone@example.org"
"""


def test_without_a_table_nobody_is_told_by_mail(folder: Path) -> None:
    assert read(folder).mail is None


def test_mail_has_a_table_of_its_own(folder: Path) -> None:
    mail = read(folder, GOOD + MAIL + 'user = "ringplan"\nsecret = "file:ami.secret"\n').mail
    assert mail
    assert (mail.at, mail.tls, mail.user, mail.secret) == (
        ("mail.example.org", 587),
        "starttls",
        "ringplan",
        Secret("opensesame"),
    )
    assert "opensesame" not in repr(mail)
    assert "opensesame" not in mail.model_dump_json()


def test_the_port_follows_from_tls_unless_it_is_given(folder: Path) -> None:
    ports = [read(folder, GOOD + MAIL + f'tls = "{tls}"\n').mail for tls in ("starttls", "tls", "none")]
    assert [mail.at[1] for mail in ports if mail] == [587, 465, 25]
    given = read(folder, GOOD + MAIL + "port = 2525\n").mail
    assert given
    assert given.address == "mail.example.org:2525"


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('user = "ringplan"', "mail", "belong together"),
        ('secret = "file:ami.secret"', "mail", "belong together"),
        ('user = "ringplan"\nsecret = "file:ami.secret"\ntls = "none"', "mail", "not sent without TLS"),
        (f'pin = "{"ab" * 32}"\ntls = "none"', "mail", "with TLS only"),
        ('user = "ringplån"\nsecret = "file:ami.secret"', "mail.user", "printable ASCII"),
        ('secret = "opensesame"', "mail.secret", "not written into the settings"),
        ('pin = "ab"', "mail.pin", "64 hex digits"),
        ("port = 0", "mail.port", ""),
        ("tls = true", "mail.tls", ""),
        ('from = "a@b.c"', "mail.from", "no such key"),
    ],
)
def test_a_mistake_in_mail_is_told(folder: Path, line: str, key: str, said: str) -> None:
    (mistake,) = mistakes(folder, GOOD + MAIL + line)
    assert mistake.key == key
    assert said in str(mistake)


@pytest.mark.parametrize("sender", ["", "telephone", "a@b\\r\\nBcc: c@d", "Ringplan <a@b.c>", "a@b, c@d", "å@b.c"])
def test_a_sender_is_an_address_and_nothing_else(folder: Path, sender: str) -> None:
    (mistake,) = mistakes(folder, GOOD + MAIL.replace("telephone@example.org", sender))
    assert (mistake.key, "address alone" in str(mistake)) == ("mail.sender", True)


def test_the_environment_stands_over_the_file(folder: Path) -> None:
    environment = {
        "RINGPLAN_PBX__MAIN__PORT": "5039",
        "RINGPLAN_PBX__MAIN__SECRET": "env:AMI",
        "RINGPLAN_PBX__MAIN__HOST": "192.0.2.2",
        "RINGPLAN_RUN__DRY_RUN": "true",
        "RINGPLAN_RUN__PILOT": '["1002", "1003"]',
        "RINGPLAN_LOG__LEVEL": "debug",
        "RINGPLAN_CONFIG": "elsewhere.toml",
        "AMI": "another",
    }
    settings = read(folder, environment=environment)
    assert (settings.pbx["main"].host, settings.pbx["main"].port) == ("192.0.2.2", 5039)
    assert settings.pbx["main"].secret == Secret("another")
    assert settings.run.dry_run
    assert settings.run.pilot == ("1002", "1003")
    assert settings.log.level == "debug"


@pytest.mark.parametrize(
    ("old", "new", "key", "value", "told"),
    [
        ('host = "192.0.2.1"', "port = 99999", "pbx.main.port", "99999", "less than or equal to 65535"),
        ('host = "192.0.2.1"', 'port = "many"', "pbx.main.port", '"many"', "integer"),
        ('host = "192.0.2.1"', 'tls = "perhaps"', "pbx.main.tls", '"perhaps"', "boolean"),
        ('host = "192.0.2.1"', 'hosst = "x"', "pbx.main.hosst", "", "Did you mean host?"),
        ('host = "192.0.2.1"', 'ca = "none.pem"', "pbx.main.ca", '"none.pem"', "no such file"),
        ('secret = "file:ami.secret"', "", "pbx.main.secret", "", "is missing"),
        ('secret = "file:ami.secret"', 'secret = "opensesame"', "pbx.main.secret", "", "file:PATH"),
        ('secret = "file:ami.secret"', 'secret = "file:other"', "pbx.main.secret", '"file:other"', "cannot be read"),
        ('secret = "file:ami.secret"', 'secret = "env:NONE"', "pbx.main.secret", '"env:NONE"', "Set NONE"),
        ('kind = "asterisk"', 'kind = "astrisk"', "pbx.main.kind", '"astrisk"', "Did you mean asterisk?"),
        ('kind = "caldav"', 'kind = "notes"', "sources.office.kind", '"notes"', "caldav, exchange"),
        ('kind = "caldav"', 'kind = "exchang"', "sources.office.kind", '"exchang"', "Did you mean exchange?"),
        ('kind = "caldav"', 'kind = "exchange"\naccess = "all"', "sources.office.access", '"all"', "'impersonation'"),
        ('kind = "caldav"', 'kind = "exchange"\npin = "12:34"', "sources.office.pin", '"12:34"', "64 hex digits"),
        ('kind = "caldav"', 'kind = "exchange"\ncalendars = "/x"', "sources.office.calendars", "", "Known"),
        ("https://calendar", "ftp://calendar", "sources.office.url", '"ftp://calendar.example.org/"', "https://"),
        ("https://calendar", "https://me:opensesame@calendar", "sources.office.url", "", "belong to an account"),
        ("[pbx.main]", '[pbx]\nsecret = "opensesame"\n[pbx.main]', "pbx.secret", "", "is no table"),
        ("[run]", "[runn]", "runn", "", "Did you mean run?"),
        ("[run]", "[run]\ndry_runn = true", "run.dry_runn", "", "Did you mean dry_run?"),
        ('pilot = ["1001"]', 'pilot = ["10 01"]', "run.pilot.0", '"10 01"', "pattern"),
        ('pilot = ["1001"]', "pilot = [1001]", "run.pilot.0", "1001", "string"),
        ("[run]", '[log]\nlevel = "loud"\n[run]', "log.level", '"loud"', "'debug', 'info', 'warning' or 'error'"),
        ("[pbx.main]", '[pbx."ma in"]', "pbx.ma in", "", "letters"),
        ("[store]", "[sttore]", "sttore", "", "Did you mean store?"),
        ("[store]", "run = 7\n[store]", "run", "7", "[run]"),
        ('kind = "asterisk"', 'kind = ["asterisk"]', "pbx.main.kind", "['asterisk']", "no such kind"),
        ('host = "192.0.2.1"', "port = true", "pbx.main.port", "true", "integer"),
        ('host = "192.0.2.1"', 'host = "a..b"', "pbx.main.host", '"a..b"', "the name or the address"),
        ("https://calendar.example.org/", "https://b:99999/", "sources.office.url", '"https://b:99999/"', "ort out of"),
        ("https://calendar.example.org/", "https://a b/", "sources.office.url", '"https://a b/"', "spaces"),
        ("data/ringplan.db", "~nobody-of-that-name/x", "store.path", '"~nobody-of-that-name/x"', "is no path"),
        ("data/ringplan.db", "", "store.path", '""', "is no path"),
        (
            'secret = "file:ami.secret"',
            'secret = "file:~nobody-of-that-name/x"',
            "pbx.main.secret",
            '"~nobody-of-that-name/x"',
            "is no path",
        ),
    ],
)
def test_a_mistake_is_told_by_key_value_and_remedy(
    folder: Path, old: str, new: str, key: str, value: str, told: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if key == "run":
        text = text.replace('[run]\npilot = ["1001"]\n', "")
    (mistake,) = mistakes(folder, text)
    assert (mistake.key, mistake.value) == (key, value)
    assert told in f"{mistake.said}. {mistake.remedy}"


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    text = GOOD.replace("[run]", "[run]\ndry_run = 7").replace("192.0.2.1", "").replace("pilot", "pilots")
    found = mistakes(folder, text.replace("data/ringplan.db", "x.db").replace("path", "paths"))
    assert [mistake.key for mistake in found] == ["pbx.main.host", "run.dry_run", "run.pilots", "store.paths"]


def test_two_keys_that_exclude_each_other_are_told_with_the_table(folder: Path) -> None:
    (mistake,) = mistakes(folder, GOOD.replace("url =", 'domain = "example.org"\nurl ='))
    assert (mistake.key, mistake.value) == ("sources.office", "")
    assert "Keep one of url and domain" in mistake.remedy


def test_a_secret_that_cannot_be_used_is_told_without_it(folder: Path) -> None:
    (folder / "ami.secret").write_text("opensesame\nsecond line")
    (mistake,) = mistakes(folder)
    assert (mistake.key, mistake.value) == ("pbx.main.secret", "")


@pytest.mark.parametrize("missing", ["pbx", "sources"])
def test_a_pbx_and_a_source_are_needed(folder: Path, missing: str) -> None:
    start = GOOD.index(f"[{missing}.")
    (mistake,) = mistakes(folder, GOOD[:start] + GOOD[GOOD.index("[", start + 1) :])
    assert mistake.key == missing


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[store]\npath = "x\n', "line 2"),
        ("[store]\npath = \n", "line 2"),
        ("[store]\n[store]\n", "line 2"),
        ("[store", "at its end"),
    ],
)
def test_a_syntax_error_is_told_with_its_line(folder: Path, text: str, where: str) -> None:
    with pytest.raises(Misconfigured, match=where):
        read(folder, text)


@pytest.mark.parametrize("variable", ["RINGPLAN_DRYRUN", "RINGPLAN_RUN__", "RINGPLAN___X"])
def test_a_variable_that_names_no_key_is_told(folder: Path, variable: str) -> None:
    (mistake,) = mistakes(folder, environment={variable: "1"})
    assert mistake.key == variable


def test_a_variable_below_what_is_no_table_is_told(folder: Path) -> None:
    text = GOOD + '[log]\nlevel = "info"\n'
    (mistake,) = mistakes(folder, text, {"RINGPLAN_LOG__LEVEL__X": "debug"})
    assert mistake.key == "RINGPLAN_LOG__LEVEL__X"


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_a_value_without_bounds_is_told_or_taken_as_a_text(folder: Path, value: str) -> None:
    with pytest.raises(Misconfigured):
        read(folder, GOOD.replace("[run]", f"[run]\ndry_run = {value}"))
    mistakes(folder, environment={"RINGPLAN_RUN__DRY_RUN": value})


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    assert read(folder, "\N{BOM}" + GOOD).pbx.keys() == {"main"}


def test_a_variable_with_an_unknown_key_is_told_like_one_in_the_file(folder: Path) -> None:
    (mistake,) = mistakes(folder, environment={"RINGPLAN_RUN__DRYRUN": "true"})
    assert (mistake.key, mistake.remedy) == ("run.dryrun", "Did you mean dry_run?")


def test_a_file_that_is_not_there_or_not_text_is_told(folder: Path) -> None:
    with pytest.raises(Misconfigured, match="there is no") as found:
        load(folder / "none.toml", {})
    assert "ringplan init" in found.value.remedy
    (folder / "ringplan.toml").write_bytes(b"[store]\n\xff\n")
    with pytest.raises(Misconfigured, match="line 2"):
        load(folder / "ringplan.toml", {})
    with pytest.raises(Misconfigured, match="cannot be read"):
        load(folder, {})
