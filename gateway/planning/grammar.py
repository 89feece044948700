"""What the values that a PBX holds are made of (dialplan/README.md): seconds, numbers, sections, and nothing else.

Strict both ways: what one would not have written, the other refuses with `ValueError`. No text from a calendar fits.
"""

import re
from datetime import UTC, datetime, timedelta

from gateway.planning.targets import is_number

LIMIT = 1_000  # bytes of a value
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
_COUNT = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_FLAGS = re.compile(r"[a-z]{0,26}", re.ASCII)


def parts(text: str, mark: str, least: int, most: int | None) -> list[str]:
    """Return what stands between the marks. Raises `ValueError` when that is fewer or more."""
    found = text.split(mark)
    checked(len(found) >= least and (most is None or len(found) <= most), "number of parts")
    return found


def counted(text: str) -> int:
    """Return a number of 1 to 12 digits that has no leading zeros. Raises `ValueError`."""
    return int(checked(_COUNT.fullmatch(text) is not None, text))


def count(number: int) -> str:
    """Return `number` written so that `counted` reads it. Raises `ValueError` where it cannot."""
    return checked(_COUNT.fullmatch(str(number)) is not None, str(number))


def whole(instant: datetime) -> datetime:
    """Return an instant in UTC without parts of a second, which no value has room for."""
    return instant.astimezone(UTC).replace(microsecond=0)


def seconds(instant: datetime, since: datetime) -> str:
    """Return the whole seconds from `since` to `instant`. Raises `ValueError` for parts of them, and a past."""
    many, rest = divmod(instant.astimezone(UTC) - since.astimezone(UTC), SECOND)
    checked(not rest, str(rest))
    return count(many)


def span(text: str) -> timedelta:
    """Return what `seconds` has written. Raises `ValueError`."""
    return counted(text) * SECOND


def instant(text: str, since: datetime) -> datetime:
    """Return the instant so many seconds after `since`. Raises `ValueError`, also where no calendar has it."""
    return moved(since, span(text))


def moved(instant: datetime, by: timedelta) -> datetime:
    """Return `instant + by`. Raises `ValueError` where no calendar has it."""
    try:
        return instant + by
    except OverflowError as error:
        raise ValueError(_refusal(str(by))) from error


def number(given: str | None) -> str:
    """Return a number that can be dialled, "" for none. Raises `ValueError`."""
    return checked(not given or is_number(given), given or "")


def flags(given: str) -> str:
    """Return letters that each say something, "" for none. Raises `ValueError`."""
    return checked(_FLAGS.fullmatch(given) is not None, given)


def checked(fits: bool, text: str) -> str:
    """Return `text`. Raises `ValueError` unless it `fits`."""
    if not fits:
        raise ValueError(_refusal(text))
    return text


def _refusal(text: str) -> str:
    return f"a PBX's value has no room for {text[:40]!r}"
