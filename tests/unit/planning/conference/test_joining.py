"""What a PBX holds so that people get into conferences."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.conference import Participant, RoomOf
from gateway.planning.conference import invited, room
from gateway.planning.conference.joining import Joining, joining
from tests.unit.planning.given import ANNA, at, rules
from tests.unit.planning.planned import BERTA, PEOPLE, ROOM, conference

NOW = at("08:30")
POOL = RoomOf("8099")


def held(*conferences, rooms=(ROOM, POOL), now=NOW, pbx="main", people=PEOPLE) -> Joining:
    return joining(pbx, conferences, rooms, people, rules(), now)


def names(value):
    return [window.name for window in (room.parse(value) if "Europe" in value else invited.parse(value)).windows]


def test_the_room_knows_its_conferences_and_everybody_those_they_are_asked_to():
    own, other = conference(), conference("other", room="8099", participants=(Participant("anna@example.org", 1),))
    found = held(own, other).held
    assert set(found) == {"8001", "8099", "1001", "1002"}
    assert names(found["8001"].room) == [own.name]
    assert names(found["8099"].room) == [other.name]
    assert sorted(names(found["1001"].invited)) == sorted([own.name, other.name])
    assert names(found["1002"].invited) == [own.name]


def test_nothing_but_room_and_invitation_is_held():
    every = held(conference()).held.values()
    assert len(every) == 3
    for one in every:
        assert replace(one, room=None, invited=None) == type(one)()
        assert (one.room is None) != (one.invited is None)


def test_who_declined_and_who_does_not_take_part_may_dial_in_all_the_same():
    declined = Participant("berta@example.org", 2, declined=True)
    people = {1: ANNA, 2: replace(BERTA, enabled=False)}
    assert "1002" in held(conference(participants=(declined,)), people=people).held


def test_another_pbx_holds_nothing_of_it():
    assert held(conference(), pbx="branch").held == {}
    elsewhere = {1: ANNA, 2: replace(BERTA, pbx="branch")}
    assert set(held(conference(), people=elsewhere).held) == {"8001", "1001"}
    assert held(conference(pbx="branch")).held == {}


def test_what_is_cancelled_over_or_without_a_room_is_not_held():
    assert held(conference(cancelled=True)).held == {}
    assert held(conference(room=None)).held == {}
    assert held(conference(), now=at("10:15")).held == {}


def test_a_room_that_is_no_more_holds_nothing():
    assert set(held(conference(), rooms=()).held) == {"1001", "1002"}


def test_guests_and_those_who_are_gone_hold_nothing():
    strangers = (Participant("guest@example.com", number="004612345"), Participant("gone@example.org", 77))
    assert set(held(conference(participants=strangers)).held) == {"8001"}


def test_it_changes_when_a_conference_closes_and_at_the_full_hour():
    assert held(conference()).changes == at("09:00")
    assert held(conference(), now=at("10:05")).changes == at("10:15")
    assert held(now=at("10:05")).changes == at("11:00")


def test_what_was_left_out_is_counted():
    many = [conference(str(n), at("12:00") + n * timedelta(minutes=5), last=5) for n in range(60)]
    found = held(*many)
    kept = (
        len(names(found.held["8001"].room)),
        len(names(found.held["1001"].invited)),
        len(names(found.held["1002"].invited)),
    )
    assert found.left_out == 3 * 60 - sum(kept) > 0
