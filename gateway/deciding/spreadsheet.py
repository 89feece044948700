"""What goes into a CSV file that a spreadsheet may open. Pure."""

import re
from collections.abc import Iterable

# A spreadsheet would calculate what begins with one of these; a number in its usual signs does it no harm.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 ()/.-]*\Z)")


def cells(fields: Iterable[str]) -> list[str]:
    """Return fields as cells that are nothing but text: one that would be calculated gets an apostrophe before it."""
    return [f"'{field}" if _FORMULA.match(field) else field for field in fields]
