"""Which meetings in a calendar ask for a conference, and who is in it (CODES.md, "Conferences from the calendar")."""

from dataclasses import replace

import pytest
from hypothesis import given

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.conference import LeftOut, Meeting, Participant, Why
from gateway.planning import codes
from gateway.planning.conference.meetings import (
    LONGEST,
    MOST_PARTICIPANTS,
    Groups,
    Meetings,
    Numbers,
    people_of,
    read,
    strangers,
)
from gateway.planning.rules import Remark, Rules
from tests.unit.planning.conference.asking import BERTA, CARL, EVERYBODY, asks, meets, some_meetings
from tests.unit.planning.given import ANNA, at, rules

PEOPLE = people_of(EVERYBODY)
OUTSIDE = rules(outside=("0046*",))
DECLINED = Response.DECLINED


def found(
    *items: Appointment, known: Rules = OUTSIDE, groups: Groups | None = None, numbers: Numbers | None = None
) -> Meetings:
    return read(items, ANNA, PEOPLE, known, groups or {}, numbers or {})


def only(
    item: Appointment, known: Rules = OUTSIDE, groups: Groups | None = None, numbers: Numbers | None = None
) -> Meeting:
    (meeting,) = found(item, known=known, groups=groups, numbers=numbers).found
    return meeting


def users(meeting: Meeting) -> list[int | None]:
    return [one.user for one in meeting.participants]


def declined(meeting: Meeting) -> list[int | None]:
    return [one.user for one in meeting.participants if one.declined]


def test_the_organisers_own_copy_plans_a_conference():
    meeting = only(meets("Rum 3, PBX"))
    assert (meeting.start, meeting.end, meeting.autocall) == (at("09:00"), at("10:00"), False)
    assert (meeting.organiser, meeting.subject) == (1, "Styrgrupp")
    assert meeting.participants == (Participant("anna@example.org", 1), Participant("berta@example.org", 2))
    assert only(meets("PBX AUTOCALL")).autocall


@pytest.mark.parametrize(
    "other",
    [
        meets("PBXROOM"),
        meets(cancelled=True),
        meets(end="09:00"),
        meets(start="10:00", end="09:00"),
        meets(response=Response.ACCEPTED, organiser="berta@example.org"),
        meets(response=Response.OWN, organiser="berta@example.org"),
    ],
)
def test_nothing_else_plans_one(other: Appointment):
    assert found(other) == Meetings()


@pytest.mark.parametrize("response", Response)
def test_an_invitation_from_somebody_whom_nobody_knows_is_remarked(response: Response):
    invitation = meets(organiser="guest@elsewhere.example", response=response)
    assert found(invitation) == Meetings((), {Remark.ORGANISER_UNKNOWN: 1})
    assert found(replace(invitation, cancelled=True)) == found(replace(invitation, location="Rum 3")) == Meetings()


def test_a_meeting_with_nobody_else_is_its_owners():
    for organiser in ("", "anna@example.org", "anna@elsewhere.example"):
        assert users(only(meets(attendees=(), organiser=organiser))) == [1]
    assert users(only(meets(organiser=""))) == [1, 2]


def test_a_meeting_of_more_than_a_day_is_remarked():
    day = meets(end="09:00", day="2026-11-23", start="09:00")
    whole = replace(day, end=day.start + LONGEST)
    longer = replace(whole, end=whole.end + (at("09:01") - at("09:00")))
    assert len(found(whole).found) == 1
    assert found(longer) == Meetings((), {Remark.CONFERENCE_TOO_LONG: 1})


def test_people_are_known_by_any_of_their_addresses_and_are_in_it_once():
    meeting = only(meets(attendees=asks("berta.berg@example.org", "anna@example.org", "berta@example.org")))
    assert meeting.participants == (Participant("anna@example.org", 1), Participant("berta.berg@example.org", 2))


