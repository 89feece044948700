"""Whatever exchangelib makes of an answer: what cannot be read is set aside, and nothing is raised."""

from datetime import UTC, date, datetime

from exchangelib import CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.properties import Attendee
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    DeletedOccurrence,
    EndDatePattern,
    NoEndPattern,
    NumberedPattern,
    Occurrence,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.ews.connection.dialect import UNKNOWN, plain
from gateway.sources.ews.items.expand import changed, expanded
from gateway.sources.ews.items.parse import appointments
from tests.unit.sources.ews.items.items import ANNA, STOCKHOLM, WINDOW, mailbox

ZONES = [EWSTimeZone(key) for key in ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC", UNKNOWN)]
NAIVE = st.datetimes(datetime(2026, 10, 1), datetime(2027, 2, 1)) | st.datetimes()  # noqa: DTZ001
MOMENTS = st.none() | st.builds(lambda at, zone: EWSDateTime.from_datetime(at.replace(tzinfo=UTC)), NAIVE, st.none())
DATES = st.dates(date(2026, 10, 1), date(2027, 2, 1)) | st.dates()
TIMES = MOMENTS | DATES.map(EWSDate.from_date) | NAIVE.map(EWSDateTime.from_datetime)
WORDS = st.none() | st.text(max_size=20)
NUMBERS = st.none() | st.integers(-2, 40) | st.integers()


def said(*words: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from(words) | WORDS


MAILBOXES = st.none() | st.builds(mailbox, said(ANNA, "bo@example.test"), said("SMTP", "EX"))
ATTENDEES = st.none() | st.lists(st.builds(Attendee, mailbox=MAILBOXES, response_type=said("Accept")), max_size=3)
OCCURRENCES = st.builds(Occurrence, id=said("id-1", "id-2"), start=MOMENTS, end=MOMENTS, original_start=MOMENTS)
PATTERNS = st.none() | st.one_of(
    st.builds(DailyPattern, interval=NUMBERS),
    st.builds(
        WeeklyPattern,
        interval=NUMBERS,
        weekdays=st.none() | st.lists(NUMBERS, max_size=3),
        first_day_of_week=NUMBERS,
    ),
    st.builds(AbsoluteMonthlyPattern, interval=NUMBERS, day_of_month=NUMBERS),
    st.builds(RelativeMonthlyPattern, interval=NUMBERS, weekday=NUMBERS, week_number=NUMBERS),
    st.builds(AbsoluteYearlyPattern, month=NUMBERS, day_of_month=NUMBERS),
    st.builds(RelativeYearlyPattern, month=NUMBERS, weekday=NUMBERS, week_number=NUMBERS),
)
BOUNDARIES = st.none() | st.one_of(
    st.builds(NoEndPattern, start=TIMES),
    st.builds(EndDatePattern, start=TIMES, end=TIMES),
    st.builds(NumberedPattern, start=TIMES, number=NUMBERS),
)
ITEMS = st.builds(
    CalendarItem,
    id=said("id-1", "id-2"),
    uid=said("040000008200E00074C5B7101A82E008" + "7643616C2D55696401000000" * 5, "0" * 90),
    subject=WORDS,
    start=TIMES,
    end=TIMES,
    recurrence_id=TIMES,
    original_start=TIMES,
    type=said("Single", "Occurrence", "Exception", "RecurringMaster"),
    sensitivity=said("Normal", "Private"),
    legacy_free_busy_status=said("Busy", "OOF"),
    is_meeting=st.none() | st.booleans(),
    is_cancelled=st.none() | st.booleans(),
    my_response_type=said("Organizer", "Accept"),
    appointment_state=st.none() | st.just(("Meeting", "Received")),
    organizer=MAILBOXES,
    location=WORDS,
    required_attendees=ATTENDEES,
    optional_attendees=ATTENDEES,
    _start_timezone=st.none() | st.sampled_from(ZONES),
    _meeting_timezone=st.none() | st.sampled_from(ZONES),
    recurrence=st.none() | st.builds(Recurrence, pattern=PATTERNS, boundary=BOUNDARIES),
    modified_occurrences=st.none() | st.lists(OCCURRENCES, max_size=2),
    deleted_occurrences=st.none() | st.lists(st.builds(DeletedOccurrence, start=MOMENTS), max_size=2),
)


@given(st.lists(ITEMS, max_size=5))
def test_nothing_that_a_server_may_say_is_raised(items):
    for parse in (appointments, expanded):
        found, set_aside = parse(items, WINDOW, STOCKHOLM, {ANNA})
        assert 0 <= set_aside <= 3 * len(items)
        for appointment in found:
            assert appointment.start < appointment.end
            assert appointment.start < WINDOW.end
            assert WINDOW.start < appointment.end
            assert appointment.start.tzinfo is appointment.end.tzinfo is UTC
            assert appointment.uid
    assert all(changed(items, WINDOW))


@given(st.binary(), st.lists(st.sampled_from([b"<t:StartTimeZone Id='", b"/>", b">2026-11-23T08:00:00", b".5", b"Z<"])))
def test_any_bytes_can_be_written_plainly(noise, pieces):
    body = noise.join(pieces)
    assert plain(plain(body)) == plain(body)
