"""Who is in which conference, as an Asterisk lists it, and how they are put out."""

import pytest

from gateway.domain.conference import Prompt
from gateway.pbx.asterisk import calls, rooms
from gateway.pbx.asterisk.codec import Message
from tests.unit.pbx.captures import captured


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_lists(version):
    said = captured(f"conference_{version}.txt")
    listed = [message for message in said if message.get("Event") == "ConfbridgeListRooms"]
    assert list(rooms.bridges(listed)) == [("ringplan-8501-0123456789ab", "0123456789ab")]
    (channel,) = rooms.channels(message for message in said if message.get("Event") == "ConfbridgeList")
    assert calls.id_of(channel) == "0123456789abcdef0123456789abcd00"


@pytest.mark.parametrize(
    "bridge",
    ["8501", "ringplan-8501", "ringplan-8501-0123456789AB", "ringplan-850x-0123456789ab", "ringplan--0123456789ab", ""],
)
def test_conferences_of_others_are_passed_over(bridge):
    assert list(rooms.bridges([Message({"Conference": bridge})])) == []


@pytest.mark.parametrize(
    ("value", "number"), [("1001", "1001"), ("", ""), ("alice", ""), ("1001\n", ""), ("1" * 21, "")]
)
def test_whose_telephone_it_is_is_what_the_dialplan_knows(value, number):
    assert rooms.number_of(Message({"Response": "Success", "Value": value})) == number


def test_a_channel_that_is_gone_has_no_number():
    assert rooms.number_of(Message({"Response": "Error", "Message": "No such channel"})) == ""


@pytest.mark.parametrize("prompt", Prompt)
def test_members_are_led_to_what_they_hear(prompt):
    assert rooms.put_out("PJSIP/1001-00000001", prompt).fields == (
        ("Channel", "PJSIP/1001-00000001"),
        ("Context", "ringplan-out"),
        ("Exten", prompt.value),
        ("Priority", "1"),
    )


ANNOUNCER = "Local/ringplan-8501-00ff11ee22dd@ringplan-announcer-00000001;2"


@pytest.mark.parametrize("channel", ["", "PJSIP/1\r\nAction: x", "PJSIP/1001\n", "x" * 201, ANNOUNCER])
def test_what_names_no_channel_and_what_only_announces_is_passed_over(channel):
    assert list(rooms.channels([Message({"Channel": channel})])) == []


def test_what_only_says_who_comes_and_goes_is_nobody():
    said = [Message({"Channel": f"Local/{name}@ringplan-announcer-00000001;2"}) for name in ("in", "out")]
    assert list(rooms.channels(said)) == []
