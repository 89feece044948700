"""What numbers mean, as it is given: kept as it will be used, or refused with a remedy."""

import pytest

from gateway.deciding.numbering import numbering
from gateway.domain.contact import Form, Numbering
from gateway.errors import Misconfigured


def test_what_is_not_given_stays():
    before = Numbering("SE", "8", "0", 4, Form.NATIONAL)
    assert numbering(before) == before


def test_what_is_given_is_kept_as_it_is_used():
    assert numbering(Numbering(), "se", "08", "0", 4, "e164") == Numbering("SE", "8", "0", 4, Form.E164)


def test_an_empty_text_takes_away():
    assert numbering(Numbering("SE", "8", "0"), country="", area="", outside="") == Numbering()


@pytest.mark.parametrize(
    "given",
    [
        {"country": "XX"},
        {"country": "Sweden"},
        {"area": "-8"},
        {"area": "٨"},
        {"area": "1234567"},
        {"outside": "12345"},
        {"outside": "0,"},
        {"outside": "*9"},
        {"extension": 0},
        {"extension": 9},
        {"form": "nice"},
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(given):
    with pytest.raises(Misconfigured) as refused:
        numbering(Numbering(), **given)
    assert refused.value.remedy
