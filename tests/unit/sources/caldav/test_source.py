"""Joining several calendars of one mailbox."""

from dataclasses import replace
from datetime import UTC, datetime

from gateway.domain.appointment import Appointment
from gateway.sources.caldav.source import told_apart

ONE = Appointment("a", "", "M:", datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 10, tzinfo=UTC))


def test_the_same_item_in_two_calendars_counts_once():
    assert told_apart([(ONE,), (ONE,)]) == (ONE,)


def test_different_items_with_one_name_both_count_and_are_told_apart():
    other = replace(ONE, subject="L:")
    joined = told_apart([(ONE,), (other,)])
    assert [item.subject for item in joined] == ["M:", "L:"]
    assert len({(item.uid, item.occurrence) for item in joined}) == 2
