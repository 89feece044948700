"""The absence by hand and dismissals (CODES.md, "By hand"): what the dialplan decides alone is what planning decides.

The gateway is down from `PLANNED` on. What the dialplan then does with the values that it holds is said here once more
in a few lines, as dialplan/README.md has it, and compared with the timeline of what was dismissed and set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.user import User
from gateway.planning.callers import window_of
from gateway.planning.plan import plan
from gateway.planning.schedule import Schedule, Window, parse
from gateway.planning.timeline import of_user, segment_at, timeline
from gateway.planning.working import reachable
from tests.unit.planning.given import (
    ANNA,
    EARLIEST,
    at,
    diversion,
    in_force,
    instants,
    rules,
    some_absences,
    some_diversions,
    some_users,
)

PLANNED = EARLIEST
NEVER_WORKS = replace(ANNA, hours=WorkingHours(week={}))
HOURS = 23  # nearly what a schedule covers
RULES = rules()


@dataclass
class Telephone:
    """What the dialplan makes of a schedule and of what is dialled, without a gateway."""

    schedule: Schedule | None
    ended: datetime = PLANNED - timedelta(days=400)
    hand: Window | None = None

    def dismissed(self, window: Window) -> bool:
        return (window.begun or window.start) <= self.ended

    def at(self, now: datetime) -> Window | None:
        if self.hand and self.hand.start <= now < self.hand.end:
            return self.hand
        window = self.schedule.at(now) if self.schedule else None
        return None if window is None or self.dismissed(window) else window

    def last(self, window: Window) -> tuple[Window, bool]:
        """Follow what is contiguous; True: it goes on with something that has been dismissed."""
        while self.schedule and (later := self.schedule.at(window.end)):
            if self.dismissed(later):
                return window, True
            window = later
        return window, False

    def back(self, window: Window) -> datetime:
        if window == self.hand:
            beneath = self.schedule.at(window.end) if self.schedule else None
            return window.back if beneath is None or self.dismissed(beneath) else self.back(beneath)
        last, stopped = self.last(window)
        return last.end if stopped else last.back

    def set(self, now: datetime, until: datetime, user: User, code: str) -> Diversion:
        """Return what was set; as dialled, it lasts until `until`, and its owner is back then or when work begins."""
        made = Diversion(user.id, BY_HAND, code, now, until, by_hand=True)
        (alone,) = of_user([made], user, RULES)
        self.hand = window_of(alone, user, RULES)
        return made

    def end(self, now: datetime) -> None:
        if self.at(now):
            self.ended, self.hand = now, None


@st.composite
def moments(draw: st.DrawFn, some: Sequence[Diversion]) -> datetime:
    """Mostly instants at which something begins or ends: that is where rules differ."""
    known = [moment for one in some for moment in (one.start, one.end) if moment < PLANNED + timedelta(hours=HOURS)]
    found: datetime = draw(st.one_of(*([st.sampled_from(known)] * 2 if known else []), instants(HOURS)))
    return found


def telephone(some: Sequence[Diversion], user: User) -> Telephone:
    held = plan(user, some, RULES, PLANNED, limit=100_000).held[user.extension]
    return Telephone(parse(held.schedule) if held.schedule else None)


def dismissed(some: Sequence[Diversion], now: datetime) -> list[Diversion]:
    """Return `some` after whatever diverts at `now` was ended."""
    return [replace(one, dismissed=True) if one.diverts and one.start <= now < one.end else one for one in some]


def met(window: Window) -> tuple[object, ...]:
    """Return what callers meet and until when; a window may have begun before that was planned again."""
    return (window.end, window.internal, window.external, window.reason, window.target)


@given(some_absences(), instants())
def test_at_every_instant_the_absence_by_hand_decides_and_nothing_that_was_dismissed(
    some: list[Diversion], now: datetime
):
    found = segment_at(timeline(some), now)
    assert (found.diversion if found else None) == in_force(some, now)


@given(some_diversions(hours=HOURS), some_users(), st.data())
def test_an_end_at_the_telephone_dismisses_what_planning_dismisses(
    some: list[Diversion], user: User, data: st.DataObject
):
    phone, rest = telephone(some, user), some
    first, second, call = sorted(data.draw(moments(some)) for _ in range(3))
    for now in (first, second):
        phone.end(now)
        rest = dismissed(rest, now)
    decides, window = segment_at(of_user(rest, user, RULES), call), phone.at(call)
    assert (window and met(window)) == (decides and met(window_of(decides, user, RULES)))


@given(some_diversions(hours=HOURS), st.data())
def test_without_working_hours_callers_hear_the_same_time_of_return(some: list[Diversion], data: st.DataObject):
    phone = telephone(some, NEVER_WORKS)
    now, call = sorted(data.draw(moments(some)) for _ in range(2))
    phone.end(now)
    window = phone.at(call)
    if window:
        decides = segment_at(of_user(dismissed(some, now), NEVER_WORKS, RULES), call)
        assert decides
        assert phone.back(window) == decides.back


@given(some_diversions(hours=HOURS), some_users(), st.data())
def test_with_working_hours_it_differs_only_where_a_run_goes_on_dismissed_outside_of_them(
    some: list[Diversion], user: User, data: st.DataObject
):
    phone = telephone(some, user)
    now, call = sorted(data.draw(moments(some)) for _ in range(2))
    phone.end(now)
    window = phone.at(call)
    if not window:
        return
    segments = of_user(dismissed(some, now), user, RULES)
    decides = segment_at(segments, call)
    assert decides
    last, stopped = phone.last(window)
    works = reachable(last.end, user.hours or RULES.organisation.hours, user.zone)
    if not stopped or works == last.end:
        assert phone.back(window) == decides.back
        return
    away_again = segment_at(segments, works)
    assert phone.back(window) == last.end < decides.back
    assert decides.back == (away_again.back if away_again else works)


@given(some_diversions(hours=HOURS), st.data())
def test_whatever_is_dialled_one_after_the_other_the_telephone_and_planning_agree(
    some: list[Diversion], data: st.DataObject
):
    phone, rest, by_hand = telephone(some, NEVER_WORKS), list(some), None
    *dialled, call = sorted(data.draw(st.lists(moments(some), min_size=1, max_size=6)))
    for now in dialled:
        if data.draw(st.booleans()):
            until = max(data.draw(moments(some)), now + timedelta(seconds=data.draw(st.integers(1, 90_000))))
            by_hand = phone.set(now, until, NEVER_WORKS, "trip")
        elif in_force([*rest, *([by_hand] if by_hand else [])], now):
            phone.end(now)
            rest, by_hand = dismissed(rest, now), None
    asked = [*rest, *([by_hand] if by_hand else [])]
    decides, window = segment_at(of_user(asked, NEVER_WORKS, RULES), call), phone.at(call)
    assert (decides is None) is (window is None)
    if decides is None or window is None:
        return
    assert met(window) == met(window_of(decides, NEVER_WORKS, RULES))
    assert phone.back(window) == decides.back


def test_where_the_telephone_does_not_know_that_somebody_is_away_again():
    """Set until Friday evening, away from Monday on: the dialplan says Monday, planning when that is over."""
    holiday = diversion("h", at("00:00", "2026-11-30"), at("00:00", "2026-12-05"), code="holiday")
    phone = Telephone(None)
    by_hand = phone.set(at("15:00", "2026-11-27"), at("19:00", "2026-11-27"), ANNA, "trip")
    window = phone.at(by_hand.start)
    assert window
    assert phone.back(window) == at("08:00", "2026-11-30")
    (decides, _) = of_user([holiday, by_hand], ANNA, RULES)
    assert decides.back == at("08:00", "2026-12-07")


def test_where_what_is_dismissed_goes_on_beyond_what_the_telephone_knows():
    """A trip of days is dismissed and a meeting within it is not: planned alone, it leads back to the trip."""
    trip = diversion("t", PLANNED, PLANNED + timedelta(days=5), code="trip")
    meeting = diversion("m", PLANNED + timedelta(hours=20), PLANNED + timedelta(hours=25))
    phone = telephone([trip, meeting], NEVER_WORKS)
    phone.end(PLANNED + timedelta(hours=1))
    window = phone.at(meeting.start)
    assert window
    assert phone.back(window) == trip.end
    (decides,) = of_user(dismissed([trip, meeting], PLANNED + timedelta(hours=1)), NEVER_WORKS, RULES)
    assert decides.back == meeting.end
