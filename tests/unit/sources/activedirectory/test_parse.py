"""An entry of a directory as a contact, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.contact import Kind
from gateway.sources.activedirectory.parse import ATTRIBUTES, Entry, contact, key

GUID = bytes(range(16))


def entry(**values: list[bytes]) -> Entry:
    return Entry("CN=anna,DC=example,DC=test", {name.lower(): found for name, found in values.items()})


def test_an_entry_is_named_by_its_guid_which_moves_with_it_else_by_its_dn():
    assert key(entry(objectGUID=[GUID])) == "000102030405060708090a0b0c0d0e0f"
    assert key(entry()) == "CN=anna,DC=example,DC=test"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"displayName": [b"Anna E"], "cn": [b"anna"]}, "Anna E"),
        ({"displayName": [b" \t"], "cn": [b"anna"]}, "anna"),
        ({"givenName": [b"Anna"], "sn": [b"Ek"]}, "Anna Ek"),
        ({"company": [b"Firma"]}, "Firma"),
        ({"o": [b"Firma"]}, "Firma"),
        ({"mail": [b"a@example.test"], "mobile": [b"1"]}, "a@example.test"),
        ({"mobile": [b"070-1"]}, "070-1"),
    ],
)
def test_who_has_no_name_is_called_by_what_there_is(values, name):
    found = contact(entry(**values))
    assert found is not None
    assert found.name == name


def test_who_has_neither_name_nor_number_is_nobody():
    assert contact(entry(mail=[b"a@example.test"], mobile=[b" "])) is None


def test_what_is_absurd_is_left_out():
    found = contact(
        entry(cn=[b"x" * 1000], mail=[b"no address", b"@" + b"x" * 400], mobile=[b"1" * 101, b"\x00+1\x07"] * 40)
    )
    assert found is not None
    assert (len(found.name), found.emails) == (256, ())
    assert {(number.kind, number.written) for number in found.numbers} == {(Kind.MOBILE, "+1")}
    assert len(found.numbers) <= 50


def test_letters_are_joined_as_they_were_and_written_in_one_way():
    found = contact(entry(cn=["علی\u200cرضا".encode()], sn=["O\u0308berg\u200b".encode()]))
    assert found is not None
    assert (found.name, found.family) == ("علی\u200cرضا", "Öberg")


def test_what_is_no_utf_8_is_an_error_of_this_entry():
    with pytest.raises(UnicodeDecodeError):
        contact(entry(cn=[b"\xff"]))


@given(st.dictionaries(st.sampled_from(ATTRIBUTES), st.lists(st.binary(max_size=40), max_size=3)))
def test_any_bytes_are_a_contact_or_nobody_or_unreadable(values):
    try:
        found = contact(entry(**values))
    except UnicodeDecodeError:
        return
    if found is not None:
        assert found.name.strip()
        assert all(text.isprintable() for text in (found.name, found.company, *found.emails))
        assert all(number.written.isprintable() and number.written for number in found.numbers)
