"""What Asterisk tells without being asked, and what is kept of it until it is read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import CallState, Member, Result
from gateway.domain.held import Asked, CallTold, Came, ClockSeen, Dialled, Lamp, PbxEvent, QueuesChanged, SignedIn, Went
from gateway.pbx.asterisk import told
from gateway.pbx.asterisk.codec import Message
from tests.unit.pbx.captures import captured

HAND = "1|5-0-2|1795264800-1795268400-1795268400-0-at-qb-meeting-1004-"
EVENT = {
    "Event": "UserEvent",
    "UserEvent": "RingplanHand",
    "Extension": "1001",
    "Hand": HAND,
    "Lamp": "INUSE",
    "Phones": "1001.1501",
}

ID = "0123456789abcdef0123456789abcdef"
OF_CALL = {"Event": "UserEvent", "UserEvent": "RingplanCall", "Id": ID, "State": "o", "Result": "busy"}
OF_ROOM = {
    "Event": "UserEvent",
    "UserEvent": "RingplanRoom",
    "Name": "00ff11ee22dd",
    "Room": "8501",
    "Member": "PJSIP/1001-00000007",
    "Number": "1001",
    "Call": "",
    "State": "in",
}

ASK = {
    "Event": "UserEvent",
    "Channel": "PJSIP/trunk-00000000",
    "CallerIDNum": "+46812345678",
    "CallerIDName": "TELIA",
    "UserEvent": "RingplanAsk",
    "Extension": "1001",
    "Number": "+46812345678",
    "At": "1795299178699",
}
AT = datetime(2026, 11, 21, 22, 12, 58, 699_000, UTC)


@pytest.mark.parametrize(
    ("name", "shown"), [("TELIA", "TELIA"), ("<unknown>", ""), ("", ""), ("a\nb\0", "ab"), ("x" * 999, "x" * 200)]
)
def test_a_telephone_that_is_about_to_ring_asks_who_it_is(name, shown):
    asked = Asked("PJSIP/trunk-00000000", "1001", "+46812345678", AT, shown)
    assert told.event(Message({**ASK, "CallerIDName": name})) == asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"Channel": ""},
        {"Channel": "a\nb"},
        {"Extension": "1001x"},
        {"Number": ""},
        {"Number": "1+2"},
        {"Number": "1" * 21},
        {"Number": "\u0663"},
        {"At": "1795299178"},
        {"At": "now"},
    ],
)
def test_what_asks_otherwise_is_not_answered(wrong):
    with pytest.raises(ValueError, match="RingplanAsk"):
        told.event(Message({**ASK, **wrong}))


def test_of_those_who_ask_the_last_ones_are_kept_and_come_first():
    kept = told.Told()
    kept.put(QueuesChanged())
    kept.put(Dialled("1001", HAND, Lamp.ON, ("1001",)))
    for number in range(300):
        assert kept.put(Asked(f"channel {number}", "1001", "+46812345678", AT))
    taken = [kept.take() for _ in range(202)]
    assert [one.channel for one in taken if isinstance(one, Asked)] == [
        f"channel {number}" for number in range(100, 300)
    ]
    assert taken[200:] == [Dialled("1001", HAND, Lamp.ON, ("1001",)), QueuesChanged()]


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_tells_of_a_star_code(version):
    said = [told.event(message) for message in captured(f"userevent_{version}.txt")]
    assert [event for event in said if event] == [Dialled("1001", HAND, Lamp.ON, ("1001", "1501"))]


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_tells_of_queues(version):
    said = [message.get("Event") for message in captured(f"queue_{version}.txt") if told.event(message)]
    assert said == [
        "QueueMemberAdded",
        *["QueueMemberPause"] * 5,
        *["Reload"] * 2,
        "QueueMemberPause",
        "QueueMemberRemoved",
    ]


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_tells_of_calls_and_rooms(version):
    said = [told.event(message) for message in captured(f"conference_{version}.txt")]
    ids = [f"0123456789abcdef0123456789abcd{number:02x}" for number in range(6)]
    first = [event for event in said if isinstance(event, CallTold) and event.call == ids[0]]
    assert first == [
        CallTold(ids[0], CallState.SENT),
        CallTold(ids[0], CallState.UP),
        CallTold(ids[0], CallState.OVER, Result.LEFT),
    ]
    assert [event for event in said if isinstance(event, CallTold) and event.call == ids[3]] == [
        CallTold(ids[3], CallState.SENT),
        CallTold(ids[3], CallState.OVER, Result.NO_ANSWER),
    ]
    member = Member("0123456789ab", f"Local/{ids[0]}@ringplan-call-00000000;1", "", ids[0])
    assert [event for event in said if isinstance(event, Came | Went)] == [Came(member), Went(member)]


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_tells_of_telephones_that_sign_in(version):
    """Registered, again after it had unregistered, with `qualify_frequency`, again anew, and answering again."""
    said = [message for message in captured(f"signed_in_{version}.txt") if told.event(message)]
    assert {told.event(message) for message in said} == {SignedIn("1001")}
    assert len(said) == 5
    assert not any(told.event(m) for m in captured(f"signed_in_{version}.txt") if m.get("Event") == "ContactStatus")


@pytest.mark.parametrize("peer", ["PJSIP/trunk", "PJSIP/1001a", "1001", "", "IAX2/1001", f"PJSIP/{'1' * 16}"])
def test_what_is_no_extension_does_not_sign_in(peer):
    assert told.event(Message({"Event": "PeerStatus", "Peer": peer, "PeerStatus": "Reachable"})) is None


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ({}, CallTold(ID, CallState.OVER, Result.BUSY)),
        ({"State": "d", "Result": ""}, CallTold(ID, CallState.SENT)),
        ({"State": "u", "Result": ""}, CallTold(ID, CallState.UP)),
    ],
)
def test_how_far_a_call_is(change, event):
    assert told.event(Message(OF_CALL | change)) == event


@pytest.mark.parametrize(
    "change",
    [
        {"Id": ""},
        {"Id": ID[1:]},
        {"Id": f"{ID}\n{ID}"},
        {"Id": ID.upper()},
        {"State": ""},
        {"State": "v"},
        {"State": "d"},
        {"State": "u"},
        {"Result": ""},
        {"Result": "happy"},
    ],
)
def test_a_call_that_is_not_told_as_it_must_be_is_refused_without_its_contents(change):
    with pytest.raises(ValueError, match="RingplanCall") as refused:
        told.event(Message(OF_CALL | change))
    assert not any(value and value in str(refused.value) for value in change.values() if len(value) > 1)


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ({}, Came(Member("00ff11ee22dd", "PJSIP/1001-00000007", "1001"))),
        ({"State": "out"}, Went(Member("00ff11ee22dd", "PJSIP/1001-00000007", "1001"))),
        ({"Number": ""}, Came(Member("00ff11ee22dd", "PJSIP/1001-00000007"))),
        ({"Number": "", "Call": ID}, Came(Member("00ff11ee22dd", "PJSIP/1001-00000007", "", ID))),
    ],
)
def test_who_comes_and_goes(change, event):
    assert told.event(Message(OF_ROOM | change)) == event


@pytest.mark.parametrize(
    "change",
    [
        {"Name": ""},
        {"Name": "00FF11EE22DD"},
        {"Member": ""},
        {"Member": "x" * 201},
        {"Member": "PJSIP/1\nPJSIP/2"},
        {"Number": "+46"},
        {"Call": ID[1:]},
        {"State": ""},
        {"State": "in\nout"},
    ],
)
def test_a_room_that_is_not_told_as_it_must_be_is_refused_without_its_contents(change):
    with pytest.raises(ValueError, match="RingplanRoom") as refused:
        told.event(Message(OF_ROOM | change))
    assert not any(value and value in str(refused.value) for value in change.values())


@pytest.mark.parametrize(
    "change", [{"Event": "OriginateResponse"}, {"UserEvent": "Door"}, {"Event": "DBGetTreeResponse"}]
)
def test_events_of_others_are_nothing(change):
    assert told.event(Message(EVENT | change)) is None
    assert told.event(Message({"Event": "Reload", "Module": "chan_pjsip.so"})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"Extension": ""},
        {"Extension": "1001a"},
        {"Extension": "1" * 16},
        {"Extension": "1001\n1002"},
        {"Hand": ""},
        {"Hand": "1|5-0-2\n"},
        {"Hand": "Möte"},
        {"Hand": "1" * 250},
        {"Lamp": "RINGING"},
        {"Lamp": ""},
        {"Phones": ""},
        {"Phones": "1001."},
        {"Phones": "1001,1501"},
        {"Phones": ".".join(["1001"] * 300)},
    ],
)
def test_a_hand_that_is_not_as_it_must_be_is_refused_without_its_contents(change):
    with pytest.raises(ValueError, match="RingplanHand") as refused:
        told.event(Message(EVENT | change))
    assert not any(value and value in str(refused.value) for value in change.values())


def test_a_number_that_is_too_long_for_a_lamp_does_not_hide_what_was_dialled():
    told_of = told.event(Message(EVENT | {"Phones": f"1001.{'4' * 16}.1501"}))
    assert told_of == Dialled("1001", HAND, Lamp.ON, ("1001", "1501"))


@pytest.mark.parametrize("field", ["Extension", "Hand", "Lamp", "Phones"])
def test_a_hand_that_lacks_a_field_is_refused(field):
    with pytest.raises(ValueError, match="RingplanHand"):
        told.event(Message({key: value for key, value in EVENT.items() if key != field}))


@given(st.dictionaries(st.sampled_from(["Extension", "Hand", "Lamp", "Phones"]), st.text(max_size=20)))
def test_whatever_is_told_is_whole_or_refused(change):
    try:
        event = told.event(Message(EVENT | change))
    except ValueError:
        return
    assert isinstance(event, Dialled)
    assert all(text.isascii() and text.isprintable() for text in (event.place, event.hand, *event.phones))


def test_all_but_queues_and_the_clock_is_read_first_and_in_its_order():
    kept = told.Told()
    call, member = CallTold(ID, CallState.SENT), Member("00ff11ee22dd", "PJSIP/1001-00000007")
    dialled = Dialled("1001", HAND, Lamp.ON, ("1001",))
    some: list[PbxEvent] = [
        dialled,
        call,
        Came(member),
        SignedIn("1001"),
        Went(member),
        Came(member),
        dialled,
        call,
    ] * 100
    for event in some:
        assert kept.put(ClockSeen(timedelta(seconds=1)))
        assert kept.put(QueuesChanged())
        assert kept.put(event)
    assert [kept.take() for _ in some] == some
    rest = list(iter(kept.take, None))
    assert rest[0] == QueuesChanged()
    assert 1 <= len(rest[1:]) <= 100
    assert set(rest[1:]) == {ClockSeen(timedelta(seconds=1))}


@pytest.mark.parametrize("event", [Dialled("1001", "1|1-0-", Lamp.OFF, ("1001",)), CallTold(ID, CallState.SENT)])
def test_one_too_many_is_not_taken(event):
    kept = told.Told()
    assert all(kept.put(event) for _ in range(told.UNREAD))
    assert not kept.put(event)
