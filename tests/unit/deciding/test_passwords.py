"""Passwords of people."""

import unicodedata

import pytest

from gateway.deciding import passwords
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured

KNOWN = ("ringplan", "Änna Berg", "anna.berg@example.org", "1001", "0701234567")


def said(text: str, again: str | None = None) -> str:
    try:
        passwords.acceptable(Secret(text), Secret(text if again is None else again), KNOWN)
    except Misconfigured as error:
        return str(error.values["field"])
    return ""


@pytest.mark.parametrize(
    "text",
    [
        "four words in a row",
        "åäö åäö och lite till",
        "12 34 56 78 90 ab",
        "my friend anna berg's dog",
        "x" * 3 + "abcd" * 31,
    ],
)
def test_length_is_what_makes_a_good_one(text: str) -> None:
    assert said(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "", "eleven char", "x" * 129, "abcdabcdabcdabcd"[:4] * 5, "aaaaaaaaaaaaaaaaaaaa", "anna.berg@example.org",
        "ANNA BERG 1001 anna", "änna berg änna berg", "ringplan1001", "ringplanringplanringplan", "0701234567 1001",
        "annaberg12345",
    ],
)  # fmt: skip
def test_what_anybody_could_guess_is_not_taken(text: str) -> None:
    assert said(text) == "password"


def test_both_must_be_alike() -> None:
    assert said("four words in a row", "four words in a raw") == "again"


def test_a_password_is_good_however_a_keyboard_composes_its_letters() -> None:
    composed = unicodedata.normalize("NFC", "räksmörgås på bordet")
    decomposed = unicodedata.normalize("NFD", composed).replace(" ", "\N{NO-BREAK SPACE}")
    assert composed != decomposed
    assert said(composed, decomposed) == ""
    kept = passwords.kept(Secret(composed))
    assert kept.startswith("$argon2id$")
    assert passwords.fits(Secret(decomposed), kept)
    assert not passwords.fits(Secret(composed.upper()), kept)
    assert not passwords.is_stale(kept)


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=8,t=1,p=1$AAAA"])
def test_what_is_no_hash_fits_nothing(kept: str | None) -> None:
    assert not passwords.fits(Secret("nobody's, so that asking for who is not there takes as long"), kept)
