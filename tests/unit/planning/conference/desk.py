"""Where the tests of planning keep conferences from one look to the next, as the gateway does."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.domain.conference import Conference, Meeting, Participant, RoomOf
from gateway.domain.user import User
from gateway.planning.conference.conferences import Planned, plan
from gateway.planning.rules import Rules
from tests.unit.planning.conference.asking import EVERYBODY
from tests.unit.planning.given import MONDAY, at, rules

MINUTE = timedelta(minutes=1)
OWN, OTHERS, FIRST, SECOND = RoomOf("8001", owner=1), RoomOf("8002", owner=2), RoomOf("8091"), RoomOf("8092")
ROOMS = (OWN, OTHERS, FIRST, SECOND)


def meeting(
    name: str = "styrelse", start: str = "09:00", end: str = "10:00", day: str = MONDAY, **more: object
) -> Meeting:
    """A meeting of Anna's with Berta."""
    both = (Participant("anna@example.org", 1), Participant("berta@example.org", 2))
    plain = Meeting(name, f"series of {name}", 1, at(start, day), at(end, day), autocall=True, participants=both)
    return replace(plain, **more)  # type: ignore[arg-type]


@dataclass
class Desk:
    """Looks again and again, each time at what was planned before."""

    users: tuple[User, ...] = EVERYBODY
    rooms: tuple[RoomOf, ...] = ROOMS
    rules: Rules = field(default_factory=rules)
    before: tuple[Conference, ...] = ()
    occupied: frozenset[str] = frozenset()

    def look(self, *meetings: Meeting, now: datetime) -> Planned:
        planned = plan(meetings, self.before, self.users, self.rooms, self.occupied, self.rules, now)
        self.before = planned.conferences
        return planned

    def at(self, clock: str, *meetings: Meeting) -> tuple[Conference, ...]:
        return self.look(*meetings, now=at(clock)).conferences

    def one(self, clock: str, *meetings: Meeting) -> Conference:
        """Look, and return the only conference that is not cancelled."""
        (found,) = going_on(self.at(clock, *meetings))
        return found

    def enter(self, *some: Conference) -> None:
        self.occupied |= {one.key for one in some}

    def leave(self) -> None:
        self.occupied = frozenset()


def going_on(some: Iterable[Conference]) -> list[Conference]:
    return [one for one in some if not one.cancelled]


def rooms_of(some: Iterable[Conference]) -> dict[str, str | None]:
    return {one.meeting: one.room for one in going_on(some)}
