"""How much of what begins within the next day goes into one value that a PBX holds. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(hours=24)  # from the full hour, so that a value that nothing happens to is the same for an hour


def full_hour(now: datetime) -> datetime:
    """Return the last full hour, in UTC."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def fitting(windows: int, write: Callable[[int], str], limit: int, shortest: int) -> tuple[str | None, int]:
    """Return the value of the first so many windows that `limit` bytes have room for, and how many those are.

    `write` makes a value of the first so many. A window takes at least `shortest` bytes, so that a great many of them
    cost little. None where not even one has room.
    """
    for kept in range(min(windows, limit // shortest), 0, -1):
        value = write(kept)
        if len(value) <= limit:
            return value, kept
    return None, 0
