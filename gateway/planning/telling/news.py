"""What organisers have to be told, and what they know already. Pure, and level-triggered.

`Conference.told` is the digest of what they were told (planning/telling/letters.py), with a mark behind it once they
were told how the calling went. Occurrences of one series that differ in their date alone are one letter, also where
they come to be known one after another; what was cancelled and is planned otherwise in the same series has moved.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.conference import Attempt, CallState, Conference, RoomOf
from gateway.domain.letter import Letter
from gateway.domain.user import User
from gateway.planning.conference.calling import AT_ALL
from gateway.planning.rules import Rules
from gateway.planning.telling import letters
from gateway.planning.telling.letters import Facts

CANCELLED = "cancelled"
CALLED = "+called"
OFTEN = timedelta(seconds=15)  # looks whether all calls are over


@dataclass(frozen=True, slots=True)
class News:
    """`told` (by the conferences' keys) is so once `letter` is with the mail server; None: without a letter."""

    told: Mapping[str, str]
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all conferences: rooms by number, users by id."""

    rooms: Mapping[str, RoomOf]
    users: Mapping[int, User]
    rules: Rules

    def facts(self, conference: Conference) -> Facts | None:
        """Return what letters about `conference` say besides; None: its organiser is gone, or has no address."""
        organiser = self.users.get(conference.organiser)
        room = self.rooms.get(conference.room or "")
        return Facts(organiser, self.users, room, self.rules) if organiser and organiser.emails else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A conference, what is to be said of it, and what its organiser knows ("": nothing)."""

    one: Conference
    facts: Facts
    digest: str
    knows: str


def news(conferences: Iterable[Conference], known: Known, now: datetime) -> tuple[News, ...]:
    """Return all that is to be told of what is planned, of the conference that starts first at the beginning.

    Nothing is told of what is over.
    """
    series: defaultdict[tuple[int, str], list[Conference]] = defaultdict(list)
    for one in sorted(conferences, key=lambda one: (one.start, one.key)):
        if now < one.end:
            series[one.organiser, one.series].append(one)
    return tuple(found for some in series.values() for found in _of_series(some, known))


def awaited(conferences: Iterable[Conference], now: datetime) -> tuple[Conference, ...]:
    """Return those of which is to be told how the calling goes: they have begun, and what is planned has been told."""
    return tuple(one for one in conferences if _is_called(one) and one.start <= now < one.end)


def report(conference: Conference, attempts: Collection[Attempt], known: Known, now: datetime) -> News | None:
    """Return how the calling went, of one that is `awaited`; None: it is not over, or there was none."""
    facts = known.facts(conference)
    is_over = all(one.state not in (CallState.DUE, CallState.SENT) for one in attempts)
    if not attempts or not facts or not (is_over or now >= conference.start + AT_ALL):
        return None
    return News({conference.key: conference.told + CALLED}, letters.called(conference, attempts, facts))


def look_again(conferences: Iterable[Conference], now: datetime) -> datetime | None:
    """Return when there may be something to tell with nothing changed but attempts."""
    times = (max(one.start, now + OFTEN) for one in conferences if _is_called(one) and now < one.end)
    return min(times, default=None)


def _is_called(one: Conference) -> bool:
    is_told = one.told not in ("", CANCELLED) and not one.told.endswith(CALLED)
    return one.autocall and one.room is not None and not one.cancelled and is_told


def _of_series(some: Collection[Conference], known: Known) -> Iterator[News]:
    """Tell of one organiser's conferences of one series, in the order of their start."""
    unheard = [one for one in some if one.cancelled and (not one.told or known.facts(one) is None)]
    if unheard:
        yield News(dict.fromkeys((one.key for one in unheard), CANCELLED))
    gone = [one for one in some if one.cancelled and one.told != CANCELLED and one not in unheard]
    there = [_seen(one, facts) for one in some if not one.cancelled and (facts := known.facts(one)) is not None]
    usual = {seen.knows for seen in there if seen.knows}
    moved = {one.meeting for one in gone}
    same = [seen for seen in there if not seen.knows and seen.digest in usual and seen.one.meeting not in moved]
    if same:
        yield News({seen.one.key: seen.digest for seen in same})
    groups: defaultdict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for seen in there:
        if seen.knows != seen.digest and seen not in same:
            groups[seen.knows, seen.digest].append(seen)
    new = {seen.one.meeting for group in groups.values() for seen in group if not seen.knows}
    rest = [one for one in gone if one.meeting not in new]
    for (knows, _), group in groups.items():
        meetings = {seen.one.meeting for seen in group}
        before = [] if knows else [one for one in gone if one.meeting in meetings] + rest
        rest = rest if knows else []  # a series that is moved as a whole has other meetings
        yield _told(before, group)
    if rest and (facts := known.facts(rest[0])) is not None:
        yield News(dict.fromkeys((one.key for one in rest), CANCELLED), letters.cancelled(rest, facts))


def _seen(one: Conference, facts: Facts) -> _Seen:
    knows = "" if one.told == CANCELLED else one.told.removesuffix(CALLED)
    return _Seen(one, facts, letters.digest(one, facts), knows)


def _told(before: list[Conference], group: list[_Seen]) -> News:
    some, facts = [seen.one for seen in group], group[0].facts
    marks = {one.key: CANCELLED for one in before}
    marks |= {one.one.key: one.digest + (CALLED if one.one.told.endswith(CALLED) else "") for one in group}
    if before:
        return News(marks, letters.moved(before, some, facts))
    return News(marks, letters.changed(some, facts) if group[0].knows else letters.planned(some, facts))
