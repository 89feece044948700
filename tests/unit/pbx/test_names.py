"""What a caller is called, as far as a telephone and a dialplan can bear it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.held import Asked
from gateway.pbx.asterisk import names
from gateway.pbx.asterisk.codec import Action, encode

ASKED = Asked("PJSIP/trunk-00000007", "1001", "+46812345678", datetime(2026, 11, 21, 9, tzinfo=UTC), "TELIA")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Anna Öberg-Ström", "Anna Öberg-Ström"),
        ("O\N{COMBINING DIAERESIS}berg & Co.", "Öberg & Co."),
        ("  Anna \t Öberg\r\nAction: Hangup", "Anna Öberg Action Hangup"),
        ('Anna" <sip:+49900@example.test>', "Anna sip 49900 example.test"),
        ("${SHELL(reboot)}, $[1+1]; a|b\\", "SHELL reboot 1 1 a b"),
        ("O'Brien (work) 2", "O Brien work 2"),
        ("नमस्ते 中文 Łódź", "नमस्ते 中文 Łódź"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}anna\N{ZERO WIDTH SPACE}", "anna"),
        ("\N{TELEPHONE RECEIVER}\ufffd\ud800\0", ""),
        ("x" * 39 + " yz", "x" * 39),
        ("", ""),
    ],
)
def test_of_a_name_there_are_letters_digits_and_a_few_signs(name, seen):
    assert names.shown(name) == seen


@given(st.text(max_size=100))
def test_whatever_a_name_is_an_answer_can_be_sent_and_fits_into_a_line(name):
    for action in names.answer(ASKED, name):
        assert len(encode(action, "1").splitlines()) == 6
        assert max(map(len, encode(action, "1").splitlines())) < 250


def test_that_a_name_is_set_is_said_after_it_is():
    assert list(names.answer(ASKED, "Anna <1>")) == [
        put("__RINGPLAN_WAS", "TELIA"),
        put("CALLERID(name)", "Anna 1"),
        put("__RINGPLAN_NAMED", "1"),
    ]


@pytest.mark.parametrize("name", [None, "", '"'])
def test_that_there_is_no_name_is_said_too(name):
    assert list(names.answer(ASKED, name)) == [put("__RINGPLAN_NAMED", "0")]


def put(variable: str, value: str) -> Action:
    return Action("Setvar", (("Channel", ASKED.channel), ("Variable", variable), ("Value", value)))
