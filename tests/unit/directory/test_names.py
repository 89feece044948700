"""Distinguished names, as people and telephones write them (RFC 4514)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.index.names import parsed
from gateway.directory.wire.answers import INVALID_DN_SYNTAX, Refusal


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", ()),
        ("  ", ()),
        ("dc=contacts", ((("dc", "contacts"),),)),
        ("UID=C7, OU=Company ; dc = Contacts", ((("uid", "c7"),), (("ou", "company"),), (("dc", "contacts"),))),
        (r"cn=Lind\, Anna,dc=x", ((("cn", "lind, anna"),), (("dc", "x"),))),
        (r"cn=L\c3\b6f,dc=x", ((("cn", "löf"),), (("dc", "x"),))),
        (r"cn=a\2Cb\20,dc=x", ((("cn", "a,b"),), (("dc", "x"),))),
        ('cn="Lind, Anna",dc=x', ((("cn", "lind, anna"),), (("dc", "x"),))),
        ("cn=a+uid=b,dc=x", ((("cn", "a"), ("uid", "b")), (("dc", "x"),))),
        ("uid=b+cn=a,dc=x", ((("cn", "a"), ("uid", "b")), (("dc", "x"),))),
        ("cn=Anna   van  Berg", ((("cn", "anna van berg"),),)),
        ("0.9.2342.19200300.100.1.25=contacts", ((("dc", "contacts"),),)),
        ("OID.2.5.4.11=people", ((("ou", "people"),),)),
        ("cn=,dc=x", ((("cn", ""),), (("dc", "x"),))),
    ],
)
def test_names_are_taken_apart(text, name):
    assert parsed(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *("contacts", "=x", "dc=x,", ",dc=x", "dc=x,,dc=y", "dc=x+", "cn=a\\", "cn=a\\x", 'cn="a', 'cn="a" b'),
        *("cn=a<b", "cn=\\ff\\fe", "cn=a\0b", "dc=" + 3000 * "x"),
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(Refusal) as refused:
        parsed(text)
    assert refused.value.code == INVALID_DN_SYNTAX


@given(st.text(max_size=40) | st.text(alphabet='dcou=,+\\" #;2C', max_size=30))
def test_any_text_is_a_name_or_refused(text):
    with suppress(Refusal):
        assert all(parsed(text))
