"""Items of an Exchange calendar become appointments."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from exchangelib import EWSDate, EWSTimeZone
from exchangelib.items import Message

from gateway.domain.appointment import Appointment, Attendee, Response, ShowAs
from gateway.domain.mailbox import Window
from gateway.errors import GiveUp
from gateway.recurrence import effort
from gateway.sources.ews.connection.dialect import UNKNOWN
from gateway.sources.ews.items.parse import FIELDS, appointments
from tests.unit.sources.ews.items.items import (
    ANNA,
    BERLIN,
    STOCKHOLM,
    WINDOW,
    attendee,
    captured,
    item,
    mailbox,
    moment,
)


def read(*items: object, window: Window = WINDOW, zone: ZoneInfo = STOCKHOLM) -> tuple[tuple[Appointment, ...], int]:
    return appointments(items, window, zone, {ANNA})


def one(*args: object, zone: ZoneInfo = STOCKHOLM, window: Window = WINDOW, **fields: object) -> Appointment:
    found, set_aside = read(item(*args, **fields), zone=zone, window=window)
    assert set_aside == 0
    [appointment] = found
    return appointment


def span(*args: object, zone: ZoneInfo = STOCKHOLM, **fields: object) -> tuple[str, str]:
    found = one(*args, zone=zone, window=ALWAYS, **fields)
    return f"{found.start:%Y-%m-%d %H:%M}", f"{found.end:%Y-%m-%d %H:%M}"


ALWAYS = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC), date(2026, 11, 21))


def test_a_captured_calendar_is_read():
    found, set_aside = read(*captured("018"))
    assert set_aside == 0
    assert [(a.subject, f"{a.start:%d %H:%M}", f"{a.end:%d %H:%M}", a.show_as) for a in found] == [
        ("M: Möte", "23 08:00", "23 09:00", ShowAs.BUSY),
        ("L: Lunch", "23 11:00", "23 11:45", ShowAs.OUT),
        ("Privat: läkare", "24 14:00", "24 15:00", ShowAs.BUSY),
        ("M: Kundmöte", "25 12:00", "25 13:00", ShowAs.BUSY),
        ("S: Semester", "25 23:00", "27 23:00", ShowAs.OUT),
    ]
    assert not any(a.occurrence for a in found)
    assert len({a.uid for a in found}) == 5  # this view has no UID


def test_a_captured_meeting_of_ones_own_is_read_though_its_server_waits_for_ones_answer():
    [meeting] = captured("012")
    assert meeting.my_response_type == "NoResponseReceived"
    [appointment], set_aside = read(meeting)
    assert set_aside == 0
    assert (appointment.response, appointment.organiser) == (Response.OWN, ANNA)
    assert appointment.uid.startswith("c02801d8987f")
    assert appointment.location == "PBX AUTOCALL"
    assert appointment.attendees == tuple(
        Attendee(address, Response.UNANSWERED)
        for address in ("bo@example.test", "kund@extern.example", "autocall@example.test")
    )


def test_captured_occurrences_have_a_name():
    [changed], [usual] = captured("015"), captured("156")
    found, _ = read(changed, usual)
    assert [(a.subject, a.occurrence) for a in found] == [
        ("L: Veckolunch", "20261201T110000Z"),
        ("M: Veckomöte FLYTTAT", "20261201T130000Z"),
    ]


def test_what_is_asked_for_are_fields_that_there_are_and_not_the_one_that_loses_days():
    known = {field.name for field in type(item()).FIELDS}
    assert set(FIELDS) <= known
    assert "is_all_day" not in FIELDS


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ""),
        ({"type": "Occurrence"}, "20261123T080000Z"),
        ({"type": "Occurrence", "recurrence_id": moment("2026-11-23 08:00")}, "20261123T080000Z"),
        ({"type": "Exception", "recurrence_id": moment("2026-11-22 07:00")}, "20261122T070000Z"),
        ({"type": "Exception", "original_start": moment("2026-11-22 07:00")}, "20261122T070000Z"),
        ({"type": "Exception"}, "20261123T080000Z"),
        ({"type": "Single", "recurrence_id": moment("2026-11-22 07:00")}, "20261122T070000Z"),
        ({"type": "Single", "original_start": moment("2026-11-23 08:00")}, ""),
        ({"type": None}, ""),
    ],
)
def test_an_occurrence_is_named_by_the_time_for_which_it_was_planned(fields, expected):
    assert one(**fields).occurrence == expected


def test_who_was_asked_to_one_occurrence_alone_has_the_uid_of_the_series():
    said = f"040000008200E00074C5B7101A82E00807EA0B17{'0' * 16}{'0' * 16}10000000{'AB' * 16}"
    assert one(uid=said, recurrence_id=moment("2026-11-23 08:00")).uid == said.replace("07EA0B17", "00000000")
    assert one(uid=said).uid == said, "nothing else tells the occurrences apart"


def test_an_item_without_a_uid_has_one_of_its_own():
    assert one(uid=None, id="an id").uid == sha256(b"an id").hexdigest()
    assert one(uid=" ", id="an id").uid == one(uid="", id="an id").uid != one(uid="", id="another").uid


@pytest.mark.parametrize(
    ("said", "location"),
    [
        (None, ""),
        ("", ""),
        ("Rum 3, PBX; \\\\x", "Rum 3, PBX; \\\\x"),
        ("x" * 1000, "x" * 1000),
        ("PBX " + "x" * 1000, ""),
    ],
)
def test_where_it_takes_place(said, location):
    assert one(location=said).location == location


@pytest.mark.parametrize(
    ("said", "private"),
    [("Normal", False), (None, False), ("Personal", True), ("Private", True), ("Confidential", True), ("Secret", True)],
)
def test_what_is_private(said, private):
    assert one(sensitivity=said).private is private


def test_the_subject_of_a_private_item_is_withheld_and_another_may_have_none():
    assert one(subject=None, sensitivity="Private").subject is None
    assert one(subject="", sensitivity="Private").subject is None
    assert one(subject="Private Appointment", sensitivity="Private").subject is None
    assert one(subject="M: tandläkare", sensitivity="Private").subject == "M: tandläkare"
    assert one(subject=None).subject == ""


@pytest.mark.parametrize(
    ("status", "show_as"),
    [
        ("Free", ShowAs.FREE),
        ("Tentative", ShowAs.TENTATIVE),
        ("Busy", ShowAs.BUSY),
        ("OOF", ShowAs.OUT),
        ("WorkingElsewhere", ShowAs.ELSEWHERE),
        ("NoData", ShowAs.FREE),
        ("Dancing", ShowAs.FREE),
        (None, ShowAs.BUSY),
    ],
)
def test_how_an_item_is_shown(status, show_as):
    assert one(legacy_free_busy_status=status).show_as is show_as


@pytest.mark.parametrize(
    ("fields", "cancelled"),
    [
        ({}, False),
        ({"is_cancelled": False, "appointment_state": ("Meeting", "Received")}, False),
        ({"is_cancelled": True}, True),
        ({"appointment_state": ("Meeting", "Received", "Canceled")}, True),
    ],
)
def test_what_is_cancelled(fields, cancelled):
    assert one(**fields).cancelled is cancelled


RECEIVED = {"is_meeting": True, "appointment_state": ("Meeting", "Received")}
BO = mailbox("Bo@example.test")


@pytest.mark.parametrize(
    ("fields", "response"),
    [
        ({}, Response.OWN),
        ({"my_response_type": "Unknown"}, Response.OWN),
        ({"my_response_type": "Unknown", "organizer": mailbox("Anna@Example.test")}, Response.OWN),
        ({"my_response_type": "Organizer", "organizer": mailbox("anna@elsewhere.test")}, Response.OWN),
        ({"my_response_type": "Accept", **RECEIVED}, Response.ACCEPTED),
        ({"my_response_type": "Tentative", **RECEIVED}, Response.TENTATIVE),
        ({"my_response_type": "Decline", **RECEIVED}, Response.DECLINED),
        ({"my_response_type": "NoResponseReceived", "organizer": BO, **RECEIVED}, Response.UNANSWERED),
        ({"my_response_type": "Unknown", "organizer": BO, **RECEIVED}, Response.UNANSWERED),
        ({"my_response_type": None, "organizer": BO, "is_meeting": True}, Response.UNANSWERED),
        (
            {"my_response_type": "NoResponseReceived", "organizer": mailbox("/O=X/CN=BO", "EX"), **RECEIVED},
            Response.UNANSWERED,
        ),
        ({"my_response_type": "Unknown", "organizer": BO, "is_meeting": False}, Response.ACCEPTED),
    ],
)
def test_what_its_owner_answered(fields, response):
    assert one(**fields).response is response


def test_an_invitation_in_ones_own_name_is_not_ones_own():
    forged = {"my_response_type": "NoResponseReceived", "organizer": mailbox(ANNA), **RECEIVED}
    assert one(**forged).response is Response.UNANSWERED


@pytest.mark.parametrize(
    ("organizer", "address"),
    [
        (None, ""),
        (mailbox("Bo@Example.test"), "bo@example.test"),
        (mailbox("bo@example.test", None), "bo@example.test"),
        (mailbox("/O=FIRM/OU=EX/CN=RECIPIENTS/CN=BO", "EX"), ""),
        (mailbox("bo@example.test", "EX"), ""),
        (mailbox(None), ""),
        (mailbox("Bo Öberg"), ""),
        (mailbox("bo@example.test\r\nx"), ""),
        (mailbox("b" * 400 + "@example.test"), ""),
    ],
)
def test_who_organises(organizer, address):
    assert one(organizer=organizer).organiser == address


def test_who_is_asked_is_there_once_with_what_was_answered_and_rooms_are_not():
    found = one(
        required_attendees=[
            attendee("Bo@example.test", "Accept"),
            attendee(None, "Accept"),
            attendee(ANNA, "Organizer"),
        ],
        optional_attendees=[
            attendee("bo@example.test", "Decline"),
            attendee("cilla@example.test", "Decline"),
            attendee("dan@example.test", "Tentative"),
            attendee("eva@example.test", "NoResponseReceived"),
            attendee("fia@example.test", None),
            attendee("team@example.test", "Unknown", "PublicDL"),
            attendee("mine@example.test", "Unknown", "PrivateDL"),
        ],
        resources=[attendee("room@example.test", "Accept")],
    )
    assert found.attendees == (
        Attendee("bo@example.test", Response.ACCEPTED),
        Attendee(ANNA, Response.ACCEPTED),
        Attendee("cilla@example.test", Response.DECLINED),
        Attendee("dan@example.test", Response.TENTATIVE),
        Attendee("eva@example.test", Response.UNANSWERED),
        Attendee("fia@example.test", Response.UNANSWERED),
        Attendee("team@example.test", Response.UNANSWERED, is_group=True),
        Attendee("mine@example.test", Response.UNANSWERED, is_group=True),
    )


def test_a_meeting_of_the_whole_town_has_a_bound():
    assert len(one(required_attendees=[attendee(f"a{n}@example.test", None) for n in range(600)]).attendees) == 500


NEW_YORK = EWSTimeZone("America/New_York")
UTC_ITEM = EWSTimeZone("UTC")


@pytest.mark.parametrize(
    ("start", "end", "fields", "expected"),
    [
        # a whole day in the owner's zone, though it is written down in another
        ("2026-11-23 23:00", "2026-11-24 23:00", {}, ("2026-11-23 23:00", "2026-11-24 23:00")),
        (
            "2026-11-24 05:00",
            "2026-11-25 05:00",
            {"_start_timezone": NEW_YORK},
            ("2026-11-23 23:00", "2026-11-24 23:00"),
        ),
        (
            "2026-11-24 00:00",
            "2026-11-26 00:00",
            {"_start_timezone": UTC_ITEM},
            ("2026-11-23 23:00", "2026-11-25 23:00"),
        ),
        # 23 and 25 hours
        ("2026-03-28 23:00", "2026-03-29 22:00", {}, ("2026-03-28 23:00", "2026-03-29 22:00")),
        (
            "2026-03-29 00:00",
            "2026-03-30 00:00",
            {"_start_timezone": UTC_ITEM},
            ("2026-03-28 23:00", "2026-03-29 22:00"),
        ),
        ("2026-10-24 22:00", "2026-10-25 23:00", {}, ("2026-10-24 22:00", "2026-10-25 23:00")),
        # not a whole day
        (
            "2026-11-24 05:00",
            "2026-11-25 05:30",
            {"_start_timezone": NEW_YORK},
            ("2026-11-24 05:00", "2026-11-25 05:30"),
        ),
        (
            "2026-11-24 00:00",
            "2026-11-24 23:00",
            {"_start_timezone": UTC_ITEM},
            ("2026-11-24 00:00", "2026-11-24 23:00"),
        ),
        # Exchange 2007 has one zone for both ends
        (
            "2026-11-24 05:00",
            "2026-11-25 05:00",
            {"_start_timezone": None, "_meeting_timezone": NEW_YORK},
            ("2026-11-23 23:00", "2026-11-24 23:00"),
        ),
        # no zone, or one that nobody knows: the owner's
        ("2026-11-23 23:00", "2026-11-24 23:00", {"_start_timezone": None}, ("2026-11-23 23:00", "2026-11-24 23:00")),
        (
            "2026-11-24 00:00",
            "2026-11-25 00:00",
            {"_start_timezone": EWSTimeZone(UNKNOWN)},
            ("2026-11-24 00:00", "2026-11-25 00:00"),
        ),
    ],
)
def test_whole_days_run_between_the_midnights_of_their_owner(start, end, fields, expected):
    assert span(start, end, **fields) == expected


def test_dates_are_days_of_the_owner_the_last_one_included():
    days = {"start": EWSDate(2026, 11, 26), "end": EWSDate(2026, 11, 27), "is_all_day": True}
    assert span(**days) == ("2026-11-25 23:00", "2026-11-27 23:00")
    assert span(**days, zone=ZoneInfo("America/New_York")) == ("2026-11-26 05:00", "2026-11-28 05:00")


def test_a_day_that_exchangelib_lost_where_the_clocks_were_put_forward_is_a_day():
    assert span(start=EWSDate(2026, 3, 29), end=EWSDate(2026, 3, 28)) == ("2026-03-28 23:00", "2026-03-29 22:00")


def test_what_does_not_last_or_lies_elsewhere_is_no_appointment_and_not_set_aside():
    elsewhere = item("2026-11-19 08:00", "2026-11-20 00:00"), item("2027-01-04 00:00", "2027-01-05 00:00")
    assert read(item("2026-11-23 08:00", "2026-11-23 08:00"), *elsewhere) == ((), 0)


def test_masters_and_what_is_no_appointment_are_passed_over():
    assert read(item(type="RecurringMaster"), Message(subject="M: hej"), None, ValueError("x"), True) == ((), 0)


BAD = {
    "ends before it begins": item("2026-11-23 09:00", "2026-11-23 08:00"),
    "no start": item(start=None),
    "no end": item(end=None),
    "neither": item(start=None, end=None),
    "no zone": item(start=datetime(2026, 11, 23, 8)),  # noqa: DTZ001
    "a day and a time": item(start=EWSDate(2026, 11, 23)),
    "the beginning of time": item(start=datetime.min.replace(tzinfo=BERLIN)),
    "the end of time": item(end=datetime.max.replace(tzinfo=NEW_YORK)),
    "the last day there is": item(start=EWSDate(2026, 11, 23), end=EWSDate(9999, 12, 31)),
    "a hundred years": item(end=moment("2126-11-23 08:00")),
    "neither uid nor id": item(uid=None, id=None),
    "a novel": item(subject="M: " + "x" * 20_000),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(bad):
    found, set_aside = read(bad, item(uid="good"))
    assert ([a.uid for a in found], set_aside) == (["good"], 1)


def test_fractions_of_a_second_do_not_count():
    assert span(start=moment("2026-11-23 08:00") + timedelta(microseconds=5)) == (
        "2026-11-23 08:00",
        "2026-11-23 09:00",
    )


def test_a_calendar_of_appointments_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(effort, "MOST_FOUND", 100)
    with pytest.raises(GiveUp, match="more than 100"):
        read(*(item(id=f"id-{n}") for n in range(101)))


def test_nothing_of_a_calendar_is_in_what_is_shown_of_an_appointment():
    shown = repr(one(organizer=BO, required_attendees=[attendee("cilla@example.test", "Accept")]))
    assert not any(text in shown for text in ("möte", "uid-1", "bo@", "cilla@"))
