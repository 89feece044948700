"""What is kept of a contact and a user, and what of it is answered."""

from zoneinfo import ZoneInfo

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import of_contact, of_user, unpacked
from gateway.directory.index.shelf import without
from gateway.directory.query import Equal, Present, Query, Scope, Viewer
from gateway.directory.wire import ber
from gateway.domain.contact import Contact, Form, Kind, PhoneNumber
from gateway.domain.user import User
from tests.unit.directory.people import SWEDEN, shelf

ANNA = Contact(
    "k1",
    "Anna Öberg",
    "Anna",
    "Öberg",
    "Volt AB",
    "CEO",
    ("anna@example.org", "änna@example.org"),
    (
        PhoneNumber(Kind.WORK, "08-123 45 67", "+4681234567"),
        PhoneNumber(Kind.OTHER, "0049 30 123456", "+4930123456"),
        PhoneNumber(Kind.MOBILE, "070-123 45 67", "+46701234567"),
        PhoneNumber(Kind.MOBILE, "+46701234567", "+46701234567"),
        PhoneNumber(Kind.HOME, "*99#", ""),
    ),
)


def answered(
    contact: Contact, *attributes: str, form: Form = Form.NATIONAL, types_only: bool = False
) -> dict[str, list[str]]:
    catalogue = Catalogue("dc=contacts", SWEDEN)
    catalogue.take({None: shelf(catalogue, None, [of_contact(7, 1, contact)])}, SWEDEN)
    found = catalogue.find(
        Viewer(None, form), Query("uid=c7,ou=company,dc=contacts", Scope.BASE, Present("objectClass"))
    )
    assert found is not None
    return read(catalogue.entry(found.entries[0], catalogue.selection(attributes, types_only, form)))


def read(entry: bytes) -> dict[str, list[str]]:
    at, end = ber.expect(entry, 0, len(entry), 0x64)
    _, at = ber.expect(entry, at, end, ber.OCTETS)
    at, end = ber.expect(entry, at, end, ber.SEQUENCE)
    found: dict[str, list[str]] = {}
    while at < end:
        inner, at = ber.expect(entry, at, end, ber.SEQUENCE)
        begins, inner = ber.expect(entry, inner, at, ber.OCTETS)
        values = found.setdefault(entry[begins:inner].decode(), [])
        inner, last = ber.expect(entry, inner, at, ber.SET)
        while inner < last:
            begins, inner = ber.expect(entry, inner, last, ber.OCTETS)
            values.append(entry[begins:inner].decode())
    return found


def test_all_that_people_read():
    assert answered(ANNA) == {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson", "ringplanContact"],
        "uid": ["c7"],
        "cn": ["Anna Öberg"],
        "sn": ["Öberg"],
        "givenName": ["Anna"],
        "o": ["Volt AB"],
        "title": ["CEO"],
        "mail": ["anna@example.org"],
        "telephoneNumber": ["081234567", "004930123456"],
        "mobile": ["0701234567"],
    }


@pytest.mark.parametrize(
    ("form", "mobile"),
    [
        (Form.E164, ["+46701234567"]),
        (Form.NATIONAL, ["0701234567"]),
        (Form.WRITTEN, ["070-123 45 67", "+46701234567"]),
    ],
)
def test_numbers_are_shown_as_the_device_wants_them(form, mobile):
    assert answered(ANNA, "mobile", form=form) == {"mobile": mobile}


def test_who_asks_by_another_name_is_answered_in_it():
    found = answered(ANNA, "SURNAME", "gn", "company", "2.5.4.3", "MOBILE", "nothing")
    assert found == {
        "SURNAME": ["Öberg"],
        "gn": ["Anna"],
        "company": ["Volt AB"],
        "cn": ["Anna Öberg"],
        "mobile": ["0701234567"],
    }


def test_what_is_told_only_to_who_names_it():
    assert answered(ANNA, "keypad") == {"keypad": ["62374", "2662", "266262374"]}
    assert {"+46701234567", "0701234567", "0046701234567"} < set(answered(ANNA, "numberKey")["numberKey"])
    assert set(answered(ANNA, "+")) == {"entryDN", "structuralObjectClass", "subschemaSubentry"}
    assert answered(ANNA, "1.1") == {}
    assert answered(ANNA, "cn", types_only=True) == {"cn": []}


@pytest.mark.parametrize(
    ("contact", "name", "given", "family"),
    [
        (Contact("k", "Anna van Berg"), "Anna van Berg", "Anna van", "Berg"),
        (Contact("k", "", "Anna", "Ek"), "Anna Ek", "Anna", "Ek"),
        (Contact("k", "", company="Volt AB"), "Volt AB", "", "Volt AB"),
        (Contact("k", "Volt AB", company="Volt AB"), "Volt AB", "", "Volt AB"),
        (Contact("k", "", emails=("a@example.org",)), "a@example.org", "", "a@example.org"),
        (Contact("k", "", numbers=(PhoneNumber(Kind.WORK, "112"),)), "112", "", "112"),
        (Contact("k", ""), "?", "", "?"),
        (Contact("k", "A\x1fn\nn\x00a  Ek\u2028"), "A n n a Ek", "A n n a", "Ek"),
        (Contact("k", "علی\u200cرضا Ek\u200b"), "علی\u200cرضا Ek", "علی\u200cرضا", "Ek"),
        (Contact("k", "x" * 10_000), "x" * 256, "", "x" * 256),
        (Contact("k", "\ud800"), "?", "", "?"),
    ],
)
def test_nobody_is_without_a_name(contact, name, given, family):
    kept = unpacked(of_contact(7, 1, contact))
    assert (kept.name, kept.given, kept.family) == (name, given, family)


def test_a_user_is_an_entry_with_the_extension():
    row = of_user(User(3, "1003", ("bo@example.org",), ZoneInfo("UTC"), name="Bo Ek"))
    kept = unpacked(row)
    assert (kept.key, kept.name, kept.family, kept.emails) == ("u3", "Bo Ek", "Ek", ("bo@example.org",))
    assert kept.numbers == (PhoneNumber(Kind.WORK, "1003", "1003"),)


def test_an_extension_finds_its_user_and_no_contact_that_is_the_user():
    catalogue = Catalogue("dc=contacts", SWEDEN)
    desk = of_contact(1, 1, Contact("k", "Bo's desk", numbers=(PhoneNumber(Kind.WORK, "1003", "1003"),)))
    user = of_user(User(3, "1003", (), ZoneInfo("UTC"), name="Bo Ek"))
    both = shelf(catalogue, None, [desk, user])
    catalogue.take({None: without(both, {"1003"})}, SWEDEN)
    query = Query("dc=contacts", Scope.SUBTREE, Equal("telephoneNumber", b"1003"))
    found = catalogue.find(Viewer(None, Form.E164), query)
    assert found is not None
    assert [segment.rows[entry].id for segment, entry in found.entries] == [-3]
    assert len(without(both, {"1004"})) == 2
