"""Whom telephones find with the settings that are delivered for them."""

import pytest
from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber.encoder import encode

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import of_contact, unpacked
from gateway.directory.query import Query, Scope, Viewer
from gateway.directory.wire.filters import decode
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.planning.numbers import keyed
from tests.unit.directory.people import shelf
from tests.unit.planning.phones import TYPED, TYPES, VENDORS, filters

STOCKHOLM = Numbering("SE", area="8", outside="0", extension=4, form=Form.NATIONAL)
FORMS = (
    "+46812345",
    "0046812345",
    "0812345",
    "00812345",
    "46812345",
    "+46 8 123 45",
    "08-123 45",
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Anna Öberg, Bertil Berg with a short number, and a company."""
    people = (
        Contact("1", "Anna Öberg", "Anna", "Öberg", numbers=(PhoneNumber(Kind.MOBILE, "08-123 45"),)),
        Contact("2", "Bertil Berg", "Bertil", "Berg", numbers=(PhoneNumber(Kind.WORK, "1001"),)),
        Contact("3", "Volt AB", company="Volt AB", numbers=(PhoneNumber(Kind.HOME, "+49 30 666"),)),
    )
    made = Catalogue("dc=contacts", STOCKHOLM)
    rows = [of_contact(int(one.key), 1, keyed(one, STOCKHOLM)) for one in people]
    made.take({None: shelf(made, None, rows)}, STOCKHOLM)
    return made


def found(catalogue: Catalogue, vendor: str, typed: str, kind: int) -> set[str]:
    """Who is found by any of the filters for names (1) or numbers (2)."""
    sign, *shapes = TYPES.get(vendor, TYPED)
    text = shapes[kind - 1].format(typed)
    names: set[str] = set()
    for one in filters(vendor):
        if ("cn=" in one or "sn=" in one) is (kind == 1):
            wire = encode(
                compile_filter(parse_filter(one.replace(sign, text), None, False, False, None, False).elements[0])
            )
            asked, _ = decode(wire, 0, len(wire))
            hits = catalogue.find(Viewer(None, Form.NATIONAL), Query("dc=contacts", Scope.SUBTREE, asked))
            assert hits is not None
            names |= {unpacked(segment.rows[entry]).name for segment, entry in hits.entries}
    return names


@pytest.mark.parametrize("vendor", sorted(VENDORS.keys() - {"poly"}))
def test_people_are_found_by_the_beginning_of_a_name(catalogue, vendor):
    assert found(catalogue, vendor, "Öb", 1) == {"Anna Öberg"}
    assert found(catalogue, vendor, "ober", 1) == {"Anna Öberg"}
    assert found(catalogue, vendor, "ann", 1) == {"Anna Öberg"}
    assert found(catalogue, vendor, "vol", 1) == {"Volt AB"}
    assert found(catalogue, vendor, "erg", 1) == set()


@pytest.mark.parametrize("vendor", sorted(VENDORS.keys() - {"poly", "mitel"}))
def test_callers_are_found_in_every_form(catalogue, vendor):
    for form in FORMS:
        assert found(catalogue, vendor, form, 2) == {"Anna Öberg"}, form
    assert found(catalogue, vendor, "1001", 2) == {"Bertil Berg"}
    assert found(catalogue, vendor, "+49 30 666", 2) == {"Volt AB"}
    assert found(catalogue, vendor, "0812399", 2) == set()
