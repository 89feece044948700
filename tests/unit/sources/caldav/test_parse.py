"""iCalendar texts, in the words of those who write them."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain.appointment import ShowAs
from gateway.domain.mailbox import Window
from gateway.errors import GiveUp
from gateway.recurrence import effort
from tests.unit.sources.caldav.texts import STOCKHOLM, WINDOW, calendar, one, read

BERLIN = """BEGIN:VTIMEZONE
TZID:Our office
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE"""
MASTER = ("UID:a", "SUMMARY:M: weekly", "DTSTART:20261102T090000Z", "DTEND:20261102T100000Z")


def starts(*events: tuple[str, ...], window: Window = WINDOW) -> list[str]:
    found, set_aside = read(calendar(*events), window=window)
    assert set_aside == 0
    return [f"{item.start:%m-%dT%H:%M}" for item in found]


def span(*lines: str, head: str = "") -> tuple[str, str]:
    found = one(*lines, head=head)
    return f"{found.start:%m-%dT%H:%M}", f"{found.end:%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20261123T090000Z", "DTEND:20261123T100000Z"], ("11-23T09:00", "11-23T10:00")),
        (["DTSTART:20261123T090000Z", "DURATION:PT1H30M"], ("11-23T09:00", "11-23T10:30")),
        (["DTSTART:20261123T090000", "DTEND:20261123T100000"], ("11-23T08:00", "11-23T09:00")),
        (["DTSTART;VALUE=DATE:20261123"], ("11-22T23:00", "11-23T23:00")),
        (["DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261125"], ("11-22T23:00", "11-24T23:00")),
        (["DTSTART;VALUE=DATE:20261123", "DURATION:P2D"], ("11-22T23:00", "11-24T23:00")),
        (["DTSTART;TZID=America/New_York:20261123T090000", "DURATION:PT1H"], ("11-23T14:00", "11-23T15:00")),
        (["DTSTART;TZID=W. Europe Standard Time:20261123T090000", "DURATION:PT1H"], ("11-23T08:00", "11-23T09:00")),
        (['DTSTART;TZID="/x.org/2005/Europe/Berlin":20261123T090000', "DURATION:PT1H"], ("11-23T08:00", "11-23T09:00")),
        (
            ["DTSTART;TZID=Asia/Tokyo:20261123T090000", "DTEND;TZID=Europe/Berlin:20261123T090000"],
            ("11-23T00:00", "11-23T08:00"),
        ),
    ],
)  # fmt: skip
def test_when_an_item_is(lines, expected):
    assert span(*lines) == expected


def test_a_zone_that_only_the_text_knows():
    lines = ["DTSTART;TZID=Our office:20261123T090000", "DTEND;TZID=Our office:20261123T100000"]
    assert span(*lines, head=BERLIN) == ("11-23T08:00", "11-23T09:00")


@pytest.mark.parametrize(
    "hour",
    ["20261024T120000", "20261025T013000", "20261025T023000", "20261025T030000", "20270328T013000", "20270328T043000"],
)
def test_an_embedded_zone_agrees_with_the_one_that_it_describes(hour):
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC), date(2026, 1, 2))
    embedded = calendar(("UID:a", f"DTSTART;TZID=Our office:{hour}", "DURATION:PT1H"), head=BERLIN)
    known = calendar(("UID:a", f"DTSTART;TZID=Europe/Berlin:{hour}", "DURATION:PT1H"))
    assert read(embedded, window=window) == read(known, window=window)


def test_nothing_lasts_no_time():
    assert starts(("UID:a", "DTSTART:20261123T090000Z"), ("UID:b", "DTSTART:20261123T090000Z", "DURATION:PT0S")) == []


def test_a_night_shift_ends_by_the_clock_on_the_wall():
    window = Window(datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), date(2026, 10, 21))
    shift = calendar((
        "UID:a", "DTSTART;TZID=Europe/Stockholm:20261001T220000", "DTEND;TZID=Europe/Stockholm:20261002T060000",
        "RRULE:FREQ=DAILY",
    ))  # fmt: skip
    found, _ = read(shift, window=window)
    lengths = {f"{item.start.astimezone(STOCKHOLM):%d}": item.end - item.start for item in found}
    assert lengths["23"] == timedelta(hours=8)
    assert lengths["24"] == timedelta(hours=9), "the night on which the clocks go back"
    assert {f"{item.end.astimezone(STOCKHOLM):%H:%M}" for item in found} == {"06:00"}


def test_an_unending_series_goes_on():
    assert starts((*MASTER, "RRULE:FREQ=WEEKLY")) == ["11-23T09:00", "11-30T09:00"]


def test_each_exdate_of_several_counts():
    deleted = ("EXDATE:20261121T090000Z,20261122T090000Z", "EXDATE;TZID=Europe/Stockholm:20261124T100000")
    left = starts((*MASTER, "RRULE:FREQ=DAILY;UNTIL=20261125T235959Z", *deleted))
    assert left == ["11-20T09:00", "11-23T09:00", "11-25T09:00"]


def test_a_moved_occurrence_is_where_it_was_moved_to():
    moved = ("UID:a", "SUMMARY:L:", "RECURRENCE-ID:20261123T090000Z", "DTSTART:20261124T120000Z", "DURATION:PT1H")
    assert starts((*MASTER, "RRULE:FREQ=WEEKLY"), moved) == ["11-24T12:00", "11-30T09:00"]


def test_a_moved_occurrence_counts_without_its_series():
    moved = ("UID:a", "RECURRENCE-ID:20261123T090000Z", "DTSTART:20261124T120000Z", "DURATION:PT1H")
    assert starts(moved) == ["11-24T12:00"]


def test_all_later_occurrences_move_together():
    later = ("UID:a", "RECURRENCE-ID;RANGE=THISANDFUTURE:20261123T090000Z", "DTSTART:20261124T110000Z", "DURATION:PT2H")
    assert starts((*MASTER, "RRULE:FREQ=WEEKLY"), later) == ["11-24T11:00", "12-01T11:00"]


def test_a_cancelled_occurrence_says_so():
    gone = ("UID:a", "RECURRENCE-ID:20261123T090000Z", "DTSTART:20261123T090000Z", "DURATION:PT1H", "STATUS:CANCELLED")
    found, _ = read(calendar((*MASTER, "RRULE:FREQ=WEEKLY"), gone))
    assert [(f"{item.start:%m-%d}", item.cancelled) for item in found] == [("11-23", True), ("11-30", False)]


def test_what_is_added_to_a_series_counts_with_a_length_of_its_own():
    added = ("RDATE:20261201T090000Z", "RDATE;VALUE=PERIOD:20261202T090000Z/PT15M,20261203T090000Z/20261203T113000Z")
    found, _ = read(calendar((*MASTER, *added)))
    assert [(f"{item.start:%d}", (item.end - item.start) // timedelta(minutes=1)) for item in found] == [
        ("01", 60), ("02", 15), ("03", 150),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("until", "last"),
    [("20261122T090000Z", "22"), ("20261122T085959Z", "21"), ("20261122", "22"), ("20261122T090000", "22")],
)
def test_a_series_ends_with_what_its_end_names(until, last):
    assert starts((*MASTER, f"RRULE:FREQ=DAILY;UNTIL={until}"))[-1] == f"11-{last}T09:00"


def test_occurrences_have_names_that_stay():
    names = [item.occurrence for item in read(calendar((*MASTER, "RRULE:FREQ=WEEKLY")))[0]]
    assert names == ["20261123T090000Z", "20261130T090000Z"]
    assert one("DTSTART:20261123T090000Z", "DURATION:PT1H").occurrence == ""


@pytest.mark.parametrize(
    ("lines", "show_as"),
    [
        ([], ShowAs.BUSY),
        (["TRANSP:TRANSPARENT"], ShowAs.FREE),
        (["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"], ShowAs.OUT),
        (["X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"], ShowAs.ELSEWHERE),
        (["STATUS:TENTATIVE"], ShowAs.TENTATIVE),
    ],
)
def test_how_an_item_is_shown(lines, show_as):
    assert one("DTSTART:20261123T090000Z", "DURATION:PT1H", *lines).show_as is show_as


@pytest.mark.parametrize(
    ("line", "private"),
    [("CLASS:PUBLIC", False), ("CLASS:private", True), ("CLASS:CONFIDENTIAL", True), ("CLASS:X-OURS", True)],
)
def test_what_is_private(line, private):
    assert one("DTSTART:20261123T090000Z", "DURATION:PT1H", line).private is private


def test_a_private_item_without_a_subject_is_withheld():
    found, _ = read(calendar(("UID:a", "DTSTART:20261123T090000Z", "DURATION:PT1H", "CLASS:PRIVATE")))
    assert found[0].subject is None


def test_a_subject_is_what_was_written():
    found, _ = read(
        calendar(
            ("UID:a", "DTSTART:20261123T090000Z", "DURATION:PT1H", r"SUMMARY:M: ${SHELL(x)}\, \"|\nÅ\\n", " folded")
        )
    )
    assert found[0].subject == 'M: ${SHELL(x)}, "|\nÅ\\nfolded'


GOOD = calendar(("UID:good", "DTSTART:20261123T090000Z", "DURATION:PT1H"))
WHEN = ("UID:a", "DTSTART:20261123T090000Z", "DTEND:20261123T100000Z")
SIXTY = ",".join(str(number) for number in range(60))
BAD = {
    "nothing": "",
    "no calendar": "BEGIN:VCARD\r\nEND:VCARD",
    "html": "<html>M: </html>",
    "cut": calendar(WHEN)[:-40],
    "crossed": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\nEND:VEVENT",
    "deep": "BEGIN:VCALENDAR\r\n" + "BEGIN:X\r\n" * 100_000,
    "no start": calendar(("UID:a", "SUMMARY:M:")),
    "no uid": calendar(WHEN[1:]),
    "broken start": calendar(("UID:a", "DTSTART:2026-11-23", "DURATION:PT1H")),
    "30 February": calendar(("UID:a", "DTSTART:20260230T000000Z", "DURATION:PT1H")),
    "unknown zone": calendar(("UID:a", "DTSTART;TZID=Nowhere:20261123T090000", "DURATION:PT1H")),
    "a zone that is a path": calendar(("UID:a", "DTSTART;TZID=../../etc/passwd:20261123T090000", "DURATION:PT1H")),
    "backwards": calendar(("UID:a", "DTSTART:20261123T090000Z", "DTEND:20261122T090000Z")),
    "half a century": calendar(("UID:a", "DTSTART:20000101T000000Z", "DTEND:20500101T000000Z")),
    "no duration": calendar(("UID:a", "DTSTART:20261123T090000Z", "DURATION:P")),
    "long subject": calendar((*WHEN, "SUMMARY:M: " + "x" * 2**20)),
    "broken rule": calendar((*WHEN, "RRULE:FREQ=SOMETIMES")),
    "rule of a lunar year": calendar((*WHEN, "RRULE:RSCALE=HEBREW;FREQ=YEARLY")),
    "no interval": calendar((*WHEN, "RRULE:FREQ=DAILY;INTERVAL=0")),
    "each second": calendar((*WHEN, "RRULE:FREQ=SECONDLY")),
    "each minute, often": calendar((*WHEN, "RRULE:FREQ=MINUTELY;COUNT=100000")),
    "seconds of a day that never comes": calendar((*WHEN, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")),
    "too often a day": calendar((*WHEN, "RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=" + SIXTY)),
    "each second, counted": calendar((*WHEN, f"RRULE:FREQ=HOURLY;BYMINUTE={SIXTY};BYSECOND={SIXTY};COUNT=999999999")),
    "one second of each": calendar((
        "UID:a", "DTSTART:20000101T000000Z", "DURATION:PT1H",
        f"RRULE:FREQ=HOURLY;BYMINUTE={SIXTY};BYSECOND={SIXTY};BYSETPOS=1;COUNT=999999999",
    )),
    "one minute of each day": calendar((
        "UID:a", "DTSTART:20000101T000000Z", "DURATION:PT1H",
        f"RRULE:FREQ=YEARLY;BYDAY=MO;BYHOUR=1,2,3,4,5,6,7,8,9;BYMINUTE={SIXTY};BYSETPOS=1;COUNT=999999999",
    )),
    "many rules": calendar((*WHEN, *["RRULE:FREQ=DAILY"] * 1000)),
    "many parts": calendar(*[WHEN] * 10_000),
    "a zone of many rules": calendar(
        ("UID:a", "DTSTART;TZID=Our office:20261123T090000", "DURATION:PT1H"),
        head=BERLIN.replace("BYDAY=-1SU", "BYDAY=-1SU" + "\nRRULE:FREQ=YEARLY;BYDAY=SU" * 1000),
    ),
    "a zone of a thirteenth month": calendar(
        ("UID:a", "DTSTART;TZID=Our office:20261123T090000", "DURATION:PT1H"),
        head=BERLIN.replace("19810329", "19811329"),
    ),
    "a zone of a year nought": calendar(
        ("UID:a", "DTSTART;TZID=Our office:20261123T090000", "DURATION:PT1H"),
        head=BERLIN.replace("19810329", "00000329"),
    ),
    "a list of many weekdays": calendar((
        "UID:a", "DTSTART:20000101T000000Z", "DURATION:PT1H",
        "RRULE:FREQ=HOURLY;COUNT=49999;BYDAY=" + ",".join(["-1SU"] * 50_000),
    )),
    "many dates": calendar((
        *WHEN, *[f"RDATE:{','.join(f'20261123T{n:06d}Z' for n in range(0, 200_000, 10_000))}"] * 2_000,
    )),
    "moved again and again": calendar(
        ("UID:a", "SUMMARY:M:", "DTSTART:20261101T000000Z", "DURATION:PT1S", "RRULE:FREQ=HOURLY"),
        *[(*WHEN, f"RECURRENCE-ID;RANGE=THISANDFUTURE:20261101T{n:06d}Z") for n in range(2000)],
    ),
    "broken exception": calendar((*WHEN, "RRULE:FREQ=DAILY", "EXDATE:soon")),
    "broken change": calendar((*WHEN, "RRULE:FREQ=DAILY"), (*WHEN, "RECURRENCE-ID:whenever")),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(bad):
    began = time.process_time()
    found, set_aside = read(bad, GOOD)
    assert ([item.uid for item in found], set_aside) == (["good"], 1)
    assert time.process_time() - began < 1


RULES = ["FREQ=HOURLY;COUNT=49999;BYMONTH=11;BYMONTHDAY=1"] * 10
LONG = ("SUMMARY:M:", "DTSTART:20241201T080000Z", "DURATION:PT1M")
COSTLY = {
    "series": [("UID:a", *LONG, *(f"{kind}:{rule}" for kind in ("RRULE", "EXRULE") for rule in RULES))],
    "many series": [(f"UID:{n}", *LONG, f"RRULE:{RULES[0]}") for n in range(20)],
    "every ten minutes": [("UID:a", *LONG, "RRULE:FREQ=MINUTELY;INTERVAL=10")],
}


@pytest.mark.parametrize("costly", COSTLY.values(), ids=COSTLY.keys())
def test_many_costly_items_take_little_time_and_nothing_from_the_plain_ones(costly):
    plain = calendar(("UID:daily", *LONG, "RRULE:FREQ=DAILY"), ("UID:good", "DTSTART:20261123T090000Z"))
    began = time.process_time()
    found, set_aside = read(*[calendar(*costly)] * 400, plain)
    assert sum(item.uid == "daily" for item in found) == 15
    assert set_aside >= 300
    assert time.process_time() - began < 10


def test_many_zones_of_a_calendars_own_take_little_time():
    began = time.process_time()
    texts = [
        calendar(
            ("UID:a", f"DTSTART;TZID=Z{n}:20261123T090000", "DURATION:PT1H"),
            head=BERLIN.replace("Our office", f"Z{n}").replace("BYDAY=-1SU", "BYDAY=-1SU" + 9 * "\nRRULE:FREQ=YEARLY"),
        )
        for n in range(1000)
    ]
    found, set_aside = read(*texts, GOOD)
    assert [item.uid for item in found].count("good") == 1
    assert set_aside > 500
    assert time.process_time() - began < 10


def test_a_mailbox_of_appointments_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(effort, "MOST_FOUND", 100)
    assert len(read(*[GOOD] * 100)[0]) == 100
    with pytest.raises(GiveUp):
        read(*[GOOD] * 101)


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=DAILY;COUNT=100000", 15),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=100000", 11),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;COUNT=100000", 15),
        ("FREQ=MONTHLY;COUNT=100000", 1),
        ("FREQ=DAILY;INTERVAL=999999999", 0),
        ("FREQ=HOURLY;INTERVAL=24", 15),
        ("FREQ=SECONDLY;INTERVAL=86400", 15),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 0),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", 0),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", 0),
    ],
)
def test_an_absurd_series_that_can_be_computed_costs_little(rule, count):
    began = time.process_time()
    found, set_aside = read(calendar(("UID:a", "DTSTART:20000123T090000Z", "DTEND:20000123T100000Z", f"RRULE:{rule}")))
    assert (len(found), set_aside) == (count, 0)
    assert time.process_time() - began < 1
