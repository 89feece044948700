"""What exchangelib misreads is written otherwise before it sees it. Warnings are errors here: it warns of names."""

import io

import pytest
import requests
from urllib3 import HTTPResponse

from gateway.sources.ews.connection.adapter import whole
from gateway.sources.ews.connection.dialect import UNKNOWN, plain
from gateway.sources.ews.items.parse import appointments
from tests.unit.sources.ews.items.items import STOCKHOLM, WINDOW, captured, read

T = 'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
TIMES = "<t:Start>2026-11-23T08:00:00Z</t:Start><t:End>2026-11-23T09:00:00Z</t:End>"


def calendar(inside: str) -> bytes:
    text = f'<x {T}><t:CalendarItem><t:ItemId Id="a"/><t:UID>u</t:UID>{inside}</t:CalendarItem></x>'
    return text.encode()


def test_fractions_of_seconds_are_left_out():
    assert plain(b"<t:Start>2026-11-23T08:00:00.000000Z</t:Start>") == b"<t:Start>2026-11-23T08:00:00Z</t:Start>"
    assert plain(b"<a>2026-11-23T08:00:00.123456789+01:00</a>") == b"<a>2026-11-23T08:00:00+01:00</a>"
    assert plain(b"<a>2026-11-23T08:00:00.5</a>") == b"<a>2026-11-23T08:00:00</a>"


def test_the_captured_times_of_moved_and_deleted_occurrences_are_read():
    [master] = captured("017")
    [moved], [deleted] = master.modified_occurrences, master.deleted_occurrences
    assert [str(time) for time in (moved.start, moved.end, moved.original_start, deleted.start)] == [
        "2026-12-01 13:00:00+00:00",
        "2026-12-01 14:00:00+00:00",
        "2026-11-30 23:00:00+00:00",
        "2026-12-15 09:00:00+00:00",
    ]


def test_the_end_of_a_series_is_a_day():
    assert plain(b"<t:EndDate>2026-12-31</t:EndDate>") == b"<t:EndDate>2026-12-31Z</t:EndDate>"
    assert plain(b"<t:EndDate>2026-12-31+01:00</t:EndDate>") == b"<t:EndDate>2026-12-31+01:00</t:EndDate>"
    assert plain(b"<StartDate>2026-12-31</StartDate>") == b"<StartDate>2026-12-31Z</StartDate>"


PERIODS = '<t:Periods><t:Period Bias="-PT1H" Name="Standard" Id="trule:x"/></t:Periods>'


@pytest.mark.parametrize(
    ("zone", "key"),
    [
        ('<t:StartTimeZone Id="W. Europe Standard Time" Name="(UTC+01:00) Berlin"/>', "Europe/Berlin"),
        ('<t:StartTimeZone Name="W. Europe Standard Time"/>', "Europe/Berlin"),
        ("<t:StartTimeZone Id='W. Europe Standard Time'/>", "Europe/Berlin"),
        ('<t:StartTimeZone Name="(UTC+01:00) Berlin" Id="W. Europe Standard Time"/>', "Europe/Berlin"),
        ('<t:StartTimeZone Id="Europe/Stockholm"/>', "Europe/Stockholm"),
        ('<t:StartTimeZone Name="UTC" Id="tzone://Microsoft/Utc"/>', "Etc/UTC"),
        (f'<t:StartTimeZone Id="tzone://Microsoft/Custom">{PERIODS}</t:StartTimeZone>', UNKNOWN),
        (f'<t:StartTimeZone Name="" Id="">{PERIODS}</t:StartTimeZone>', UNKNOWN),
        ('<t:StartTimeZone Id="Mitteleuropäische Zeit"/>', UNKNOWN),
        ('<t:StartTimeZone Id="(UTC+01:00) Amsterdam, Berlin &amp; &quot;Rom&quot;"/>', UNKNOWN),
        ('<t:StartTimeZone Id="../../etc/passwd"/>', UNKNOWN),
        ('<t:StartTimeZone Id="a/b"/>', UNKNOWN),
        ('<t:StartTimeZone Id="America/Argentina"/>', UNKNOWN),  # a folder of zones
        (f'<t:StartTimeZone Id="a/{"b" * 300}"/>', UNKNOWN),
        ('<t:StartTimeZone Name="a>b" Id="W. Europe Standard Time"/>', "Europe/Berlin"),
        ("<t:StartTimeZone Name='a>\"b' Id='W. Europe Standard Time'/>", "Europe/Berlin"),
        (f'<t:StartTimeZone Id="W. Europe Standard Time" Name="{"n" * 5000}"/>', "Europe/Berlin"),
        ("<t:StartTimeZone/>", UNKNOWN),
    ],
)
def test_a_zone_is_one_that_is_known_or_said_to_be_unknown(zone, key):
    [item] = read(calendar(TIMES + zone))
    assert item._start_timezone.key == key
    assert appointments([item], WINDOW, STOCKHOLM, ())[1] == 0


def test_exchange_2007_says_it_in_another_way():
    [item] = read(calendar(TIMES + '<t:MeetingTimeZone TimeZoneName="W. Europe Standard Time"/>'))
    assert item._meeting_timezone.key == "Europe/Berlin"
    [item] = read(calendar(TIMES + "<t:MeetingTimeZone><t:BaseOffset>-PT60M</t:BaseOffset></t:MeetingTimeZone>"))
    assert item._meeting_timezone.key == UNKNOWN


def test_nothing_else_is_touched():
    text = "<t:StartTimeZoneId>x</t:StartTimeZoneId><t:Subject>M: 2026-11-23T08:00:00.5Z StartTimeZone</t:Subject>"
    assert plain(text.encode()) == text.encode()


@pytest.mark.parametrize(("kind", "seen"), [("text/xml; charset=utf-8", UNKNOWN.encode()), ("text/html", b"tzone://")])
def test_the_adapter_hands_on_what_is_written_plainly(kind, seen):
    body = calendar('<t:StartTimeZone Id="tzone://Microsoft/Custom"/>')
    response = requests.Response()
    response.url, response.headers["content-type"] = "https://mail.example.test/", kind
    response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
    assert seen in whole(response)
