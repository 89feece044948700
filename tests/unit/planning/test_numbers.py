"""Telephone numbers: what is written, asked and shown; `phonenumbers` says what is right in ten countries."""

import string

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.planning.numbers import candidates, forms, keyed, shown

STOCKHOLM = Numbering("SE", area="8", outside="0", extension=5)
AREAS = {
    "SE": "8", "DE": "30", "GB": "20", "US": "212", "NO": "", "DK": "", "FI": "9", "CH": "44", "FR": "1", "IT": "06",
}  # fmt: skip
ABROAD = {"US": "011"}
E164 = phonenumbers.PhoneNumberFormat.E164
NATIONAL = phonenumbers.PhoneNumberFormat.NATIONAL
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
PRINTABLE = set(string.ascii_letters + string.digits + "()+,-./:? ")


def key_of(written: str, numbering: Numbering = STOCKHOLM) -> str:
    return numbers_of(written, numbering=numbering)[0].key


def numbers_of(*written: str, numbering: Numbering = STOCKHOLM) -> tuple[PhoneNumber, ...]:
    numbers = tuple(PhoneNumber(Kind.WORK, one) for one in written)
    return keyed(Contact("1", "Anna", numbers=numbers), numbering).numbers


@st.composite
def given_out(draw: st.DrawFn, country: str) -> phonenumbers.PhoneNumber:
    """A number like those that are given out in `country`."""
    example = phonenumbers.example_number_for_type(country, draw(st.sampled_from(KINDS)))
    assert example is not None
    national = phonenumbers.national_significant_number(example)
    last = draw(st.text("0123456789", min_size=4, max_size=4))
    number = phonenumbers.parse(f"+{example.country_code}{national[:-4]}{last}")
    assume(phonenumbers.is_valid_number(number))
    return number


@st.composite
def places(draw: st.DrawFn) -> tuple[Numbering, phonenumbers.PhoneNumber]:
    """An organisation somewhere, and a number of its country."""
    country = draw(st.sampled_from(sorted(AREAS)))
    outside = draw(st.sampled_from(("", "0", "9")))
    area = draw(st.sampled_from(("", AREAS[country])))
    return Numbering(country, area, outside, draw(st.integers(2, 5))), draw(given_out(country))


@st.composite
def spread(draw: st.DrawFn, number: str) -> str:
    """`number` with something between its digits."""
    between = draw(st.lists(st.sampled_from(["", "", " ", "-", "\N{NO-BREAK SPACE}", ".", ") ", "–", "/"]), min_size=3))
    return "".join(digit + (between[at % len(between)] if at else "") for at, digit in enumerate(number))


@given(places(), st.data())
def test_a_number_is_found_in_every_form_a_trunk_or_a_telephone_may_send(place, data):
    numbering, number = place
    key = phonenumbers.format_number(number, E164)
    national = phonenumbers.format_number(number, NATIONAL)
    dialled = "".join(filter(str.isdigit, national))
    abroad = ABROAD.get(numbering.country, "00")
    for sent in (
        key,
        key[1:],
        abroad + key[1:],
        dialled,
        national,
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.RFC3966),
        numbering.outside + dialled,
        numbering.outside + abroad + key[1:],
        f"sip:{key}@sip.example.org:5060;user=phone",
        f'"0" <sip:{dialled}@sip.example.org>',
        f"tel:{key};ext=12",
        f"{key} ext. 12",
    ):
        assert key in candidates(sent, numbering), sent
    for sent in (key, dialled, abroad + key[1:]):
        assert key in candidates(data.draw(spread(sent)), numbering), sent


@given(places())
def test_forms_and_candidates_agree(place):
    numbering, number = place
    key = phonenumbers.format_number(number, E164)
    for form in forms(key, numbering):
        assert key in candidates(form, numbering), form


@given(st.text("0123456789", min_size=5, max_size=15), places())
def test_forms_and_candidates_agree_on_numbers_that_nobody_has(digits, place):
    numbering, _ = place
    key = f"+{digits.lstrip('0')}"
    home = phonenumbers.country_code_for_region(numbering.country)
    assume(len(key) > 5)
    assume(not key.startswith((f"+{home}0", "+11")))  # what stands before national numbers never begins one
    for form in forms(key, numbering):
        assert key in candidates(form, numbering), form


@given(places())
def test_what_somebody_wrote_is_read_as_phonenumbers_reads_it(place):
    numbering, number = place
    key = phonenumbers.format_number(number, E164)
    assert key_of(phonenumbers.format_number(number, NATIONAL), numbering) == key
    assert key_of(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL), numbering) == key
    assert key_of(key, numbering) == key


@given(places(), st.sampled_from(Form))
def test_what_is_shown_is_found_again(place, form):
    numbering, number = place
    key = phonenumbers.format_number(number, E164)
    for written in (key, phonenumbers.format_number(number, NATIONAL)):
        seen = shown(PhoneNumber(Kind.WORK, written, key), form, numbering)
        assert key in candidates(seen, numbering)
        if form in (Form.NATIONAL, Form.OUTSIDE):
            assert seen.isdigit()


@given(st.text(), st.sampled_from(Form))
def test_whatever_is_written_is_shown_in_what_a_telephone_number_may_hold(written, form):
    seen = {shown(number, form, STOCKHOLM) for number in numbers_of(written)}
    assert set().union(*seen) <= PRINTABLE
    assert all(any(character.isdigit() for character in one) for one in seen)


@given(st.text())
def test_whatever_is_asked_has_an_answer(asked):
    for key in candidates(asked, STOCKHOLM):
        assert key.removeprefix("+").isascii()
        assert key.removeprefix("+").isdigit()


