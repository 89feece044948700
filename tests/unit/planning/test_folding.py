"""Names without case and accents, and as keys of a telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.folding import digits, folded


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Öberg", "oberg"),
        ("Ångström", "angstrom"),
        ("Łukasz", "lukasz"),
        ("Sørensen", "sorensen"),
        ("Þórdís", "thordis"),
        ("Strauß", "strauss"),
        ("STRAUẞ", "strauss"),
        ("Ærø", "aero"),
        ("Đorđe", "dorde"),
        ("Dvořák", "dvorak"),
        ("İpek Işık", "ipek isik"),
        ("Ａnna", "anna"),
        ("O\N{COMBINING DIAERESIS}berg", "oberg"),
        ("Иван", "иван"),
        ("علی\u200cرضا", "علیرضا"),
        ("", ""),
    ],
)
def test_case_and_accents_do_not_matter(name, plain):
    assert folded(name) == plain


def test_oberg_is_found_by_the_keys_that_spell_it():
    assert digits("Öberg") == "62374"
    assert digits("abc def ghi jkl mno pqrs tuv wxyz") == "2223334445556667777888" + "9999"
    assert digits("Byggfirma 24-7 AB") == "294434762" + "247" + "22"
    assert digits("Иван") == ""


@given(st.text())
def test_what_is_folded_stays_as_it_is(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(), st.text())
def test_the_folded_beginning_of_a_name_is_the_beginning_of_the_folded_name(first, rest):
    assert folded(first + rest) == folded(first) + folded(rest)
    assert digits(first + rest) == digits(first) + digits(rest)


@given(st.text())
def test_keys_are_digits_of_a_telephone(text):
    assert set(digits(text)) <= set("0123456789")
