"""The roll of one conference: who is asked, how calling them went, who is in or was, and who was called in by hand."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from gateway.deciding.planned import Told
from gateway.domain.conference import Attempt, Attendance, CallState, Participant
from gateway.domain.user import User
from gateway.planning.conference.calling import guest_of, is_by_hand, who_of
from gateway.store import users
from gateway.store.rows import Rows


@dataclass(frozen=True, slots=True)
class Line:
    """`participant`: who it is, None: a guest. `asked`: by the meeting, and not by hand. `user` None: no user (any
    more). `key` names them in attempts (`who_of`).
    """

    participant: Participant | None = None
    user: User | None = None
    key: str = ""
    asked: bool = False
    attempts: tuple[Attempt, ...] = ()
    stays: tuple[Attendance, ...] = ()

    @property
    def is_in(self) -> bool:
        """Whether they are in."""
        return any(stay.left is None for stay in self.stays)

    @property
    def is_called(self) -> bool:
        """Whether they are being called, or are about to be."""
        return any(
            one.state is CallState.SENT or (one.state is CallState.DUE and is_by_hand(one)) for one in self.attempts
        )

    @property
    def declined(self) -> bool:
        """Whether they have declined."""
        return self.participant is not None and self.participant.declined


def roll(told: Told, everybody: Mapping[int, User]) -> tuple[Line, ...]:
    """Return a line for everybody who is asked, in their order, then for who was called in by hand, and for guests.

    `everybody`: all whom it may concern, by id (`concerned`).
    """
    conference = told.conference
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in told.attempts:
        attempts[attempt.who].append(attempt)
    stays: dict[str, list[Attendance]] = defaultdict(list)
    for stay in told.stays:
        stays[stay.who].append(stay)
    asked = {who_of(conference, one): one for one in conference.participants}
    listed = asked | _called_in(told, asked.keys(), everybody)
    known = {one.who for one in listed.values()}
    others = (one for one in (Participant("", user) for user in everybody) if one.who in stays and one.who not in known)
    listed |= {who_of(conference, one): one for one in others}
    lines = [
        Line(
            participant=one,
            user=None if one.user is None else everybody.get(one.user),
            key=key,
            asked=key in asked,
            attempts=tuple(attempts[key]),
            stays=tuple(stays.pop(one.who, ())),
        )
        for key, one in listed.items()
    ]
    return (*lines, *(Line(stays=(stay,)) for theirs in stays.values() for stay in theirs))


async def concerned(rows: Rows, told: Told) -> dict[int, User]:
    """Return the users who are on the roll, by id."""
    conference = told.conference
    ids = {one.user for one in conference.participants if one.user is not None}
    ids |= {int(stay.who.removeprefix("user:")) for stay in told.stays if stay.who.startswith("user:")}
    asked = {who_of(conference, Participant("", user)) for user in ids}
    others = [one for one in told.attempts if is_by_hand(one) and one.who not in asked]
    if others:
        everybody = await users.ids(rows)
        guests = (guest_of(conference, who, everybody) for who in {one.who for one in others})
        ids |= {guest.user for guest in guests if guest is not None and guest.user is not None}
    return await users.some(rows, ids)


def _called_in(told: Told, asked: Collection[str], everybody: Mapping[int, User]) -> dict[str, Participant]:
    """Return the colleagues who were called in by hand and are not asked, by what names them in attempts."""
    others = dict.fromkeys(one.who for one in told.attempts if is_by_hand(one) and one.who not in asked)
    found = {who: guest_of(told.conference, who, everybody) for who in others}
    return {who: one for who, one in found.items() if one is not None}


def shown_to(user: User, told: Told, lines: tuple[Line, ...]) -> tuple[Told, tuple[Line, ...]]:
    """Return of both what `user` may see: all of it the organiser, others who is asked and who is in.

    They see neither how telephones of colleagues answered, nor addresses and numbers from the organiser's contacts.
    """
    if told.conference.organiser == user.id:
        return told, lines
    people = tuple(_unnamed(one) for one in told.conference.participants)
    conference = replace(told.conference, participants=people, left_out=())
    hidden = (
        replace(line, participant=_unnamed(line.participant) if line.participant else None, key="", attempts=())
        for line in lines
        if line.asked or line.is_in
    )
    return replace(told, conference=conference, attempts=()), tuple(hidden)


def _unnamed(one: Participant) -> Participant:
    return replace(one, address="", number=None)
