"""Numbers outside, as people write them in their contacts, and as conferences may dial them. Pure.

Calls over a trunk cost money: nothing is dialled that no pattern of `Organisation.outside` permits.
"""

import re
from collections.abc import Collection

from gateway.planning.targets import is_permitted

INTERNATIONAL = "00"
_BETWEEN = re.compile(r"[\s()./-]+")


def dialled(written: str, permitted: Collection[str]) -> str | None:
    """Return the digits that reach `written` ("+46 8 500 100": `00468500100`), None where they are not `permitted`.

    `+` becomes `00`, and an international number loses the `(0)` that is dialled only at home. Something else than
    digits and what people put between them (an extension, a name) is no number.
    """
    number = written.strip()
    if number.startswith("+"):
        number = INTERNATIONAL + number[1:]
    if number.startswith(INTERNATIONAL):
        number = number.replace("(0)", "")
    digits = _BETWEEN.sub("", number)
    return digits if is_permitted(digits, permitted, ()) else None