def test_who_has_declined_is_in_it_and_known_to_have():
    assert declined(only(meets(attendees=asks("berta@example.org", response=DECLINED)))) == [2]


def test_under_two_addresses_one_has_declined_with_both():
    once = asks("berta@example.org", response=DECLINED)
    for again, has in ((Response.ACCEPTED, []), (Response.UNANSWERED, []), (DECLINED, [2])):
        both = asks("berta.berg@example.org", response=again)
        assert declined(only(meets(attendees=once + both))) == declined(only(meets(attendees=both + once))) == has


def test_the_organiser_comes_first_and_has_never_declined():
    meeting = only(meets(attendees=asks("berta@example.org") + asks("anna@example.org", response=DECLINED)))
    assert (users(meeting), declined(meeting)) == ([1, 2], [])


def test_who_is_not_known_is_left_out_and_the_others_meet():
    meeting = only(meets(attendees=asks("guest@elsewhere.example", "berta@example.org", "guest@elsewhere.example")))
    assert users(meeting) == [1, 2]
    assert meeting.left_out == (LeftOut("guest@elsewhere.example", Why.UNKNOWN),)


def test_who_is_not_known_and_has_declined_is_not_spoken_of():
    meeting = only(meets(attendees=asks("guest@elsewhere.example", response=DECLINED)))
    assert (users(meeting), meeting.left_out) == ([1], ())


def test_a_contact_is_called_by_the_first_number_that_is_permitted():
    invited = meets(attendees=asks("guest@elsewhere.example"))
    written = {"guest@elsewhere.example": ("ask Lena", "+1 555 0100", "+46 8 500 100", "+46 8 500 101")}
    guest = Participant("guest@elsewhere.example", number="00468500100")
    assert only(invited, numbers=written).participants[1:] == (guest,)
    assert only(invited, numbers=written, known=rules()).left_out == (
        LeftOut("guest@elsewhere.example", Why.NOT_PERMITTED),
    )


def test_two_addresses_with_one_number_are_one_participant():
    invited = meets(attendees=asks("guest@elsewhere.example", "other@elsewhere.example"))
    written = {"guest@elsewhere.example": ("+46 8 1",), "other@elsewhere.example": ("004681",)}
    assert [one.number for one in only(invited, numbers=written).participants] == [None, "004681"]


def test_a_list_is_expanded_where_the_server_tells():
    board = (Attendee("board@example.org", Response.UNANSWERED, is_group=True),)
    members = {"board@example.org": ("carl@example.org", "berta.berg@example.org", "guest@elsewhere.example")}
    meeting = only(meets(attendees=board), groups=members)
    assert users(meeting) == [1, 3, 2]
    assert meeting.left_out == (LeftOut("guest@elsewhere.example", Why.UNKNOWN),)
    not_told: tuple[Groups, ...] = ({}, {"board@example.org": None})
    for unknown in not_told:
        assert only(meets(attendees=board), groups=unknown).left_out == (LeftOut("board@example.org", Why.GROUP),)


def test_an_address_that_turns_out_to_be_a_list_is_one():
    meeting = only(meets(attendees=asks("all@example.org")), groups={"all@example.org": ("carl@example.org",)})
    assert users(meeting) == [1, 3]


def test_who_is_in_a_list_and_has_declined_by_name_has_declined():
    board = (Attendee("board@example.org", Response.UNANSWERED, is_group=True),)
    members = {"board@example.org": ("berta.berg@example.org", "carl@example.org")}
    by_name = asks("berta@example.org", response=DECLINED)
    for attendees in (board + by_name, by_name + board):
        meeting = only(meets(attendees=attendees), groups=members)
        assert (users(meeting), declined(meeting)) == ([1, 2, 3], [2])


