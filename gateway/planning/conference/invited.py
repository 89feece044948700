"""The value that a PBX holds for one user: to which conferences they are asked (`ringplan-invited`). Pure.

By it the user joins with a star code, and gets into a room without its PIN. The grammar is that of dialplan/README.md;
only times, digits and the beginning of a key can get in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gateway.domain.conference import Conference, Room
from gateway.planning.conference.room import is_name
from gateway.planning.fitting import AHEAD, fitting, full_hour
from gateway.planning.grammar import EPOCH, LIMIT, checked, instant, number, parts, seconds, whole

VERSION = "1"
SHORTEST = len("|0-1-1-0123456789ab")  # what a window takes at least


@dataclass(frozen=True, slots=True)
class Window:
    """The conference `name` is behind `room` from `opens` until `closes`: aware times, in whole seconds."""

    opens: datetime
    closes: datetime
    room: Room
    name: str


@dataclass(frozen=True, slots=True)
class Invitations:
    """`windows` are in order; none opens before `base`."""

    base: datetime
    windows: tuple[Window, ...] = ()


def write(invitations: Invitations) -> str:
    """Return the value, ASCII. Raises `ValueError` for anything that the format has no room for."""
    _check_order(invitations)
    windows = (_write_window(window, invitations.base) for window in invitations.windows)
    return "|".join((VERSION, seconds(invitations.base, EPOCH), *windows))


def parse(text: str) -> Invitations:
    """Return what `write` was given. Raises `ValueError` for whatever it would not have written."""
    version, base_text, *windows = parts(text, "|", 2, None)
    checked(version == VERSION, version)
    base = instant(base_text, EPOCH)
    invitations = Invitations(base, tuple(_parse_window(window, base) for window in windows))
    _check_order(invitations)
    return invitations


def of(conferences: Iterable[Conference], now: datetime, limit: int = LIMIT) -> tuple[str | None, int]:
    """Return what a user holds at `now` who is asked to these `conferences`, and how many windows are left out.

    What is over, cancelled, without a room, or opens later than 24 hours after the full hour is not held. The last
    ones are left out where the value would be longer than `limit` bytes.
    """
    hour = full_hour(now)
    cover = hour + AHEAD
    near = [
        Window(whole(one.opens), whole(one.closes), one.room, one.name)
        for one in conferences
        if one.room and not one.cancelled and one.opens < cover and now < one.closes
    ]
    windows = tuple(sorted((window for window in near if window.opens < window.closes), key=_order))
    if not windows:
        return None, 0
    invitations = Invitations(min(hour, windows[0].opens), windows)
    value, kept = fitting(len(windows), partial(_first, invitations), limit, SHORTEST)
    return value, len(windows) - kept


def _first(invitations: Invitations, many: int) -> str:
    return write(replace(invitations, windows=invitations.windows[:many]))


def _order(window: Window) -> tuple[datetime, str]:
    return window.opens, window.name


def _check_order(invitations: Invitations) -> None:
    opens = [window.opens for window in invitations.windows]
    checked(opens == sorted(opens), "windows")


def _write_window(window: Window, base: datetime) -> str:
    _check(window)
    return "-".join((seconds(window.opens, base), seconds(window.closes, base), window.room, window.name))


def _parse_window(text: str, base: datetime) -> Window:
    opens, closes, room, name = parts(text, "-", 4, 4)
    window = Window(instant(opens, base), instant(closes, base), room, name)
    _check(window)
    return window


def _check(window: Window) -> None:
    checked(window.opens < window.closes, "times")
    checked(bool(number(window.room)), "room")
    checked(is_name(window.name), window.name)
