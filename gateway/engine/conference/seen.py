"""What calling people into conferences looks at, kept in memory while the store says that it is unchanged.

At a start hundreds of calls are due in the same second: what has not changed is not read again for each few of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from gateway.domain.conference import Attempt, Attendance, CallId, Conference, Participant, RoomOf
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.engine.decided import Decided, Decisions
from gateway.planning.conference.calling import by_who, guest_of, is_by_hand
from gateway.planning.timeline import Segment, of_user, segment_at
from gateway.store import absences, attendances, calls, conferences, diversions, switches
from gateway.store import rooms as kept_rooms
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows

AWAY = ("absences", "diversions")
OURS = ("calls", "attendances", "conferences", "rooms", "switches")
NOUNS = (*OURS, *AWAY, "users", "organisation", "codes")


class Seen:
    """What the store has told last; `look` asks it again.

    `attempts` are all there are, of all PBXs, by id. `people` are those of each conference by `who_of`, `ranks` their
    places in it; `been` tells by conference who is in it, or was (`Participant.who`), `inside` who is. `is_off`:
    Ringplan is turned off.
    """

    def __init__(self, decided: Decided) -> None:
        self._decided = decided
        self._decisions: Decisions | None = None
        self._revisions: dict[str, int | None] = {}
        self.attempts: dict[CallId, Attempt] = {}
        self.conferences: Mapping[str, Conference] = {}
        self.people: Mapping[str, Mapping[str, Participant]] = {}
        self.ranks: Mapping[tuple[str, str], int] = {}
        self.been: Mapping[str, frozenset[str]] = {}
        self.inside: Mapping[str, frozenset[str]] = {}
        self._guests: dict[tuple[str, str], Participant | None] = {}
        self.rooms: Mapping[tuple[str, str], RoomOf] = {}
        self.is_off = False
        self._asked: Mapping[int, tuple[Diversion, ...]] = {}
        self._by_hand: Mapping[int, Diversion] = {}
        self._laid_out: dict[int, tuple[Segment, ...]] = {}

    async def look(self, rows: Rows) -> None:
        """Read what has changed, but for absences."""
        changed = await self._changed(rows, OURS)
        if "calls" in changed:
            self.attempts = {one.id: one for one in await calls.every(rows)}
        if "attendances" in changed:
            there = await attendances.every(rows)
            self.been, self.inside = _been(there), _been(one for one in there if one.left is None)
        if "conferences" in changed:
            self.conferences = {one.key: one for one in await conferences.every(rows)}
            self.people = {key: by_who(one) for key, one in self.conferences.items()}
            self._guests.clear()
            self.ranks = {(key, who): rank for key, people in self.people.items() for rank, who in enumerate(people)}
        if "rooms" in changed:
            self.rooms = {(one.pbx, one.number): one for one in await kept_rooms.every(rows)}
        if "switches" in changed:
            self.is_off = await switches.off_since(rows) is not None
        decisions = await self._decided.now(rows)
        if decisions is not self._decisions:
            self._decisions = decisions
            self._laid_out.clear()
            self._guests.clear()

    async def look_at_absences(self, rows: Rows) -> None:
        """Read who is away, if that has changed: asked for only when a call is near, as they are many."""
        if await self._changed(rows, AWAY):
            self._asked, self._by_hand = await diversions.every(rows), await absences.every(rows)
            self._laid_out.clear()

    async def _changed(self, rows: Rows, nouns: tuple[str, ...]) -> set[str]:
        now = dict(zip(nouns, await revisions_of(rows.connection, nouns), strict=True))
        changed = {noun for noun in nouns if noun not in self._revisions or now[noun] != self._revisions[noun]}
        self._revisions.update(now)
        return changed

    def has_written(self, some: Mapping[CallId, Attempt]) -> None:
        """Know what we have just committed ourselves, right after a look in the same transaction."""
        before = self._revisions.get("calls")
        if some and before is not None:
            self.attempts.update(some)
            self._revisions["calls"] = before + 1

    @property
    def decisions(self) -> Decisions:
        """What people have decided."""
        if self._decisions is None:
            raise ValueError("nothing has been looked at yet")
        return self._decisions

    def participant(self, one: Attempt) -> Participant | None:
        """Return whom an attempt is for: somebody who is asked, or a colleague who was called in by hand."""
        asked = self.people.get(one.conference, {}).get(one.who)
        conference = self.conferences.get(one.conference)
        if asked is not None or conference is None or not is_by_hand(one):
            return asked
        key = (one.conference, one.who)
        if key not in self._guests:
            self._guests[key] = guest_of(conference, one.who, self.decisions.users)
        return self._guests[key]

    def away(self, user: User, now: datetime) -> Segment | None:
        """Return what is in force for `user`."""
        laid_out = self._laid_out.get(user.id)
        if laid_out is None:
            asked = self._asked.get(user.id, ())
            by_hand = self._by_hand.get(user.id)
            laid_out = of_user((*asked, by_hand) if by_hand else asked, user, self.decisions.rules)
            self._laid_out[user.id] = laid_out
        return segment_at(laid_out, now)


def _been(everybody: Iterable[Attendance]) -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in everybody:
        found[one.conference].add(one.who)
    return {conference: frozenset(some - {""}) for conference, some in found.items()}
