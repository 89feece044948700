"""What a telephone may show of a meeting's subject (CODES.md, "Privacy, as promised to users")."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.conference.shown import plain, subject_of
from tests.unit.planning.conference.asking import meets
from tests.unit.planning.given import NASTY, rules, some_subjects


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Styrgrupp", "Styrgrupp"),
        ("  Möte   om\tbudget\r\n2027 ", "Möte om budget 2027"),
        ("Mo\u0308te", "Möte"),
        ('"Lena" <1001>', "Lena 1001"),
        ("${SHELL(id)}", "SHELL id"),
        ("a,b|c&d;e", "a b c d e"),
        ("Action: Originate\r\n\r\n", "Action Originate"),
        ("\ud800\u202e\x00", ""),
        ("会議 ٣", "会議 ٣"),
        ("x" * 50, "x" * 40),
        ("x" * 39 + " yz", "x" * 39),
        ("", ""),
        (None, ""),
        ("M: Styrgrupp", "Styrgrupp"),
        ("M:>1004 Styrgrupp", "Styrgrupp"),
        ("Mail: lunch?", "Mail lunch"),
        ("VAB: hemma med Alva", ""),
        ("Budget // mellan oss", "Budget"),
    ],
)
def test_letters_digits_and_spaces_are_shown(subject: str | None, shown: str):
    assert subject_of(meets(subject=subject), rules(marker="//")) == shown


def test_nothing_of_a_private_meeting_is_shown():
    assert subject_of(meets(private=True), rules()) == ""


@given(st.one_of(some_subjects(), st.lists(st.sampled_from((*NASTY, "a", " ", "2"))).map("".join)))
def test_nothing_else_ever_gets_out(subject: str):
    shown = subject_of(meets(subject=subject), rules())
    assert len(shown) <= 40
    assert all(unicodedata.category(one)[0] == "L" or one == " " or one.isdecimal() for one in shown)
    assert shown == " ".join(shown.split()) == plain(shown)
