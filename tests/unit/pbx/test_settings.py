"""The table of an Asterisk in the settings file, and the lines that an administrator adds to Asterisk's own files."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.domain.secret import Secret
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.settings import AsteriskSettings


def test_what_is_usual_need_not_be_said():
    settings = AsteriskSettings(secret="s3cret")
    assert (settings.address, settings.user, settings.tls) == ("127.0.0.1:5038", "ringplan", False)


def test_a_secret_is_not_shown():
    settings = AsteriskSettings.model_validate({"secret": "s3cret"})
    assert settings.secret == Secret("s3cret")
    assert "s3cret" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize("secret", ["", "s3cret\r\nAction: Originate", "s3cret\n", "s3\0cret"])
def test_a_secret_that_cannot_be_sent_is_refused_without_being_shown(secret):
    with pytest.raises(ValidationError, match="printable") as refused:
        AsteriskSettings.model_validate({"secret": secret})
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 0),
        ("port", 70000),
        ("user", "a\r\nAction: x"),
        ("user", ""),
        ("host", ""),
        ("deadline", 0),
        ("kind", "x"),
        ("calls_per_second", 0),
        ("calls_per_second", "many"),
        ("calls_at_once", 0),
        ("calls_at_once", 2.5),
        ("ring", 4),
        ("ring", 121),
    ],
)
def test_what_cannot_be_is_named_by_its_key(key, value):
    with pytest.raises(ValidationError) as refused:
        AsteriskSettings.model_validate({"secret": "x", key: value})
    assert [error["loc"] for error in refused.value.errors()] == [(key,)]


def test_a_key_that_is_not_known_is_refused():
    with pytest.raises(ValidationError, match="hots"):
        AsteriskSettings.model_validate({"secret": "x", "hots": "pbx"})


def test_a_ca_without_tls_is_a_mistake():
    with pytest.raises(ValidationError, match="tls = true"):
        AsteriskSettings(secret="x", ca=Path("ca.pem"))


def test_the_stanza_gives_the_least_rights_and_no_secret():
    stanza = lines.manager_stanza("ringplan", "10.0.0.5/255.255.255.255").splitlines()
    assert stanza[0] == "[ringplan]"
    assert {
        "read = system,user,agent",
        "write = system,call,reporting,agent,originate",
        "permit = 10.0.0.5/255.255.255.255",
    } <= set(stanza)
    assert stanza.index("deny = 0.0.0.0/0.0.0.0") < stanza.index("permit = 10.0.0.5/255.255.255.255")


def test_the_dialplan_lines_ask_first_whether_ringplan_is_loaded():
    text = lines.dialplan_lines("_2XX")
    assert (
        " same => n,ExecIf($[${DIALPLAN_EXISTS(ringplan,${EXTEN},1)}]?Gosub(ringplan,${EXTEN},1(${EXTEN})))\n" in text
    )
    assert "exten => _2XX,hint,PJSIP/${EXTEN}&Custom:ringplan-${EXTEN},CustomPresence:ringplan-${EXTEN}\n" in text
    assert "[ringplan-target]\n" in text
    assert "include => ringplan-codes\n" in text
    assert "include => ringplan-operator\n" in text
    assert text.endswith("\n#include ringplan.conf\n"), "what stood below would belong to the included file's context"


@pytest.mark.parametrize("host", ["a\0b", "a b", "a" * 300, "x..y", ""])
def test_a_host_that_no_machine_can_have_is_refused(host):
    with pytest.raises(ValidationError, match="host"):
        AsteriskSettings(secret="x", host=host)


@pytest.mark.parametrize("host", ["::1", "192.0.2.1", "pbx.example.org", "växel.example.org"])
def test_a_host_may_be_a_name_or_an_address(host):
    assert AsteriskSettings(secret="x", host=host).host == host


@pytest.mark.parametrize("key", ["deadline", "ping"])
def test_an_hour_is_the_longest_that_anything_waits(key):
    with pytest.raises(ValidationError, match=key):
        AsteriskSettings.model_validate({"secret": "x", key: float("inf")})
