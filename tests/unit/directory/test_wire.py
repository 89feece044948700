"""Bytes of clients: what is written is read again, and whatever arrives is read or refused, and nothing else."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.directory.query import (
    And,
    Approx,
    AtLeast,
    AtMost,
    Equal,
    Extensible,
    Filter,
    Not,
    Or,
    Present,
    SortKey,
    Substrings,
)
from gateway.directory.wire import answers, ber, controls, filters, messages
from gateway.directory.wire.answers import Refusal
from gateway.directory.wire.messages import Control, Refused
from tests.contract.directories import control, message, search

names = st.text("abcdefgh;-.0123456789åß", min_size=1, max_size=12)
values = st.binary(max_size=12)
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Present, names),
    *(st.builds(kind, names, values) for kind in (Equal, Approx, AtLeast, AtMost)),
    st.builds(
        Substrings, names, st.none() | values, st.lists(values, min_size=1, max_size=3).map(tuple), st.none() | values
    ),
    st.builds(Extensible, names, st.none() | names, values, st.booleans()),
)
asked = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(And, st.lists(parts, max_size=4).map(tuple)),
        st.builds(Or, st.lists(parts, max_size=4).map(tuple)),
        st.builds(Not, parts),
    ),
    max_leaves=20,
)
PHONES = (
    Or((Substrings("cn", b"an", (), None), Substrings("sn", b"an", (), None))),
    And((Present("telephoneNumber"), Substrings("sn", b"an", (), None))),
    And((AtLeast("givenName", b"Ryan"), AtMost("givenName", b"zz"), Equal("extension", b"110"))),
)


@settings(max_examples=100)
@given(asked)
def test_a_filter_is_read_as_it_was_written(one):
    data = filters.encoded(one)
    assert filters.decode(data, 0, len(data)) == (one, len(data))


@pytest.mark.parametrize("one", PHONES)
def test_filters_of_telephones_are_read(one):
    data = filters.encoded(one)
    assert filters.decode(data, 0, len(data)) == (one, len(data))


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (And((Equal("cn", "Öberg".encode()), Not(Present("mail")))), r"(&(cn=\c3\96berg)(!(mail=*)))"),
        (Or(()), "(|)"),
        (Substrings("cn", None, (b"a*", b"b"), b"c)"), r"(cn=*a\2a*b*c\29)"),
        (Substrings("cn", b"a", (), None), "(cn=a*)"),
        (Extensible("caseIgnoreMatch", "cn", b"x", dn=True), "(cn:dn:caseIgnoreMatch:=x)"),
        (AtLeast("sn", b"a"), "(sn>=a)"),
        (AtMost("sn", b"\0"), r"(sn<=\00)"),
        (Approx("sn", b"\\"), r"(sn~=\5c)"),
    ],
)
def test_a_filter_is_shown_as_text(one, text):
    assert filters.text(one) == text


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_filter_or_are_refused(data):
    try:
        _, end = filters.decode(data, 0, len(data))
    except (ber.Malformed, Refusal):
        return
    assert end <= len(data)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A message in which some bytes are others, or missing."""
    operation = draw(st.sampled_from((0x60, 0x63, 0x66, 0x6E, 0x50, 0x77, 0x42)))
    content = ber.tlv(ber.OCTETS, b"dc=contacts") + bytes.fromhex("0a01020a0100020100020100010100")
    content += filters.encoded(draw(asked)) + ber.tlv(ber.SEQUENCE, ber.tlv(ber.OCTETS, b"cn"))
    data = bytearray(answers.message(draw(st.integers(1, 70_000)), ber.tlv(operation, content), b"0\x03\x04\x011"))
    for at in draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        data[at] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))])


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=300), spoiled()))
def test_any_bytes_are_a_message_or_are_refused(data):
    try:
        end = ber.message_end(data, 0, 1000)
        if not 0 < end <= len(data):
            return
        message = messages.decode(data, 0, end)
        assert messages.peeked(data[:end])[0] == message.number
        controls.wanted(message.controls)
    except (ber.Malformed, Refusal):
        return
    assert message.number > 0


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_is_read_as_it_was_written(number):
    data = ber.encoded_integer(number)
    first, last = ber.expect(data, 0, len(data), ber.INTEGER)
    assert ber.integer(data, first, last) == number
    assert last == len(data)


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 24])
def test_lengths_are_written_in_as_few_bytes_as_they_need(size):
    data = ber.tlv(ber.OCTETS, bytes(size))
    assert ber.header(data, 0, len(data))[1:] == (len(data) - size, len(data))
    assert len(data) - size == 2 + (0 if size < 128 else (size.bit_length() + 7) // 8)


@pytest.mark.parametrize("data", [b"\x04\x82\x00\x01a", b"\x04\x84\x00\x00\x00\x01a", b"\x04\x01a"])
def test_longer_forms_of_a_length_are_taken(data):
    first, last = ber.expect(data, 0, len(data), ber.OCTETS)
    assert data[first:last] == b"a"


@pytest.mark.parametrize("data", [b"\x04\x80a\0\0", b"\x04\xff", b"\x04", b"\x1f\x81\x01\x00", b"\x04\x02a"])
def test_what_is_no_ber_is_refused(data):
    with pytest.raises(ber.Malformed):
        ber.header(data, 0, len(data))


def test_the_longest_filter_is_read_and_no_longer_one():
    def parts(count: int) -> bytes:
        return filters.encoded(Or((Present("cn"),) * count))

    filters.decode(parts(499), 0, len(parts(499)))
    with pytest.raises(Refusal) as refused:
        filters.decode(parts(500), 0, len(parts(500)))
    assert refused.value.code == 11


@pytest.mark.parametrize(
    "one",
    [
        Equal("cn", b"a" * filters.LONGEST_PART),
        Present("a" * (filters.LONGEST_PART + 1)),
        Or((Substrings("cn", None, (b"a",) * 251, None),) * 2),
    ],
    ids=["value", "attribute", "parts of substrings"],
)
def test_what_is_longer_than_anything_here_is_refused_before_it_is_looked_for(one):
    data = filters.encoded(one)
    with pytest.raises(Refusal) as refused:
        filters.decode(data, 0, len(data))
    assert refused.value.code == 11


@pytest.mark.parametrize(
    ("one", "refusal"),
    [
        (search(2, Present("cn"), attributes=("",) * 400_000), 11),
        (search(2, Present("cn"), attributes=("a" * 10_000,)), 11),
        (search(2, Present("cn"), controls=control("1.2.840.113556.1.4.473", b"\x30\x02\x04\x00" * 200_000)), 2),
        (search(2, Present("cn"), controls=control("1.2") * 100_000), 0),
        (message(2, ber.tlv(0x6E, b"\x04\x00" + ber.tlv(0x30, b"\x04\x02cn" + ber.tlv(4, bytes(2_000))))), 11),
    ],
    ids=["attributes", "an attribute", "keys", "controls", "a comparison"],
)
def test_a_long_message_is_refused_within_milliseconds(one, refusal):
    began = time.process_time()
    try:
        read = messages.decode(one, 0, len(one))
        controls.wanted(read.controls)
        code = read.request.refusal.code if isinstance(read.request, Refused) else None
    except Refusal as refused:
        code = refused.code
    except ber.Malformed:
        code = 0
    assert code == refusal
    assert time.process_time() - began < 0.05


def key(attribute: bytes, more: bytes = b"") -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.tlv(ber.OCTETS, attribute) + more)


def test_an_order_is_read():
    value = ber.tlv(ber.SEQUENCE, key(b"sn") + key(b"cn", b"\x80\x012\x81\x01\xff"))
    wanted = controls.wanted([Control(controls.SORT, True, value)])
    assert wanted.sort == controls.Sort((SortKey("sn"), SortKey("cn", "2", True)), is_critical=True)


def test_windows_by_place_and_by_value_are_read():
    by_place = bytes.fromhex("300e 020101 020102 a006 020103 02010a".replace(" ", ""))
    by_value = bytes.fromhex("300b 020100 020105 810161 0400".replace(" ", ""))
    first = controls.wanted([Control(controls.WINDOW, False, by_place)]).window
    second = controls.wanted([Control(controls.WINDOW, False, by_value)]).window
    assert first == controls.Window(1, 2, offset=3, count=10)
    assert second == controls.Window(0, 5, value=b"a")


@given(st.sampled_from((controls.SORT, controls.PAGED, controls.WINDOW)), st.none() | st.binary(max_size=40))
def test_any_value_of_a_control_is_read_or_refused(oid, value):
    with suppress(Refusal):
        assert controls.wanted([Control(oid, True, value)]) != controls.NOTHING
