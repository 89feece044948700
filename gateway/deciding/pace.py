"""How often something is read, as an administrator gives it and as it is told: `90`, `15m`, `2h`, `off`. Pure."""

import re

from gateway.deciding.given import wrong

SHORTEST, LONGEST = 10, 86400  # seconds
UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_PACE = re.compile(r"([0-9]{1,6}) *(s|m|min|h|)", re.ASCII)


def pace(field: str, value: str) -> int | None:
    """Return seconds, or None for `off`. Raises `Misconfigured`."""
    if value.strip().lower() == "off":
        return None
    found = _PACE.fullmatch(value.strip().lower())
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not SHORTEST <= seconds <= LONGEST:
        remedy = "give seconds (90), minutes (15m), hours (2h), from ten seconds to a day, or off"
        raise wrong(field, value, "is no time between two readings", remedy)
    return seconds


def paced(seconds: int | None) -> str:
    """Return it in words."""
    if seconds is None:
        return "only by ringplan sync"
    for unit, of in ((3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"each {seconds // unit} {of}"
    return f"each {seconds} s"


def as_given(seconds: int | None) -> str:
    """Return it as `pace` reads it."""
    if seconds is None:
        return "off"
    return f"{seconds // 60}m" if seconds % 60 == 0 else str(seconds)
