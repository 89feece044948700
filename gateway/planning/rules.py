"""What an organisation has decided, as planning needs it, and what a calendar was found to say under it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from gateway.domain.code import NEUTRAL, NEUTRAL_TEXTS, Code
from gateway.domain.diversion import Diversion
from gateway.domain.user import Extension, Organisation

_DIGIT = re.compile(r"[1-9][0-9]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rules:
    """`extensions` are all numbers of users.

    `by_name`, `by_digit` and `by_key` find a code by what people write, by what they dial, and by its key; where two
    codes share one, the first has it. `sections` keeps what `phone` has made of the codes, which is the same for most.
    """

    organisation: Organisation
    codes: tuple[Code, ...]
    extensions: frozenset[Extension] = frozenset()
    by_name: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    by_digit: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    by_key: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    sections: dict[object, tuple[str, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        first = tuple(reversed(self.codes))
        object.__setattr__(self, "by_name", {folded(name): code for code in first for name in code.names})
        digits = {code.digit: code for code in first if code.digit and is_digit(code.digit)}
        object.__setattr__(self, "by_digit", digits)
        object.__setattr__(self, "by_key", {code.key: code for code in first})


class Remark(Enum):
    """Something in a calendar that did not come to what its owner may have meant; counted, never quoted."""

    WITHHELD = "withheld"
    TARGET_REFUSED = "target_refused"
    TARGET_NOT_OWN = "target_not_own"
    SUBJECT_TOO_LONG = "subject_too_long"
    LASTS_TOO_LONG = "lasts_too_long"
    SAME_ITEM_TWICE = "same_item_twice"
    ORGANISER_UNKNOWN = "organiser_unknown"
    CONFERENCE_TOO_LONG = "conference_too_long"


@dataclass(frozen=True, slots=True)
class Found:
    """What one user's calendars ask for; `remarks` holds only counts above zero."""

    diversions: tuple[Diversion, ...] = ()
    remarks: Mapping[Remark, int] = field(default_factory=dict)


def is_digit(text: str) -> bool:
    """Say whether a code can be dialled by `text`: 1 to 99, as 0 is what ends an absence."""
    return _DIGIT.fullmatch(text) is not None


def discreet(code: Code) -> Code:
    """Return `code` as it may be named to others: of a sensitive one nothing that tells it from its like."""
    if not code.sensitive:
        return code
    return replace(code, key=NEUTRAL, names=(), reason=NEUTRAL, texts=NEUTRAL_TEXTS, digit=None)


def folded(name: str) -> str:
    """Return the form in which names of codes are compared: `mo` + combining diaeresis + `t` is `MÖT`."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
