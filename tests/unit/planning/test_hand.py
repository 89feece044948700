"""The absence by hand as a PBX holds it: only its own grammar gets in or out, and what was dialled is taken over."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.code import Behaviour, Treatment
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.planning.hand import Hand, of, parse, taken_over, write
from gateway.planning.schedule import Window
from gateway.planning.timeline import of_user
from tests.unit.planning.given import ANNA, CODES, at, diversion, rules

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LIMIT = 250  # bytes that the PBX reads
TOLD = Treatment(announce=True, then=Behaviour.TARGET)
HOUR = timedelta(hours=1)
WINDOW = Window(NOW, NOW + HOUR, NOW + 2 * HOUR, TOLD, TOLD, "lunch", "1002")
SET = Hand(7, NOW - HOUR, "2", WINDOW)
VALUE = "1|7-1795417200-2|1795420800-1795424400-1795428000-0-at-at-lunch-1002-"
ENDED = "1|8-1795420800-"
ALLOWED = re.compile(r"[a-z0-9_|-]*", re.ASCII)

treatments = st.builds(Treatment, st.booleans(), st.sampled_from(Behaviour))
digits = st.none() | st.integers(1, 99).map(str)


@st.composite
def hands(draw: st.DrawFn) -> Hand:
    turn = draw(st.integers(0, 10**9 - 1))
    ended = draw(st.none() | st.integers(1, 10**11).map(lambda at: datetime.fromtimestamp(at, UTC)))
    if draw(st.booleans()):
        return Hand(turn, ended)
    start = NOW + timedelta(seconds=draw(st.integers(-(10**9), 10**9)))
    end = start + timedelta(seconds=draw(st.integers(1, 10**8)))
    back = end + timedelta(seconds=draw(st.integers(0, 10**8)))
    reason = draw(st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True))
    target = draw(st.none() | st.from_regex(r"[0-9]{1,20}", fullmatch=True))
    return Hand(turn, ended, draw(digits), Window(start, end, back, draw(treatments), draw(treatments), reason, target))


def test_the_value_reads_as_the_table_says():
    assert (write(SET), parse(VALUE)) == (VALUE, SET)
    assert (write(Hand(8, NOW)), parse(ENDED)) == (ENDED, Hand(8, NOW))
    assert (write(Hand(0)), parse("1|0-0-")) == ("1|0-0-", Hand(0))


@given(hands())
def test_what_is_written_is_parsed_back(hand: Hand):
    value = write(hand)
    assert ALLOWED.fullmatch(value)
    assert len(value) < LIMIT
    assert parse(value) == hand


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"1\|[0-9]{1,13}-[0-9]{0,13}-[0-9]{0,2}(\|[0-9a-z-]{0,60})?", fullmatch=True),
        st.tuples(st.integers(0, len(VALUE)), st.text(max_size=2)).map(
            lambda at: VALUE[: at[0]] + at[1] + VALUE[at[0] :]
        ),
        st.tuples(st.integers(0, len(VALUE)), st.text(max_size=2)).map(
            lambda at: VALUE[: at[0]] + at[1] + VALUE[at[0] + 1 :]
        ),
    )
)
def test_only_what_would_be_written_can_be_parsed(text: str):
    try:
        hand = parse(text)
    except ValueError:
        return
    assert write(hand) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "1|",
        "2|0-0-",
        "1|0-0",
        "1|0-0--",
        "1|-0-",
        "1|0--",
        "1|0-0-|",
        "1|0-0-2",
        "1|00-0-",
        "1|01-0-",
        "1|0-00-",
        "1|+1-0-",
        "1|1000000000000-0-",
        "1|0-1000000000000-",
        "1|٣-0-",
        "1|0-0-\n",
        " 1|0-0-",
        VALUE + "|" + VALUE.partition("|")[2],
        VALUE.replace("-2|", "-0|"),
        VALUE.replace("-2|", "-02|"),
        VALUE.replace("-2|", "-100|"),
        VALUE.replace("-2|", "-a|"),
        VALUE.replace("-0-at", "-5-at"),
        VALUE + "x",
        VALUE.replace("lunch", "l" * 33),
        VALUE.replace("1795424400", "1795420800"),
        VALUE.replace("1795428000", "1795424399"),
        VALUE.replace("1795428000", "999999999999"),
        VALUE + "0" * 250,
    ],
)
def test_anything_else_is_refused(value: str):
    with pytest.raises(ValueError, match=r"a PBX's value has no room for"):
        parse(value)


@pytest.mark.parametrize(
    "foreign",
    [
        replace(SET, turn=-1),
        replace(SET, turn=10**9),
        replace(SET, digit="0"),
        replace(SET, digit="٣"),
        replace(SET, digit="1-"),
        replace(SET, window=None),
        replace(SET, ended=datetime(1969, 12, 31, tzinfo=UTC)),
        replace(SET, ended=datetime(1970, 1, 1, tzinfo=UTC)),
        replace(SET, ended=NOW + timedelta(microseconds=1)),
        replace(SET, window=replace(WINDOW, flags="x")),
        replace(SET, window=replace(WINDOW, begun=NOW - HOUR)),
        replace(SET, window=replace(WINDOW, target="1|2")),
    ],
)
def test_nothing_foreign_can_be_written(foreign: Hand):
    with pytest.raises(ValueError, match="a PBX's value has no room for"):
        write(foreign)


def test_what_was_dialled_is_taken_over_as_the_code_of_its_digit():
    lunch = Diversion(1, BY_HAND, "lunch", NOW, NOW + HOUR, by_hand=True)
    assert taken_over(SET, rules(), ANNA, NOW) == lunch
    assert taken_over(SET, rules(), ANNA, NOW + HOUR - timedelta(seconds=1)) == lunch


def test_a_clock_that_is_behind_takes_it_over_too():
    assert taken_over(SET, rules(), ANNA, NOW - HOUR)


@pytest.mark.parametrize(
    "hand",
    [
        Hand(7, NOW),
        replace(SET, digit=None),
        replace(SET, digit="77"),
        replace(SET, window=replace(WINDOW, start=NOW - 2 * HOUR, end=NOW, back=NOW)),
        replace(SET, window=replace(WINDOW, end=NOW + timedelta(days=366, seconds=1), back=NOW + timedelta(days=400))),
        replace(
            SET,
            window=replace(
                WINDOW, start=NOW + timedelta(days=800), end=NOW + timedelta(days=801), back=NOW + timedelta(days=801)
            ),
        ),
    ],
)
def test_what_cannot_have_been_dialled_or_is_over_is_not(hand: Hand):
    assert taken_over(hand, rules(), ANNA, NOW) is None


def test_a_year_and_a_day_can_be_dialled():
    year = NOW + timedelta(days=366)
    assert taken_over(replace(SET, window=replace(WINDOW, end=year, back=year)), rules(), ANNA, NOW)


def test_of_two_codes_with_one_digit_the_first_is_dialled():
    known = rules([replace(CODES[0], digit="2"), CODES[1], replace(CODES[2], digit="0"), replace(CODES[3], digit="٣")])
    found = taken_over(SET, known, ANNA, NOW)
    assert found
    assert (found.code, dict(known.by_digit)) == ("meeting", {"2": known.codes[0]})


def test_what_the_gateway_writes_is_what_it_would_take_over():
    by_hand = diversion(BY_HAND, at("09:00"), at("10:00"), code="lunch", by_hand=True)
    (segment,) = of_user([by_hand], ANNA, rules())
    hand = of(segment, ANNA, rules(), 12)
    assert (hand.turn, hand.ended, hand.digit) == (12, None, "2")
    assert taken_over(parse(write(hand)), rules(), ANNA, at("09:30")) == by_hand


def test_a_code_without_a_digit_or_with_anothers_has_none():
    by_hand = diversion(BY_HAND, at("09:00"), at("10:00"), code="lunch", by_hand=True)
    for digit in (None, "1", "0"):
        known = rules([CODES[0], replace(CODES[1], digit=digit)])
        (segment,) = of_user([by_hand], ANNA, known)
        assert of(segment, ANNA, known, 0).digit is None
