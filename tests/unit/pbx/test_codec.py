"""AMI bytes and messages: fed with what a real Asterisk said (tests/captures/asterisk), whole and in pieces."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import OurFault, Unreachable
from gateway.pbx.asterisk.codec import LONGEST_MESSAGE, Action, Decoder, Message, encode

CAPTURES = Path(__file__).parents[2] / "captures" / "asterisk"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

keys = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=40)
cuts = st.lists(st.integers(0, 4000), max_size=30)


def said_by_server(name: str) -> bytes:
    """Return the server's side of a capture, as it was on the wire."""
    lines = (CAPTURES / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    return b"".join(f"{line[3:]}\r\n".encode() for line in lines if line.startswith("S: "))


def fed(data: bytes, at: Sequence[int] = ()) -> list[Message]:
    """Return what a decoder makes of `data`, cut at the offsets `at`."""
    decoder, messages = Decoder(), []
    edges = [0, *sorted(min(cut, len(data)) for cut in at), len(data)]
    for start, end in pairwise(edges):
        messages += decoder.feed(data[start:end])
    return messages


def test_a_login_as_asterisk_answers_it():
    decoder = Decoder()
    login, ping, settings, goodbye = decoder.feed(said_by_server("login_ok_events_off"))
    assert decoder.version == "11.0.0"
    assert login.fields == {"Response": "Success", "ActionID": "a1", "Message": "Authentication accepted"}
    assert ping.get("Timestamp") == "1795247240.218103"
    assert settings.get("AsteriskVersion").startswith("22.10.1")
    assert settings.get("CoreRunUser") == ""
    assert goodbye.succeeded


def test_a_refused_login_did_not_succeed():
    (answer,) = fed(said_by_server("login_fail_secret"))
    assert not answer.succeeded
    assert answer.get("Message") == "Authentication failed"


def test_a_list_of_the_database_keeps_bars_umlauts_and_empty_values():
    messages = fed(said_by_server("db_put_get_del_tree"))
    tree = [m for m in messages if m.get("Event") == "DBGetTreeResponse" and m.get("ActionID") == "a17"]
    assert [(m.get("Key"), m.get("Val")) for m in tree] == [
        ("/kalender/1001", "mote|1795300000||Möte till 14:30 åäö"),
        ("/kalender/1004", ""),
        ("/kalender/sub/1/2", "v"),
    ]


def test_a_key_that_comes_twice_keeps_both_values():
    (output,) = [m for m in fed(said_by_server("devstate_presence")) if "Output" in m.fields]
    assert output.get("Output").split("\n")[1] == "1 results found."


@pytest.mark.parametrize("capture", sorted(path.stem for path in CAPTURES.glob("*.txt")))
@given(at=cuts)
def test_the_split_into_segments_does_not_matter(capture, at):
    data = said_by_server(capture)
    whole = fed(data)
    assert whole
    assert fed(data, at) == whole


def test_one_byte_at_a_time():
    data = said_by_server("devstate_presence")
    assert fed(data, list(range(len(data)))) == fed(data)


@given(fields=st.dictionaries(keys, texts, min_size=1, max_size=6), at=cuts)
def test_what_is_encoded_is_decoded(fields, at):
    fields = {f"x{key}": value for key, value in fields.items()}
    data = encode(Action("Setvar", tuple(fields.items())), "7")
    (message,) = fed(BANNER + data, at)
    assert message.fields == {"Action": "Setvar", "ActionID": "7", **fields}


@given(texts, st.sampled_from("\r\n\0"), texts)
def test_a_value_never_ends_its_line(before, control, after):
    with pytest.raises(OurFault):
        encode(Action("DBPut", (("Val", before + control + after),)), "1")


@pytest.mark.parametrize("injected", ["x\r\nAction: Originate", "x\nAction: Originate", "x\r", "\0", "\ud800"])
def test_an_injected_action_is_refused_without_being_shown(injected):
    with pytest.raises(OurFault) as refused:
        encode(Action("DBPut", (("Family", "ringplan"), ("Val", injected))), "1")
    assert "Originate" not in str(refused.value)


def test_bytes_that_are_no_utf8_are_replaced():
    (message,) = fed(BANNER + b"Event: X\r\nVal: a\xffb\xc3\r\n\r\n")
    assert message.get("Val") == "a�b�"


def test_lines_without_a_colon_and_empty_lines_are_passed_over():
    first, second = fed(BANNER + b"\r\nResponse: Success\r\nnonsense\r\nVal:\r\n\r\n\r\nEvent: X\r\n\r\n")
    assert first.fields == {"Response": "Success", "Val": ""}
    assert second.fields == {"Event": "X"}


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"A" * 300,
        b"Asterisk Call Manager/" + b"1" * 300,
    ],
)
def test_a_server_that_speaks_something_else_is_named_so(data):
    with pytest.raises(Unreachable, match="does not speak AMI"):
        fed(data)


def test_a_message_without_end_is_not_collected_for_ever():
    decoder = Decoder()
    decoder.feed(BANNER)
    for _ in range(LONGEST_MESSAGE // 1024):
        assert decoder.feed(b"x" * 1024) == []
    with pytest.raises(Unreachable, match="without end"):
        decoder.feed(b"x")


def test_secrets_of_an_action_are_not_shown():
    assert "hemligt" not in repr(Action("Login", (("Secret", "hemligt"),)))
