"""Which conferences there are, in which room, and when (CODES.md, "Conferences from the calendar")."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from gateway.domain.conference import LeftOut, Participant, RoomOf, Why
from gateway.planning.conference.conferences import key_of
from tests.unit.planning.conference.asking import CARL, EVERYBODY
from tests.unit.planning.conference.desk import FIRST, MINUTE, OWN, ROOMS, Desk, going_on, meeting, rooms_of
from tests.unit.planning.given import ANNA, at, rules


def test_a_meeting_becomes_a_conference_in_its_organisers_room():
    found = Desk().one("08:00", meeting())
    assert (found.room, found.pbx, found.collided) == ("8001", "main", False)
    assert (found.opens, found.start, found.end) == (at("08:50"), at("09:00"), at("10:00"))
    assert found.closes == at("10:15")
    assert Desk(rules=rules(grace=MINUTE)).one("08:00", meeting()).closes == at("10:01")


def test_its_key_comes_from_meeting_organiser_and_start():
    said = f"styrelse1:{int(at('09:00').timestamp())}"
    assert Desk().one("08:00", meeting()).key == sha256(said.encode()).hexdigest()[:32]
    assert key_of(meeting()) != key_of(meeting(start="09:01"))


def test_the_same_meeting_from_several_calendars_is_one_and_the_last_found_counts():
    desk = Desk()
    assert desk.one("08:00", meeting(autocall=False), meeting()).autocall
    assert not desk.one("08:00", meeting(), meeting(autocall=False)).autocall


def test_somebody_elses_item_of_the_same_name_takes_no_conference_away():
    desk, theirs = Desk(), meeting(organiser=2, start="09:30")
    before = desk.at("08:00", theirs)
    assert [one.organiser for one in before] == [2]
    both = desk.at("08:00", theirs, meeting())
    assert {(one.organiser, one.start, one.cancelled) for one in both} == {
        (1, at("09:00"), False),
        (2, at("09:30"), False),
    }
    assert before[0] in both
    assert desk.at("08:00", meeting(), theirs) == both


def test_who_does_not_take_part_plans_nothing_and_is_not_in_it():
    desk = Desk(users=EVERYBODY[:1])
    assert desk.at("08:00", meeting(organiser=2)) == ()
    found = desk.one("08:00", meeting())
    assert [one.user for one in found.participants] == [1]
    assert found.left_out == (LeftOut("berta@example.org", Why.UNKNOWN),)


def test_a_number_that_is_permitted_no_more_is_left_out():
    guest = Participant("guest@elsewhere.example", number="004681")
    asked = meeting(participants=(*meeting().participants, guest))
    assert guest in Desk(rules=rules(outside=("0046*",))).one("08:00", asked).participants
    found = Desk().one("08:00", asked)
    assert [one.user for one in found.participants] == [1, 2]
    assert found.left_out == (LeftOut("guest@elsewhere.example", Why.NOT_PERMITTED),)


def test_the_earlier_meeting_keeps_the_room_and_the_other_gets_a_free_one():
    early, late = meeting("early"), meeting("late", "09:30", "10:30")
    for both in ((early, late), (late, early)):
        found = Desk().at("08:00", *both)
        assert rooms_of(found) == {"early": "8001", "late": "8091"}
        assert [one.collided for one in found] == [False, True]


def test_who_had_the_room_keeps_it_before_an_earlier_one():
    desk = Desk()
    desk.one("08:00", meeting("late", "09:30", "10:30"))
    assert rooms_of(desk.at("08:01", meeting("early"), meeting("late", "09:30", "10:30"))) == {
        "early": "8091",
        "late": "8001",
    }


def test_a_conference_keeps_its_room_when_its_own_is_free_again():
    desk, late = Desk(), meeting("late", "09:30", "10:30")
    desk.at("08:00", meeting("early"), late)
    found = desk.one("08:01", late)
    assert (found.room, found.collided) == ("8091", True)


def test_of_two_that_meet_when_one_is_longer_the_earlier_keeps_the_room():
    desk, next_one = Desk(), meeting("next", "10:00", "11:00")
    assert rooms_of(desk.at("08:00", meeting(), next_one)) == {"styrelse": "8001", "next": "8001"}
    assert rooms_of(desk.at("08:01", meeting(end="10:30"), next_one)) == {"styrelse": "8001", "next": "8091"}


def test_no_room_is_free():
    several = [meeting(name) for name in "abcd"]
    found = Desk().at("08:00", *several)
    assert sorted(str(one.room) for one in found) == ["8001", "8091", "8092", "None"]
    assert [one.collided for one in found].count(True) == 3


def test_who_waits_for_a_room_gets_the_next_that_is_free():
    desk = Desk(rooms=(OWN,))
    first, second = sorted((meeting("a"), meeting("b")), key=key_of)
    assert rooms_of(desk.at("08:00", first, second))[second.meeting] is None
    assert rooms_of(desk.at("08:01", second)) == {second.meeting: "8001"}


def test_who_has_no_room_gets_one_of_the_pool_and_has_not_collided():
    found = Desk().one("08:00", meeting(organiser=3))
    assert (found.room, found.collided) == ("8091", False)
    assert Desk(rooms=(OWN,)).one("08:00", meeting(organiser=3)).room is None


def test_rooms_of_another_pbx_are_not_looked_at():
    north = RoomOf("8001", "north", owner=4), RoomOf("8091", "north")
    desk = Desk(rooms=(*ROOMS, *north))
    found = desk.at("08:00", meeting("a"), meeting("b", organiser=4), meeting("c", organiser=4))
    assert sorted((one.pbx, str(one.room)) for one in found) == [("main", "8001"), ("north", "8001"), ("north", "8091")]


def test_a_room_chosen_later_moves_what_has_not_opened():
    for clock, room in (("08:49:59", "8001"), ("08:50", "8091")):
        desk = Desk(rooms=ROOMS[1:])
        assert desk.one("08:00", meeting()).room == "8091"
        desk.rooms = ROOMS
        assert desk.one(clock, meeting()).room == room


def test_a_room_chosen_later_that_is_taken_is_not_waited_for():
    desk, other = Desk(rooms=ROOMS[1:]), meeting("other", "09:30", "10:30")
    desk.at("08:00", meeting(), other)
    desk.rooms = ROOMS
    found = {one.meeting: one for one in desk.at("08:01", meeting(), other)}
    assert rooms_of(found.values()) == {"styrelse": "8001", "other": "8092"}
    assert found["other"].collided


def test_a_room_that_is_removed_or_becomes_somebodys_is_planned_anew():
    for rooms in (ROOMS[1:], (replace(OWN, owner=3), *ROOMS[1:])):
        desk = Desk()
        desk.one("08:00", meeting())
        desk.rooms = rooms
        assert desk.one("09:10", meeting()).room == "8091"


def test_an_organiser_who_goes_to_another_pbx_is_planned_anew():
    desk = Desk(rooms=(*ROOMS, RoomOf("8001", "north", owner=1)))
    desk.one("08:00", meeting())
    desk.users = (replace(ANNA, pbx="north"), *EVERYBODY[1:])
    found = desk.one("08:01", meeting())
    assert (found.pbx, found.room) == ("north", "8001")


def test_a_moved_meeting_is_a_new_conference_and_the_old_one_is_cancelled():
    desk = Desk()
    old = desk.one("08:00", meeting())
    moved = meeting(start="11:00", end="12:00")
    found = desk.at("08:01", moved)
    assert [(one.key == old.key, one.cancelled, one.start) for one in found] == [
        (True, True, at("09:00")),
        (False, False, at("11:00")),
    ]
    assert found[0] == replace(old, cancelled=True)


def test_a_cancelled_one_stays_until_it_is_let_go_and_is_in_nobodys_way():
    desk = Desk()
    desk.one("08:00", meeting())
    (cancelled,) = desk.at("08:01")
    assert cancelled.cancelled
    assert desk.at("08:02") == (cancelled,)
    assert desk.one("08:03", meeting("other")).room == "8001"
    assert desk.at("10:00") == ()


def test_a_cancelled_meeting_that_is_there_again_is_the_same_conference():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.at("08:01")
    assert desk.at("08:02", meeting()) == (planned,)


@pytest.mark.parametrize(("start", "end"), [("09:30", "10:30"), ("08:40", "09:40"), ("11:00", "12:00")])
def test_a_meeting_that_moves_while_somebody_is_in_stays_the_same_conference(start: str, end: str):
    desk, moved = Desk(), meeting(start=start, end=end)
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    found = desk.one("08:55", moved)
    assert (found.key, found.room, found.start, found.end) == (planned.key, "8001", at(start), at(end))
    assert found.opens == min(planned.opens, at(start) - 10 * MINUTE)
    desk.leave()
    assert desk.at("08:56", moved) == (found,)


def test_a_meeting_that_was_moved_back_is_the_conference_it_was():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    desk.one("08:55", meeting(start="09:30"))
    desk.leave()
    assert desk.one("08:56", meeting()) == planned


def test_who_is_in_keeps_the_room_whatever_is_decided():
    desk, early = Desk(), meeting("early", "09:30", "10:30")
    planned = desk.one("08:00", meeting("running", "10:00", "11:00"))
    desk.at("08:01", early, meeting("running", "10:00", "11:00"))
    desk.enter(planned)
    desk.rooms, desk.users = (FIRST,), (replace(ANNA, pbx="north"), *EVERYBODY[1:])
    found = desk.one("10:10", meeting("running", "10:00", "11:30"))
    assert (found.room, found.pbx) == ("8001", "main")


def test_who_is_in_keeps_the_room_before_an_earlier_one_that_becomes_longer():
    desk, early, running = Desk(), meeting(), meeting("running", "10:00", "11:00")
    desk.enter(next(one for one in desk.at("08:00", early, running) if one.meeting == "running"))
    longer = meeting(end="10:30")
    assert rooms_of(desk.at("09:55", longer, running)) == {"styrelse": "8091", "running": "8001"}


def test_two_with_people_in_them_stay_in_one_room_and_nobody_comes_between():
    desk = Desk()
    desk.enter(*desk.at("08:00", meeting(), meeting("next", "10:00", "10:30")))
    longer = meeting(end="12:00"), meeting("next", "10:00", "10:30")
    found = desk.at("09:55", *longer, meeting("new", "11:00", "11:30"), meeting("then", "12:05", "13:00"))
    assert rooms_of(found) == {"styrelse": "8001", "next": "8001", "new": "8091", "then": "8001"}
    assert found[-1].opens == at("12:00")


def test_a_conference_that_is_over_goes_when_nobody_is_in_or_when_its_grace_is_over():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    assert desk.at("09:59:59", meeting()) == (planned,)
    desk.enter(planned)
    assert desk.at("10:00", meeting()) == (planned,)
    assert desk.at("10:14:59") == (planned,), "a calendar's meeting goes at its end"
    assert desk.at("10:15", meeting()) == desk.at("10:15") == ()
    desk.leave()
    assert desk.at("10:01", meeting()) == ()


def test_a_meeting_cut_short_is_over_and_not_cancelled():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    short = meeting(end="09:30")
    assert desk.at("09:40", short) == (replace(planned, end=at("09:30"), closes=at("09:45")),)
    assert desk.at("09:45", short) == ()
    desk = Desk()
    desk.one("08:00", meeting())
    assert desk.at("09:40", short) == ()


def test_a_meeting_that_becomes_longer_in_its_grace_goes_on():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    desk.at("10:05")
    found = desk.one("10:06", meeting(end="11:00"))
    assert (found.key, found.end) == (planned.key, at("11:00"))


def test_an_organiser_who_is_removed_leaves_the_others_together():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    desk.users = EVERYBODY[1:]
    assert desk.at("09:10") == (replace(planned, autocall=False),)
    assert desk.at("10:10") == (replace(planned, autocall=False),)
    desk.before, desk.occupied = (planned,), frozenset()
    assert desk.at("09:10") == (replace(planned, cancelled=True),)


def test_a_cancelled_meeting_ends_though_somebody_is_in():
    desk = Desk()
    planned = desk.one("08:00", meeting())
    desk.enter(planned)
    assert desk.at("09:10") == (replace(planned, cancelled=True),)


def test_a_room_opens_when_the_one_before_is_over():
    found = Desk().at("08:00", meeting(), meeting("next", "10:00", "11:00"), meeting("later", "11:05", "12:00"))
    assert [one.opens for one in found] == [at("08:50"), at("10:00"), at("11:00")]
    assert {one.room for one in found} == {"8001"}


def test_a_meeting_that_has_begun_is_planned_and_one_that_is_over_is_not():
    assert Desk().one("09:59", meeting()).start == at("09:00")
    assert Desk().at("10:00", meeting()) == ()


def test_what_the_organiser_was_told_stays_with_a_conference():
    desk = Desk()
    desk.before = tuple(replace(one, told="digest") for one in desk.at("08:00", meeting()))
    assert desk.one("08:01", meeting(end="11:00")).told == "digest"


def test_the_next_change_is_when_the_first_is_over():
    desk = Desk()
    both = desk.look(meeting(), meeting("next", "10:00", "11:00"), now=at("08:00"))
    assert both.changes == at("10:00")
    desk.enter(both.conferences[0])
    assert desk.look(meeting(), now=at("08:00")).changes == at("10:15")
    assert Desk().look(now=at("08:00")).changes is None


def test_a_day_and_a_week_of_conferences_need_little_room():
    day = [meeting(str(hour), f"{hour:02}:00", f"{hour:02}:59") for hour in range(23)]
    found = Desk(rooms=(OWN,)).at("00:00", *day)
    assert {one.room for one in going_on(found)} == {"8001"}
    assert all(one.closes - one.end == timedelta(minutes=15) for one in found)


def test_the_pool_is_used_in_the_order_of_its_numbers():
    desk = Desk(users=(*EVERYBODY, replace(CARL, id=9)), rooms=(RoomOf("10000"), RoomOf("9002"), RoomOf("9001")))
    assert desk.one("08:00", meeting(organiser=9)).room == "9001"
