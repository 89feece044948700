"""Numbers outside, as people write them, and whether conferences may call them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.planning.conference.outside import dialled
from gateway.planning.targets import is_number

ANYWHERE = ("*",)


@pytest.mark.parametrize(
    ("written", "permitted", "digits"),
    [
        ("+46 8 500 100", ANYWHERE, "00468500100"),
        ("+46 (0)8-500 100", ANYWHERE, "00468500100"),
        ("0046 (0) 8 500 100", ANYWHERE, "00468500100"),
        ("0046 (0)8 500 100", ANYWHERE, "00468500100"),
        ("(08) 500.100", ANYWHERE, "08500100"),
        ("08/500\u00a0100", ANYWHERE, "08500100"),
        (" 1 ", ANYWHERE, "1"),
        ("+46 8 500 100", ("0046*",), "00468500100"),
        ("+46 8 500 100", ("08*", "0046xxxxxxx"), "00468500100"),
        ("+46 8 500 100", ("0046xxxxxx",), None),
        ("+46 8 500 100", ("+46*",), None),
        ("+1 900 555 0100", ("0046*",), None),
        ("+46 8 500 100", (), None),
        ("+46 8 500 100 ext 7", ANYWHERE, None),
        ("08500100,,7", ANYWHERE, None),
        ("08500100;ext=7", ANYWHERE, None),
        ("*21*08500100#", ANYWHERE, None),
        ("++46", ANYWHERE, None),
        ("46+8", ANYWHERE, None),
        ("٤٦", ANYWHERE, None),
        ("0850010012345678901234", ANYWHERE, None),
        ("", ANYWHERE, None),
        ("+", ("00",), "00"),
    ],
)
def test_what_is_written_is_dialled_where_it_is_permitted(written: str, permitted: tuple[str, ...], digits: str | None):
    assert dialled(written, permitted) == digits


@given(st.text(st.one_of(st.characters(), st.sampled_from("0123456789+ ()-")), max_size=25))
def test_nothing_but_digits_is_ever_dialled(written: str):
    digits = dialled(written, ANYWHERE)
    assert digits is None or is_number(digits)
    assert dialled(written, ()) is None
