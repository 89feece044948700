"""Overlaps, and when the person can be reached again (CODES.md, "Time")."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.planning.timeline import Segment, of_user, segment_at, timeline
from gateway.planning.working import reachable
from tests.unit.planning.given import (
    ANNA,
    MONDAY,
    OFFICE,
    at,
    in_force,
    instants,
    rules,
    some_absences,
    some_diversions,
    some_users,
)
from tests.unit.planning.given import diversion as made


def diversion(key: str, start: str, end: str, day: str = MONDAY, **more: object) -> Diversion:
    return made(key, at(start, day), at(end, day), **more)


def test_lunch_inside_a_trip_comes_back_to_the_trip():
    trip, lunch = diversion("trip", "08:00", "17:00"), diversion("lunch", "12:00", "13:00")
    assert timeline([lunch, trip]) == (
        Segment(at("08:00"), at("12:00"), back=at("17:00"), diversion=trip),
        Segment(at("12:00"), at("13:00"), back=at("17:00"), diversion=lunch),
        Segment(at("13:00"), at("17:00"), back=at("17:00"), diversion=trip),
    )


def test_at_noon_the_caller_hears_until_five_also_with_work_until_five():
    trip, lunch = diversion("trip", "08:00", "17:00"), diversion("lunch", "12:00", "13:00")
    assert {segment.back for segment in of_user([trip, lunch], ANNA, rules())} == {at("17:00")}


def test_of_two_that_start_together_the_one_that_ends_first_decides_then_the_lower_key():
    long, short, twin = (
        diversion("a", "09:00", "11:00"),
        diversion("c", "09:00", "10:00"),
        diversion("b", "09:00", "10:00"),
    )
    assert [segment.diversion.key for segment in timeline([long, short, twin])] == ["b", "a"]


def test_what_starts_later_and_ends_later_goes_on():
    one, two = diversion("1", "09:00", "11:00"), diversion("2", "10:00", "12:00")
    assert [(s.start, s.end, s.back) for s in timeline([one, two])] == [
        (at("09:00"), at("10:00"), at("12:00")),
        (at("10:00"), at("12:00"), at("12:00")),
    ]


def test_the_absence_by_hand_cuts_what_runs_beneath_it():
    trip, meeting = diversion("trip", "08:00", "17:00"), diversion("meeting", "12:00", "13:00")
    by_hand = diversion("by-hand", "12:30", "14:00", by_hand=True)
    assert timeline([meeting, by_hand, trip]) == (
        Segment(at("08:00"), at("12:00"), back=at("17:00"), diversion=trip),
        Segment(at("12:00"), at("12:30"), back=at("17:00"), diversion=meeting),
        Segment(at("12:30"), at("14:00"), back=at("17:00"), diversion=by_hand),
        Segment(at("14:00"), at("17:00"), back=at("17:00"), diversion=trip),
    )


def test_the_absence_by_hand_is_not_taken_away_by_what_starts_later():
    by_hand, meeting = diversion("by-hand", "09:00", "12:00", by_hand=True), diversion("m", "10:00", "13:00")
    assert [(s.diversion.key, s.start, s.end) for s in timeline([by_hand, meeting])] == [
        ("by-hand", at("09:00"), at("12:00")),
        ("m", at("12:00"), at("13:00")),
    ]


def test_what_lies_within_the_absence_by_hand_is_not_met_and_a_gap_after_it_is():
    by_hand, within = diversion("by-hand", "09:00", "12:00", by_hand=True), diversion("m", "10:00", "11:00")
    later = diversion("l", "12:01", "13:00")
    assert [(s.diversion.key, s.back) for s in timeline([by_hand, within, later])] == [
        ("by-hand", at("12:00")),
        ("l", at("13:00")),
    ]


def test_what_is_dismissed_hides_nothing_and_is_nobodys_run():
    trip, lunch = diversion("trip", "08:00", "17:00", dismissed=True), diversion("lunch", "12:00", "13:00")
    assert timeline([trip, lunch]) == timeline([lunch])
    assert timeline([diversion("x", "08:00", "09:00", by_hand=True, dismissed=True)]) == ()


def test_back_to_back_hands_over_without_being_reachable_in_between():
    one, two = diversion("1", "09:00", "10:00"), diversion("2", "10:00", "11:00")
    first, second = timeline([two, one])
    assert (first.end, first.back) == (second.start, at("11:00"))


def test_after_a_gap_the_person_is_back():
    one, two = diversion("1", "09:00", "10:00"), diversion("2", "10:01", "11:00")
    assert [segment.back for segment in timeline([one, two])] == [at("10:00"), at("11:00")]


def test_information_takes_nothing_away():
    trip, lunch = diversion("trip", "08:00", "17:00"), diversion("lunch", "12:00", "13:00", diverts=False)
    assert timeline([trip, lunch]) == timeline([trip])


def test_a_run_that_ends_outside_working_hours_is_back_at_the_next_working_time():
    evening = diversion("1", "15:00", "19:00", "2026-11-27")
    (segment,) = of_user([evening], ANNA, rules())
    assert segment.back == at("08:00", "2026-11-30")


def test_who_is_away_again_at_the_next_working_time_is_back_after_that():
    evening = diversion("1", "15:00", "19:00", "2026-11-27")
    holiday = made("2", at("00:00", "2026-11-30"), at("00:00", "2026-12-05"))
    segments = of_user([evening, holiday], ANNA, rules())
    assert {segment.back for segment in segments} == {at("08:00", "2026-12-07")}


def test_a_code_that_is_no_more_hides_nothing():
    trip, strange = diversion("trip", "08:00", "17:00"), diversion("x", "12:00", "13:00", code="forgotten")
    assert of_user([trip, strange], ANNA, rules()) == of_user([trip], ANNA, rules())


def test_a_thousand_overlapping_diversions_are_laid_out():
    some = [
        made(f"{n:04}", at("08:00") + timedelta(minutes=n), at("23:00") + timedelta(minutes=-n)) for n in range(440)
    ]
    assert len(timeline(some)) == 2 * 440 - 1


@given(some_absences(), instants())
def test_at_every_instant_the_timeline_says_who_is_in_force(some: list[Diversion], now: datetime):
    segments = timeline(some)
    decides = [segment.diversion for segment in segments if segment.start <= now < segment.end]
    assert decides == [found for found in [in_force(some, now)] if found]
    found = segment_at(segments, now)
    assert ([found.diversion] if found else []) == decides


@given(some_absences(), some_users())
def test_segments_are_in_order_and_back_is_a_time_at_which_nobody_is_away(some: list[Diversion], user: User):
    segments = of_user(some, user, rules())
    for one, other in pairwise(segments):
        assert one.end <= other.start
        assert one.end < other.start or one.diversion != other.diversion
        assert one.end < other.start or one.back == other.back
    for segment in segments:
        assert segment.start < segment.end <= segment.back
        assert segment.diversion.start <= segment.start < segment.end <= segment.diversion.end
        assert segment_at(segments, segment.back) is None
        assert reachable(segment.back, user.hours or OFFICE, user.zone) == segment.back


@given(some_absences(), some_diversions())
def test_adding_information_changes_nothing(some: list[Diversion], more: list[Diversion]):
    information = [replace(diversion, diverts=False) for diversion in more]
    assert of_user([*information, *some], ANNA, rules()) == of_user(some, ANNA, rules())


@given(some_absences(), st.randoms())
def test_the_order_of_rows_makes_no_difference(some: list[Diversion], random: Random):
    shuffled = list(some)
    random.shuffle(shuffled)
    assert timeline(shuffled) == timeline(some)


@given(some_absences())
def test_being_diverted_lasts_as_long_as_something_diverts(some: list[Diversion]):
    covered = sum((segment.end - segment.start for segment in timeline(some)), timedelta())
    boundaries = sorted({t for d in some for t in (d.start, d.end)})
    pieces = pairwise(boundaries)
    assert covered == sum((end - start for start, end in pieces if in_force(some, start)), timedelta())
