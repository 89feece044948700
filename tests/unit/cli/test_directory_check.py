"""What is said of a listener's certificate, before anything is asked."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
import trustme
from pyasn1.error import PyAsn1Error

from gateway.cli import directory_check
from gateway.cli.directory_check import Telephone, _certificate, _searched
from gateway.directory.settings import ListenSettings
from gateway.domain.secret import Secret

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = "pbx.example.org"


@pytest.fixture
def listener(tmp_path):
    def listener(*names, ends=NOW + timedelta(days=300)):
        made = trustme.CA().issue_cert(*names, not_after=ends)
        certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
        made.cert_chain_pems[0].write_to_path(certificate)
        made.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return ListenSettings(address="127.0.0.1", tls="ldaps", certificate=certificate, key=key)

    return listener


def told(listener, host=HOST):
    return [f"{'ok' if ok else 'fail'}: {said}" for ok, said, _ in _certificate(listener, host, NOW)]


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("pbx.example.org",), HOST),
        (("*.example.org",), HOST),
        (("PBX.example.org",), HOST),
        (("10.1.0.5",), "10.1.0.5"),
    ],
)
def test_nothing_is_said_of_one_that_is_right(listener, names, host):
    assert told(listener(*names), host) == []


@pytest.mark.parametrize(
    ("names", "host"), [(("example.org",), HOST), (("*.org",), HOST), (("10.1.0.6",), "10.1.0.5"), (("a@b.se",), HOST)]
)
def test_one_for_somebody_else_is_told(listener, names, host):
    assert told(listener(*names), host) == [f"ok: the certificate is not for {host}"]


@pytest.mark.parametrize(
    ("days", "said"),
    [(-1, "fail: the certificate ended on"), (0, "fail: the certificate ended"), (29, "ok: the certificate ends")],
)
def test_one_that_ends_soon_is_told(listener, days, said):
    [one] = told(listener(HOST, ends=NOW + timedelta(days=days)))
    assert one.startswith(said)


def test_a_key_that_everybody_can_read_is_told(listener, tmp_path):
    made = listener(HOST)
    (tmp_path / "k.pem").chmod(0o640)
    assert told(made) == []
    (tmp_path / "k.pem").chmod(0o644)
    assert told(made) == [f"ok: everybody on this machine can read {tmp_path / 'k.pem'}"]


def test_a_key_that_does_not_belong_to_it_is_told(listener, tmp_path):
    made = listener(HOST)
    trustme.CA().issue_cert(HOST).private_key_pem.write_to_path(tmp_path / "k.pem")
    [one] = told(made)
    assert one.startswith("fail: ")
    assert "cannot be used" in one


def test_a_file_that_holds_something_else_is_told(listener, tmp_path):
    made = listener(HOST)
    (tmp_path / "c.pem").write_text("nothing")
    assert "cannot be used" in told(made)[0]


@pytest.mark.parametrize(
    "error", [TypeError("x"), KeyError("x"), ValueError("x"), IndexError("x"), PyAsn1Error("x"), OSError("x")]
)
@pytest.mark.parametrize("at", ["_opened", "bind", "search"])
def test_a_listener_that_answers_with_anything_is_told(monkeypatch, error, at):
    client = Mock(**{f"{what}.side_effect": error for what in (at, "unbind")})
    monkeypatch.setattr(directory_check, "Connection", lambda *_, **__: client)
    monkeypatch.setattr(directory_check, "_opened", client._opened)
    listener = ListenSettings(address="127.0.0.1", tls="none")
    ok, said, remedy = _searched(listener, "dc=contacts", Telephone("1001", Secret("x")))
    assert (ok, said) == (False, f"127.0.0.1:389: {type(error).__name__}")
    assert "is the gateway running?" in remedy
