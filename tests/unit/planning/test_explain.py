"""Which item, rule or setting decides, and why."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import User
from gateway.planning.explain import Back, Explanation, TargetFrom, Why, explain
from tests.unit.planning.given import ANNA, at, diversion, in_force, instants, rules, some_absences, some_users

TRIP = diversion("trip", at("08:00"), at("17:00"), code="trip")
LUNCH = diversion("lunch", at("12:00"), at("13:00"), code="lunch", target="1004")


def asked(*some: Diversion, clock: str = "12:30") -> Explanation:
    return explain(some, ANNA, rules(), at(clock))


def test_lunch_decides_because_it_started_last_and_back_is_the_end_of_the_trip():
    found = asked(TRIP, LUNCH)
    assert found.segment
    assert found.code
    assert found.window
    assert (found.why, found.segment.diversion, found.code.key) == (Why.STARTED_LAST, LUNCH, "lunch")
    assert (found.back, found.window.back) == (Back.END_OF_RUN, at("17:00"))
    assert (found.target_from, found.window.target) == (TargetFrom.ASKED_FOR, "1004")
    assert found.beneath == (TRIP,)


def test_alone():
    found = asked(TRIP)
    assert (found.why, found.back, found.target_from) == (Why.RUNS_ALONE, Back.ITS_END, TargetFrom.CODE)


def test_of_two_that_start_together():
    longer = diversion("x", at("12:00"), at("14:00"))
    twin = diversion("z", at("12:00"), at("13:00"))
    assert asked(LUNCH, longer).why is Why.ENDS_FIRST
    found = asked(LUNCH, longer, twin, TRIP)
    assert found.why is Why.LOWER_KEY
    assert found.beneath == (twin, longer, TRIP)


def test_outside_working_hours_the_next_working_time_is_told():
    evening = diversion("e", at("12:00"), at("20:00"))
    assert asked(evening).back is Back.NEXT_WORKING_TIME


def test_why_a_phone_rings():
    information = diversion("i", at("12:00"), at("13:00"), diverts=False)
    gone = diversion("g", at("12:00"), at("13:00"), code="forgotten")
    assert asked().why is Why.NOTHING_RUNS
    assert asked(information).why is Why.INFORMATION_ONLY
    assert asked(information, gone).why is Why.CODE_IS_GONE
    later = asked(TRIP, clock="07:00")
    assert later.segment is None
    assert later.next
    assert later.next.diversion == TRIP


def test_by_hand_beats_the_calendar_and_what_runs_beneath_is_named():
    by_hand = diversion(BY_HAND, at("09:00"), at("13:00"), code="trip", by_hand=True)
    found = asked(TRIP, LUNCH, by_hand)
    assert found.segment
    assert (found.why, found.segment.diversion, found.beneath) == (Why.BY_HAND, by_hand, (LUNCH, TRIP))
    assert (found.back, found.segment.back) == (Back.END_OF_RUN, at("17:00"))
    alone = asked(by_hand)
    assert (alone.why, alone.beneath) == (Why.BY_HAND, ())


def test_what_was_dismissed_and_still_runs_is_named():
    dismissed = replace(TRIP, dismissed=True)
    found = asked(dismissed)
    assert (found.why, found.segment, found.dismissed) == (Why.DISMISSED, None, (dismissed,))
    found = asked(dismissed, LUNCH)
    assert (found.why, found.dismissed, found.beneath) == (Why.RUNS_ALONE, (dismissed,), ())
    assert asked(dismissed, clock="07:00").dismissed == ()
    assert asked(replace(dismissed, code="forgotten")).why is Why.CODE_IS_GONE


@given(some_absences(), some_users(), instants())
def test_an_explanation_names_what_is_in_force(some: list[Diversion], user: User, now: datetime):
    found = explain(some, user, rules(), now)
    assert (found.segment.diversion if found.segment else None) == in_force(some, now)
    assert (found.segment is None) is (found.window is None) is (found.code is None)
