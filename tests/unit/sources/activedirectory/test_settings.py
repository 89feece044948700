"""The table of a directory in the settings."""

import pytest
from pydantic import ValidationError

from gateway.sources.activedirectory.settings import ActiveDirectorySettings


@pytest.mark.parametrize(
    ("url", "port", "is_ldaps"),
    [
        ("ldaps://dc1.example.test", 636, True),
        ("ldap://dc1.example.test", 389, False),
        ("ldaps://dc1.example.test:3269/", 3269, True),
        ("ldap://[::1]:1389", 1389, False),
    ],
)
def test_an_address_says_host_port_and_how_tls_begins(url, port, is_ldaps):
    settings = ActiveDirectorySettings(url=url)
    assert (settings.port, settings.is_ldaps, settings.is_clear) == (port, is_ldaps, False)
    assert settings.host


def test_only_who_says_so_sends_a_password_in_clear():
    assert ActiveDirectorySettings(url="ldap://dc1", start_tls=False).is_clear
    assert not ActiveDirectorySettings(url="ldaps://dc1", start_tls=False).is_clear


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://dc1"},
        {"url": "dc1.example.test"},
        {"url": "ldap://"},
        {"url": "ldap://user:secret@dc1"},
        {"url": "ldap://dc1/DC=example"},
        {"url": "ldap://dc1:0"},
        {"url": "ldap://dc1:99999"},
        {"base": ""},
        {"filter": "cn=*"},
        {"filter": "(&(cn=*)"},
        {"filter": "(cn=\n*)"},
        {"ca": "ca.pem", "pin": "00" * 32},
        {"refresh": 1},
        {"password": "secret"},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        ActiveDirectorySettings(**{"url": "ldaps://dc1", **wrong})
