"""The roll of a conference: who is on it, in which order, and what of it each may see."""

from dataclasses import replace

from gateway.deciding.planned import Told
from gateway.deciding.roll import roll, shown_to
from gateway.domain.conference import Attempt, Attendance, CallState, LeftOut, Participant, Why
from gateway.planning.conference.calling import at_once
from tests.unit.planning.given import ANNA, at
from tests.unit.planning.planned import BERTA, conference

CARL = replace(BERTA, id=3, extension="1003", name="Carl")
EVERYBODY = {user.id: user for user in (ANNA, BERTA, CARL)}
NOW = at("09:05")
OUTSIDE = Participant("eva@customer.example", number="0046700000001")
HELD = conference(
    participants=(
        Participant("anna@example.org", 1), Participant("berta@example.org", 2), OUTSIDE, Participant("x@y.example", 9)
    ),
    left_out=(LeftOut("zoe@example.org", Why.UNKNOWN),),
)  # fmt: skip


def told(*stays: Attendance, attempts: tuple[Attempt, ...] = ()) -> Told:
    return Told(HELD, ANNA, attempts, stays, NOW)


def stay(who: str, channel: str = "1", left: bool = False) -> Attendance:
    return Attendance(HELD.key, channel, who, NOW, NOW if left else None)


def by_hand(user: int) -> Attempt:
    pressed = at_once(HELD, Participant("", user), (), NOW)
    assert pressed is not None
    return pressed


def test_who_is_asked_comes_first_then_who_was_called_in_then_who_dialled_in_then_guests():
    called = replace(CARL, id=4, extension="1004")
    found = roll(
        told(stay(""), stay("", "2"), stay("user:3", "3"), stay("user:2", "4"), attempts=(by_hand(4),)),
        {**EVERYBODY, 4: called},
    )
    assert [line.user and line.user.id for line in found] == [1, 2, None, None, 4, 3, None, None]
    assert [line.asked for line in found] == [True] * 4 + [False] * 4
    assert [line.is_in for line in found] == [False, True, False, False, False, True, True, True]
    assert [line.is_called for line in found].index(True) == 4
    assert [line.participant is None for line in found] == [False] * 6 + [True] * 2


def test_who_has_left_is_not_in():
    (_, berta, *_) = roll(told(stay("user:2", left=True)), EVERYBODY)
    assert (len(berta.stays), berta.is_in) == (1, False)


def test_the_organiser_sees_all_of_it():
    whole = told(attempts=(replace(by_hand(2), state=CallState.OVER),))
    lines = roll(whole, EVERYBODY)
    assert shown_to(ANNA, whole, lines) == (whole, lines)


def test_others_see_who_is_asked_and_in_and_nothing_from_the_organisers_contacts():
    whole = told(stay("user:3"), stay(""), attempts=(by_hand(2), by_hand(4)))
    seen, lines = shown_to(BERTA, whole, roll(whole, {**EVERYBODY, 4: replace(CARL, id=4)}))
    assert (seen.attempts, seen.conference.left_out) == ((), ())
    assert {one.address for one in seen.conference.participants} == {""}
    assert {one.number for one in seen.conference.participants} == {None}
    assert [line.user and line.user.id for line in lines] == [1, 2, None, None, 3, None]
    for line in lines:
        assert (line.key, line.attempts) == ("", ())
        assert line.participant is None or (line.participant.address, line.participant.number) == ("", None)