def test_of_five_hundred_a_hundred_meet():
    crowd = people_of([replace(CARL, id=number, emails=(f"{number}@example.org",)) for number in range(10, 600)])
    asked = meets(attendees=asks(*(f"{number}@example.org" for number in range(10, 510))))
    (meeting,) = read([asked], ANNA, {**crowd, **PEOPLE}, OUTSIDE, {}, {}).found
    assert users(meeting) == [1, *range(10, 10 + MOST_PARTICIPANTS - 1)]
    assert [one.why for one in meeting.left_out] == [Why.TOO_MANY] * 401


def test_addresses_that_are_nobodys_are_asked_after_lists_first():
    board = (Attendee("board@example.org", DECLINED, is_group=True),)
    guests = asks("guest@elsewhere.example", "berta@example.org", "all@example.org", "guest@elsewhere.example")
    refuses = asks("no@elsewhere.example", response=DECLINED)
    item = meets(attendees=guests + refuses + board)
    asked = strangers([item, item], ANNA, PEOPLE)
    assert asked == ("board@example.org", "guest@elsewhere.example", "all@example.org")
    groups = {"board@example.org": None, "all@example.org": ("carl@example.org", "new@elsewhere.example")}
    assert strangers([item], ANNA, PEOPLE, groups) == ("guest@elsewhere.example", "new@elsewhere.example")


@pytest.mark.parametrize(
    "item",
    [meets("Rum 3"), meets(cancelled=True), meets(end="09:00"), meets(organiser="berta@example.org")],
)
def test_of_what_plans_nothing_nobody_is_asked_after(item: Appointment):
    assert strangers([replace(item, attendees=asks("guest@elsewhere.example"))], ANNA, PEOPLE) == ()


def test_of_five_hundred_strangers_a_hundred_are_asked_after():
    item = meets(attendees=asks(*(f"{number}@elsewhere.example" for number in range(500))))
    assert len(strangers([item], ANNA, PEOPLE)) == len(strangers([item], ANNA, PEOPLE, {})) == MOST_PARTICIPANTS


def test_a_diversion_of_the_same_item_has_the_same_key_and_a_series_one_for_all():
    monday, tuesday = (meets(subject="M: Styrgrupp", occurrence=day) for day in ("20261123", "20261124"))
    meetings = found(monday, tuesday).found
    diversions = codes.read([monday, tuesday], ANNA, OUTSIDE).diversions
    assert [one.meeting for one in meetings] == [one.key for one in diversions]
    assert len({one.series for one in meetings}) == 1
    assert {one.series for one in meetings}.isdisjoint(one.meeting for one in meetings)


def test_an_item_that_came_twice_is_one_meeting_whatever_the_order():
    early, late = meets(start="08:00"), meets()
    assert found(early, late) == found(late, early) == found(early)


def test_an_address_that_two_have_written_down_is_the_firsts():
    assert people_of([BERTA, replace(CARL, emails=("berta@example.org",))])["berta@example.org"] == 2


@given(some_meetings())
def test_whatever_a_calendar_holds_the_organiser_is_first_and_everybody_once(items: list[Appointment]):
    groups = {"board@example.org": ("carl@example.org", "guest@elsewhere.example", "anna@example.org")}
    said = found(*items, groups=groups, numbers={"guest@elsewhere.example": ("+46 8 1",)})
    assert len({one.meeting for one in said.found}) == len(said.found) <= len(items)
    assert found(*reversed(items), groups=groups, numbers={"guest@elsewhere.example": ("+46 8 1",)}).remarks == (
        said.remarks
    )
    for meeting in said.found:
        who = [one.who for one in meeting.participants]
        assert who[0] == "user:1"
        assert not meeting.participants[0].declined
        assert len(set(who)) == len(who)
        assert meeting.start < meeting.end <= meeting.start + LONGEST
        assert all((one.user is None) != (one.number is None) for one in meeting.participants)
        asked = [one.address for one in meeting.left_out]
        assert len(set(asked)) == len(asked)
        assert not set(asked) & set(PEOPLE)
