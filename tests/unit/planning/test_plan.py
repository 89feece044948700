"""What a PBX should hold: the same decision as the timeline's, at every instant, in at most so many bytes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.appointment import Appointment
from gateway.domain.code import Availability, Behaviour, Code, Treatment
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.held import PRESENT, Held, Lamp, Presence
from gateway.domain.user import Organisation, User
from gateway.planning.callers import window_of
from gateway.planning.codes import read
from gateway.planning.fitting import AHEAD, full_hour
from gateway.planning.grammar import LIMIT
from gateway.planning.hand import parse as parse_hand
from gateway.planning.hand import taken_over
from gateway.planning.plan import plan
from gateway.planning.rules import Rules
from gateway.planning.schedule import Window, parse
from gateway.planning.timeline import of_user, segment_at
from tests.unit.planning.given import (
    ANNA,
    CODES,
    EXTENSIONS,
    at,
    diversion,
    in_force,
    instants,
    rules,
    some_absences,
    some_diversions,
    some_items,
    some_organisations,
    some_rules,
    some_users,
)

ALLOWED = re.compile(r"[A-Za-z0-9_+/|-]*", re.ASCII)
SECOND = timedelta(seconds=1)


def held(user: User, some: Sequence[Diversion], known: Rules, now: datetime, limit: int = LIMIT) -> Held:
    return plan(user, some, known, now, limit=limit).held[user.extension]


def planned(*some: Diversion, now: datetime, known: Rules | None = None, user: User = ANNA) -> Held:
    return held(user, some, known or rules(), now)


def is_nothing(found: Held) -> bool:
    return (found.schedule, found.lamp, found.presence, found.hand) == (None, Lamp.OFF, PRESENT, None)


def window(*some: Diversion, now: datetime, known: Rules | None = None, user: User = ANNA) -> Window:
    value = planned(*some, now=now, known=known, user=user).schedule
    found = parse(value).at(now) if value else None
    assert found
    return found


def gets_through(code: Code) -> bool:
    return code.internal.then is code.external.then is Behaviour.RING


def test_who_can_be_reached_after_an_announcement_is_shown_as_away_and_not_led_away():
    treatment = Treatment(announce=True, then=Behaviour.RING)
    meeting = diversion("1", at("09:00"), at("10:00"))
    for external, led_away in ((treatment, False), (replace(treatment, then=Behaviour.BUSY), True)):
        known = rules([replace(CODES[0], internal=treatment, external=external)])
        found = plan(ANNA, [meeting], known, at("09:30"))
        assert (found.held["1001"].lamp, found.diverted) == (Lamp.ON, led_away)


def test_a_meeting_lights_the_lamp_for_exactly_its_time():
    meeting = diversion("1", at("09:00"), at("10:00"))
    seen = {clock: planned(meeting, now=at(clock)).lamp for clock in ("08:59:59", "09:00", "09:59:59", "10:00")}
    assert seen == {"08:59:59": Lamp.OFF, "09:00": Lamp.ON, "09:59:59": Lamp.ON, "10:00": Lamp.OFF}


def test_colleagues_see_the_reason_in_the_users_language():
    meeting = diversion("1", at("09:00"), at("10:00"))
    german = replace(ANNA, language="de")
    busy = Availability.DO_NOT_DISTURB
    assert planned(meeting, now=at("09:30")).presence == Presence(busy, "meeting", "I möte")
    assert planned(meeting, now=at("09:30"), user=german).presence == Presence(busy, "meeting", "In einer Besprechung")
    assert planned(meeting, now=at("08:30")).presence == PRESENT


@pytest.mark.parametrize("code", ["sick", "sick_child"])
def test_what_is_nobodys_business_is_told_to_nobody(code: str):
    sick = diversion("1", at("09:00"), at("10:00"), code=code)
    outspoken = rules([replace(some, reason="sick") for some in CODES])
    assert planned(sick, now=at("09:30"), known=outspoken).presence == Presence(
        Availability.EXTENDED_AWAY, "away", "Frånvarande"
    )
    assert window(sick, now=at("09:30"), known=outspoken).reason == "away"


def test_nothing_within_a_day_is_nothing_held():
    far = diversion("1", at("09:00", "2026-11-25"), at("10:00", "2026-11-25"))
    over = diversion("2", at("09:00"), at("10:00"))
    information = diversion("3", at("09:00"), at("17:00"), diverts=False)
    assert is_nothing(planned(far, over, information, now=at("10:00")))
    assert is_nothing(planned(now=at("10:00")))


def test_windows_are_those_that_begin_within_a_day_of_the_full_hour_and_unclipped():
    soon = diversion("1", at("09:59", "2026-11-24"), at("23:00", "2026-11-26"))
    later = diversion("2", at("10:00", "2026-11-27"), at("11:00", "2026-11-27"))
    value = planned(soon, later, now=at("10:59")).schedule
    assert value
    (only,) = parse(value).windows
    assert (only.start, only.end) == (soon.start, soon.end)
    assert parse(value).cover == at("10:00", "2026-11-24")


def test_the_value_is_the_same_for_an_hour_when_nothing_happens():
    trip = diversion("1", at("08:00"), at("17:00"), code="trip")
    values = [planned(trip, now=at(clock)) for clock in ("10:00", "10:20", "10:59:59", "11:00")]
    assert values[0] == values[1] == values[2] != values[3]


@pytest.mark.parametrize(
    ("own", "asked_for", "operator", "then", "meets", "target"),
    [
        ("1002", None, "9", Behaviour.TARGET, Behaviour.TARGET, "1002"),
        ("1002", "1004", "9", Behaviour.TARGET, Behaviour.TARGET, "1004"),
        (None, "1004", "9", Behaviour.VOICEMAIL, Behaviour.TARGET, "1004"),
        (None, "1004", "9", Behaviour.OPERATOR, Behaviour.TARGET, "1004"),
        ("1002", "1004", "9", Behaviour.BUSY, Behaviour.BUSY, "1004"),
        ("1002", "1004", "9", Behaviour.RING, Behaviour.RING, "1004"),
        ("1002", None, "9", Behaviour.VOICEMAIL, Behaviour.VOICEMAIL, "1002"),
        (None, None, "9", Behaviour.TARGET, Behaviour.VOICEMAIL, None),
        ("1001", None, "9", Behaviour.TARGET, Behaviour.VOICEMAIL, None),
        ("1002", None, None, Behaviour.OPERATOR, Behaviour.VOICEMAIL, "1002"),
        ("1002", None, "1001", Behaviour.OPERATOR, Behaviour.VOICEMAIL, "1002"),
        ("1002", None, "9", Behaviour.OPERATOR, Behaviour.OPERATOR, "1002"),
        ("10 02", "x", "9", Behaviour.TARGET, Behaviour.VOICEMAIL, None),
    ],
)
def test_where_callers_are_led(
    own: str | None,
    asked_for: str | None,
    operator: str | None,
    then: Behaviour,
    meets: Behaviour,
    target: str | None,
):
    treatment = Treatment(announce=True, then=then)
    known = rules([replace(CODES[0], target=own, internal=treatment, external=treatment)], operator=operator)
    found = window(diversion("1", at("09:00"), at("10:00"), target=asked_for), now=at("09:00"), known=known)
    assert (found.internal, found.external) == (Treatment(announce=True, then=meets),) * 2
    assert found.target == target


def test_a_users_own_operator_comes_first():
    user = replace(ANNA, operator="7")
    meeting = diversion("1", at("09:00"), at("10:00"))
    value = planned(meeting, now=at("09:00"), known=rules(operator="9"), user=user).schedule
    assert value
    assert parse(value).operator == "7"


def test_what_does_not_fit_is_counted_and_not_claimed_to_be_known():
    many = [
        diversion(f"{n:03}", at("09:00") + timedelta(minutes=10 * n), at("09:05") + timedelta(minutes=10 * n))
        for n in range(60)
    ]
    found = plan(ANNA, many, rules(), at("09:00"))
    value = found.held["1001"].schedule
    assert value
    schedule = parse(value)
    assert len(value) <= LIMIT < len(value) + 60
    assert found.left_out == 60 - len(schedule.windows)
    assert schedule.cover == many[len(schedule.windows)].start


def test_a_calendar_full_of_minutes_is_cut_and_counted():
    minute = timedelta(minutes=1)
    many = [diversion(f"{n:04}", at("00:00") + n * minute, at("00:00") + (n + 1) * minute) for n in range(1440)]
    found = plan(ANNA, many, rules(), at("00:00"))
    value = found.held["1001"].schedule
    assert value
    windows = parse(value).windows
    assert [window.start for window in windows] == [some.start for some in many[: len(windows)]]
    assert found.left_out == 1440 - len(windows)
    assert LIMIT - 40 < len(value) <= LIMIT


def test_a_value_may_be_exactly_as_long_as_the_limit():
    meeting = diversion("1", at("09:00"), at("10:00"))
    value = held(ANNA, [meeting], rules(), at("09:00")).schedule
    assert value
    assert held(ANNA, [meeting], rules(), at("09:00"), len(value)).schedule == value
    assert held(ANNA, [meeting], rules(), at("09:00"), len(value) - 1).schedule is None


def test_a_limit_that_nothing_fits_into_leaves_the_phone_ringing_and_says_so():
    meeting = diversion("1", at("09:00"), at("10:00"))
    found = plan(ANNA, [meeting], rules(), at("09:00"), limit=20)
    assert (found.held["1001"].schedule, found.left_out) == (None, 1)


def test_the_absence_by_hand_is_held_apart_from_the_calendar_beneath_it():
    meeting, trip = diversion("1", at("09:00"), at("10:00")), diversion("2", at("13:00"), at("17:00"), code="trip")
    by_hand = diversion(BY_HAND, at("09:30"), at("13:30"), code="lunch", target="1004", by_hand=True)
    user = replace(ANNA, phones=("1501",))
    found = plan(user, [meeting, by_hand, trip], rules(), at("09:45"), turn=12)
    main = found.held["1001"]
    assert found.held == {"1001": main, "1501": replace(main, hand=None)}
    assert main.schedule == plan(user, [meeting, trip], rules(), at("09:45")).held["1001"].schedule
    assert (main.lamp, main.presence and main.presence.reason) == (Lamp.ON, "lunch")
    assert main.hand
    hand = parse_hand(main.hand)
    assert (hand.turn, hand.ended, hand.digit) == (12, None, "2")
    assert hand.window
    assert (hand.window.start, hand.window.end, hand.window.back) == (by_hand.start, by_hand.end, trip.end)
    assert (hand.window.target, hand.window.reason) == ("1004", "lunch")
    assert "|1001-sv--12-" in (main.phone or "")
    assert (found.diverted, found.changes) == (True, at("10:00"))


def test_the_absence_by_hand_ends_at_its_time():
    by_hand = diversion(BY_HAND, at("09:30"), at("09:40"), by_hand=True)
    seen = [plan(ANNA, [by_hand], rules(), at(clock)) for clock in ("09:30", "09:39:59", "09:40")]
    assert [(one.diverted, one.held["1001"].hand is None, one.changes) for one in seen] == [
        (True, False, at("09:40")),
        (True, False, at("09:40")),
        (False, True, at("10:00")),
    ]
    assert {one.held["1001"].schedule for one in seen} == {None}


def test_what_is_dismissed_is_in_no_schedule_and_lights_no_lamp():
    trip = diversion("1", at("08:00"), at("17:00"), code="trip", dismissed=True)
    meeting = diversion("2", at("12:00"), at("13:00"))
    held = planned(trip, meeting, now=at("10:00"))
    assert held.lamp is Lamp.OFF
    assert held.schedule
    assert [(window.start, window.back) for window in parse(held.schedule).windows] == [(meeting.start, meeting.end)]
    assert is_nothing(planned(trip, now=at("10:00")))


def test_what_comes_back_after_something_else_has_begun_before():
    trip, lunch = diversion("1", at("08:00"), at("17:00"), code="trip"), diversion("2", at("12:00"), at("13:00"))
    value = planned(trip, lunch, now=at("11:00")).schedule
    assert value
    assert [window.begun for window in parse(value).windows] == [None, None, trip.start]


def test_a_code_that_is_no_more_ends_an_absence_by_hand():
    by_hand = diversion(BY_HAND, at("09:00"), at("10:00"), code="forgotten", by_hand=True)
    assert is_nothing(planned(by_hand, now=at("09:30")))


def test_midnight_is_a_change_wherever_it_is():
    user = replace(ANNA, zone=ZoneInfo("Asia/Kolkata"))
    before = datetime(2026, 11, 23, 18, 29, 59, tzinfo=UTC)
    found = plan(user, [], rules(), before)
    assert found.changes == before + SECOND
    assert found.held != plan(user, [], rules(), before + SECOND).held


@given(some_absences(), some_users(), some_rules(), instants(), st.integers(0, 10**9 - 1))
def test_an_absence_by_hand_changes_no_schedule_and_everything_fits_its_grammar(
    some: list[Diversion], user: User, known: Rules, now: datetime, turn: int
):
    found, calendar = plan(user, some, known, now, turn), [one for one in some if not one.by_hand]
    alone, decides = plan(user, calendar, known, now, turn), in_force(some, now)
    set_now = [one for one in some if one.by_hand and one.start < one.end and now < one.end]
    assert found.left_out == alone.left_out
    assert found.diverted is (decides is not None and not gets_through(known.by_key[decides.code]))
    for place in user.places:
        held = found.held[place]
        assert held.lamp is (Lamp.ON if decides else Lamp.OFF)
        assert (held.presence == PRESENT) is (decides is None)
        assert (held.schedule, held.phone) == (alone.held[place].schedule, alone.held[place].phone)
        hand = parse_hand(held.hand) if held.hand else None
        assert (hand is not None) is (bool(set_now) and place == user.extension)
        if hand:
            assert (hand.turn, hand.ended) == (turn, None)
            taken = taken_over(hand, known, user, now)
            assert taken == replace(set_now[0], target=None) or hand.digit is None


@given(some_diversions(), some_users(), some_rules(), instants(), st.integers(0, 3600 * 24))
def test_the_pbx_decides_as_the_timeline_does(
    some: list[Diversion], user: User, known: Rules, now: datetime, seconds: int
):
    segments = of_user(some, user, known)
    found = plan(user, some, known, now, limit=10_000)
    held = found.held["1001"]
    call = min(now + timedelta(seconds=seconds), full_hour(now) + AHEAD - SECOND)
    decides = segment_at(segments, call)
    told = parse(held.schedule).at(call) if held.schedule else None
    assert told == (window_of(decides, user, known) if decides else None)
    current = segment_at(segments, now)
    assert (held.lamp is Lamp.ON) is (current is not None)
    assert found.diverted is (current is not None and not gets_through(known.by_key[current.diversion.code]))
    assert found.left_out == 0


@given(some_diversions(most=30), some_users(), some_rules(), instants(), st.integers(0, 1000))
def test_the_value_never_exceeds_its_limit(some: list[Diversion], user: User, known: Rules, now: datetime, limit: int):
    found = plan(user, some, known, now, limit=limit)
    value = found.held["1001"].schedule or ""
    assert len(value.encode("ascii")) <= limit
    whole = held(user, some, known, now, 100_000).schedule
    every = parse(whole).windows if whole else ()
    kept = parse(value).windows if value else ()
    assert kept == every[: len(kept)]
    assert found.left_out == len(every) - len(kept)


@given(some_items(), some_users(), some_organisations(), instants())
def test_no_character_of_a_calendar_gets_into_a_pbx(
    some: list[Appointment], user: User, decided: Organisation, now: datetime
):
    known = Rules(decided, CODES, EXTENSIONS)
    found = held(user, read(some, user, known).diversions, known, now)
    assert ALLOWED.fullmatch(found.schedule or "")
    texts = {text for code in CODES for text in code.texts.values()} | {"", "Frånvarande", "Abwesend", "Away"}
    assert found.presence
    assert found.presence.text in texts


@given(some_absences(), some_users(), instants(), st.integers(0, 3599))
def test_nothing_changes_before_the_next_change(some: list[Diversion], user: User, now: datetime, seconds: int):
    change = plan(user, some, rules(), now).changes
    assert now < change <= full_hour(now) + timedelta(hours=1)
    later = min(now + timedelta(seconds=seconds), change - SECOND)
    assert later < now or held(user, some, rules(), later) == held(user, some, rules(), now)


@given(some_diversions(), instants())
def test_the_next_change_is_a_boundary_or_a_full_hour(some: list[Diversion], now: datetime):
    segments = of_user(some, ANNA, rules())
    boundaries = {instant for segment in segments for instant in (segment.start, segment.end)}
    change = plan(ANNA, some, rules(), now).changes
    assert change in boundaries or change == full_hour(change)  # as every midnight is that of ANNA
