"""Which items count (CODES.md, "Which items count" and "Rule mode without codes")."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.appointment import Response, ShowAs
from gateway.domain.user import Mode
from gateway.planning.codes import read
from gateway.planning.rules import Remark
from gateway.planning.targets import is_number, is_permitted
from tests.unit.planning.given import ANNA, CODES, STOCKHOLM, at, item, rules


@pytest.mark.parametrize("shown_as", ShowAs)
def test_with_a_code_show_as_is_not_looked_at(shown_as: ShowAs):
    assert read([item("SEM:", show_as=shown_as)], ANNA, rules()).diversions


@pytest.mark.parametrize(
    ("response", "counts", "counts_when_only_own"),
    [
        (Response.OWN, True, True),
        (Response.ACCEPTED, True, False),
        (Response.TENTATIVE, False, False),
        (Response.DECLINED, False, False),
        (Response.UNANSWERED, False, False),
    ],
)
def test_invitations_count_once_accepted(response: Response, counts: bool, counts_when_only_own: bool):
    invited = item("M: med andra", response=response)
    assert bool(read([invited], ANNA, rules()).diversions) is counts
    assert bool(read([invited], ANNA, rules(only_own=True)).diversions) is counts_when_only_own


def test_a_cancelled_item_is_nothing():
    assert not read([item("M:", cancelled=True)], ANNA, rules()).diversions


def test_a_private_item_counts_and_its_text_is_gone():
    (found,) = read([item("M: hemligt", private=True)], ANNA, rules()).diversions
    assert (found.code, found.text) == ("meeting", None)


def test_the_text_of_a_sensitive_code_is_never_kept():
    outspoken = [replace(code, shown=True) for code in CODES]
    found = read([item("VAB: hemma med Alva"), item("SJU: feber")], ANNA, rules(outspoken))
    assert [diversion.text for diversion in found.diversions] == [None, None]


def test_a_withheld_subject_changes_nothing_and_is_counted_where_it_would_count():
    withheld = [item(None), item(None, uid="x"), item(None, cancelled=True), item(None, response=Response.DECLINED)]
    found = read(withheld, ANNA, rules())
    assert found.diversions == ()
    assert found.remarks == {Remark.WITHHELD: 2}


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), timedelta(milliseconds=400)])
def test_an_item_without_length_changes_nothing(length: timedelta):
    start = at("09:00")
    assert not read([item("GFD:", start="09:00", end="09:00")], ANNA, rules()).diversions
    lasting = replace(item("M:"), start=start, end=start + length)
    assert not read([lasting], ANNA, rules()).diversions


def test_an_event_of_fifty_years_is_set_aside_and_counted():
    for_good = replace(item("M:"), end=at("09:00") + timedelta(days=50 * 365))
    assert read([for_good], ANNA, rules()).remarks == {Remark.LASTS_TOO_LONG: 1}
    assert not read([for_good], ANNA, rules()).diversions


def test_of_two_items_of_one_uid_the_earlier_one_counts_and_the_other_is_counted():
    early, late = item("M:", uid="u"), item("L:", "12:00", "13:00", uid="u")
    for order in ([early, late], [late, early]):
        found = read(order, ANNA, rules())
        assert [diversion.code for diversion in found.diversions] == ["meeting"]
        assert found.remarks == {Remark.SAME_ITEM_TWICE: 1}


def test_of_many_items_of_one_uid_the_earliest_counts():
    many = [item("M:", f"{hour:02}:00", "20:00", uid="u") for hour in range(18, 7, -1)]
    found = read(many, ANNA, rules())
    assert [diversion.start for diversion in found.diversions] == [at("08:00")]
    assert found.remarks == {Remark.SAME_ITEM_TWICE: 10}


def test_the_same_item_in_two_calendars_is_one():
    found = read([item("M:"), item("M:")], ANNA, rules())
    assert (len(found.diversions), found.remarks) == (1, {})


def test_occurrences_of_one_series_are_each_their_own():
    monday, tuesday = item("M:", uid="s", occurrence="1"), item("M:", uid="s", occurrence="2", day="2026-11-24")
    assert len(read([monday, tuesday], ANNA, rules()).diversions) == 2


@pytest.mark.parametrize(
    ("subject", "target"),
    [
        ("TJR:>1004 Göteborg", "1004"),
        ("TJR: >1004 Göteborg", "1004"),
        ("M:>1003", "1003"),
        ("M;>1003 x", "1003"),
        ("M:>1004. x", "1004"),
    ],
)
def test_a_number_right_after_the_mark_is_where_calls_go_this_time(subject: str, target: str):
    found = read([item(subject)], ANNA, rules())
    assert [diversion.target for diversion in found.diversions] == [target]
    assert found.remarks == {}


@pytest.mark.parametrize(
    "subject",
    [
        "GFD:>00900123456",
        "M:>+46701234567",
        "M:>",
        "M:> 1004",
        "M:>１００４",
        "M:>\u0661\u0660\u0660\u0664",
        "M:>1004&SIP/evil",
        "M:>1004,1,Goto(x)",
        "M:>${EXTEN}",
        "M:>1004\x00",
        "M:>10 04",
        "M:>>1004",
        "M:>-1004",
        "M:>1001",
        "M:>" + "9" * 2000,
    ],
)
def test_any_other_number_is_refused_and_the_codes_own_target_is_used(subject: str):
    found = read([item(subject)], ANNA, rules())
    assert [diversion.target for diversion in found.diversions] == [None]
    assert found.remarks == {Remark.TARGET_REFUSED: 1}


def test_a_number_that_stands_later_is_text():
    (found,) = read([item("M: se >1004")], ANNA, rules()).diversions
    assert (found.target, found.text) == (None, "se >1004")


def test_a_stranger_sends_nobody_anywhere():
    found = read([item("GFD:>1004", response=Response.ACCEPTED)], ANNA, rules(permitted=("xxxx",)))
    assert [diversion.target for diversion in found.diversions] == [None]
    assert found.remarks == {Remark.TARGET_NOT_OWN: 1}


@pytest.mark.parametrize(
    ("number", "permitted", "may"),
    [
        ("1004", (), True),
        ("1999", (), False),
        ("1999", ("1xxx",), True),
        ("1004", ("2xxx",), False),
        ("1004", ("2xxx", "1004"), True),
        ("10040", ("1xxx",), False),
        ("08123456", ("08xxxxxx",), True),
        ("x004", ("xxxx",), False),
        ("", ("",), False),
        ("１００４", ("xxxx",), False),
        ("1004\n", ("xxxxx",), False),
        ("004685001", ("0046*",), True),
        ("0046", ("0046*",), True),
        ("004", ("0046*",), False),
        ("0045123", ("0046*",), False),
        ("0812", ("xx1*",), True),
        ("0822", ("xx1*",), False),
        ("12345678901234567890", ("*",), True),
        ("123456789012345678901", ("*",), False),
        ("0046", ("00*6",), False),
        ("00*6", ("00*6",), False),
        ("004a", ("00*",), False),
    ],
)
def test_permission_is_by_pattern_or_else_the_users_extensions(number: str, permitted: tuple[str, ...], may: bool):
    assert is_permitted(number, permitted, {"1004"}) is may


@pytest.mark.parametrize("text", ["", "9" * 21, "1 2", "1\n", "²", "߁"])
def test_only_ascii_digits_are_a_number(text: str):
    assert not is_number(text)


@pytest.mark.parametrize(
    ("shown_as", "code"),
    [
        (ShowAs.BUSY, "show_as_busy"),
        (ShowAs.OUT, "show_as_out"),
        (ShowAs.FREE, None),
        (ShowAs.TENTATIVE, None),
        (ShowAs.ELSEWHERE, None),
    ],
)
def test_in_rule_mode_busy_and_out_divert_and_rows_carry_times_only(shown_as: ShowAs, code: str | None):
    everything_shown = [replace(some, shown=True) for some in CODES]
    said = [item("M;>1004 hemligt", show_as=shown_as), item(None, cancelled=True, show_as=shown_as)]
    found = read(said, ANNA, rules(everything_shown, mode=Mode.SHOW_AS))
    assert [(d.code, d.diverts, d.target, d.text) for d in found.diversions] == (
        [(code, True, None, None)] if code else []
    )
    assert found.remarks == {}


def test_in_rule_mode_a_withheld_subject_does_not_matter():
    assert read([item(None)], ANNA, rules(mode=Mode.SHOW_AS)).diversions


def test_in_rule_mode_without_its_codes_nothing_diverts():
    assert not read([item("M:")], ANNA, rules(CODES[:3], mode=Mode.SHOW_AS)).diversions


def test_fractions_of_a_second_are_cut_off():
    start = datetime(2026, 11, 23, 9, 0, 0, 900_000, tzinfo=STOCKHOLM)
    (found,) = read([replace(item("M:"), start=start)], ANNA, rules()).diversions
    assert (found.start, found.start.utcoffset()) == (at("09:00"), timedelta(0))
