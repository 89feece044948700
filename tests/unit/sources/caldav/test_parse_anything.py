"""Whatever a calendar object holds, it is read or set aside: nothing is raised, and others are read as if alone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.mailbox import Window
from gateway.sources.caldav.parse import parse
from peers.dav import event

ZONE = ZoneInfo("Europe/Stockholm")
WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))
SOUND = event("sound", ":20261123T110000Z", ":20261123T120000Z", "M: one")

TIMES = st.sampled_from((
    "20261123T110000Z", "20261123T110000", "20261123", "20261329T250000", "00010101", "99991231T235959Z", "2026", "",
    "20261123T110000+0100", "20261123T110060Z", "-20261123", "20270328T023000", "20261123T110000Z,20261124", "x",
))  # fmt: skip
ZONES = st.sampled_from((
    "", ";TZID=Europe/Stockholm", ";TZID=Nowhere/Land", ';TZID="W. Europe Standard Time"', ";TZID=Own", ";VALUE=DATE",
    ";VALUE=PERIOD", ";TZID=", ";TZID=../../etc/passwd", ";VALUE=DATE;TZID=Own", ";X", ";TZID=a;TZID=b",
))  # fmt: skip
RULES = st.builds(
    ";".join,
    st.lists(
        st.sampled_from((
            "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=SECONDLY", "FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=NEVER", "INTERVAL=0",
            "INTERVAL=-1", "INTERVAL=999999999999", "COUNT=0", "COUNT=100000", "UNTIL=20261201T000000Z", "UNTIL=x",
            "BYDAY=MO,TU", "BYDAY=5MO", "BYDAY=99XX", "BYMONTHDAY=31,-1", "BYMONTHDAY=0", "BYSETPOS=-1", "BYHOUR=25",
            "BYWEEKNO=53", "BYYEARDAY=366", "BYMONTH=13", "WKST=SU", "WKST=", "BYEASTER=0", "RSCALE=HEBREW", "=",
        )),
        max_size=5,
    ),
)  # fmt: skip
DURATIONS = st.sampled_from(("PT1H", "P1D", "-PT1H", "P1W", "P99999999999D", "PT", "P", "1H", "PT0S", "P1Y"))
NAMES = st.sampled_from(("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DUE", "DTSTAMP"))
PEOPLE = st.sampled_from((
    "ORGANIZER:mailto:boss@example.org", "ORGANIZER:", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:me@example.org",
    "ATTENDEE;PARTSTAT=:MAILTO:ME@EXAMPLE.ORG", "ATTENDEE:urn:x", "ATTENDEE;CN=\"a:b\";PARTSTAT=X-Y:mailto:a@b",
))  # fmt: skip
REST = st.sampled_from((
    "UID:one", "UID:", "UID:two", "SUMMARY:M: x", "SUMMARY;LANGUAGE=sv:L:", "STATUS:CANCELLED", "STATUS:", "CLASS:X",
    "LOCATION:PBX\\", "LOCATION;X:PBX", "LOCATION:\\N\\", "ATTENDEE;CUTYPE=GROUP;CUTYPE=ROOM:mailto:a@b",
    "TRANSP:TRANSPARENT", "SEQUENCE:-1", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "END:VCALENDAR",
    "BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Own", "BEGIN:STANDARD", "TZOFFSETFROM:+0100", "TZOFFSETTO:+9999",
    "TZOFFSETTO:", "END:STANDARD", "END:VTIMEZONE", " folded", "\tfolded", ":", ";", "=", '"', "X-Y;Z=\":1", "BEGIN:",
))  # fmt: skip
LINES = st.one_of(
    st.builds("{}{}:{}".format, NAMES, ZONES, TIMES),
    st.builds("RRULE:{}".format, RULES),
    st.builds("DURATION:{}".format, DURATIONS),
    PEOPLE,
    REST,
    st.text(st.characters(), max_size=20),
)


@st.composite
def some_objects(draw: st.DrawFn) -> str:
    """Mostly one event with strange lines, at times not even that."""
    lines = draw(st.lists(LINES, max_size=12))
    if draw(st.booleans()):
        start = f"DTSTART{draw(ZONES)}:{draw(TIMES)}"
        lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:one", start, *lines, "END:VEVENT", "END:VCALENDAR"]
    return draw(st.sampled_from(("\r\n", "\n", "\r"))).join(lines)


@given(some_objects())
@example("")
@example("\ufeff" + SOUND)
@example(SOUND[: len(SOUND) // 2])
@example("BEGIN:VCALENDAR\r\n" * 5000)
def test_no_object_is_too_strange_and_its_neighbour_is_read(text: str):
    alone, aside = parse([SOUND], WINDOW, ZONE, frozenset({"me@example.org"}))
    assert ([item.uid for item in alone], aside) == (["sound"], 0)
    found, set_aside = parse([text, SOUND], WINDOW, ZONE, frozenset({"me@example.org"}))
    assert set(alone) <= set(found)
    assert set_aside >= 0
    for item in found:
        assert item.start.tzinfo is not None
        assert item.end.tzinfo is not None
        assert item.start < WINDOW.end
        assert item.end > WINDOW.start or item.start == item.end


@given(st.integers(0, len(SOUND) - 1), st.characters(), st.booleans())
def test_one_wrong_character_harms_its_own_object_alone(at: int, wrong: str, replaces: bool):
    text = SOUND[:at] + wrong + SOUND[at + replaces :]
    found, _ = parse([text.replace("UID:sound", "UID:other"), SOUND], WINDOW, ZONE, frozenset())
    assert "sound" in {item.uid for item in found}
