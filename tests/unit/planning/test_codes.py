"""What people write in a subject, and what it comes to (CODES.md, "The convention")."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given

from gateway.domain.appointment import Appointment
from gateway.domain.diversion import Diversion
from gateway.domain.user import Organisation
from gateway.planning.codes import LONGEST_TEXT, is_name, marked, occurrence_key, read
from gateway.planning.rules import Remark, Rules
from tests.unit.planning.given import ANNA, CODES, EXTENSIONS, item, rules, some_items, some_organisations


def only(subject: str, marker: str = "") -> Diversion:
    (found,) = read([item(subject)], ANNA, rules(marker=marker)).diversions
    return found


@pytest.mark.parametrize(
    ("subject", "code", "diverts"),
    [
        ("M: Styrgrupp", "meeting", True),
        ("L:", "lunch", True),
        ("GFD: åter i morgon", "gone_for_the_day", True),
        ("vab: hemma med Alva", "sick_child", True),
        ("M;", "meeting", False),
        ("m : kort avstämning", "meeting", True),
        ("TJR:>1004 Göteborg", "trip", True),
        ("  möt:x", "meeting", True),
        ("MÖT ; y", "meeting", False),
        (unicodedata.normalize("NFD", "Möt: z"), "meeting", True),
        ("\u00a0M\u00a0: hårt blanksteg", "meeting", True),
        ("M:\nrad", "meeting", True),
        ("M::;", "meeting", True),
        ("M:${SHELL(reboot)}", "meeting", True),
    ],
)
def test_a_code_and_a_mark_divert_or_inform(subject: str, code: str, diverts: bool):
    found = only(subject)
    assert (found.code, found.diverts) == (code, diverts)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        ":",
        "M",
        "M Styrgrupp",
        "Mail: lunch?",
        "VB: M: x",
        "FW: M: x",
        "Sv: M: x",
        "RE:M:",
        "M1: x",
        "M_: x",
        "M-: x",
        "M\uff1a x",
        "Ｍ: x",
        "(M): x",
        "M M: x",
        "Styrgrupp M: x",
        "MOT: x",
        "\x00M: x",
    ],
)
def test_a_subject_without_a_known_code_comes_to_nothing(subject: str):
    assert read([item(subject)], ANNA, rules()).diversions == ()
    assert read([item(subject)], ANNA, rules()).remarks == {}


@pytest.mark.parametrize("name", ["Å", "ÄRENDE", "möt", "Straße", "ΜΆΘΗΜΑ", "会議"])
def test_an_organisations_own_codes_may_be_of_any_letters_in_any_case(name: str):
    own = replace(CODES[0], names=(name,))
    known = rules([own])
    for written in (name, name.upper(), name.lower(), unicodedata.normalize("NFD", name)):
        found = marked(f"{written}: x", known)
        assert found
        assert found.code.key == own.key


def test_where_two_codes_share_a_name_the_first_one_has_it():
    found = marked("M: x", rules([CODES[0], replace(CODES[1], names=("m",))]))
    assert found
    assert found.code == CODES[0]


@pytest.mark.parametrize(("name", "fits"), [("MÖT", True), ("M", True), ("", False), ("M2", False), ("A B", False)])
def test_only_letters_can_be_a_code(name: str, fits: bool):
    assert is_name(name) is fits


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("M: Styrgrupp ", "Styrgrupp"),
        ("M:", None),
        ("M: \t ", None),
        ("TJR:>1004 Göteborg", "Göteborg"),
        ("TJR:>1004, Göteborg", "Göteborg"),
        ("M: a\r\nb\x00c\x1b[2J", "a bc[2J"),
        ("M: \u202eevil\ud800", "evil"),
        ("M: lön // hemligt // mer", "lön"),
        ("M:// allt", None),
        ("M: " + "x" * 1000, "x" * LONGEST_TEXT),
        ("L: aldrig visad", None),
        ("VAB: hemma med Alva", None),
    ],
)
def test_the_description_is_what_operators_may_see(subject: str, text: str | None):
    assert only(subject, marker="//").text == text


def test_without_a_marker_nothing_is_hidden():
    assert only("M: a // b").text == "a // b"


def test_a_subject_of_a_megabyte_is_set_aside_and_counted():
    found = read([item("M: " + "x" * 1_000_000), item("L:")], ANNA, rules())
    assert [diversion.code for diversion in found.diversions] == ["lunch"]
    assert found.remarks == {Remark.SUBJECT_TOO_LONG: 1}


def test_an_occurrences_key_tells_nothing_and_differs_from_its_neighbours():
    def key(uid: str, occurrence: str) -> str:
        return occurrence_key(item("M:", uid=uid, occurrence=occurrence))

    assert len({key("a", "b"), key("ab", ""), key("", "ab"), key("a", ""), key("\ud800", "")}) == 5
    assert key("a", "b") == key("a", "b")
    assert set(key("a", "b")) <= set("0123456789abcdef")


@given(some_items(), some_organisations())
def test_whatever_a_calendar_says_the_result_is_in_order_unique_and_clean(
    some: list[Appointment], decided: Organisation
):
    known = Rules(decided, CODES, EXTENSIONS)
    found = read(some, ANNA, known)
    assert len({diversion.key for diversion in found.diversions}) == len(found.diversions)
    assert [d.start for d in found.diversions] == sorted(d.start for d in found.diversions)
    for diversion in found.diversions:
        assert diversion.start < diversion.end
        assert diversion.start.microsecond == diversion.end.microsecond == 0
        assert diversion.target in {None, "1002", "1003", "1004", "900"} or decided.permitted == ("1xxx",)
        assert diversion.text is None or (diversion.text.isprintable() and len(diversion.text) <= LONGEST_TEXT)
    assert all(found.remarks.values())


@given(some_items())
def test_the_order_in_which_a_server_answers_makes_no_difference(some: list[Appointment]):
    assert read(some, ANNA, rules()) == read(reversed(some), ANNA, rules())