def test_outside_line_and_abroad_are_both_tried():
    assert candidates("00812345678", STOCKHOLM)[:1] == ("+812345678",)
    assert "+46812345678" in candidates("00812345678", STOCKHOLM)
    assert key_of("0031123456") == "+4631123456"  # nobody in the Netherlands has +31 123456
    assert key_of("0031201234567") == "+31201234567"


def test_the_zero_that_some_write_after_their_country_is_left_out():
    for asked in ("+46 (0)8 123 45 67", "+46 08 123 45 67", "004608-1234567", "46081234567"):
        assert candidates(asked, STOCKHOLM)[0] == "+4681234567"


def test_the_zero_of_italy_stays():
    rome = Numbering("IT", area="06", outside="0")
    assert candidates("12345678", Numbering("IT", area="6"))[0] == "+390612345678"
    assert key_of("06 1234 5678", rome) == "+390612345678"
    assert "+390612345678" in candidates("12345678", rome)
    assert key_of("+39 (0)6 12345678", rome) == "+390612345678"
    assert key_of("+39 06 12345678") == "+390612345678"
    assert shown(PhoneNumber(Kind.WORK, "", "+390612345678"), Form.NATIONAL, rome) == "0612345678"


@pytest.mark.parametrize(
    "written",
    [
        "08-123 45 67", "+46 8 123 45 67", "+46 (0)8 123 45 67", "+46 (08) 123 45 67", "0046 8 1234567", "4681234567",
        "(08) 1234567", "tel:+46-8-123-45-67", "08-123 45 67 ankn. 12", "sip:+4681234567@example.org", "1234567",
        "０８-1234567", "08\N{NON-BREAKING HYPHEN}123\N{NO-BREAK SPACE}45 67", "08 1234567,,12", "+46 08 123 45 67",
    ],
)  # fmt: skip
def test_people_write_one_number_in_many_ways(written):
    assert key_of(written) == "+4681234567"


def test_a_zero_that_a_spreadsheet_took_away_is_given_back():
    assert key_of("701234567") == "+46701234567"
    assert "+46701234567" in candidates("701234567", STOCKHOLM)


def test_short_numbers_are_extensions():
    assert key_of("1001") == "1001"
    assert candidates("1001", STOCKHOLM)[0] == "1001"
    assert candidates("sip:1001@10.0.0.1", STOCKHOLM)[0] == "1001"
    assert forms("1001", STOCKHOLM) == ("1001",)
    number = PhoneNumber(Kind.WORK, "ankn 1001", "1001")
    assert [shown(number, form, STOCKHOLM) for form in Form][1:] == ["1001"] * 3


def test_an_extension_may_be_as_long_as_a_number_that_begins_with_a_zero():
    long = Numbering("SE", area="8", extension=10)
    assert key_of("0812345678", long) == "+46812345678"
    assert key_of("7012345678", long) == "7012345678"


@pytest.mark.parametrize("asked", ["", " ", "anna", "+", "växel", "*21*0812345#", "sip:anna@example.org", "1" * 200])
def test_what_is_no_number_means_nothing(asked):
    assert candidates(asked, STOCKHOLM) == ()


def test_without_a_country_only_numbers_from_abroad_are_known():
    nowhere = Numbering()
    assert key_of("+46 8 123 45 67", nowhere) == key_of("0046 8 123 45 67", nowhere) == "+4681234567"
    assert key_of("08-123 45 67", nowhere) == ""
    assert key_of("1001", nowhere) == "1001"
    assert shown(PhoneNumber(Kind.WORK, "", "+4681234567"), Form.NATIONAL, nowhere) == "004681234567"


def test_a_number_is_shown_as_somebody_wants_it():
    here = PhoneNumber(Kind.WORK, "08-123\x0045 67;ext=12", "+4681234567")
    assert [shown(here, form, STOCKHOLM) for form in Form] == [
        "08-123 45 67", "+4681234567", "081234567", "0081234567",
    ]  # fmt: skip
    berlin = PhoneNumber(Kind.WORK, "+49 30 666", "+4930666")
    assert [shown(berlin, form, STOCKHOLM) for form in Form] == [
        "+49 30 666", "+4930666", "004930666", "0004930666",
    ]  # fmt: skip
    address = PhoneNumber(Kind.WORK, "sip:+4681234567@example.org", "+4681234567")
    assert shown(address, Form.WRITTEN, STOCKHOLM) == "+4681234567"


def test_the_most_useful_number_comes_first_and_each_once():
    numbers = (
        PhoneNumber(Kind.OTHER, "+46 70 123 45 67"),
        PhoneNumber(Kind.HOME, "08-500 000 01"),
        PhoneNumber(Kind.WORK, "call the exchange 12 times"),
        PhoneNumber(Kind.MOBILE, "070-123 45 67"),
        PhoneNumber(Kind.WORK, "none"),
        PhoneNumber(Kind.WORK, "1001"),
        PhoneNumber(Kind.WORK, "0" * 101),
    )
    told = keyed(Contact("1", "Anna", numbers=numbers), STOCKHOLM).numbers
    assert [(number.kind, number.key) for number in told] == [
        (Kind.WORK, "1001"),
        (Kind.MOBILE, "+46701234567"),
        (Kind.HOME, "+46850000001"),
        (Kind.WORK, ""),
    ]


def test_nobody_has_more_than_fifty_numbers():
    assert len(numbers_of(*(f"08-123 45 {last}" for last in range(10, 99)))) == 50
