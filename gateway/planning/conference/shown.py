"""What a telephone may show of a meeting's subject (CODES.md, "Privacy, as promised to users"). Pure."""

import unicodedata

from gateway.domain.appointment import Appointment
from gateway.planning.codes import LONGEST_SUBJECT, marked
from gateway.planning.rules import Rules

LONGEST = 40


def subject_of(item: Appointment, rules: Rules) -> str:
    """Return the letters, digits and single spaces of the subject, at most 40 characters.

    Nothing of a private meeting, one whose subject is withheld, or one with a sensitive code; neither a code itself,
    nor what stands behind the organisation's marker.
    """
    if item.private or item.subject is None:
        return ""
    subject = item.subject[:LONGEST_SUBJECT]
    said = marked(subject, rules)
    if said is not None and said.code.sensitive:
        return ""
    return plain(_before(rules.organisation.marker, said.text if said else subject))


def plain(text: str) -> str:
    """Return the letters, digits and single spaces of `text`, at most 40 characters; all else parts words."""
    letters = (letter if _is_plain(letter) else " " for letter in unicodedata.normalize("NFC", text))
    return " ".join("".join(letters).split())[:LONGEST].rstrip()


def _is_plain(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "L" or unicodedata.category(letter) == "Nd"


def _before(marker: str, text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return composed.partition(unicodedata.normalize("NFC", marker))[0] if marker else composed
