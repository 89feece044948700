"""The tables of the directory: what they say, and one sentence for each mistake."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.errors import Misconfigured
from gateway.settings import load

ELSE = (
    '[pbx.main]\nkind = "asterisk"\nhost = "h"\nuser = "u"\nsecret = "env:S"\n[sources.o]\nurl = "http://127.0.0.1/"\n'
)
INSIDE = '[directory.listen.inside]\naddress = "127.0.0.1"\n'


def read(folder, text):
    file = folder / "ringplan.toml"
    file.write_text(ELSE + text)
    return load(file, {"S": "secret"})


def test_without_its_table_there_is_no_directory(tmp_path):
    assert read(tmp_path, "").directory is None


def test_a_listener_takes_private_networks_and_the_usual_port(tmp_path):
    (tmp_path / "c.pem").touch()
    text = f'[directory]\nhost = "pbx.example.com"\n{INSIDE}tls = "ldaps"\ncertificate = "c.pem"\nkey = "c.pem"\n'
    found = read(tmp_path, text).directory
    assert found is not None
    inside = found.listen["inside"]
    assert inside.at == ("127.0.0.1", 636)
    assert ip_network("10.0.0.0/8") in inside.networks
    assert inside.certificate == tmp_path / "c.pem"
    assert found.directory.base == "dc=contacts"


@pytest.mark.parametrize(
    ("written", "base"), [("DC=Contacts", "dc=Contacts"), ("OU=phones,O=Firm,C=se", "ou=phones,o=Firm,c=se")]
)
def test_a_base_is_a_name_that_the_directory_can_have(tmp_path, written, base):
    found = read(tmp_path, f'[directory]\nhost = "h"\nbase = "{written}"\n{INSIDE}tls = "none"\n').directory
    assert found is not None
    assert found.directory.base == base
    assert Catalogue(base).base == base


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[directory]\nhost = "h"\n', "directory.listen: it listens nowhere. Add a table"),
        (
            f'[directory]\nhost = "h"\n{INSIDE}tls = "ldaps"\n',
            "directory.listen.inside: cannot be used. Give certificate",
        ),
        (
            f'[directory]\nhost = "h"\n{INSIDE}tls = "ldaps"\nkey = "c"\ncertificate = "c"\n',
            'directory.listen.inside.key = "c": there is no such file. Name a PEM file',
        ),
        (
            f'[directory]\nhost = "h"\n{INSIDE}tls = "none"\nkey = "ringplan.toml"\n',
            "Certificate and key are used with TLS",
        ),
        (f'[directory]\nhost = "h"\n{INSIDE}tls = "none"\nnetworks = []\n', "Name the networks of the telephones"),
        (f'[directory]\nhost = "h"\n{INSIDE}tls = "none"\nnetworks = ["10.0.0.1/8"]\n', "has host bits set"),
        (
            f'[directory]\nhost = "h"\nbase = "*"\n{INSIDE}tls = "none"\n',
            'directory.base = "*": cannot be used. Must be',
        ),
        (
            f'[directory]\nhost = "h"\nbase = "o=firm"\n{INSIDE}tls = "none"\n',
            'directory.base = "o=firm": cannot be used. Must be',
        ),
        (f'[directory]\nhost = "h"\nanonymous = [1]\n{INSIDE}tls = "none"\n', "directory.anonymous.0"),
        (
            f'[directory]\nhost = "h"\n{INSIDE}tls = "none"\nnetworks = "10.0.0.0/8"\n',
            "Write it in brackets: networks = [",
        ),
        ('directory = "yes"\n', "directory"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path, text, said):
    with pytest.raises(Misconfigured) as told:
        read(tmp_path, text)
    assert said in str(told.value)


def test_a_certificate_that_is_not_there_is_one_mistake(tmp_path):
    (tmp_path / "c.key").touch()
    text = f'[directory]\nhost = "h"\n{INSIDE}tls = "ldaps"\nkey = "c.key"\ncertificate = "c.pem"\n'
    with pytest.raises(Misconfigured) as told:
        read(tmp_path, text)
    assert "c.pem" in str(told.value)
    assert "Give certificate" not in str(told.value)


def test_a_key_in_a_folder_that_is_closed_to_us_is_told(tmp_path, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)
    text = f'[directory]\nhost = "h"\n{INSIDE}tls = "ldaps"\nkey = "private/c.key"\ncertificate = "c.pem"\n'
    with pytest.raises(Misconfigured, match=r'key = "private/c.key": it cannot be looked at \(Permission denied\)'):
        read(tmp_path, text)


def test_a_key_of_the_store_need_not_be_there_yet(tmp_path):
    assert read(tmp_path, '[store]\nkey = "ringplan.key"\n').store.key_path.name == "ringplan.key"
