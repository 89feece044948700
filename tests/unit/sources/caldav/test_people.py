"""Who organises what is in an iCalendar text, who is asked to it, and what its owner answered."""

import pytest

from gateway.domain.appointment import Response
from tests.unit.sources.caldav.texts import calendar, one, read

ORGANISER, BOSS = "ORGANIZER:mailto:alice@example.test", "ORGANIZER;CN=Boss:mailto:boss@example.test"
OTHER = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:other@example.test"


@pytest.mark.parametrize(
    ("lines", "response"),
    [
        ([], Response.OWN),
        ([ORGANISER, OTHER], Response.OWN),
        (["ORGANIZER:MAILTO:A.Smith@Example.Test", OTHER], Response.OWN),
        (["ORGANIZER;EMAIL=alice@example.test:/principals/7"], Response.OWN),
        ([BOSS], Response.ACCEPTED),
        (["ORGANIZER;EMAIL=alice@example.test:mailto:boss@example.test"], Response.ACCEPTED),
        ([BOSS, OTHER, "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Alice@Example.Test"], Response.ACCEPTED),
        ([BOSS, "ATTENDEE;CN=\"Smith; A: x\";PARTSTAT=accepted:mailto:a.smith@example.test"], Response.ACCEPTED),
        ([BOSS, "ATTENDEE;EMAIL=alice@example.test;PARTSTAT=ACCEPTED:/principals/7"], Response.ACCEPTED),
        ([BOSS, "ATTENDEE;PARTSTAT=TENTATIVE:mailto:alice@example.test"], Response.TENTATIVE),
        ([BOSS, "ATTENDEE;PARTSTAT=DECLINED:mailto:alice@example.test"], Response.DECLINED),
        ([BOSS, "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:alice@example.test"], Response.UNANSWERED),
        ([BOSS, "ATTENDEE:mailto:alice@example.test"], Response.UNANSWERED),
        ([BOSS, OTHER], Response.UNANSWERED),
    ],
)  # fmt: skip
def test_what_its_owner_answered(lines, response):
    assert one("DTSTART:20261123T090000Z", "DURATION:PT1H", *lines).response is response


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("", ""),
        ("ORGANIZER:MAILTO:A.Smith@Example.Test", "a.smith@example.test"),
        ("ORGANIZER;EMAIL=alice@example.test:/principals/7", "alice@example.test"),
        ("ORGANIZER;EMAIL=alice@example.test:mailto:boss@example.test", "boss@example.test"),
        ("ORGANIZER:boss@example.test", "boss@example.test"),
        ("ORGANIZER:/principals/boss@example.test", ""),
        ("ORGANIZER:mailto:", ""),
        (f"ORGANIZER:mailto:{'b' * 400}@example.test", ""),
    ],
)
def test_who_organises(line, address):
    assert one("DTSTART:20261123T090000Z", "DURATION:PT1H", line).organiser == address


def test_who_is_asked_is_there_once_with_what_was_answered_and_rooms_are_not():
    found = one(
        "DTSTART:20261123T090000Z",
        "DURATION:PT1H",
        BOSS,
        "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Alice@Example.Test",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:alice@example.test",
        "ATTENDEE;CUTYPE=GROUP;PARTSTAT=TENTATIVE:mailto:team@example.test",
        "ATTENDEE;CUTYPE=X-ALIEN;PARTSTAT=DELEGATED:mailto:zork@example.test",
        "ATTENDEE;EMAIL=bo@example.test;PARTSTAT=NEEDS-ACTION:urn:uuid:7",
        "ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:room@example.test",
        "ATTENDEE;CUTYPE=resource;PARTSTAT=ACCEPTED:mailto:beamer@example.test",
        "ATTENDEE;ROLE=NON-PARTICIPANT:mailto:told@example.test",
        "ATTENDEE:urn:uuid:8",
    )
    assert [(asked.address, asked.response, asked.is_group) for asked in found.attendees] == [
        ("alice@example.test", Response.ACCEPTED, False),
        ("team@example.test", Response.TENTATIVE, True),
        ("zork@example.test", Response.DECLINED, False),
        ("bo@example.test", Response.UNANSWERED, False),
    ]


def test_a_meeting_of_the_whole_town_has_a_bound():
    asked = (f"ATTENDEE:mailto:a{number}@example.test" for number in range(600))
    assert len(one("DTSTART:20261123T090000Z", "DURATION:PT1H", *asked).attendees) == 500


def test_a_changed_occurrence_has_its_own_guests():
    whole = ("UID:a", "DTSTART:20261123T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", BOSS, OTHER)
    changed = (*whole[:2], "DURATION:PT1H", "RECURRENCE-ID:20261123T090000Z", BOSS, "ATTENDEE:mailto:bo@example.test")
    found, _ = read(calendar(whole, changed))
    assert [[asked.address for asked in a.attendees] for a in found] == [["bo@example.test"], ["other@example.test"]]
    assert "bo@example" not in repr(found)
