"""The codes that a new installation starts with."""

import re
from itertools import permutations

from gateway.domain.code import LANGUAGES
from gateway.planning.codes import is_name
from gateway.planning.rules import folded
from gateway.planning.schedule import is_reason
from gateway.planning.show_as import BUSY, OUT
from gateway.planning.usual import USUAL

IN_USE = "M MÖT L LUN GFD VAB SEM FER SJU SYK TJE TJR UTB DEL PER UTE AVS ANN"


def test_they_are_the_codes_in_use():
    assert {name for code in USUAL for name in code.names} == set(IN_USE.split())
    assert {BUSY, OUT} == {code.key for code in USUAL if not code.names}


def test_no_two_share_a_key_or_a_name():
    names = [folded(name) for code in USUAL for name in code.names]
    assert len(set(names)) == len(names)
    assert len({code.key for code in USUAL}) == len(USUAL)
    assert all(is_name(name) and name == name.upper() for code in USUAL for name in code.names)


def test_digits_tell_codes_apart_while_they_are_dialled():
    digits = [code.digit for code in USUAL if code.digit]
    assert len(digits) == sum(bool(code.names) for code in USUAL)
    assert all(re.fullmatch(r"[1-9][0-9]?", digit) for digit in digits)
    assert not any(one.startswith(other) for one, other in permutations(digits, 2))


def test_every_code_speaks_every_language():
    assert all(set(code.texts) == set(LANGUAGES) and is_reason(code.reason) for code in USUAL)


def test_what_is_sensitive_is_told_neutrally_and_never_shown():
    sensitive = [code for code in USUAL if code.sensitive]
    assert {name for code in sensitive for name in code.names} == {"VAB", "SJU", "SYK"}
    assert all(code.reason == "away" and not code.shown for code in sensitive)
