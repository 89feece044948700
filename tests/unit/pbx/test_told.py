"""What Asterisk tells without being asked, and what is kept of it until it is read."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.held import ClockSeen, Dialled, Lamp, QueuesChanged
from gateway.pbx.asterisk import told
from gateway.pbx.asterisk.codec import Decoder, Message

CAPTURES = Path(__file__).parents[2] / "captures" / "asterisk"
HAND = "1|5-0-2|1795264800-1795268400-1795268400-0-at-qb-meeting-1004-"
EVENT = {
    "Event": "UserEvent",
    "UserEvent": "RingplanHand",
    "Extension": "1001",
    "Hand": HAND,
    "Lamp": "INUSE",
    "Phones": "1001.1501",
}


def captured(name: str) -> list[Message]:
    """Return what Asterisk sent, of one or several connections."""
    sent = [line[3:] for line in (CAPTURES / name).read_text().splitlines() if line.startswith("S:")]
    text = "".join(f"{line}\r\n" for line in sent)
    each = [f"Asterisk Call Manager{one}" for one in text.split("Asterisk Call Manager")[1:]]
    return [message for one in each for message in Decoder().feed(one.encode())]


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


def test_what_was_dialled_is_read_first_and_all_of_it():
    kept = told.Told()
    dialled = [Dialled("1001", f"1|{turn}-0-", Lamp.OFF, ("1001",)) for turn in range(1, 1001)]
    for event in dialled:
        assert kept.put(ClockSeen(timedelta(seconds=1)))
        assert kept.put(QueuesChanged())
        assert kept.put(event)
    assert [kept.take() for _ in dialled] == dialled
    rest = list(iter(kept.take, None))
    assert rest[0] == QueuesChanged()
    assert 1 <= len(rest[1:]) <= 100
    assert set(rest[1:]) == {ClockSeen(timedelta(seconds=1))}


def test_one_too_many_is_not_taken():
    kept = told.Told()
    event = Dialled("1001", "1|1-0-", Lamp.OFF, ("1001",))
    assert all(kept.put(event) for _ in range(told.UNREAD))
    assert not kept.put(event)
