"""One user's diversions laid out in time: what is in force when, and when the user is back. Pure.

Overlaps follow CODES.md, "Time": the diversion that started last is in force, of two that start together the one
that ends first, then the lower key; when it ends, the one still running comes back. The absence by hand is in force
whatever else is (CODES.md, "By hand"). Information (`;`) is left out, and so is what has been dismissed.
Diversions' times are UTC: Python compares two datetimes of one zone by their wall clocks, which is wrong over DST.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.planning import working
from gateway.planning.rules import Rules

Reachable = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Segment:
    """`diversion` is in force from `start` until `end` (aware, half-open); the user can be reached at `back`."""

    start: datetime
    end: datetime
    back: datetime
    diversion: Diversion


def of_user(diversions: Iterable[Diversion], user: User, rules: Rules) -> tuple[Segment, ...]:
    """Lay out the diversions of `user` with the user's own working hours; a code that is no more diverts nothing."""
    hours = user.hours or rules.organisation.hours
    known = (diversion for diversion in diversions if diversion.code in rules.by_key)
    return timeline(known, lambda end: working.reachable(end, hours, user.zone))


def timeline(diversions: Iterable[Diversion], reachable: Reachable = lambda end: end) -> tuple[Segment, ...]:
    """Lay out `diversions`; between two segments that do not touch, nothing is in force.

    `reachable` tells when somebody whose absence ends at a given instant can be reached: at once, or not before the
    next working time. Time is that of sorting.
    """
    diverting = [one for one in diversions if one.diverts and not one.dismissed]
    calendar = _laid_out(one for one in diverting if not one.by_hand)
    by_hand = _laid_out(one for one in diverting if one.by_hand)
    return _with_back(_over(by_hand, calendar) if by_hand else calendar, reachable)


def segment_at(segments: Sequence[Segment], now: datetime) -> Segment | None:
    """Return the segment that is in force at `now`, or None."""
    last = bisect_right(segments, now, key=lambda segment: segment.start) - 1
    return segments[last] if last >= 0 and now < segments[last].end else None


def _laid_out(diversions: Iterable[Diversion]) -> list[Segment]:
    """Sweep over the instants with a stack of what has started: who decides is on top."""
    waiting = [diversion for diversion in diversions if diversion.start < diversion.end]
    instants = sorted({instant for diversion in waiting for instant in (diversion.start, diversion.end)})
    # popped from its end: by start, and of those that start together the one that decides comes last, onto the top
    waiting.sort(key=lambda d: (d.end, d.key))
    waiting.sort(key=lambda d: d.start, reverse=True)
    started: list[Diversion] = []
    segments: list[Segment] = []
    for start, end in pairwise(instants):
        while waiting and waiting[-1].start == start:
            started.append(waiting.pop())
        while started and started[-1].end <= start:
            started.pop()
        if not started:
            continue
        if segments and segments[-1].end == start and segments[-1].diversion == started[-1]:
            segments[-1] = replace(segments[-1], end=end)
        else:
            segments.append(Segment(start, end, end, started[-1]))
    return segments


def _over(above: list[Segment], beneath: list[Segment]) -> list[Segment]:
    """Lay `above` over `beneath`: of that remains what lies before, between and after, its segments cut in two."""
    for over in above:
        before = [replace(one, end=min(one.end, over.start)) for one in beneath if one.start < over.start]
        after = [replace(one, start=max(one.start, over.end)) for one in beneath if over.end < one.end]
        beneath = [*before, over, *after]
    return beneath


def _with_back(segments: list[Segment], reachable: Reachable) -> tuple[Segment, ...]:
    """Give each segment the `back` of its unbroken run; who is away again by then is back after that absence."""
    for at in reversed(range(len(segments))):
        segment = segments[at]
        later = segments[at + 1] if at + 1 < len(segments) else None
        if later and later.start == segment.end:
            back = later.back
        else:
            back = reachable(segment.end)
            away_again = segment_at(segments, back)
            back = away_again.back if away_again else back
        segments[at] = replace(segment, back=back)
    return tuple(segments)
