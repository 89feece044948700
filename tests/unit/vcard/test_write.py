"""What is written reads back as it was, and no text becomes a line of its own."""

import vobject
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.vcard.write import FOLDED, write

TEXTS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=90).map(str.strip)


@given(TEXTS, TEXTS, TEXTS)
def test_what_is_written_reads_back(name, family, company):
    card = write(Contact("1", name or "x", family=family, company=company, numbers=(PhoneNumber(Kind.MOBILE, "08-1"),)))
    found = vobject.readOne(card)
    assert found.fn.value == (name or "x")
    assert found.n.value.family == family
    assert found.tel.value == "08-1"
    assert all(len(line.encode()) <= FOLDED for line in card.split("\r\n"))


def test_no_text_becomes_a_line():
    card = write(Contact("1", "Eva\r\nTEL:112", company="A;B,C\\"))
    assert "FN:Eva\\nTEL:112\r\n" in card
    assert "ORG:A\\;B\\,C\\\\\r\n" in card
