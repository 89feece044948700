"""What a PBX holds so that people get into conferences: at the rooms' numbers, and for those who are asked. Pure.

Both are for one PBX: a conference is where its room is, and a telephone of another PBX has no way into it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.conference import Conference, RoomOf
from gateway.domain.held import Held, Place
from gateway.domain.user import User
from gateway.planning.conference import invited, room
from gateway.planning.fitting import full_hour
from gateway.planning.rules import Rules

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Joining:
    """`held` has nothing but `room` and `invited`; `left_out`: conferences that had no place in a value.

    It is so from `since` until `changes`, when one closes, or at the full hour, unless somebody changes something.
    """

    since: datetime
    changes: datetime
    held: Mapping[Place, Held] = field(default_factory=dict)
    left_out: int = 0


def joining(
    pbx: str,
    conferences: Collection[Conference],
    rooms: Iterable[RoomOf],
    users: Mapping[int, User],
    rules: Rules,
    now: datetime,
) -> Joining:
    """Return what `pbx` should hold at `now`; `users` are all by id, whoever takes part."""
    here = [one for one in conferences if one.pbx == pbx and one.room and not one.cancelled and now < one.closes]
    held: dict[Place, Held] = {}
    left_out = 0
    behind, asked = _by_room(here), _by_user(here)
    for one in rooms:
        if one.pbx == pbx and one.number in behind:
            value, without = room.of(one, behind[one.number], users, rules, now)
            left_out += without
            if value:
                held[one.number] = Held(room=value)
    known: dict[tuple[str, ...], tuple[str | None, int]] = {}  # those who are asked to the same have the same value
    for number, theirs in asked.items():
        user = users.get(number)
        if user and user.pbx == pbx:
            keys = tuple(one.key for one in theirs)
            if keys not in known:
                known[keys] = invited.of(theirs, now)
            value, without = known[keys]
            left_out += without
            if value:
                held[user.extension] = Held(invited=value)
    closing = (one.closes for one in here)
    return Joining(now, min([full_hour(now) + HOUR, *closing]), held, left_out)


def _by_room(conferences: Iterable[Conference]) -> Mapping[str | None, list[Conference]]:
    found: dict[str | None, list[Conference]] = defaultdict(list)
    for one in conferences:
        found[one.room].append(one)
    return found


def _by_user(conferences: Iterable[Conference]) -> Mapping[int, list[Conference]]:
    found: dict[int, list[Conference]] = defaultdict(list)
    for one in conferences:
        for participant in one.participants:
            if participant.user is not None:
                found[participant.user].append(one)
    return found
