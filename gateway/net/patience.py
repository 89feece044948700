"""How long a server asks to be left alone: `Retry-After` (RFC 9110 section 10.2.3)."""

from email.utils import parsedate_to_datetime

LONGEST = 86400.0  # seconds


def after(retry_after: str, date: str = "") -> float | None:
    """Return the seconds that `Retry-After` means, a number or a date beside the header `Date`; None: nothing."""
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST)
