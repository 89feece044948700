"""Settings of a CalDAV source: what is wrong is said."""

import pytest
from pydantic import ValidationError

from gateway.sources.caldav.settings import CalDavSettings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "dav.example.test"}, "https://"),
        ({"url": "ftp://example.test/"}, "https://"),
        ({"url": "https://me:secret@example.test/"}, "user name"),
        ({"url": "https://example.test/?a=b"}, r"\?"),
        ({"url": "https://example.test/", "domain": "example.test"}, "keep one"),
        ({"domain": "https://example.test"}, "bare domain"),
        ({"calendars": "dav/{local}/"}, "begins with /"),
        ({"calendars": "/{name}/"}, "braces"),
        ({"calendars": "/{local.__class__}/"}, "braces"),
        ({"calendars": "/{local!r}/"}, "braces"),
        ({"calendars": "/{local/"}, "calendars"),
        ({"refresh": 9}, "10"),
        ({"connections": 0}, "1"),
        ({"kind": "ews"}, "caldav"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_mistake_is_named(settings, said):
    with pytest.raises(ValidationError, match=said):
        CalDavSettings(**settings)


def test_little_must_be_said():
    assert CalDavSettings().refresh == 60
    assert CalDavSettings(url="https://example.test/dav/", calendars="/dav/{address}/{login}/").connections == 8
