"""The value that a PBX holds for one extension (dialplan/README.md, "The schedule, version 2"): written and parsed.

Only what the grammar names can get in: numbers of ASCII digits, a zone's name, reason keys, letters of the table. It
has no room for a text from a calendar.
"""

import itertools
import re
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.code import LANGUAGES, Behaviour, Language, Treatment
from gateway.planning.grammar import EPOCH, checked, flags, instant, moved, number, parts, seconds, span

VERSION = "2"
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", re.ASCII)
_REASON = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """In force from `start` until before `end`; callers hear `back`. Times are aware, in whole seconds.

    `begun`: when what is in force began, where that was before `start`: it comes back after something else. None:
    at `start`. Whoever is ended by hand at an instant has begun not later.
    """

    start: datetime
    end: datetime
    back: datetime
    internal: Treatment
    external: Treatment
    reason: str
    target: str | None = None
    flags: str = ""
    begun: datetime | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """`windows` do not overlap and are in order; none lies before `base`; beyond `cover` nothing is known."""

    zone: str
    base: datetime
    cover: datetime
    language: Language
    operator: str | None = None
    windows: tuple[Window, ...] = ()

    def at(self, now: datetime) -> Window | None:
        """Return the window that decides a call at `now`, as the dialplan finds it."""
        return next((window for window in self.windows if window.start <= now < window.end), None)


def is_zone(name: str) -> bool:
    """Say whether a schedule can carry this zone's name."""
    return _ZONE.fullmatch(name) is not None


def is_reason(key: str) -> bool:
    """Say whether a schedule can carry this reason key."""
    return _REASON.fullmatch(key) is not None


def write(schedule: Schedule) -> str:
    """Return the value, ASCII. Raises `ValueError` for anything that the format has no room for."""
    head = (
        seconds(schedule.base, EPOCH),
        seconds(schedule.cover, schedule.base),
        checked(schedule.language in LANGUAGES, schedule.language),
        number(schedule.operator),
    )
    checked(_in_order(schedule.windows), "windows")
    windows = (write_window(window, schedule.base) for window in schedule.windows)
    return "|".join((VERSION, checked(is_zone(schedule.zone), schedule.zone), "-".join(head), *windows))


def write_window(window: Window, base: datetime) -> str:
    """Return one window's section. Raises `ValueError` like `write`."""
    checked(window.start < window.end <= window.back, "times")
    return "-".join(
        (
            seconds(window.start, base),
            seconds(window.end, base),
            seconds(window.back, base),
            seconds(window.start, window.begun or window.start),
            letters(window.internal),
            letters(window.external),
            checked(is_reason(window.reason), window.reason),
            number(window.target),
            flags(window.flags),
        )
    )


def parse(text: str) -> Schedule:
    """Return what `write` was given. Raises `ValueError` for whatever it would not have written."""
    version, zone, head, *windows = parts(text, "|", 3, None)
    checked(version == VERSION, version)
    base_text, cover, language, operator = parts(head, "-", 4, 4)
    base = instant(base_text, EPOCH)
    schedule = Schedule(
        zone=checked(is_zone(zone), zone),
        base=base,
        cover=instant(cover, base),
        language=checked(language in LANGUAGES, language),
        operator=number(operator) or None,
        windows=tuple(parse_window(window, base) for window in windows),
    )
    checked(_in_order(schedule.windows), "windows")
    return schedule


def parse_window(text: str, base: datetime) -> Window:
    """Return what `write_window` was given. Raises `ValueError` for whatever it would not have written."""
    from_, end, back, begun, internal, external, reason, target, marks = parts(text, "-", 9, 9)
    start, before = instant(from_, base), span(begun)
    window = Window(
        start=start,
        end=instant(end, base),
        back=instant(back, base),
        internal=_treatment(internal),
        external=_treatment(external),
        reason=checked(is_reason(reason), reason),
        target=number(target) or None,
        flags=flags(marks),
        begun=moved(start, -before) if before else None,
    )
    checked(window.start < window.end <= window.back, "times")
    return window


def _in_order(windows: tuple[Window, ...]) -> bool:
    return all(one.end <= other.start for one, other in itertools.pairwise(windows))


def letters(treatment: Treatment) -> str:
    """Return the two letters of the table."""
    return ("a" if treatment.announce else "q") + treatment.then.value


def _treatment(text: str) -> Treatment:
    checked(len(text) == 2 and text[0] in "aq", text)
    return Treatment(text[0] == "a", Behaviour(text[1]))
