"""What a PBX should hold for one user now: schedule, lamp and presence, and what star codes need. Pure.

The windows are those of the calendar that are in force, and those that begin until 24 hours after the full hour, so a
value that nothing happens to is the same for an hour. `base` is the start of the first window, so it does not move
with `now`. The absence by hand has a value of its own: what runs beneath it must still be known to the dialplan, which
ends it without asking. Lamp and presence tell of both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from gateway.domain.code import NEUTRAL_TEXTS, Behaviour, Code, Language
from gateway.domain.diversion import Diversion
from gateway.domain.held import PRESENT, Held, Lamp, Place, Presence
from gateway.domain.user import User
from gateway.planning import hand
from gateway.planning.callers import language_of, operator_of, reason_of, window_of, zone_of
from gateway.planning.fitting import AHEAD, fitting, full_hour
from gateway.planning.grammar import LIMIT
from gateway.planning.phone import phone, tomorrow
from gateway.planning.rules import Rules
from gateway.planning.schedule import Schedule, write
from gateway.planning.timeline import Segment, of_user, segment_at

HOUR = timedelta(hours=1)
SHORTEST = len("|0-1-1-0-at-at-x--")  # a window takes at least this much, so a calendar full of minutes costs little


@dataclass(frozen=True, slots=True)
class Plan:
    """`held` is for each place of the user; `left_out` windows of the 24 hours did not fit.

    `diverted`: callers are led away now; somebody whose callers hear an announcement and then get through is not.

    At `changes` it may be another plan without anybody changing anything: at a boundary, midnight or the full hour.
    """

    held: Mapping[Place, Held]
    diverted: bool
    left_out: int
    changes: datetime


def plan(
    user: User, asked: Sequence[Diversion], rules: Rules, now: datetime, turn: int = 0, limit: int = LIMIT
) -> Plan:
    """Return what the PBX should hold at `now` for `user`, of whom `asked` are all diversions.

    Each value has at most `limit` bytes. `turn` is that of the last thing dialled that has been taken over.
    """
    calendar = of_user([one for one in asked if not one.by_hand], user, rules)
    whole = of_user(asked, user, rules) if any(one.by_hand for one in asked) else calendar
    schedule, left_out = _schedule(user, calendar, rules, now, limit)
    current = segment_at(whole, now)
    code = rules.by_key[current.diversion.code] if current else None
    held = Held(
        schedule=schedule,
        lamp=Lamp.ON if code else Lamp.OFF,
        presence=_presence(code, language_of(user, rules)) if code else PRESENT,
        phone=phone(user, rules, turn, now, limit),
    )
    by_hand = next((one for one in whole if one.diversion.by_hand and now < one.end), None)
    main = replace(held, hand=hand.write(hand.of(by_hand, user, rules, turn))) if by_hand else held
    return Plan(
        held={place: main if place == user.extension else held for place in user.places},
        diverted=current is not None and leads_away(current, user, rules),
        left_out=left_out,
        changes=_next_change((*calendar, *whole) if by_hand else calendar, user, now),
    )


def _schedule(
    user: User, calendar: Sequence[Segment], rules: Rules, now: datetime, limit: int
) -> tuple[str | None, int]:
    cover = full_hour(now) + AHEAD
    near = [segment for segment in calendar if segment.end > now and segment.start < cover]
    if not near:
        return None, 0
    windows = tuple(window_of(segment, user, rules) for segment in near)
    whole = Schedule(
        zone_of(user), windows[0].start, cover, language_of(user, rules), operator_of(user, rules), windows
    )
    value, kept = fitting(len(windows), partial(_first, whole), limit, SHORTEST)
    return value, len(windows) - kept


def _first(whole: Schedule, kept: int) -> str:
    """Drop the latest windows; what is known then ends where the first dropped one begins."""
    known = min([whole.cover, *(window.start for window in whole.windows[kept : kept + 1])])
    return write(replace(whole, windows=whole.windows[:kept], cover=known))


def _next_change(segments: Iterable[Segment], user: User, now: datetime) -> datetime:
    change = min(full_hour(now) + HOUR, tomorrow(user, now))
    boundaries = (instant for segment in segments for instant in (segment.start, segment.end) if now < instant < change)
    return min(boundaries, default=change)


def leads_away(segment: Segment, user: User, rules: Rules) -> bool:
    """Say whether any callers are led away during `segment`, rather than told something and let through."""
    window = window_of(segment, user, rules)
    return {window.internal.then, window.external.then} != {Behaviour.RING}


def _presence(code: Code, language: Language) -> Presence:
    texts = NEUTRAL_TEXTS if code.sensitive else code.texts
    text = texts.get(language) or NEUTRAL_TEXTS[language]
    return Presence(code.availability, reason_of(code), "".join(c for c in text if c.isprintable())[:80])
