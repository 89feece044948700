"""Rule mode: "show as" decides instead of a code (CODES.md, "Rule mode without codes").

Items shown as busy or out of office divert; free, tentative and working elsewhere do not. What such a diversion does
is in two codes of the organisation, which have these keys; without them nothing diverts.
"""

from gateway.domain.appointment import ShowAs
from gateway.domain.code import Code
from gateway.planning.rules import Rules

BUSY = "show_as_busy"
OUT = "show_as_out"
KEYS = {ShowAs.BUSY: BUSY, ShowAs.OUT: OUT}


def code_of(shown_as: ShowAs, rules: Rules) -> Code | None:
    """Return the code that an item shown as `shown_as` stands for, None: it does not divert."""
    return rules.by_key.get(KEYS.get(shown_as, ""))
