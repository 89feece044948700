"""What an Asterisk is asked for when a call is due, and what its marks and channels say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import Call, CallState, Result
from gateway.domain.held import CallTold
from gateway.errors import Refused
from gateway.pbx.asterisk import calls
from gateway.pbx.asterisk.codec import Decoder, Message, encode
from tests.unit.pbx.captures import captured

ID = "0123456789abcdef0123456789abcdef"
CALL = Call(
    ID,
    "8501",
    "00ff11ee22dd",
    "1001",
    "sv",
    datetime(2026, 11, 21, 10, 5, tzinfo=UTC),
    timedelta(seconds=25),
    shown="Styrgrupp 7",
)


def marked(value: str, call: str = ID) -> list[CallTold]:
    return list(calls.marks([Message({"Key": f"/ringplan-call/{call}", "Val": value})]))


def test_a_call_is_asked_for_as_the_dialplan_reads_it():
    action = calls.originate(replace(CALL, forced=True, is_moderator=True))
    assert action.name == "Originate"
    assert action.fields == (
        ("Channel", f"Local/{ID}@ringplan-call/n"),
        ("Context", "ringplan-called"),
        ("Exten", "8501"),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", "30000"),
        ("CallerID", '"Styrgrupp 7" <8501>'),
        ("Variable", f"RINGPLAN_CALL={ID}"),
        ("Variable", "RINGPLAN_TO=1001"),
        ("Variable", "RINGPLAN_NAME=00ff11ee22dd"),
        ("Variable", "RINGPLAN_LANGUAGE=sv"),
        ("Variable", "RINGPLAN_BEFORE=1795255500"),
        ("Variable", "RINGPLAN_RING=25"),
        ("Variable", "RINGPLAN_FORCED=1"),
        ("Variable", "RINGPLAN_CONFIRM=0"),
        ("Variable", "RINGPLAN_RECORDED=0"),
        ("Variable", "RINGPLAN_MODERATOR=1"),
    )


@given(st.text())
def test_whatever_is_shown_stays_in_its_line_and_between_its_quotes(shown):
    action = calls.originate(replace(CALL, shown=shown))
    lines = encode(action, "1").split(b"\r\n")
    assert len(lines) == 2 + len(action.fields) + 2
    assert max(map(len, lines)) < 1018
    name = dict(action.fields)["CallerID"].removesuffix(" <8501>")
    assert name[0] == name[-1] == '"'
    assert not set(name[1:-1]) & set('"\\<>,;:@${}[]()|&\r\n\0')


@pytest.mark.parametrize(
    "change",
    [
        {"id": ID.upper()},
        {"id": ID[1:]},
        {"id": f"{ID}/n"},
        {"room": ""},
        {"room": "85O1"},
        {"room": "8501,1"},
        {"name": "00ff11ee22d"},
        {"name": "00FF11EE22DD"},
        {"to": ""},
        {"to": "+46850012345"},
        {"to": "1001&1002"},
        {"language": "sv,RINGPLAN_FORCED=1"},
    ],
)
def test_what_could_mean_something_else_to_a_dialplan_is_refused(change):
    with pytest.raises(Refused):
        calls.originate(replace(CALL, **change))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("1|d-1795255500-", CallTold(ID, CallState.SENT)),
        ("1|u-1795255500-", CallTold(ID, CallState.UP)),
        *((f"1|o-1795255500-{result.value}", CallTold(ID, CallState.OVER, result)) for result in Result),
    ],
)
def test_a_mark_says_how_far_a_call_is(value, told):
    assert marked(value) == [told]


@pytest.mark.parametrize(
    "value", ["", "2|d-1795255500-", "1|x-1-", "1|o-1-", "1|o-1-gone", "1|d-1-busy", "1|d--", "\ufffd"]
)
def test_a_call_whose_mark_cannot_be_read_was_placed_and_has_failed(value):
    assert marked(value) == [CallTold(ID, CallState.OVER, Result.FAILED)]


@pytest.mark.parametrize("key", ["x", ID.upper(), f"{ID}0", f"{ID}/x"])
def test_what_is_no_id_is_no_call(key):
    assert marked("1|d-1-", key) == []


def test_a_dropped_call_is_over_as_a_dialplan_would_say_it():
    fields = dict(calls.dropped(ID, datetime(2026, 11, 21, 10, 5, tzinfo=UTC)).fields)
    assert fields == {"Family": "ringplan-call", "Key": ID, "Val": "1|o-1795255500-dropped"}
    assert marked(fields["Val"]) == [CallTold(ID, CallState.OVER, Result.DROPPED)]


def test_only_ids_are_forgotten():
    assert calls.forget(ID).fields == (("Family", "ringplan-call"), ("Key", ID))
    with pytest.raises(Refused):
        calls.forget("*")


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_lists(version):
    said = captured(f"conference_{version}.txt")
    ids = [f"0123456789abcdef0123456789abcd{number:02x}" for number in range(6)]
    marks = list(calls.marks(message for message in said if message.get("Event") == "DBGetTreeResponse"))
    assert marks[0] == CallTold(ids[0], CallState.UP)
    assert CallTold(ids[0], CallState.OVER, Result.LEFT) in marks
    assert CallTold(ids[1], CallState.OVER, Result.BUSY) in marks
    assert CallTold(ids[2], CallState.OVER, Result.REJECTED) in marks
    assert CallTold(ids[4], CallState.OVER, Result.UNREGISTERED) in marks
    assert CallTold(ids[3], CallState.SENT) in marks
    assert CallTold(ids[3], CallState.OVER, Result.NO_ANSWER) in marks
    listed = [message for message in said if message.get("Event") == "CoreShowChannel"]
    live = calls.channels(listed, ids)
    assert {call: len(channels) for call, channels in live.items()} == {ids[0]: 2}
    assert calls.channels(listed, ids[1:]) == {}


@pytest.mark.parametrize(
    ("channel", "call"),
    [
        (f"Local/{ID}@ringplan-call-0000002a;1", ID),
        (f"Local/{ID}@ringplan-call-0000002a;2", ID),
        (f"Local/{ID}@ringplan-caller-0000002a;1", None),
        (f"Local/{ID}0@ringplan-call-0000002a;1", None),
        ("PJSIP/1001-0000002a", None),
        ("", None),
    ],
)
def test_a_channel_tells_which_call_it_is_half_of(channel, call):
    assert calls.id_of(channel) == call


def test_the_decoder_reads_what_is_encoded():
    said = b"Asterisk Call Manager/11.0.0\r\n" + encode(calls.originate(CALL), "1")
    (message,) = Decoder().feed(said)
    assert message.get("Variable").splitlines()[1] == "RINGPLAN_TO=1001"
