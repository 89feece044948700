"""What Asterisk holds for an extension, as values and actions."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.code import Availability
from gateway.domain.held import PRESENT, Held, Lamp, Presence
from gateway.errors import Refused
from gateway.pbx.asterisk import image
from gateway.pbx.asterisk.codec import Message
from gateway.pbx.asterisk.image import Part

SCHEDULE = "2|Europe/Stockholm|1795240000-90000-sv-100|0-3600-3600-0-at-qb-meeting-1004-"
PHONE = "1|Europe/Stockholm|1001-sv-100-4-1|1001.1501|1002|1795240000-28800.61200|1-t-at-qb-meeting-1004"
HAND = "1|5-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
ROOM = "1|Europe/Stockholm|1795240000-90000-sv-1234|600-1200-4800-5100-0123456789ab-1001-r"
INVITED = "1|1795240000|600-5100-8001-0123456789ab"
AWAY = Presence(Availability.AWAY, "meeting", "Möte, till 14:30; ${SHELL(id)}")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
schedules = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=1000)
holds = st.builds(
    Held,
    schedule=st.none() | schedules,
    phone=st.none() | schedules,
    hand=st.none() | schedules,
    room=st.none() | schedules,
    invited=st.none() | schedules,
    lamp=st.none() | st.sampled_from(Lamp),
    presence=st.none() | st.builds(Presence, st.sampled_from(Availability), texts, texts),
)
places = st.from_regex(r"[0-9]{1,15}", fullmatch=True)


def test_a_diverted_extension():
    assert image.values("1001", Held(SCHEDULE, Lamp.ON, AWAY, PHONE, HAND, invited=INVITED)) == (
        PHONE,
        SCHEDULE,
        None,
        INVITED,
        "INUSE",
        f"away,{base64.b64encode(b'meeting').decode()},{base64.b64encode(AWAY.text.encode()).decode()},e",
        HAND,
    )


def test_an_extension_that_is_free():
    nothing_planned = (None, None, None, None)
    assert image.values("1001", Held(None, Lamp.OFF, PRESENT)) == (
        *nothing_planned,
        "UNAVAILABLE",
        "available,,,e",
        None,
    )


def test_a_room():
    assert image.values("8001", Held(room=ROOM)) == (None, None, ROOM, None, None, None, None)
    assert image.writes(Part.ROOM, "8001", ROOM)[0].fields == (
        ("Family", "ringplan-room"),
        ("Key", "8001"),
        ("Val", ROOM),
    )


@given(places, holds)
def test_what_is_written_is_read_back(place, held):
    assert image.held(*image.values(place, held)) == held


@given(places, holds)
def test_nothing_of_a_presence_can_end_a_line_or_a_field(place, held):
    presence = image.values(place, held)[5]
    assert presence is None or (presence.isascii() and presence.isprintable() and presence.count(",") == 3)


@pytest.mark.parametrize("place", ["", "12a", "1001\r\nAction: Originate", "1" * 16, "../1001", "١٠٠١", "1001\n"])
def test_only_digits_name_an_extension(place):
    with pytest.raises(Refused):
        image.values(place, Held())


@pytest.mark.parametrize("part", ["schedule", "phone", "hand", "room", "invited"])
@pytest.mark.parametrize("value", ["1|x\r\nAction: Originate", "Möte", "x" * 1001, "\0", ""])
def test_what_asterisk_could_not_hold_is_refused(part, value):
    with pytest.raises(Refused):
        image.values("1001", replace(Held(SCHEDULE, phone=PHONE, hand=HAND), **{part: value}))


def test_what_others_have_written_is_told_as_it_is():
    assert image.held("x" * 2000, "\ufffd", "8", "9", None, None, "Möte\n") == Held(
        "\ufffd", phone="x" * 2000, hand="Möte\n", room="8", invited="9"
    )


def test_a_presence_that_is_too_long_is_refused():
    with pytest.raises(Refused, match="1000"):
        image.values("1001", Held(presence=Presence(Availability.AWAY, "away", "ö" * 400)))


@pytest.mark.parametrize("presence", ["away,Upptagen%2C ja,e", "away,m,m,e", "nonsense,,,e", "away,/w==,,e", ""])
def test_a_presence_that_is_not_ours_is_none(presence):
    assert image.held(None, None, None, None, "RINGING", presence, None) == Held()


def test_entries_of_others_are_passed_over():
    listed = {
        "/CustomDevstate/ringplan-1001": "INUSE",
        "/CustomDevstate/DND1001": "BUSY",
        "/CustomDevstate/ringplan-abc": "INUSE",
        "/CustomDevstate/1002": "INUSE",
        "/CustomDevstate/ringplan-1003/x": "INUSE",
    }
    items = [Message({"Event": "DBGetTreeResponse", "Key": key, "Val": value}) for key, value in listed.items()]
    assert list(image.entries(Part.LAMP, items)) == [("1001", "INUSE")]


def test_what_is_forgotten_is_put_out_before_its_entry_is_deleted():
    lamp = image.writes(Part.LAMP, "1001", None)
    assert [(action.name, dict(action.fields)) for action in lamp] == [
        ("Setvar", {"Variable": "DEVICE_STATE(Custom:ringplan-1001)", "Value": "UNAVAILABLE"}),
        ("DBDel", {"Family": "CustomDevstate", "Key": "ringplan-1001"}),
    ]
