"""Cards that are broken, hostile or absurd: what can be read is read, and nothing takes long."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.contact import Contact
from gateway.vcard.cards import LONGEST, cards
from gateway.vcard.contact import contact, read
from gateway.vcard.unreadable import Unreadable

HEAD = "BEGIN:VCARD\r\nVERSION:3.0\r\n"
ANNA = f"{HEAD}FN:Anna\r\nTEL:08-1\r\nEND:VCARD\r\n"
MOST_SECONDS = 1.0


def one(text: str | bytes) -> Contact:
    found = read(text, "k")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        ANNA.encode(),
        ANNA.replace("\r\n", "\n"),
        ANNA.replace("\r\n", "\r"),
        ANNA.lower().replace("anna", "Anna"),
        ANNA.encode("utf-8-sig"),
        ANNA.encode("utf-16"),
        "\ufeff" + ANNA,
        "\r\n\r\n" + ANNA + "junk",
        ANNA.replace("END:VCARD\r\n", ""),
        ANNA.replace("FN:Anna", "FN:An\r\n na"),
        ANNA.replace("FN:Anna", "F\x00N:x\r\nFN:\x07Anna\x1b"),
        ANNA.replace("FN:", "FN;CHARSET=hex;ENCODING=8BIT;X=;=;:"),
        ANNA.replace("FN:", 'FN;X="no end:'),
        ANNA.replace("FN:Anna", "FN;ENCODING=b:QW5uYQ=="),
        ANNA.replace("FN:Anna\r\nTEL:08-1", "TEL:08-1\r\nFN;ENCODING=QUOTED-PRINTABLE:Anna="),
        ANNA.replace("FN:Anna", "just a line\r\n: \r\n;;;\r\nFN:Anna"),
        ANNA.replace("FN:Anna", "AGENT:\r\n" + ANNA.replace("Anna", "Agent") + "FN:Anna"),
        ANNA.replace("FN:Anna", "FN:\r\nN:;Anna;;;"),
    ],
)  # fmt: skip
def test_one_and_the_same(text):
    found = one(text)
    assert (found.name, [number.written for number in found.numbers]) == ("Anna", ["08-1"])


def test_bytes_that_are_no_utf_8_are_read_by_their_charset_or_as_windows_writes():
    for name, charset in (("ISO-8859-1", "latin-1"), ("KOI8-R", "koi8-r"), ("x-unknown", "cp1252"), ("", "cp1252")):
        written = "Жанна" if charset == "koi8-r" else "Änna"
        head = f"{HEAD}FN;CHARSET={name}:" if name else f"{HEAD}FN:"
        assert one(head.encode() + written.encode(charset) + b"\r\nTEL:1\r\nEND:VCARD").name == written


def test_old_folds_keep_their_space():
    text = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Anna\r\n Ek\r\nTEL:1\r\nEND:VCARD"
    assert (one(text).name, one(text.replace("2.1", "3.0")).name) == ("Anna Ek", "AnnaEk")


def test_a_missing_end_ends_where_the_next_card_begins():
    text = ANNA.replace("END:VCARD\r\n", "") + ANNA.replace("Anna", "Bodil")
    assert [(contact(card, "k").name, card.ended) for card in cards(text)] == [("Anna", False), ("Bodil", True)]


@pytest.mark.parametrize("text", ["", "junk", "BEGIN:VCALENDAR\r\nEND:VCALENDAR", f"{HEAD}NOTE:x\r\nEND:VCARD"])
def test_what_names_nobody_is_unreadable(text):
    with pytest.raises(Unreadable):
        read(text, "k")


@pytest.mark.parametrize(
    ("lines", "name"),
    [("ORG:Räv AB;Inköp", "Räv AB"), ("NICKNAME:Ann", "Ann"), ("EMAIL:a@example.com", "a@example.com"), ("", "08-1")],
)
def test_who_has_no_name_is_called_by_what_there_is(lines, name):
    assert one(f"{HEAD}{lines}\r\nTEL:08-1\r\nEND:VCARD").name == name


def test_a_name_is_one_line_of_visible_characters():
    found = one(f"{HEAD}FN:  A\\nn\u202en\u0000a\u2028 \ud800 A\u030a\\, \\;\\\\ \r\nTEL:1\r\nEND:VCARD")
    assert found.name == "A nn a \ufffd Å, ;\\"


def test_of_very_many_numbers_fifty_are_kept():
    lines = "".join(f"TEL;TYPE={'HOME' if n < 100 else 'WORK'}:08-{n}\r\n" for n in range(200))
    found = one(f"{HEAD}FN:A\r\n{lines}END:VCARD")
    assert [number.written for number in found.numbers] == [f"08-{n}" for n in range(100, 150)]


@pytest.mark.parametrize("number", ["", "none", "tel:", "sip:anna@example.com", "1" * 100, "tel:;ext=", "\u202a\u202c"])
def test_what_is_no_number_is_none(number):
    assert one(f"{HEAD}FN:A\r\nTEL:{number}\r\nEND:VCARD").numbers == ()


MANY = 50_000


@pytest.mark.parametrize(
    "inside",
    [
        "PHOTO;ENCODING=b:" + "\r\n ".join(["A" * 74] * 140_000),
        "PHOTO:" + "A" * 10 * 2**20,
        "TEL" + ";a=b" * MANY,
        "TEL" + ";" * MANY + ":1",
        "TEL;X=" + '"' * MANY,
        "TEL;X=" + ',"a"' * MANY + ":1",
        "TEL;TYPE=" + "a," * (LONGEST // 2 - 20) + ":1",
        "N:" + ";" * MANY,
        "N:" + "\\" * (LONGEST - 10),
        "TEL\r\n" * MANY,
        "TEL:1\r\n" * MANY,
        "FN:A" + "\r\n a" * MANY,
        "FN;ENCODING=QUOTED-PRINTABLE:" + "=\r\n" * MANY,
        "NOTE;ENCODING=QUOTED-PRINTABLE:" + "=\r\n" * MANY,
        "AGENT:\r\nBEGIN:VCARD\r\n" * MANY,
        "BEGIN:VCARD\r\n" * MANY,
        "END:VCARD\r\n" * MANY,
        "a" * MANY,
        "a." * MANY + "TEL:1",
        "X-ABLabel:" + "aB" * 1_900,
        "TEL:tel:" + "%;=" * 1_300,
        "FN:" + "\u0301" * 3_900,
    ],
)
def test_nothing_takes_long(inside):
    text = f"{HEAD}FN:Anna\r\n{inside}\r\nTEL:08-1\r\nEND:VCARD\r\n"
    began = time.process_time()
    for card in cards(text):
        assert sum(len(some) for some in card.properties.values()) <= 500
    assert time.process_time() - began < MOST_SECONDS
    with suppress(Unreadable):
        read(text, "k")
    assert time.process_time() - began < 2 * MOST_SECONDS


PIECES = st.sampled_from([
    "BEGIN:VCARD", "END:VCARD", "VERSION:2.1", "VERSION:4.0", "FN", "N", "TEL", "item1.", "AGENT:", "EMAIL",
    "KIND:group", ";TYPE=", ";CHARSET=", ";ENCODING=", "QUOTED-PRINTABLE", "BASE64", "work", '"', ",", ":", ";", "=",
    "=C3", "\\", "\\n", "\r\n", "\r\n ", "\n\t", "+46", "tel:", "@", "ö", "\udcff", "\x00", "\ud800", "X-ABLabel:",
    "_$!<HomeFAX>!$_", "%C3",
])  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_is_too_strange(text):
    text = f"{HEAD}{text}" if isinstance(text, str) else HEAD.encode() + text
    try:
        found = read(text, "k")
    except Unreadable:
        return
    if found is not None:
        texts = (found.name, found.given, found.family, found.company, found.title, *found.emails)
        assert found.name
        assert len(found.numbers) <= 50
        for some in (*texts, *(number.written for number in found.numbers)):
            assert len(some.encode()) <= 4 * 256, "it can be written, and is short"
            assert some.isprintable() or not any(ord(character) < 32 for character in some)
            assert some == some.strip()
