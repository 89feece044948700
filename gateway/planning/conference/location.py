"""What a meeting's location asks for (CODES.md, "Conferences from the calendar"). Pure.

The word `PBX` plans a conference, `PBX AUTOCALL` (one space) also calls everybody; in any case, whatever else is
written there. A word stands between characters that are no letters, digits, `-` or `_`; one that a dot or an `@`
joins to another (`pbx.example.org`) is part of an address, and no word.
"""

import re
import unicodedata
from enum import Enum

_ACCENT = r"\u0300-\u036f"  # of a letter that has no form of its own with it
_WORD = re.compile(rf"(?<![\w-])(?<!\w[.@])PBX(?P<called> AUTOCALL)?(?![\w{_ACCENT}-])(?![.@]\w)", re.IGNORECASE)


class Asked(Enum):
    """What is asked for: a conference, or one to whose start everybody is called."""

    CONFERENCE = "conference"
    AUTOCALL = "autocall"


def asked(location: str) -> Asked | None:
    """Return what `location` asks for; where it says so twice, being called counts."""
    found = [word["called"] is not None for word in _WORD.finditer(unicodedata.normalize("NFC", location))]
    if not found:
        return None
    return Asked.AUTOCALL if any(found) else Asked.CONFERENCE
