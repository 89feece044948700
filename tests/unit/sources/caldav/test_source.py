"""Joining several calendars of one mailbox."""

from dataclasses import replace
from datetime import UTC, datetime

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.sources.caldav.source import told_apart

ONE = Appointment("a", "", "M:", datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 10, tzinfo=UTC))


def test_the_same_item_in_two_calendars_counts_once():
    assert told_apart([(ONE,), (ONE,)]) == (ONE,)


def test_different_items_with_one_name_both_count_and_are_told_apart():
    other = replace(ONE, subject="L:")
    joined = told_apart([(ONE,), (other,)])
    assert [item.subject for item in joined] == ["M:", "L:"]
    assert len({(item.uid, item.occurrence) for item in joined}) == 2


def test_copies_that_differ_in_place_and_people_alone_are_one_meeting_with_its_place():
    placed = replace(ONE, location="PBX", attendees=(Attendee("b@example.test", Response.ACCEPTED),))
    assert told_apart([(ONE,), (placed,)]) == told_apart([(placed,), (ONE,)]) == (placed,)
    assert told_apart([(placed,), (replace(placed, location="PBX AUTOCALL"),)]) == (placed,)


def test_different_items_with_one_name_ask_for_one_conference():
    placed, other = replace(ONE, location="PBX"), replace(ONE, location="PBX", subject="L:")
    assert [item.location for item in told_apart([(placed,), (other,)])] == ["PBX", ""]
    assert [item.location for item in told_apart([(ONE,), (other,)])] == ["", "PBX"]


def test_occurrences_of_one_series_keep_their_places():
    first, second = (replace(ONE, occurrence=day, location="PBX") for day in ("20261123", "20261124"))
    assert told_apart([(first, second)]) == (first, second)
