"""What `conferences`, `status` and `explain` tell about conferences, gathered from the store: never their subjects."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from gateway.domain.conference import Attempt, Attendance, CallState, Conference, Result
from gateway.domain.user import Extension, User
from gateway.store import attendances, calls, conferences, users
from gateway.store.rows import Rows

MADE = frozenset({CallState.SENT, CallState.UP, CallState.OVER})


class State(Enum):
    """How far a conference is. Over, and still there: the gateway has not yet removed it."""

    PLANNED = "planned"
    OPEN = "open"
    RUNNING = "running"
    CANCELLED = "cancelled"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Told:
    """One conference at `now`, with the calls for it and who is or was in; `organiser`: None when no user any more."""

    conference: Conference
    organiser: User | None
    attempts: tuple[Attempt, ...]
    stays: tuple[Attendance, ...]
    now: datetime

    @property
    def state(self) -> State:
        """How far it is; people who are in count more than times."""
        if self.conference.cancelled:
            return State.CANCELLED
        if self.inside:
            return State.RUNNING
        if self.now >= self.conference.end:
            return State.OVER
        return State.OPEN if self.now >= self.conference.opens else State.PLANNED

    @property
    def inside(self) -> int:
        """How many are in, guests too."""
        return sum(one.left is None for one in self.stays)

    @property
    def called(self) -> int:
        """How many have been called, however often."""
        return len({one.who for one in self.attempts if one.state in MADE and one.result is not Result.LATE})

    @property
    def lost(self) -> int:
        """How many calls ended with a run of the PBX: nobody is called again by them."""
        return sum(one.result is Result.RESTARTED for one in self.attempts)

    @property
    def without_room(self) -> bool:
        """Whether nobody can come, since no room was free."""
        return self.conference.room is None and self.state in (State.PLANNED, State.OPEN)

    @property
    def extension(self) -> Extension:
        """The organiser's, "" when no user any more."""
        return self.organiser.extension if self.organiser else ""


async def gather(rows: Rows, now: datetime) -> tuple[Told, ...]:
    """Return all conferences that there are, by time, then room."""
    everybody = {user.id: user for user in await users.every(rows)}
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in await calls.every(rows):
        attempts[attempt.conference].append(attempt)
    stays: dict[str, list[Attendance]] = defaultdict(list)
    for stay in await attendances.every(rows):
        stays[stay.conference].append(stay)
    found = [
        Told(one, everybody.get(one.organiser), tuple(attempts[one.key]), tuple(stays[one.key]), now)
        for one in await conferences.every(rows)
    ]
    return tuple(sorted(found, key=lambda told: (told.conference.start, told.conference.room or "")))


async def of_user(rows: Rows, user: User, now: datetime) -> tuple[Told, ...]:
    """Return those that `user` has asked for or is asked to, by time, then room; without the calls for them."""
    found = await _told(rows, await conferences.of_user(rows, user.id), {user.id: user}, (), now)
    return tuple(sorted(found, key=lambda told: (told.conference.start, told.conference.room or "")))


async def named(rows: Rows, name: str, user: User, now: datetime) -> Told | None:
    """Return the conference with this name (`Conference.name`), None where there is none that `user` may see."""
    found = await conferences.named(rows, name)
    if found is None or user.id not in {found.organiser, *(one.user for one in found.participants)}:
        return None
    attempts = await calls.of(rows, found.key)
    return (await _told(rows, (found,), {user.id: user}, attempts, now))[0]


async def _told(
    rows: Rows, some: Collection[Conference], known: dict[int, User], attempts: tuple[Attempt, ...], now: datetime
) -> list[Told]:
    stays: dict[str, list[Attendance]] = defaultdict(list)
    for stay in await attendances.among(rows, [one.key for one in some]):
        stays[stay.conference].append(stay)
    organisers = known | await users.some(rows, {one.organiser for one in some} - known.keys())
    return [Told(one, organisers.get(one.organiser), attempts, tuple(stays[one.key]), now) for one in some]


def invited(every: Collection[Told], user: User, at: datetime) -> tuple[Told, ...]:
    """Return those that let `user` in at `at`, as organiser or participant; `*26` leads to the last of them.

    What is over lets in only while somebody is in it, and of two that are open behind one room the later one does.
    """
    found = {
        told.conference.room: told
        for told in sorted(every, key=_opening)
        if told.conference.room is not None
        and not told.conference.cancelled
        and told.conference.opens <= at < told.conference.closes
        and (at < told.conference.end or told.inside)
        and user.id in {told.conference.organiser, *(one.user for one in told.conference.participants)}
    }
    return tuple(sorted(found.values(), key=_opening))


def _opening(told: Told) -> tuple[datetime, str]:
    """In this order the PBX holds them (planning/invited)."""
    return told.conference.opens, told.conference.name


def going_on(every: Sequence[Told]) -> list[Told]:
    """Return those that are now: open, or with people in."""
    return [told for told in every if told.state in (State.OPEN, State.RUNNING)]


def coming(every: Sequence[Told]) -> list[Told]:
    """Return those that are planned, the next one first."""
    return [told for told in every if told.state is State.PLANNED]


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Return `2026-11-23 14:00-15:00`, with the day of the end where it is another one."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M}-{until}"


def in_short(told: Told) -> dict[str, object]:
    """Return one conference for programs, by counts."""
    conference = told.conference
    return {
        "key": conference.key,
        "room": conference.room,
        "pbx": conference.pbx,
        "organiser": told.extension or None,
        "start": conference.start.isoformat(),
        "end": conference.end.isoformat(),
        "opens": conference.opens.isoformat(),
        "closes": conference.closes.isoformat(),
        "autocall": conference.autocall,
        "state": told.state.value,
        "collided": conference.collided,
        "asked": len(conference.participants),
        "in": told.inside,
        "called": told.called,
        "lost": told.lost,
        "left_out": len(conference.left_out),
    }
