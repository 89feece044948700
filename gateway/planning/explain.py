"""Why an extension does at an instant what it does, as data: for `ringplan explain`. Pure.

What a calendar says stays where it is: an explanation names diversions by key and code; their texts are for operators.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.domain.code import Code
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.planning.callers import target_of, window_of
from gateway.planning.rules import Rules
from gateway.planning.schedule import Window
from gateway.planning.timeline import Segment, of_user, segment_at


class Why(Enum):
    """What made a diversion decide, or what made the phone ring."""

    NOTHING_RUNS = "nothing_runs"
    INFORMATION_ONLY = "information_only"
    CODE_IS_GONE = "code_is_gone"
    DISMISSED = "dismissed"
    BY_HAND = "by_hand"
    RUNS_ALONE = "runs_alone"
    STARTED_LAST = "started_last"
    ENDS_FIRST = "ends_first"
    LOWER_KEY = "lower_key"


class Back(Enum):
    """What made the time of return that callers hear."""

    ITS_END = "its_end"
    END_OF_RUN = "end_of_run"
    NEXT_WORKING_TIME = "next_working_time"


class TargetFrom(Enum):
    """Where the number comes from to which callers are led."""

    ASKED_FOR = "asked_for"
    CODE = "code"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Explanation:
    """At `at`, `segment` decides because of `why`; None: the phone rings.

    `window` is what callers meet, with `back` and `target_from` saying how it came about; `beneath` runs too and comes
    back when the segment ends first; `information` (`;`), `gone` (its code is no more) and `dismissed` (its owner has
    ended it) run and take no part; `next` is the segment that follows in time.
    """

    at: datetime
    why: Why
    segment: Segment | None = None
    code: Code | None = None
    window: Window | None = None
    back: Back | None = None
    target_from: TargetFrom | None = None
    beneath: tuple[Diversion, ...] = ()
    information: tuple[Diversion, ...] = ()
    gone: tuple[Diversion, ...] = ()
    dismissed: tuple[Diversion, ...] = ()
    next: Segment | None = None


def explain(diversions: Iterable[Diversion], user: User, rules: Rules, at: datetime) -> Explanation:
    """Say what decides a call to `user` at `at`, out of all diversions of `user`."""
    every = tuple(diversions)
    running = [diversion for diversion in every if diversion.start <= at < diversion.end]
    information = tuple(diversion for diversion in running if not diversion.diverts)
    gone = tuple(d for d in running if d.diverts and d.code not in rules.by_key)
    dismissed = tuple(d for d in running if d.diverts and d.code in rules.by_key and d.dismissed)
    candidates = [d for d in running if d.diverts and d.code in rules.by_key and not d.dismissed]
    segments = of_user(every, user, rules)
    following = next((segment for segment in segments if segment.start > at), None)
    segment = segment_at(segments, at)
    if segment is None:
        reasons = {Why.DISMISSED: dismissed, Why.CODE_IS_GONE: gone, Why.INFORMATION_ONLY: information}
        why = next((reason for reason, some in reasons.items() if some), Why.NOTHING_RUNS)
        return Explanation(at, why, information=information, gone=gone, dismissed=dismissed, next=following)
    code = rules.by_key[segment.diversion.code]
    beneath = [diversion for diversion in candidates if diversion != segment.diversion]
    return Explanation(
        at=at,
        why=_why(segment.diversion, beneath),
        segment=segment,
        code=code,
        window=window_of(segment, user, rules),
        back=_back(segment, segments),
        target_from=_target_from(segment.diversion, code, user),
        beneath=_by_turn(beneath),
        information=information,
        gone=gone,
        dismissed=dismissed,
        next=following,
    )


def _why(decides: Diversion, beneath: list[Diversion]) -> Why:
    if decides.by_hand:
        return Why.BY_HAND
    if not beneath:
        return Why.RUNS_ALONE
    together = [diversion for diversion in beneath if diversion.start == decides.start]
    if not together:
        return Why.STARTED_LAST
    return Why.LOWER_KEY if any(diversion.end == decides.end for diversion in together) else Why.ENDS_FIRST


def _back(segment: Segment, segments: tuple[Segment, ...]) -> Back:
    if segment.back == segment.end:
        return Back.ITS_END
    run_end = segment.end
    for later in segments:
        if later.start == run_end:
            run_end = later.end
    return Back.END_OF_RUN if segment.back == run_end else Back.NEXT_WORKING_TIME


def _target_from(diversion: Diversion, code: Code, user: User) -> TargetFrom:
    target = target_of(diversion, code, user)
    if target is None:
        return TargetFrom.NOBODY
    return TargetFrom.ASKED_FOR if target == diversion.target else TargetFrom.CODE


def _by_turn(beneath: list[Diversion]) -> tuple[Diversion, ...]:
    """Order by who decides next."""
    ends_first = sorted(beneath, key=lambda diversion: (diversion.end, diversion.key))
    return tuple(sorted(ends_first, key=lambda diversion: diversion.start, reverse=True))
