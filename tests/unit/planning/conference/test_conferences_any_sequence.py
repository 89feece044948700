"""Whatever calendars, rooms and people do, one look after the other: conferences stay apart, and stay."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import Conference, Meeting, Participant, RoomOf
from gateway.planning.conference.conferences import EARLY, key_of, plan
from tests.unit.planning.conference.asking import EVERYBODY
from tests.unit.planning.conference.desk import Desk, going_on
from tests.unit.planning.given import EARLIEST, rules

QUARTER = timedelta(minutes=15)
GRACE = rules().organisation.grace
PAIR = (Participant("anna@example.org", 1), Participant("berta@example.org", 2))


@dataclass(frozen=True)
class Look:
    """The world at one look: `busy` says of each conference that there was whether somebody is in it."""

    now: datetime
    meetings: tuple[Meeting, ...]
    rooms: tuple[RoomOf, ...]
    users: tuple[int, ...]
    busy: tuple[bool, ...]


def some_meetings() -> st.SearchStrategy[tuple[Meeting, ...]]:
    one = st.builds(
        lambda name, organiser, begins, lasts, autocall: Meeting(
            f"meeting {name}",
            f"series {name}",
            organiser,
            EARLIEST + begins * QUARTER,
            EARLIEST + (begins + lasts) * QUARTER,
            autocall,
            participants=PAIR,
        ),
        name=st.integers(0, 4),
        organiser=st.integers(1, 4),
        begins=st.integers(0, 12),
        lasts=st.integers(1, 5),
        autocall=st.booleans(),
    )
    return st.lists(one, max_size=6).map(tuple)


def some_rooms() -> st.SearchStrategy[tuple[RoomOf, ...]]:
    numbers = st.lists(st.sampled_from(("8001", "8002", "8003", "8091", "8092")), unique=True, max_size=4)
    owners = st.permutations((None, None, 1, 2, 3))
    return st.builds(
        lambda some, whose: tuple(RoomOf(number, owner=owner) for number, owner in zip(some, whose, strict=False)),
        numbers,
        owners,
    )


@st.composite
def some_looks(draw: st.DrawFn, most: int = 6) -> list[Look]:
    """Time goes on, mostly; each time something else changes, or nothing."""
    found: list[Look] = []
    now = EARLIEST
    for _ in range(draw(st.integers(1, most))):
        now += draw(st.sampled_from((0, 0, 1, 5, 9))) * timedelta(minutes=5)
        last = found[-1] if found else None
        found.append(
            Look(
                now,
                draw(some_meetings()) if last is None or draw(st.booleans()) else last.meetings,
                draw(some_rooms()) if last is None or not draw(st.integers(0, 3)) else last.rooms,
                draw(st.sampled_from(((1, 2, 3, 4), (1, 2, 3, 4), (2, 3, 4)))),
                tuple(draw(st.lists(st.booleans(), min_size=4, max_size=4))),
            )
        )
    return found


def looked_at(desk: Desk, look: Look) -> tuple[Conference, ...]:
    desk.rooms = look.rooms
    desk.users = tuple(user for user in EVERYBODY if user.id in look.users)
    begun = [one for one in desk.before if one.room and one.opens <= look.now]
    desk.occupied = frozenset(one.key for one, busy in zip(begun, look.busy, strict=False) if busy)
    return desk.look(*look.meetings, now=look.now).conferences


@given(some_looks())
def test_a_second_look_changes_nothing_nor_does_time_before_the_next_change(looks: list[Look]):
    desk = Desk()
    for look in looks:
        looked_at(desk, look)
        again = desk.look(*look.meetings, now=look.now)
        assert desk.look(*look.meetings, now=look.now) == again
        if again.changes is not None:
            assert again.changes > look.now
            assert desk.look(*look.meetings, now=again.changes - timedelta(seconds=1)) == again


@given(some_looks())
def test_no_two_conferences_are_in_one_room_at_a_time(looks: list[Look]):
    desk = Desk()
    for look in looks:
        there = going_on(looked_at(desk, look))
        assert len({one.key for one in desk.before}) == len(desk.before)
        for one, other in combinations([one for one in there if one.room], 2):
            if (one.pbx, one.room) == (other.pbx, other.room) and one.start < other.end and other.start < one.end:
                assert {one.key, other.key} <= desk.occupied
        known = {(room.pbx, room.number): room.owner for room in look.rooms}
        for one in there:
            if one.room and one.key not in desk.occupied:
                assert known[one.pbx, one.room] in (None, one.organiser)


@given(some_looks())
def test_only_who_finds_no_room_at_all_has_none(looks: list[Look]):
    desk = Desk()
    for look in looks:
        there = going_on(looked_at(desk, look))
        for one in there:
            may = {room.number for room in look.rooms if room.pbx == one.pbx and room.owner in (None, one.organiser)}
            around = {
                o.room for o in there if o is not one and o.pbx == one.pbx and o.start < one.end and one.start < o.end
            }
            assert one.room or may <= around


@given(some_looks())
def test_a_conference_with_people_in_it_stays_where_it_is(looks: list[Look]):
    desk = Desk()
    for look in looks:
        before = {one.key: one for one in desk.before if not one.cancelled}
        after = {one.key: one for one in looked_at(desk, look)}
        asked = {(one.organiser, one.meeting) for one in look.meetings if one.organiser in look.users}
        for key in desk.occupied & before.keys() & after.keys():
            assert (after[key].room, after[key].pbx) == (before[key].room, before[key].pbx)
            if not after[key].cancelled:
                blocked = [
                    one.end for one in going_on(after.values()) if one.room == after[key].room and one.key != key
                ]
                assert after[key].opens <= before[key].opens or after[key].opens in {*blocked, after[key].start}
            else:
                assert (before[key].organiser, before[key].meeting) not in asked
                assert before[key].organiser in look.users


@given(some_looks())
def test_every_meeting_is_one_conference_at_its_times(looks: list[Look]):
    desk = Desk()
    for look in looks:
        there = going_on(looked_at(desk, look))
        assert len({(one.organiser, one.meeting) for one in there}) == len(there)
        for one in there:
            said = [
                m
                for m in look.meetings
                if (m.organiser, m.meeting, m.start, m.end) == (one.organiser, one.meeting, one.start, one.end)
            ] or one.key in desk.occupied
            assert said
            assert one.opens <= one.start < one.end
            assert one.closes == one.end + GRACE
            assert look.now < (one.closes if one.key in desk.occupied else one.end)
        for name in {(m.organiser, m.meeting) for m in look.meetings if m.organiser in look.users}:
            if all(m.end > look.now for m in look.meetings if (m.organiser, m.meeting) == name):
                assert name in {(one.organiser, one.meeting) for one in there}


@given(some_looks())
def test_the_order_of_people_rooms_and_conferences_means_nothing(looks: list[Look]):
    desk = Desk()
    for look in looks:
        before = desk.before
        found = looked_at(desk, look)
        backwards = before[::-1], desk.users[::-1], desk.rooms[::-1]
        assert plan(look.meetings, *backwards, desk.occupied, rules(), look.now).conferences == found


@given(some_looks())
def test_none_opens_earlier_than_ten_minutes_before_its_start_but_where_people_are(looks: list[Look]):
    desk = Desk()
    for look in looks:
        for one in looked_at(desk, look):
            if one.key == key_of(one) and one.key not in desk.occupied and not one.cancelled:
                assert one.start - EARLY <= one.opens
