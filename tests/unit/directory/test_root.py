"""What the directory tells about itself, and that its schema is what its files say."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.query import And, Equal, Not, Or, Present, Query, Scope, Substrings, Viewer
from gateway.directory.root import root, subschema
from gateway.directory.schema import load, parsed
from gateway.directory.wire import ber
from gateway.domain.contact import Form
from gateway.errors import Misconfigured
from tests.unit.directory.people import SWEDEN, shelf, some

SCHEMA = load(Path(__file__).parents[3] / "ldap" / "schema")


def test_our_schema_is_told_as_it_stands_in_its_file():
    told = subschema(SCHEMA)
    text = b"\n".join(told.attributes["attributeTypes"])
    assert b"NAME ( 'keypad' 't9' )" in text
    assert b"NAME 'numberKey'" in text
    assert any(b"'ringplanContact'" in one for one in told.attributes["objectClasses"])


def test_everything_that_entries_have_is_described():
    everybody = Catalogue()
    everybody.take({None: shelf(everybody, None, some(Random(3), 1, 20))}, SWEDEN)
    viewer = Viewer(1, Form.E164)
    asked = ("*", "+", "displayName", "company", "numberKey", "keypad")
    found = everybody.find(viewer, Query(everybody.base, Scope.SUBTREE, Present("objectClass")))
    assert found is not None
    for hit in found.entries:
        for name, values in attributes(
            everybody.entry(hit, everybody.selection(asked, types_only=False, form=viewer.form))
        ):
            assert SCHEMA.attribute(name) == name
            if name.endswith("bjectClass"):
                assert all(any(f"NAME '{one}'" in told for told in SCHEMA.object_classes) for one in values)


def attributes(entry: bytes) -> Iterator[tuple[str, list[str]]]:
    """Yield what stands in an entry."""
    _, at, end = ber.header(entry, 0, len(entry))
    _, at = ber.expect(entry, at, end, ber.OCTETS)
    at, end = ber.expect(entry, at, end, ber.SEQUENCE)
    while at < end:
        first, at = ber.expect(entry, at, end, ber.SEQUENCE)
        first, last = ber.expect(entry, first, at, ber.OCTETS)
        name, values = entry[first:last].decode(), []
        begins, last = ber.expect(entry, last, at, ber.SET)
        while begins < last:
            first, begins = ber.expect(entry, begins, last, ber.OCTETS)
            values.append(entry[first:begins].decode())
        yield name, values


@pytest.mark.parametrize(
    ("written", "name"), [("GN", "givenName"), ("2.5.4.3", "cn"), ("t9", "keypad"), ("sn;lang-sv", "sn"), ("x", None)]
)
def test_attributes_are_known_by_all_their_names(written, name):
    assert SCHEMA.attribute(written) == name


def test_what_orders_is_known():
    assert SCHEMA.orders("caseIgnoreOrderingMatch")
    assert SCHEMA.orders("2.5.13.3")
    assert not SCHEMA.orders("caseIgnoreMatch")


def test_what_describes_nothing_is_no_schema():
    with pytest.raises(Misconfigured):
        parsed("nonsense ( 1.2.3 NAME 'x' )")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [((), {"objectClass"}), (("*",), {"objectClass"}), (("1.1",), set()), (("VENDORNAME",), {"vendorName"})],
)
def test_what_is_operational_is_told_to_who_asks_for_it(asked, shown):
    top = root("dc=contacts", offers_tls=False)
    data = top.encoded(asked, types_only=True)
    assert {name for name in top.attributes if name.encode() in data} == shown


def test_starttls_is_offered_only_where_it_is_to_be_had():
    extensions = [
        root("dc=contacts", offers_tls=is_there).attributes["supportedExtension"] for is_there in (False, True)
    ]
    assert b"1.3.6.1.4.1.1466.20037" not in extensions[0]
    assert b"1.3.6.1.4.1.1466.20037" in extensions[1]


@pytest.mark.parametrize(
    ("asked", "is_so"),
    [
        (Present("objectclass"), True),
        (Equal("objectClass", b"TOP"), True),
        (Equal("nothing", b"x"), None),
        (Not(Equal("nothing", b"x")), None),
        (And((Present("objectClass"), Equal("nothing", b"x"))), None),
        (Or((Present("objectClass"), Equal("nothing", b"x"))), True),
        (Or((Not(Present("objectClass")), Equal("nothing", b"x"))), None),
        (And(()), True),
        (Or(()), False),
        (Substrings("objectClass", b"t", (), None), None),
    ],
)
def test_filters_have_three_values(asked, is_so):
    assert root("dc=contacts", offers_tls=False).matches(asked) is is_so
