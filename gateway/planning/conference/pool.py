"""Which room each conference has: its organiser's own, or where that is taken one of the pool. Pure.

Who had a room keeps it; among new ones the earlier start wins, then the key. In one room nothing overlaps, but for
conferences that people are in: these stay where they are.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from gateway.domain.conference import Conference, Room, RoomOf


class Claim(IntEnum):
    """How strongly a conference claims the room that it had, the strongest first.

    `HELD`: people are in it. `MOVED`: people were, when its meeting moved. `KNOWN`: it was told to its organiser.
    `NONE`: it had none, or has to leave it.
    """

    HELD = 0
    MOVED = 1
    KNOWN = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Claimant:
    """A conference that needs a room on its `pbx`, with the one that it had (None: none)."""

    conference: Conference
    claim: Claim


class Rooms:
    """The rooms of all PBXs, and when each is taken."""

    def __init__(self, rooms: Iterable[RoomOf]) -> None:
        every = sorted(rooms, key=lambda room: (len(room.number), room.number))
        self._owners = {(room.pbx, room.number): room.owner for room in every}
        self._own = {(room.pbx, room.owner): room.number for room in every if room.owner is not None}
        self._pool: defaultdict[str, list[Room]] = defaultdict(list)
        for room in every:
            if room.owner is None:
                self._pool[room.pbx].append(room.number)
        self._taken: defaultdict[tuple[str, Room], list[tuple[datetime, datetime]]] = defaultdict(list)

    def own(self, pbx: str, organiser: int) -> Room | None:
        """Return the organiser's own room on `pbx`."""
        return self._own.get((pbx, organiser))

    def assign(self, claimants: Iterable[Claimant]) -> list[Conference]:
        """Return the conferences, each with its `room` (None: none was free), the strongest claims first.

        Each takes its room from the others, so this is asked once.
        """
        found = []
        for one in sorted(claimants, key=lambda c: (c.claim, c.conference.start, c.conference.key)):
            placed = self._placed(one)
            if placed.room is not None:
                self._take(placed, one.claim)
            found.append(placed)
        return found

    def _placed(self, one: Claimant) -> Conference:
        conference, had = one.conference, one.conference.room
        if one.claim is Claim.HELD or (one.claim is not Claim.NONE and self._may_have(conference, had)):
            return conference
        own = self.own(conference.pbx, conference.organiser)
        if self._may_have(conference, own):
            return _in(conference, own, collided=False)
        candidates = [had, *self._pool[conference.pbx]]
        room = next((room for room in candidates if self._may_have(conference, room)), None)
        return _in(conference, room, collided=own is not None)

    def _may_have(self, conference: Conference, room: Room | None) -> bool:
        if room is None or self._owners.get((conference.pbx, room), -1) not in (None, conference.organiser):
            return False
        taken = self._taken[conference.pbx, room]
        before_its_end = bisect_left(taken, (conference.end, conference.end))
        return before_its_end == 0 or taken[before_its_end - 1][1] <= conference.start

    def _take(self, conference: Conference, claim: Claim) -> None:
        """Note when its room is taken; where people are in both of two that overlap, the two spans become one."""
        taken, start, end = self._taken[conference.pbx, conference.room or ""], conference.start, conference.end
        if claim is Claim.HELD:
            for span in [span for span in taken if span[0] < end and start < span[1]]:
                taken.remove(span)
                start, end = min(start, span[0]), max(end, span[1])
        insort(taken, (start, end))


def _in(conference: Conference, room: Room | None, *, collided: bool) -> Conference:
    if (conference.room, conference.collided) == (room, collided):
        return conference
    return replace(conference, room=room, collided=collided)
