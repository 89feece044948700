"""The UID that all copies of a meeting share, whatever server they are on. Pure.

Exchange makes it of a Global Object ID ([MS-OXOCAL] 2.2.1.27 and 28), written in hexadecimal, which holds the day of
an occurrence where that is an item of its own: Exchange 2007 tells it so to who was asked to one occurrence alone
(Microsoft, "EWS: UID not always the same for orphaned instances of the same meeting"). The UID of a meeting from
elsewhere may be wrapped into one; [MS-OXCICAL] 2.1.3.1.1.20.26 says how they are told apart.
"""

import re

GLOBAL = re.compile(r"040000008200E00074C5B7101A82E008(?:[0-9A-F]{2}){25,}", re.IGNORECASE | re.ASCII)
DAY = slice(32, 40)
DATA = 80  # where what is unique begins, in digits
ELSEWHERE = "7643616C2D55696401000000"  # "vCal-Uid", and a version


def shared(uid: str, occurs: bool) -> str:
    """Return the UID that the organiser's copy has; `occurs`: a day in it is told by something else as well."""
    if GLOBAL.fullmatch(uid) is None:
        return uid
    digits = uid.upper()
    if digits.startswith(ELSEWHERE, DATA):
        return _wrapped(bytes.fromhex(digits[DATA + len(ELSEWHERE) :])) or digits
    return f"{digits[: DAY.start]}00000000{digits[DAY.stop :]}" if occurs else digits


def _wrapped(text: bytes) -> str:
    """Return the UID that was wrapped, "" where it cannot be read."""
    try:
        uid = text.partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        return ""
    return uid.strip() if uid.isprintable() else ""
