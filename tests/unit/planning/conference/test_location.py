"""What a meeting's location asks for (CODES.md, "Conferences from the calendar")."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.conference.location import Asked, asked

CONFERENCE, AUTOCALL = Asked.CONFERENCE, Asked.AUTOCALL


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("PBX", CONFERENCE),
        ("pbx", CONFERENCE),
        ("Rum 3, PBX", CONFERENCE),
        ("PBX/Teams", CONFERENCE),
        ("(pbx)", CONFERENCE),
        ("Rum|PBX;Rum", CONFERENCE),
        ("\tPBX\r\n", CONFERENCE),
        ("Telefon: PBX.", CONFERENCE),
        ("PBX AUTOCALL", AUTOCALL),
        ("Pbx Autocall, rum 3", AUTOCALL),
        ("PBX, PBX AUTOCALL", AUTOCALL),
        ("PBX AUTOCALL.", AUTOCALL),
        ("PBX  AUTOCALL", CONFERENCE),
        ("PBX\tAUTOCALL", CONFERENCE),
        ("PBX, AUTOCALL", CONFERENCE),
        ("AUTOCALL PBX", CONFERENCE),
        ("PBX AUTOCALLS", CONFERENCE),
        ("PBX AUTOCALL-1", CONFERENCE),
        ("", None),
        ("AUTOCALL", None),
        ("PBXROOM", None),
        ("MYPBX", None),
        ("PBX1", None),
        ("PBX-1", None),
        ("IP-PBX", None),
        ("PBX_1", None),
        ("öPBX", None),
        ("o\u0308PBX", None),
        ("PBX\u0301 AUTOCALL", None),
        ("PBX AUTOCALL\u0301", CONFERENCE),
        ("ＰＢＸ", None),
        ("P B X", None),
        ("https://pbx.example.org/1", None),
        ("sip:8001@pbx.example.org", None),
        ("pbx@example.org", None),
    ],
)
def test_only_the_words_ask(location: str, says: Asked | None):
    assert asked(location) is says


@given(st.text(st.characters()), st.text(st.characters()))
def test_other_text_beside_the_words_is_ignored(before: str, behind: str):
    assert asked(f"{before} PBX AUTOCALL\n{behind}") is AUTOCALL


@given(st.characters(categories=("L", "Nd")))
def test_a_letter_or_digit_beside_it_makes_it_another_word(letter: str):
    assert asked(f"{letter}PBX") is asked(f"PBX{letter}") is None
    assert asked(f"PBX AUTOCALL{letter}") is CONFERENCE
