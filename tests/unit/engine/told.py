"""What CODES.md says of everything that people have done, worked out from what they have done and from nothing else.

A `State` is what one person's doings have come to. What happens at the same time may come in one order or another, so
`outcomes` returns every state that it may come to; a test then sees which of them it is. Times are seconds since 1970.
Everybody works from Monday to Friday, 8 to 17.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.appointment import Appointment
from gateway.planning.codes import occurrence_key

ZONE = ZoneInfo("Europe/Stockholm")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Item:
    """What one item of a calendar asks for; `uid`, `start` and `end` name it: other times are another occurrence."""

    uid: str
    start: int
    end: int
    code: str
    diverts: bool = True
    target: str = ""

    @property
    def name(self) -> tuple[str, int, int]:
        """What a dismissal holds on to."""
        return self.uid, self.start, self.end


@dataclass(frozen=True, slots=True)
class ByHand:
    """An absence that was set by hand."""

    start: int
    end: int
    code: str


@dataclass(frozen=True, slots=True)
class State:
    """`items` as they were read last; `dismissed` are names of items; `hand` is in force before anything else."""

    items: frozenset[Item] = frozenset()
    dismissed: frozenset[tuple[str, int, int]] = frozenset()
    hand: ByHand | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The calendar was read at `now`; not `is_sure`: the gateway may have been killed before it kept that."""

    items: frozenset[Item]
    now: int
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was over at `now` was forgotten; not `is_sure`: or may not have been yet."""

    now: int
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """An absence was set; `turn` 0: by command. `may_be_lost`: the PBX died within the second."""

    hand: ByHand
    turn: int = 0
    may_be_lost: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Whatever ran at `at` was ended; `turn` and `may_be_lost` as in `Set`."""

    at: int
    turn: int = 0
    may_be_lost: bool = False


Happened = Read | Forgot | Set | End


def after(state: State, happened: Happened) -> State:
    """Return what `state` has become."""
    match happened:
        case Read(items, now):
            left = frozenset(item for item in items if item.end > now)
            return replace(state, items=left, dismissed=state.dismissed & {item.name for item in left})
        case Forgot(now):
            hand = state.hand if state.hand is not None and state.hand.end > now else None
            if hand == state.hand and all(item.end > now for item in state.items):
                return state
            return replace(after(state, Read(state.items, now)), hand=hand)
        case Set(hand):
            return replace(state, hand=hand)
        case End(at):
            ran = {item.name for item in state.items if item.diverts and item.start <= at < item.end}
            return replace(state, dismissed=state.dismissed | ran, hand=None)


def outcomes(before: Iterable[State], *strands: Sequence[Happened]) -> frozenset[State]:
    """Return all that `before` may have become, whatever of the `strands` was first; each keeps its own order."""
    reached: dict[tuple[int, ...], set[State]] = {(0,) * len(strands): set(before)}
    for _ in range(sum(map(len, strands))):
        further: dict[tuple[int, ...], set[State]] = {}
        for at, states in reached.items():
            for one, strand in enumerate(strands):
                if at[one] == len(strand):
                    continue
                happened = strand[at[one]]
                there = further.setdefault((*at[:one], at[one] + 1, *at[one + 1 :]), set())
                there |= {after(state, happened) for state in states}
                if may_not_have(happened):
                    there |= states
        reached = further
    return frozenset(reached[tuple(map(len, strands))])


def may_not_have(happened: Happened) -> bool:
    """Say whether it may have come to nothing. A server that suddenly has nothing is asked once more."""
    match happened:
        case Read(items=items, is_sure=is_sure):
            return not (is_sure and items)
        case Forgot(is_sure=is_sure):
            return not is_sure
        case Set(may_be_lost=may_be_lost) | End(may_be_lost=may_be_lost):
            return may_be_lost


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody is away because of `code`, until something else decides; `back` is when they can be reached again."""

    code: str
    until: int
    back: int
    target: str
    by_hand: bool


def decides(state: State, at: int) -> Away | None:
    """Return who or what decides a call at `at`; None: the phone rings."""
    if _by_hand_at(state, at):
        assert state.hand is not None
        return Away(state.hand.code, state.hand.end, _back(state, at), "", by_hand=True)
    item = _item_at(state, at)
    if item is None:
        return None
    marks = sorted({mark for one in state.items for mark in (one.start, one.end) if mark > at})
    until = next(mark for mark in marks if _item_at(state, mark) != item)
    return Away(item.code, until, _back(state, at), item.target, by_hand=False)


def _by_hand_at(state: State, at: int) -> bool:
    return state.hand is not None and state.hand.start <= at < state.hand.end


def _item_at(state: State, at: int) -> Item | None:
    """The one that started last; of two that start together the one that ends first, then the lower key."""
    running = [
        item
        for item in state.items
        if item.diverts and item.name not in state.dismissed and item.start <= at < item.end
    ]
    return min(running, key=lambda item: (-item.start, item.end, _key(item.uid)), default=None)


def _key(uid: str) -> str:
    nowhen = datetime(2000, 1, 1, tzinfo=UTC)
    return occurrence_key(Appointment(uid=uid, occurrence="", subject=None, start=nowhen, end=nowhen))


def _back(state: State, at: int) -> int:
    """When the person can be reached again: not while anything runs, and not before work goes on."""
    while True:
        if _by_hand_at(state, at):
            assert state.hand is not None
            at = state.hand.end
        elif item := _item_at(state, at):
            at = item.end
        elif (work := working_from(at)) > at:
            at = work
        else:
            return at


def working_from(at: int) -> int:
    """Return `at` within working time and at its very end, else when work next begins."""
    local = datetime.fromtimestamp(at, ZONE)
    if _works(local.date()) and time(8) <= local.time() <= time(17):
        return at
    return next_work(at)


def next_work(at: int) -> int:
    """Return when work next begins, later than `at`."""
    day = datetime.fromtimestamp(at, ZONE).date()
    while not _works(day) or _eight(day) <= at:
        day += _DAY
    return _eight(day)


def gone_until(start: int) -> int:
    """Return when somebody who has gone for the day at `start` is back: on a later day, if today's work has begun."""
    day = datetime.fromtimestamp(start, ZONE).date()
    if _works(day) and _eight(day) <= start:
        return next_work(int(datetime.combine(day + _DAY, time(), ZONE).timestamp()) - 1)
    return next_work(start)


def _works(day: date) -> bool:
    return day.weekday() < 5


def _eight(day: date) -> int:
    return int(datetime.combine(day, time(8), ZONE).timestamp())
