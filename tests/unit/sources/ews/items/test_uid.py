"""Which UID a meeting has, by the samples and the grammar of [MS-OXOCAL] and [MS-OXCICAL]."""

import pytest

from gateway.sources.ews.items.uid import shared

HEAD = "040000008200E00074C5B7101A82E008"
REST = "5025D461E473C8010000000000000000100000002A5844B3A444F74A9C246C60886F116B"
SAMPLE = f"{HEAD}07D80319{REST}"  # of an exception that was planned for 25 March 2008
CLEAN = f"{HEAD}00000000{REST}"


def wrapped(uid: bytes, day: str = "00000000") -> str:
    data = b"vCal-Uid\x01\0\0\0" + uid + b"\0"
    return f"{HEAD}{day}{'0' * 32}{len(data).to_bytes(4, 'little').hex()}{data.hex()}"


@pytest.mark.parametrize(
    ("uid", "occurs", "expected"),
    [
        (SAMPLE, True, CLEAN),
        (SAMPLE.lower(), True, CLEAN),
        (CLEAN, True, CLEAN),
        (CLEAN.lower(), False, CLEAN),
        (SAMPLE, False, SAMPLE),
        (wrapped(b"abc-1@example.test"), False, "abc-1@example.test"),
        (wrapped(b"abc-1@example.test", "07D80319").upper(), True, "abc-1@example.test"),
        (wrapped("möte@example.test".encode()), False, "möte@example.test"),
        (wrapped(b"\xff\xfe"), False, wrapped(b"\xff\xfe").upper()),
        (wrapped(b""), False, wrapped(b"").upper()),
        (wrapped(b"a\nb"), False, wrapped(b"a\nb").upper()),
        (SAMPLE[:80], True, SAMPLE[:80]),
        (f"{SAMPLE}0", True, f"{SAMPLE}0"),
        (f"{SAMPLE[:-2]}xy", True, f"{SAMPLE[:-2]}xy"),
        ("c02801d8987f000000050000880000000100000000000000", True, "c02801d8987f000000050000880000000100000000000000"),
        ("a@example.test", True, "a@example.test"),
        ("", False, ""),
    ],
)
def test_a_uid_is_the_one_that_all_copies_share(uid, occurs, expected):
    assert shared(uid, occurs) == expected
