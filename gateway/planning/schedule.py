"""The value that a PBX holds for one extension (dialplan/README.md, "The schedule, version 1"): written and parsed.

Only what the grammar names can get in: numbers of ASCII digits, a zone's name, reason keys, letters of the table. It
has no room for a text from a calendar.
"""

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.domain.code import LANGUAGES, Behaviour, Language, Treatment
from gateway.planning.targets import is_number

VERSION = "1"
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", re.ASCII)
_REASON = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
_FLAGS = re.compile(r"[a-z]{0,26}", re.ASCII)
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """In force from `start` until before `end`; callers hear `back`. Times are aware, in whole seconds."""

    start: datetime
    end: datetime
    back: datetime
    internal: Treatment
    external: Treatment
    reason: str
    target: str | None = None
    flags: str = ""


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
        _seconds(schedule.base, _EPOCH),
        _seconds(schedule.cover, schedule.base),
        _checked(schedule.language in LANGUAGES, schedule.language),
        _number(schedule.operator),
    )
    _checked(_in_order(schedule.windows), "windows")
    windows = (write_window(window, schedule.base) for window in schedule.windows)
    return "|".join((VERSION, _checked(is_zone(schedule.zone), schedule.zone), "-".join(head), *windows))


def write_window(window: Window, base: datetime) -> str:
    """Return one window's section. Raises `ValueError` like `write`."""
    _checked(window.start < window.end <= window.back, "times")
    return "-".join(
        (
            _seconds(window.start, base),
            _seconds(window.end, base),
            _seconds(window.back, base),
            _letters(window.internal),
            _letters(window.external),
            _checked(is_reason(window.reason), window.reason),
            _number(window.target),
            _checked(_FLAGS.fullmatch(window.flags) is not None, window.flags),
        )
    )


def parse(text: str) -> Schedule:
    """Return what `write` was given. Raises `ValueError` for whatever it would not have written."""
    version, zone, head, *windows = _split(text, "|", 3, None)
    _checked(version == VERSION, version)
    base_text, cover, language, operator = _split(head, "-", 4, 4)
    base = _instant(base_text, _EPOCH)
    schedule = Schedule(
        zone=_checked(is_zone(zone), zone),
        base=base,
        cover=_instant(cover, base),
        language=_checked(language in LANGUAGES, language),
        operator=_number(operator) or None,
        windows=tuple(_parse_window(window, base) for window in windows),
    )
    _checked(_in_order(schedule.windows), "windows")
    return schedule


def _parse_window(text: str, base: datetime) -> Window:
    start, end, back, internal, external, reason, target, flags = _split(text, "-", 8, 8)
    window = Window(
        start=_instant(start, base),
        end=_instant(end, base),
        back=_instant(back, base),
        internal=_treatment(internal),
        external=_treatment(external),
        reason=_checked(is_reason(reason), reason),
        target=_number(target) or None,
        flags=_checked(_FLAGS.fullmatch(flags) is not None, flags),
    )
    _checked(window.start < window.end <= window.back, "times")
    return window


def _in_order(windows: tuple[Window, ...]) -> bool:
    return all(one.end <= other.start for one, other in itertools.pairwise(windows))


def _split(text: str, mark: str, least: int, most: int | None) -> list[str]:
    parts = text.split(mark)
    _checked(len(parts) >= least and (most is None or len(parts) <= most), "number of parts")
    return parts


def _seconds(instant: datetime, since: datetime) -> str:
    seconds, rest = divmod(instant.astimezone(UTC) - since.astimezone(UTC), _SECOND)
    return _checked(not rest and seconds >= 0, str(seconds))


def _instant(text: str, since: datetime) -> datetime:
    _checked(_SECONDS.fullmatch(text) is not None, text)
    try:
        return since + int(text) * _SECOND
    except OverflowError as error:
        raise ValueError(_refusal(text)) from error


def _letters(treatment: Treatment) -> str:
    return ("a" if treatment.announce else "q") + treatment.then.value


def _treatment(text: str) -> Treatment:
    _checked(len(text) == 2 and text[0] in "aq", text)
    return Treatment(text[0] == "a", Behaviour(text[1]))


def _number(number: str | None) -> str:
    return _checked(not number or is_number(number), number or "")


def _checked(fits: bool, text: str) -> str:
    if not fits:
        raise ValueError(_refusal(text))
    return text


def _refusal(text: str) -> str:
    return f"a schedule has no room for {text[:40]!r}"
