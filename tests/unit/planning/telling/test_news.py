"""What organisers are told once, what not again, and what not at all."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import Attempt, CallState, Conference, LeftOut, Result, Why
from gateway.planning.telling.news import CALLED, CANCELLED, Known, News, awaited, look_again, news, report
from tests.unit.planning.given import ANNA, at, rules
from tests.unit.planning.planned import BERTA, MINUTES, ROOM, conference

NOW = at("08:00")
KNOWN = Known({"8001": ROOM}, {1: replace(ANNA, language="en"), 2: BERTA}, rules())
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25")


def of(*some: Conference, now=NOW, known=KNOWN) -> tuple[News, ...]:
    return news(some, known, now)


def subjects(found: Iterable[News]) -> list[str]:
    return [one.letter.subject.removeprefix("Telephone conference ") for one in found if one.letter]


def after(some: Iterable[Conference], found: Iterable[News]) -> list[Conference]:
    """The conferences once all of it has been told."""
    told = {key: digest for one in found for key, digest in one.told.items()}
    return [replace(one, told=told.get(one.key, one.told)) for one in some]


def told(*some: Conference) -> list[Conference]:
    return after(some, of(*some))


def weekly(*days: str, **values: object) -> list[Conference]:
    """Occurrences of one series at nine."""
    made = [conference(day, at("09:00", day)) for day in days]
    return [replace(one, series="weekly", **values) for one in made]  # type: ignore[arg-type]


def test_a_new_conference_is_told_once():
    (found,) = of(conference())
    assert subjects([found]) == ["is planned, Monday 2026-11-23 09:00"]
    assert of(*after([conference()], [found])) == ()


def test_a_series_is_one_letter_and_later_occurrences_are_none():
    some = weekly(*DAYS)
    (found,) = of(*some)
    assert found.letter
    assert all(day in found.letter.body for day in DAYS)
    known = after(some, [found])
    (later,) = of(*known, *weekly("2026-11-26"))
    assert later.letter is None
    assert of(*after([*known, *weekly("2026-11-26")], [later])) == ()


def test_another_meeting_at_the_same_time_of_another_day_is_told():
    assert len(subjects(of(*told(conference()), conference("other", at("09:00", "2026-11-24"))))) == 1


def test_an_occurrence_that_is_otherwise_is_told_by_itself():
    first, second, third = told(*weekly(*DAYS))
    (found,) = of(first, replace(second, room="8099", collided=True), third)
    assert subjects([found]) == ["has changed, Tuesday 2026-11-24 09:00"]
    assert "2026-11-23" not in (found.letter.body if found.letter else "")


@pytest.mark.parametrize(
    "values",
    [
        {"room": "8002"},
        {"room": None},
        {"end": at("11:00")},
        {"autocall": False},
        {"left_out": (LeftOut("x@example.com", Why.UNKNOWN),)},
    ],
)
def test_what_changes_is_told_once(values):
    (one,) = told(conference())
    found = of(replace(one, **values))
    assert subjects(found) == ["has changed, Monday 2026-11-23 09:00"]
    assert of(*after([replace(one, **values)], found)) == ()


def test_answers_of_people_are_no_news():
    (one,) = told(conference())
    declined = tuple(replace(someone, declined=True) for someone in one.participants)
    assert of(replace(one, participants=declined)) == ()


def test_a_cancelled_one_is_told_once():
    (one,) = told(conference())
    found = of(replace(one, cancelled=True))
    assert subjects(found) == ["is cancelled, Monday 2026-11-23 09:00"]
    assert of(*after([replace(one, cancelled=True)], found)) == ()


def test_who_never_heard_of_it_does_not_hear_that_it_is_cancelled():
    one = conference(cancelled=True)
    (found,) = of(one)
    assert found == News({one.key: CANCELLED})


def test_one_that_is_planned_again_is_told_again():
    one = conference(told=CANCELLED)
    assert subjects(of(one)) == ["is planned, Monday 2026-11-23 09:00"]


def test_a_series_that_ends_is_one_letter():
    (found,) = of(*(replace(one, cancelled=True) for one in told(*weekly(*DAYS))))
    assert subjects([found]) == ["is cancelled, Monday 2026-11-23 09:00"]
    assert len(found.told) == 3


def test_cancelled_and_planned_under_the_same_meeting_has_moved():
    (old,) = told(conference())
    new = replace(conference("new", at("13:00")), meeting=old.meeting, series=old.series)
    (found,) = of(replace(old, cancelled=True), new)
    assert subjects([found]) == ["has moved, Monday 2026-11-23 13:00"]
    assert "09:00–10:00" in (found.letter.body if found.letter else "")
    assert of(*after([replace(old, cancelled=True), new], [found])) == ()


def test_an_occurrence_that_moves_to_another_day_has_moved_although_the_time_is_the_same():
    first, second, third = told(*weekly(*DAYS))
    new = replace(weekly("2026-11-27")[0], meeting=second.meeting)
    assert subjects(of(first, replace(second, cancelled=True), third, new)) == ["has moved, Friday 2026-11-27 09:00"]


def test_an_occurrence_that_is_cancelled_while_a_later_one_comes_into_sight_is_cancelled():
    first, second, third = told(*weekly(*DAYS))
    found = of(first, replace(second, cancelled=True), third, *weekly("2026-11-26"))
    assert subjects(found) == ["is cancelled, Tuesday 2026-11-24 09:00"]
    assert {key for one in found if one.letter is None for key in one.told} == {weekly("2026-11-26")[0].key}


def test_a_series_that_moves_as_a_whole_is_one_letter():
    old = [replace(one, cancelled=True) for one in told(*weekly(*DAYS))]
    new = [replace(conference(f"new {day}", at("10:00", day)), series="weekly") for day in DAYS]
    (found,) = of(*old, *new)
    assert subjects([found]) == ["has moved, Monday 2026-11-23 10:00"]
    assert of(*after([*old, *new], [found])) == ()


def test_nothing_is_told_of_what_is_over():
    assert of(conference(), now=at("10:00")) == ()
    assert len(of(conference(), now=at("09:59"))) == 1


def test_nobody_is_told_for_an_organiser_who_is_gone_or_has_no_address():
    assert of(conference(organiser=77)) == ()
    gone = conference(organiser=77, told="abc", cancelled=True)
    assert of(gone) == (News({gone.key: CANCELLED}),)
    nowhere = replace(KNOWN, users={1: replace(ANNA, emails=())})
    assert of(conference(), known=nowhere) == ()


@given(st.data())
def test_whatever_happens_once_it_is_told_there_is_no_more_to_tell(data):
    """Changes of any kind, in any order: each look tells something of each conference at most once."""
    there: list[Conference] = []
    for _ in range(4):
        word = data.draw(st.sampled_from("abcdef"))
        made = conference(word, at(data.draw(st.sampled_from(("09:00", "13:00"))), data.draw(st.sampled_from(DAYS))))
        made = replace(
            made,
            series=data.draw(st.sampled_from("st")),
            meeting=data.draw(st.sampled_from("mn")),
            room=data.draw(st.sampled_from(("8001", "8099", None))),
            cancelled=data.draw(st.booleans()),
            told=next((one.told for one in there if one.key == made.key), ""),
        )
        there = [one for one in there if one.key != made.key] + [made]
        found = of(*there)
        keys = [key for one in found for key in one.told]
        assert len(keys) == len(set(keys))
        there = after(there, found)
        assert of(*there) == ()


def attempts(one: Conference, *states: CallState) -> list[Attempt]:
    return [
        Attempt(f"{n}", one.key, f"{n}", 1, state, one.start, one.start, one.end, result=Result.BUSY)
        for n, state in enumerate(states)
    ]


def test_how_the_calling_went_is_told_once_when_all_are_over():
    (one,) = told(conference())
    begun = one.start + MINUTES
    assert awaited([one], begun) == (one,)
    assert report(one, attempts(one, CallState.OVER, CallState.SENT), KNOWN, begun) is None
    assert report(one, attempts(one, CallState.OVER, CallState.DUE), KNOWN, begun) is None
    found = report(one, attempts(one, CallState.OVER, CallState.UP, CallState.VOID), KNOWN, begun)
    assert found
    assert subjects([found]) == ["Telephone conference: who was reached, Monday 2026-11-23 09:00"]
    (reported,) = after([one], [found])
    assert awaited([reported], begun) == ()
    assert of(reported) == ()


def test_after_ten_minutes_it_is_told_whoever_has_not_been_reached():
    (one,) = told(conference())
    some = attempts(one, CallState.OVER, CallState.DUE)
    assert report(one, some, KNOWN, one.start + 10 * MINUTES - timedelta(seconds=1)) is None
    assert report(one, some, KNOWN, one.start + 10 * MINUTES)


def test_where_nobody_was_called_there_is_nothing_to_tell():
    (one,) = told(conference())
    assert report(one, [], KNOWN, one.start + 10 * MINUTES) is None


@pytest.mark.parametrize(
    "values", [{"autocall": False}, {"cancelled": True}, {"room": None}, {"told": ""}, {"told": "x" + CALLED}]
)
def test_no_outcome_is_awaited(values):
    (one,) = told(conference())
    assert awaited([replace(one, **values)], one.start + MINUTES) == ()
    assert look_again([replace(one, **values)], one.start + MINUTES) is None


def test_no_outcome_is_awaited_before_the_start_or_after_the_end():
    (one,) = told(conference())
    assert awaited([one], one.start - MINUTES) == awaited([one], one.end) == ()
    assert look_again([one], one.start - 5 * MINUTES) == one.start
    assert look_again([one], one.start) == one.start + timedelta(seconds=15)
    assert look_again([one], one.end) is None


def test_a_change_after_the_calls_does_not_tell_of_the_calls_again():
    (one,) = told(conference())
    called = replace(one, told=one.told + CALLED, room="8099", collided=True)
    (changed,) = after([called], of(called))
    assert changed.told.endswith(CALLED)
    assert changed.told != called.told
