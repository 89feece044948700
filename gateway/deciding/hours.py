"""Working hours as people write them: `mon-fri 08:00-17:00; sat 10:00-12:00 13:00-15:00`. Pure.

Until 00:00 is until midnight, so `mon-sun 00:00-00:00` is always; 22:00-06:00 runs into the next day.
"""

import re
from collections.abc import Mapping
from datetime import time

from gateway.errors import Misconfigured

FIELD = "hours"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REMEDY = "write them like `mon-fri 08:00-12:00 13:00-17:00; sat 10:00-14:00`, or `none`"

Week = Mapping[int, tuple[tuple[time, time], ...]]

_SPAN = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})")


def read_week(text: str) -> Week:
    """Read working hours; days that are not named are free. Raises `Misconfigured`."""
    if text.strip().lower() == "none":
        return {}
    week: dict[int, tuple[tuple[time, time], ...]] = {}
    for part in filter(None, (part.strip().lower() for part in text.split(";"))):
        days, *spans = part.split()
        if not spans:
            raise _wrong("working hours {value}: no times for {day}", text, days)
        for day in _days(days, text):
            if day in week:
                raise _wrong("working hours {value}: {day} comes twice", text, DAYS[day])
            week[day] = tuple(_span(span, text) for span in spans)
    if not week:
        raise _wrong("working hours {value}: nothing is said", text)
    return dict(sorted(week.items()))


def write_week(week: Week) -> str:
    """Return working hours in the form that `read_week` reads, equal days together."""
    parts: list[tuple[int, int, str]] = []
    for day in range(7):
        spans = " ".join(f"{start:%H:%M}-{until:%H:%M}" for start, until in week.get(day, ()))
        if not spans:
            continue
        if parts and parts[-1][1] == day - 1 and parts[-1][2] == spans:
            parts[-1] = (parts[-1][0], day, spans)
        else:
            parts.append((day, day, spans))
    named = ((DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}", spans) for first, last, spans in parts)
    return "; ".join(f"{days} {spans}" for days, spans in named) or "none"


def _days(text: str, whole: str) -> range:
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise _wrong("working hours {value}: {day} is no day, nor days", whole, text)
    from_, to = DAYS.index(first), DAYS.index(last or first)
    if to < from_:
        raise _wrong("working hours {value}: {day} runs backwards", whole, text)
    return range(from_, to + 1)


def _span(text: str, whole: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text)
    try:
        start, until = (time.fromisoformat(one.rjust(5, "0")) for one in found.groups()) if found else (None, None)
    except ValueError:
        start = until = None
    if start is None or until is None or (start == until and start != time()):
        raise _wrong("working hours {value}: {day} is no span of time", whole, text)
    return start, until


def _wrong(said: str, value: str, day: str = "") -> Misconfigured:
    return Misconfigured(said, REMEDY, field=FIELD, value=repr(value), day=day)
