"""The value that a PBX holds for one conference room (dialplan/README.md, `ringplan-room`): written and parsed. Pure.

It lets people in while no gateway runs: which conference a caller gets into is what the PBX finds here by its own
clock. Only times, digits, a zone's name and the beginning of a key can get in, and never a text from a calendar.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from gateway.domain.code import LANGUAGES, Language
from gateway.domain.conference import Conference, RoomOf
from gateway.domain.user import User
from gateway.planning.callers import language_of, zone_of
from gateway.planning.fitting import AHEAD, fitting, full_hour
from gateway.planning.grammar import EPOCH, LIMIT, checked, flags, instant, number, parts, seconds, whole
from gateway.planning.rules import Rules
from gateway.planning.schedule import is_zone

VERSION = "1"
RECORDED = "r"
SHORTEST = len("|0-0-1-1-0123456789ab--")  # what a window takes at least
_NAME = re.compile(r"[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """The conference `name` lasts from `start` until before `end`; callers get in from `opens`, and stay to `closes`.

    `moderator`: the number of its organiser's telephone, None: none. `flags`: `r` where it is recorded. Times are
    aware, in whole seconds.
    """

    opens: datetime
    start: datetime
    end: datetime
    closes: datetime
    name: str
    moderator: str | None = None
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Openings:
    """`windows` are in order and do not overlap from start to end; none opens before `base`.

    They are all that open until `cover`, and the next one after that, so that callers can be told when it is: in
    `language`, by the clock of `zone`. `pin`: digits, "" for none.
    """

    zone: str
    base: datetime
    cover: datetime
    language: Language
    pin: str = field(default="", repr=False)
    windows: tuple[Window, ...] = ()


def is_name(name: str) -> bool:
    """Say whether a conference can be called so in a PBX."""
    return _NAME.fullmatch(name) is not None


def write(openings: Openings) -> str:
    """Return the value, ASCII. Raises `ValueError` for anything that the format has no room for."""
    head = (
        seconds(openings.base, EPOCH),
        seconds(openings.cover, openings.base),
        checked(openings.language in LANGUAGES, openings.language),
        number(openings.pin),
    )
    checked(_in_order(openings.windows), "windows")
    windows = (_write_window(window, openings.base) for window in openings.windows)
    return "|".join((VERSION, checked(is_zone(openings.zone), openings.zone), "-".join(head), *windows))


def parse(text: str) -> Openings:
    """Return what `write` was given. Raises `ValueError` for whatever it would not have written."""
    version, zone, head, *windows = parts(text, "|", 3, None)
    checked(version == VERSION, version)
    base_text, cover, language, pin = parts(head, "-", 4, 4)
    base = instant(base_text, EPOCH)
    openings = Openings(
        zone=checked(is_zone(zone), zone),
        base=base,
        cover=instant(cover, base),
        language=checked(language in LANGUAGES, language),
        pin=number(pin),
        windows=tuple(_parse_window(window, base) for window in windows),
    )
    checked(_in_order(openings.windows), "windows")
    return openings


def of(
    room: RoomOf,
    conferences: Iterable[Conference],
    users: Mapping[int, User],
    rules: Rules,
    now: datetime,
    limit: int = LIMIT,
) -> tuple[str | None, int]:
    """Return what `room` holds at `now`, None: nothing, and how many conferences of the next 24 hours are left out.

    `conferences` are those of this room, in any order; `users` all by id. Neither what is over nor what is cancelled
    is held. Left out is what overlaps an earlier one, and the last ones, where the value would have over `limit` bytes.
    """
    running = sorted((one for one in conferences if not one.cancelled and now < one.closes), key=_order)
    hour = full_hour(now)
    cover = hour + AHEAD
    next_one = next((one for one in running if one.opens >= cover), None)
    near = [one for one in running if one.opens < cover or one is next_one]
    apart = _apart(near)
    if not apart:
        return None, len(near)
    windows = tuple(_window(one, room, users) for one in apart)
    organiser = users.get(apart[0].organiser)
    openings = Openings(
        zone=zone_of(organiser) if organiser else "UTC",
        base=min([hour, *(window.opens for window in windows)]),
        cover=cover,
        language=language_of(organiser, rules) if organiser else "en",
        pin=room.pin,
        windows=windows,
    )
    value, kept = fitting(len(windows), partial(_first, openings), limit, SHORTEST)
    return value, len(near) - kept


def _order(conference: Conference) -> tuple[datetime, str]:
    return conference.start, conference.key


def _apart(conferences: Iterable[Conference]) -> list[Conference]:
    apart: list[Conference] = []
    for one in conferences:
        if whole(one.start) < whole(one.end) and (not apart or apart[-1].end <= one.start):
            apart.append(one)
    return apart


def _window(conference: Conference, room: RoomOf, users: Mapping[int, User]) -> Window:
    organiser = users.get(conference.organiser)
    return Window(
        opens=whole(min(conference.opens, conference.start)),
        start=whole(conference.start),
        end=whole(conference.end),
        closes=whole(max(conference.closes, conference.end)),
        name=conference.name,
        moderator=organiser.extension if organiser else None,
        flags=RECORDED if room.recorded else "",
    )


def _first(openings: Openings, many: int) -> str:
    known = min([openings.cover, *(window.opens for window in openings.windows[many : many + 1])])
    return write(replace(openings, windows=openings.windows[:many], cover=known))


def _write_window(window: Window, base: datetime) -> str:
    checked(window.opens <= window.start < window.end <= window.closes, "times")
    return "-".join(
        (
            seconds(window.opens, base),
            seconds(window.start, base),
            seconds(window.end, base),
            seconds(window.closes, base),
            checked(is_name(window.name), window.name),
            number(window.moderator),
            flags(window.flags),
        )
    )


def _parse_window(text: str, base: datetime) -> Window:
    opens, start, end, closes, name, moderator, marks = parts(text, "-", 7, 7)
    window = Window(
        opens=instant(opens, base),
        start=instant(start, base),
        end=instant(end, base),
        closes=instant(closes, base),
        name=checked(is_name(name), name),
        moderator=number(moderator) or None,
        flags=flags(marks),
    )
    checked(window.opens <= window.start < window.end <= window.closes, "times")
    return window


def _in_order(windows: tuple[Window, ...]) -> bool:
    return all(one.end <= other.start for one, other in itertools.pairwise(windows))
