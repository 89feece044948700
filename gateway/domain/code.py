"""What an organisation's codes (`M:`, `L:`, `GFD:` …) decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Language = str  # "sv", "de" or "en"
LANGUAGES: tuple[Language, ...] = ("sv", "de", "en")


class Behaviour(Enum):
    """Where a caller goes; the values are the letters of the schedule (dialplan/README.md)."""

    TARGET = "t"
    VOICEMAIL = "v"
    OPERATOR = "o"
    BUSY = "b"
    RING = "r"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a caller meets: an announcement of reason and return time or none, and then `then`."""

    announce: bool
    then: Behaviour


class Availability(Enum):
    """What colleagues see; the values are Asterisk's presence states."""

    AVAILABLE = "available"
    AWAY = "away"
    EXTENDED_AWAY = "xa"
    CHAT = "chat"
    DO_NOT_DISTURB = "dnd"


class Takes(Enum):
    """What is dialled behind a code's digit on the telephone."""

    TIME = "time"
    DATE = "date"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Code:
    """`key` is the row's own name; `names` are what people write, upper case (`("M", "MÖT")`).

    `reason` is the key of the spoken reason (`[a-z0-9_]+`, a file per language in the PBX); `texts` the shown reason
    per language. A sensitive code is spoken and shown with the neutral reason `away` (`NEUTRAL`). `target` is the
    number that callers are led to where a treatment says so, None: none is set. `shown`: operators may see the
    description. `until_next_working`: runs until the next working time, whatever the item's end (GFD).
    """

    key: str
    names: tuple[str, ...]
    reason: str
    texts: Mapping[Language, str]
    internal: Treatment
    external: Treatment
    target: str | None = None
    shown: bool = False
    sensitive: bool = False
    availability: Availability = Availability.AWAY
    digit: str | None = None
    takes: Takes = Takes.TIME
    until_next_working: bool = False


NEUTRAL = "away"
NEUTRAL_TEXTS: Mapping[Language, str] = {"sv": "Frånvarande", "de": "Abwesend", "en": "Away"}
