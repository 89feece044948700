"""What follows for the calls of one PBX from what is known: rows to write, and what the PBX is asked then.

A turn looks at everything each time, so whatever was heard twice, late or not at all comes to the same. Rows only go
on, due < sent < up < over. The rules of who is called when are in planning/conference/calling.py.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.domain.conference import Attempt, Call, CallId, CallState, Conference, Participant, Result
from gateway.domain.held import CallTold, Came, Place, SignedIn
from gateway.domain.user import User
from gateway.engine.conference.seen import Seen
from gateway.engine.decided import TakesPart
from gateway.planning.callers import language_of
from gateway.planning.conference.calling import after, is_by_hand, latest, missed, void
from gateway.planning.plan import leads_away

Heard = CallTold | Came | SignedIn

FAR = {CallState.DUE: 0, CallState.SENT: 1, CallState.UP: 2, CallState.OVER: 3, CallState.VOID: 3}
LIVE = (CallState.SENT, CallState.UP)
LAST = 1_000_000  # the rank of who is not asked
IDLE = timedelta(minutes=10)
PREPARED = timedelta(seconds=2)  # so long before a call is due all that it needs is looked at
SILENT = timedelta(minutes=1)  # beyond the ringing; who has answered has to press 1 within less


@dataclass(slots=True)
class Line:
    """What is known of the calls of the PBX `pbx` on one connection.

    `boot` names the PBX's run, `noted` how far the calls are that it knows of. `again` are calls that it was asked for
    and does not know of; `hung` those that it was asked to end; `sent` tells since when others are to ring. `ring`: so
    long telephones ring. `subjects`: they show what the meeting is called. `is_new`: nothing is known yet.
    """

    pbx: str
    boot: str
    ring: timedelta
    subjects: bool
    takes_part: TakesPart
    noted: dict[CallId, CallState] = field(default_factory=dict)
    again: set[CallId] = field(default_factory=set)
    hung: set[CallId] = field(default_factory=set)
    sent: dict[CallId, datetime] = field(default_factory=dict)
    is_new: bool = True

    @property
    def asks_by(self) -> datetime | None:
        """When a call has been silent for so long that the PBX is to be asked what has become of it."""
        return min(self.sent.values()) + self.ring + SILENT if self.sent else None


class Turn:
    """One look at `now`. Use `adopt` on a new connection, or `settle`, then `hear`, `drop` and `begin`, in this order.

    `rows` are to be committed; after that the turn is `done`, and `calls` are to be placed, `hang_up` ended, and
    `forget` forgotten, by the PBX. `until`: when to look again, unless something happens before; `has_more`: not all
    that is due could begin.
    """

    def __init__(self, seen: Seen, line: Line, now: datetime) -> None:
        self._seen = seen
        self._line = line
        self._noted = dict(line.noted)
        self._again = set(line.again)
        self._sent = dict(line.sent)
        self._now = now
        self.rows: dict[CallId, Attempt] = {}
        self.calls: list[Call] = []
        self.until = now + IDLE
        self.has_more = False

    def done(self) -> None:
        """Let the line know what is known now."""
        ringing = (one.id for one in self._mine() if one.state is CallState.SENT and one.id not in self._again)
        self._line.sent = {call: self._sent.get(call, self._now) for call in ringing}
        self._line.noted, self._line.again, self._line.is_new = self._noted, self._again, False

    @property
    def hang_up(self) -> frozenset[CallId]:
        """What rings or talks although its row is over, and what rings without one.

        Rows go before conferences close, and a PBX may lose the name of its run: who talks then may stay.
        """
        live = (call for call, state in self._noted.items() if state in LIVE and call not in self._line.hung)
        return frozenset(call for call in live if self._is_final(call))

    @property
    def forget(self) -> frozenset[CallId]:
        """What the PBX knows of, and nobody else does any more.

        A PBX that was killed says of some that they ring, and will never say anything else.
        """
        return frozenset(call for call in self._noted if self._row(call) is None)

    @property
    def awaits(self) -> int:
        """How many calls ring, or are being placed."""
        return sum(one.state is CallState.SENT and one.id not in self._again for one in self._mine())

    @property
    def placing(self) -> int:
        """How many organisers the PBX has been asked to call, and has not yet told that it does."""
        awaited = (one for one in self._mine() if one.state is CallState.SENT and one.id not in self._again)
        return sum(one.id not in self._noted and self._rank(one) == 0 for one in awaited)

    def adopt(self, noted: Mapping[CallId, CallTold]) -> None:
        """Take over what the PBX knows of calls that were made before this connection; whoever waits is due."""
        self._again.clear()
        for one in self._mine():
            if one.waits:
                self._put(replace(one, waits=False, at=self._now))
            elif one.state not in LIVE:
                continue
            elif one.boot != self._line.boot or (one.id not in noted and one.state is CallState.UP):
                self._end(one, Result.RESTARTED)
            elif one.id not in noted:
                self._again.add(one.id)
        for told in noted.values():
            self._take(told.call, told.state, told.result)

    def settle(self, noted: Mapping[CallId, CallTold]) -> None:
        """Take over what the PBX knows of calls that have been silent; what it does not know it is asked for again.

        Asterisk may accept a call and drop it before the first step of the dialplan, which alone notes and tells.
        """
        for call, since in self._sent.items():
            if not since <= self._now < since + self._line.ring + SILENT:
                self._sent[call] = self._now
                if call in noted:
                    self._take(call, noted[call].state, noted[call].result)
                elif self._row(call) is not None:
                    self._again.add(call)

    def hear(self, some: Iterable[Heard]) -> None:
        """Take what the PBX has told, and which telephones have signed in."""
        for event in some:
            match event:
                case CallTold(call=call, state=state, result=result):
                    self._take(call, state, result)
                case Came(member=member) if member.call is not None:
                    self._take(member.call, CallState.UP)
                case SignedIn(place=place):
                    self._sign_in(place)

    def drop(self) -> None:
        """Let go of whom nobody asks for any more, and of who has come by themselves."""
        came = {(one.conference, one.who) for one in self._mine() if is_by_hand(one) and _has_come(one)}
        for one in self._mine():
            why = self._unwanted(one, came) if one.state in (CallState.DUE, CallState.SENT) else None
            if why is not None and one.state is CallState.DUE:
                self._put(void(one, why, self._now))
            elif why is not None:
                self._again.discard(one.id)
                self._end(one, why)

    def begin(self, free: int) -> None:
        """Begin what is due, at most `free` calls: organisers first, and who has been due for longest."""
        waiting = [one for one in self._mine() if one.state is CallState.DUE or one.id in self._again]
        engaged = self._engaged()
        for one in sorted(waiting, key=self._order):
            if one.at > self._now:
                prepared = one.at - PREPARED
                self.until = prepared if prepared > self._now else one.at
                return
            if self._now > latest(one) or one.waits:
                self._late(one)
            elif one.state is CallState.DUE and (one.conference, one.who) in engaged:
                continue  # by hand and at the start: one after the other, if at all
            elif len(self.calls) < free:
                engaged.add((one.conference, one.who))
                self._call(one)
            else:
                self.has_more = True

    def is_due(self, within: timedelta = PREPARED) -> bool:
        """Say whether a call is to be made soon."""
        soon = self._now + within
        return bool(self._again) or any(one.state is CallState.DUE and one.at <= soon for one in self._mine())

    # Rows

    def _row(self, call: CallId) -> Attempt | None:
        return self.rows.get(call) or self._seen.attempts.get(call)

    def _mine(self) -> Iterator[Attempt]:
        """Yield the attempts of this PBX, as they will be, and those that are nobody's, as their conference is gone."""
        for attempt in list((self._seen.attempts | self.rows).values()):
            conference = self._seen.conferences.get(attempt.conference)
            if conference is None or conference.pbx == self._line.pbx:
                yield attempt

    def _put(self, attempt: Attempt) -> None:
        self.rows[attempt.id] = attempt

    def _is_final(self, call: CallId) -> bool:
        row = self._row(call)
        if row is None or row.result is Result.RESTARTED:
            return self._noted[call] is CallState.SENT
        return row.state in (CallState.OVER, CallState.VOID)

    def _take(self, call: CallId, state: CallState, result: Result | None = None) -> None:
        noted = self._noted.get(call)
        if noted is None or FAR[noted] < FAR[state]:
            self._noted[call] = state
        self._again.discard(call)
        row = self._row(call)
        if row is None or FAR[state] <= FAR[row.state]:
            return
        if state is CallState.OVER:
            self._end(row, result or Result.FAILED)
        else:
            self._put(replace(row, state=state, waits=False, boot=self._line.boot))

    def _end(self, row: Attempt, result: Result) -> None:
        over, following = after(row, result, self._now)
        self._put(over)
        if following is not None and self._row(following.id) is None:
            self._put(following)

    def _sign_in(self, place: Place) -> None:
        owner = self._seen.decisions.owners.get(place)
        for one in self._mine():
            if one.waits and one.state is CallState.DUE and owner is not None:
                participant = self._participant(one)
                if participant is not None and participant.user == owner.id:
                    self._put(replace(one, waits=False, at=self._now))

    def _late(self, one: Attempt) -> None:
        self._again.discard(one.id)
        if one.state is CallState.DUE:
            self._put(void(one, Result.LATE, self._now))
        else:
            self._end(one, Result.LATE)

    # Calls

    def _call(self, one: Attempt) -> None:
        conference, participant = self._seen.conferences[one.conference], self._participant(one)
        call = self._asked(one, conference, participant) if participant and conference.room else None
        self._again.discard(one.id)
        if call is None:
            self._put(void(one, Result.AWAY, self._now))
            return
        if one.state is CallState.DUE:
            self._put(replace(one, state=CallState.SENT, boot=self._line.boot))
        self.calls.append(call)

    def _asked(self, one: Attempt, conference: Conference, participant: Participant) -> Call | None:
        """Return what the PBX is asked to do; None: it is not, as its user is away for something else."""
        user = self._user(participant)
        rules = self._seen.decisions.rules
        segment = self._seen.away(user, self._now) if user else None
        is_forced = segment is not None and segment.diversion.key == conference.meeting
        if user and segment and not is_forced and leads_away(segment, user, rules):
            return None
        room = self._seen.rooms.get((conference.pbx, conference.room or ""))
        return Call(
            id=one.id,
            room=conference.room or "",
            name=conference.name,
            to=user.extension if user else participant.number or "",
            language=language_of(user, rules) if user else rules.organisation.language,
            before=latest(one),
            ring=self._line.ring,
            shown=conference.subject if self._line.subjects else "",
            forced=is_forced,
            confirmed=is_forced or user is None,
            recorded=room is not None and room.recorded,
            is_moderator=participant.user == conference.organiser,
        )

    def _engaged(self) -> set[tuple[str, str]]:
        """Return who is being called or talks, by conference: also by a call that is over for us, and not yet there.

        What a PBX that was started anew says of calls of before may stay so for good, and keeps nobody.
        """
        noted = (self._row(call) for call, state in self._noted.items() if state in LIVE)
        rings = [one for one in noted if one is not None and one.result is not Result.RESTARTED]
        live = (one for one in self._mine() if one.state in LIVE)
        return {(one.conference, one.who) for one in (*rings, *live)}

    def _unwanted(self, one: Attempt, by_call: Collection[tuple[str, str]]) -> Result | None:
        """Return why nobody is to be called by `one`; None: somebody is. `by_call`: who has come by a call by hand."""
        conference, participant = self._seen.conferences.get(one.conference), self._participant(one)
        by_hand = is_by_hand(one)
        if conference is None or conference.cancelled or conference.room is None:
            return Result.DROPPED
        if participant is None or not (by_hand or (conference.autocall and not participant.declined)):
            return Result.DROPPED
        if participant.user is not None and self._user(participant) is None:
            return Result.DROPPED
        if by_hand and one.state is CallState.DUE and missed(one, self._now):
            return Result.LATE
        if not by_hand and (one.conference, one.who) in by_call:
            return Result.CAME
        came = self._seen.inside if by_hand else self._seen.been
        return Result.CAME if participant.who in came.get(one.conference, ()) else None

    def _participant(self, one: Attempt) -> Participant | None:
        return self._seen.participant(one)

    def _user(self, participant: Participant) -> User | None:
        user = None if participant.user is None else self._seen.decisions.users.get(participant.user)
        return user if user is not None and user.enabled and self._line.takes_part(user) else None

    def _order(self, one: Attempt) -> tuple[datetime, int, str]:
        return one.at, self._rank(one), one.conference

    def _rank(self, one: Attempt) -> int:
        return self._seen.ranks.get((one.conference, one.who), LAST)


def _has_come(one: Attempt) -> bool:
    return one.state is CallState.UP or one.result is Result.LEFT
