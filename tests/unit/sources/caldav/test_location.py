"""Where something takes place, as an iCalendar text says it."""

import pytest

from tests.unit.sources.caldav.texts import calendar, one, read

TIMES = ("DTSTART:20261123T090000Z", "DURATION:PT1H")


@pytest.mark.parametrize(
    ("line", "location"),
    [
        ("", ""),
        ("LOCATION:", ""),
        ("LOCATION:PBX AUTOCALL", "PBX AUTOCALL"),
        ('location;LANGUAGE=sv;ALTREP="http://example.test/a:b":Rum 3', "Rum 3"),
        (r"LOCATION:Rum 3\, PBX\; x\\y\nz", "Rum 3, PBX; x\\y\nz"),
        ("LOCATION:PBX AUTO\r\n CALL", "PBX AUTOCALL"),
        (f"LOCATION:{'x' * 1000}", "x" * 1000),
        (f"LOCATION:PBX {'x' * 1000}", ""),
    ],
)
def test_a_location_is_read_as_it_was_meant(line, location):
    found = one(*TIMES, line)
    assert found.location == location
    assert "PBX" not in repr(found)


def test_a_location_does_not_decide_whether_an_item_is_read():
    found, set_aside = read(calendar(("UID:a", "SUMMARY:M:", *TIMES, f"LOCATION:{'x' * 100_000}")))
    assert (len(found), set_aside) == (1, 0)


def test_a_changed_occurrence_has_its_own_location():
    whole = ("UID:a", *TIMES, "RRULE:FREQ=DAILY;COUNT=3", "LOCATION:PBX")
    moved = ("UID:a", "RECURRENCE-ID:20261124T090000Z", "DTSTART:20261124T150000Z", "DURATION:PT1H")
    there = ("UID:a", "RECURRENCE-ID:20261125T090000Z", *TIMES, "LOCATION:Rum 3")
    found, _ = read(calendar(whole, moved, there))
    assert {item.occurrence: item.location for item in found} == {
        "20261123T090000Z": "PBX",
        "20261124T090000Z": "",
        "20261125T090000Z": "Rum 3",
    }
