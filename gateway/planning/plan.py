"""What a PBX should hold for one user now: the schedule, the lamp and the presence. Pure.

The windows are those in force and those that begin until 24 hours after the full hour, so a value that nothing
happens to is the same for an hour. `base` is the start of the first window, so it does not move with `now`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.domain.code import LANGUAGES, NEUTRAL, NEUTRAL_TEXTS, Behaviour, Code, Language, Treatment
from gateway.domain.diversion import Diversion
from gateway.domain.held import PRESENT, Held, Lamp, Presence
from gateway.domain.user import User
from gateway.planning.rules import Rules
from gateway.planning.schedule import Schedule, Window, is_reason, is_zone, write
from gateway.planning.targets import is_number
from gateway.planning.timeline import Segment, segment_at

LIMIT = 1_000
AHEAD = timedelta(hours=24)
HOUR = timedelta(hours=1)
SHORTEST = len("|0-1-1-at-at-x--")  # a window takes at least this much, so a calendar full of minutes costs little
NOTHING = Held(schedule=None, lamp=Lamp.OFF, presence=PRESENT)


@dataclass(frozen=True, slots=True)
class Plan:
    """`held` is for every place of the user; `left_out` windows within the 24 hours did not fit into the limit."""

    held: Held
    left_out: int = 0


def held(user: User, timeline: Sequence[Segment], rules: Rules, now: datetime, limit: int = LIMIT) -> Held:
    """Return what the PBX should hold at `now` for every place of `user`."""
    return plan(user, timeline, rules, now, limit).held


def plan(user: User, timeline: Sequence[Segment], rules: Rules, now: datetime, limit: int = LIMIT) -> Plan:
    """Return what the PBX should hold at `now`, at most `limit` bytes of it, and what did not fit."""
    cover = full_hour(now) + AHEAD
    near = [
        segment
        for segment in timeline
        if segment.end > now and segment.start < cover and segment.diversion.code in rules.by_key
    ]
    if not near:
        return Plan(NOTHING)
    windows = tuple(window_of(segment, user, rules) for segment in near)
    whole = Schedule(_zone(user), windows[0].start, cover, language_of(user, rules), operator_of(user, rules), windows)
    value, kept = _fitting(whole, limit)
    current = segment_at(timeline, now)
    code = rules.by_key.get(current.diversion.code) if current else None
    lamp, presence = (Lamp.ON, _presence(code, whole.language)) if code else (Lamp.OFF, PRESENT)
    return Plan(Held(value, lamp, presence), len(windows) - kept)


def next_change(timeline: Sequence[Segment], now: datetime) -> datetime:
    """Return when what is held may change next without anybody changing anything: at a boundary or the full hour."""
    hour = full_hour(now) + HOUR
    boundaries = (instant for segment in timeline for instant in (segment.start, segment.end) if now < instant < hour)
    return min(boundaries, default=hour)


def window_of(segment: Segment, user: User, rules: Rules) -> Window:
    """Return what callers meet during `segment`, whose code must be one of `rules`."""
    diversion, code, operator = segment.diversion, rules.by_key[segment.diversion.code], operator_of(user, rules)
    target = target_of(diversion, code, user)
    return Window(
        start=segment.start,
        end=segment.end,
        back=segment.back,
        internal=resolved(code.internal, diversion, target, operator),
        external=resolved(code.external, diversion, target, operator),
        reason=reason_of(code),
        target=target,
    )


def full_hour(now: datetime) -> datetime:
    """Return the last full hour, in UTC."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def operator_of(user: User, rules: Rules) -> str | None:
    """Return the number that `0` leads to; None: none, or nothing but the user's own telephone."""
    operator = user.operator or rules.organisation.operator
    return _other(operator, user)


def language_of(user: User, rules: Rules) -> Language:
    """Return the language in which callers of `user` are told."""
    return next((code for code in (user.language, rules.organisation.language) if code in LANGUAGES), "en")


def reason_of(code: Code) -> str:
    """Return the key of the reason that may be told; that of a sensitive code is nobody's business."""
    return NEUTRAL if code.sensitive or not is_reason(code.reason) else code.reason


def target_of(diversion: Diversion, code: Code, user: User) -> str | None:
    """Return where a target leads this time: the number that was asked for, else the code's own; never to oneself."""
    return _other(diversion.target, user) or _other(code.target, user)


def resolved(treatment: Treatment, diversion: Diversion, target: str | None, operator: str | None) -> Treatment:
    """Return what can be done of `treatment`.

    A number that was asked for this time comes before the voicemail and the operator. Where there is no target, or
    no operator, callers get the voicemail.
    """
    then = treatment.then
    if diversion.target and diversion.target == target and then in (Behaviour.VOICEMAIL, Behaviour.OPERATOR):
        then = Behaviour.TARGET
    if (then is Behaviour.TARGET and not target) or (then is Behaviour.OPERATOR and not operator):
        then = Behaviour.VOICEMAIL
    return Treatment(treatment.announce, then)


def _fitting(whole: Schedule, limit: int) -> tuple[str | None, int]:
    """Drop the latest windows until the value fits; what is known then ends where the first dropped one begins."""
    for kept in range(min(len(whole.windows), limit // SHORTEST), 0, -1):
        known = min([whole.cover, *(window.start for window in whole.windows[kept : kept + 1])])
        value = write(replace(whole, windows=whole.windows[:kept], cover=known))
        if len(value) <= limit:
            return value, kept
    return None, 0


def _presence(code: Code, language: Language) -> Presence:
    texts = NEUTRAL_TEXTS if code.sensitive else code.texts
    text = texts.get(language) or NEUTRAL_TEXTS[language]
    return Presence(code.availability, reason_of(code), "".join(c for c in text if c.isprintable())[:80])


def _zone(user: User) -> str:
    return user.zone.key if is_zone(user.zone.key or "") else "UTC"


def _other(number: str | None, user: User) -> str | None:
    return number if number and is_number(number) and number not in user.places else None
