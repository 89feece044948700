"""Files and pins that trust is made of; handshakes are in tests/contract/test_trust.py."""

import ssl

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.errors import Misconfigured
from gateway.net.trust import Pin, distrusted, fingerprint, trust

PIN = "AB" * 32


@pytest.mark.parametrize("minimum", ["1.0", "1.1", "1.2", "1.3"])
def test_the_oldest_version_is_the_one_that_was_set(minimum):
    version = ssl.TLSVersion[f"TLSv{minimum.replace('.0', '').replace('.', '_')}"]
    assert trust(minimum=minimum).minimum_version == version


def test_certificate_and_name_are_checked_unless_a_pin_takes_their_place():
    context = trust()
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_what_one_context_pins_no_other_does():
    assert trust(pin=PIN).sslsocket_class is not ssl.SSLSocket
    assert trust().sslsocket_class is ssl.SSLSocket


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Misconfigured, match=r"ca: the file .* is not there"):
        trust(tmp_path / "none.pem")


def test_a_file_that_holds_no_certificate(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("nothing\n")
    with pytest.raises(Misconfigured, match="holds no certificate") as raised:
        trust(path)
    assert "BEGIN CERTIFICATE" in raised.value.remedy


def test_a_fingerprint_is_written_as_certificate_tools_do():
    assert fingerprint(b"").startswith("E3:B0:C4:42:98")
    assert TypeAdapter(Pin).validate_python(fingerprint(b""))


@pytest.mark.parametrize("pin", ["", "AB", PIN + "A", "AB:" * 32, "XY" * 32, PIN + "\n"])
def test_what_is_no_pin(pin):
    with pytest.raises(ValidationError):
        TypeAdapter(Pin).validate_python(pin)


def test_what_is_no_matter_of_trust():
    assert distrusted(OSError("gone"), "mail.example.test") is None
