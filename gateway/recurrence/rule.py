"""A recurrence rule as written. Pure.

RFC 5545 section 3.3.10; RSCALE and SKIP (RFC 7529) only as far as they change nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.recurrence.unreadable import Unreadable

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
DAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
LISTS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 60),
    "BYSETPOS": (-366, 366),
}
ZERO = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
MOST = 800  # entries of one list: more than any list has different ones
DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE; `until_utc`: `until` is UTC, else local. `days`: (weekday, which: 0 each, 1 first, -1 last …)."""

    frequency: str
    interval: int
    count: int | None
    until: datetime | None
    until_utc: bool
    week_start: int
    days: tuple[tuple[int, int], ...]
    lists: dict[str, tuple[int, ...]]

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read an RRULE's value. Raises `Unreadable`."""
        parts = dict(_part(part) for part in text.strip().upper().split(";") if part)
        parts = {key: value for key, value in parts.items() if not key.startswith("X-")}
        if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.pop("SKIP", "OMIT") != "OMIT":
            raise Unreadable("a series by another calendar")
        frequency = parts.pop("FREQ", "")
        if frequency not in FREQUENCIES:
            raise Unreadable("a series without a frequency")
        until, until_utc = _until(parts.pop("UNTIL", ""))
        count = parts.pop("COUNT", None)
        rule = cls(
            frequency=frequency,
            interval=_positive(parts.pop("INTERVAL", "1")),
            count=_positive(count) if count is not None else None,
            until=until,
            until_utc=until_utc,
            week_start=_day(parts.pop("WKST", "MO"))[0],
            days=_days(parts.pop("BYDAY")) if "BYDAY" in parts else (),
            lists={key: _numbers(key, parts.pop(key)) for key in LISTS if key in parts},
        )
        if parts:
            raise Unreadable("a series with an unknown part")
        return rule


def _part(part: str) -> tuple[str, str]:
    key, sign, value = part.partition("=")
    if not sign:
        raise Unreadable("a series that is not written in parts")
    return key.strip(), value.strip()


def _until(text: str) -> tuple[datetime | None, bool]:
    """Read UNTIL; a mere date includes that day."""
    if not text:
        return None, False
    match = UNTIL.fullmatch(text)
    if match is None:
        raise Unreadable("a series with a broken end")
    numbers = [int(number) for number in match.groups()[:6] if number is not None]
    try:
        moment = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - `until_utc` says its zone
    except ValueError as error:
        raise Unreadable("a series with a broken end") from error
    return (moment, bool(match[7])) if len(numbers) == 6 else (moment.replace(hour=23, minute=59, second=59), False)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Unreadable("a series with a broken number")
    return int(text)


def _day(text: str) -> tuple[int, int]:
    match = DAY.fullmatch(text.strip())
    if match is None or (match[1] is not None and not 1 <= abs(int(match[1])) <= 53):
        raise Unreadable("a series with a broken weekday")
    return DAYS[match[2]], int(match[1] or 0)


def _days(text: str) -> tuple[tuple[int, int], ...]:
    days = tuple(_day(day) for day in text.split(",", MOST))
    return tuple(dict.fromkeys(days))


def _numbers(key: str, text: str) -> tuple[int, ...]:
    low, high = LISTS[key]
    try:
        numbers = tuple(dict.fromkeys(int(number) for number in text.split(",", MOST)))
    except ValueError as error:
        raise Unreadable("a series with a broken list") from error
    if any(n < low or n > high or (n == 0 and key not in ZERO) for n in numbers):
        raise Unreadable("a series with a broken list")
    return tuple(min(number, 59) for number in numbers) if key == "BYSECOND" else numbers
