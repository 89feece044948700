"""What Windows calls a zone: `W. Europe Standard Time`. Pure.

By the table `windowsZones.xml` of Unicode's CLDR (territory 001, the zone that is meant everywhere), as `icalendar`
carries it.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON


def windows(name: str) -> ZoneInfo | None:
    """Return the zone of a Windows name; None: there is none."""
    key = WINDOWS_TO_OLSON.get(name.strip())
    if key is None:
        return None
    try:
        return ZoneInfo(key)
    except ZoneInfoNotFoundError:  # this machine's zones are older than the table
        return None
