"""Windows' names of zones."""

from zoneinfo import ZoneInfo

import pytest
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from gateway.recurrence.windows import windows


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("FLE Standard Time", "Europe/Kiev"),
        (" GMT Standard Time ", "Europe/London"),
        ("UTC", "Etc/UTC"),
    ],
)
def test_a_windows_name_names_a_zone(name, zone):
    assert windows(name) == ZoneInfo(zone)


@pytest.mark.parametrize(
    "name", ["", "Europe/Berlin", "w. europe standard time", "Middle Earth Standard Time", "../UTC"]
)
def test_what_is_no_windows_name_names_none(name):
    assert windows(name) is None


def test_every_name_of_the_table_is_known_here():
    assert [name for name in WINDOWS_TO_OLSON if windows(name) is None] == []
