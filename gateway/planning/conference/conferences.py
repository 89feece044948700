"""From meetings to conferences: which there are, in which room, and from when until when. Pure, and level-triggered.

What there should be follows from what calendars ask for now and from the conferences that there are: who has a room
keeps it, and a conference with people in it stays, under its key, wherever its meeting moves. Rules: CODES.md,
"Conferences from the calendar".
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.conference import Conference, LeftOut, Meeting, Participant, RoomOf, Why
from gateway.domain.user import User
from gateway.planning.conference.pool import Claim, Claimant, Rooms
from gateway.planning.rules import Rules
from gateway.planning.targets import is_permitted

EARLY = timedelta(minutes=10)
"""So long before its start a room opens."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The conferences that there should be, by start; `changes`: when that may differ with nothing else changed."""

    conferences: tuple[Conference, ...] = ()
    changes: datetime | None = None


def key_of(meeting: Meeting | Conference) -> str:
    """Return the key that a conference at this start has: 32 hexadecimal digits.

    One that has moved while people were in it has another, its first. The organiser is part of it: anybody can give an
    item of their own the name of somebody else's, and takes nothing away by that.
    """
    said = f"{meeting.meeting}{meeting.organiser}:{int(meeting.start.timestamp())}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def plan(
    meetings: Iterable[Meeting],
    before: Iterable[Conference],
    users: Iterable[User],
    rooms: Iterable[RoomOf],
    occupied: Collection[str],
    rules: Rules,
    now: datetime,
) -> Planned:
    """Return which conferences there should be at `now`.

    `meetings`: the oldest found first; of a meeting that several calendars tell, the one found last counts. `before`:
    the conferences that there are; a cancelled one is among them, and comes back cancelled, until whoever keeps them
    lets it go. `users`: everybody who takes part. `occupied`: keys of the conferences that somebody is in.
    """
    there, by_id, kept = tuple(before), {user.id: user for user in users}, Rooms(rooms)
    by_key = {one.key: one for one in there}
    going_on = {_named(one): one for one in there if not one.cancelled}
    found_last = {_named(one): one for one in meetings if one.organiser in by_id}
    claimants: list[Claimant] = []
    matched: set[str] = set()
    for name, meeting in found_last.items():
        had = _had(meeting, going_on.get(name), by_key, occupied)
        if had is not None:
            matched.add(had.key)
        is_held = had is not None and had.key in occupied
        if now < meeting.end + (rules.organisation.grace if is_held else timedelta()):
            one = _of(meeting, had, is_held, by_id, rules)
            claimants.append(Claimant(one, _claim(one, had, is_held, kept, now)))
            matched.add(one.key)
    stay, gone = _left(there, matched, by_id, occupied, now)
    claimants += [Claimant(one, Claim.HELD) for one in stay]
    found = sorted((*_opened(kept.assign(claimants)), *gone), key=lambda one: (one.start, one.key))
    changes = min((one.closes if one.key in occupied else one.end for one in found), default=None)
    return Planned(tuple(found), changes)


def _named(one: Meeting | Conference) -> tuple[int, str]:
    return one.organiser, one.meeting


def _had(
    meeting: Meeting, goes_on: Conference | None, by_key: Mapping[str, Conference], occupied: Collection[str]
) -> Conference | None:
    """Return the conference that `meeting` has: the one that `goes_on`, if it starts then or people are in it.

    Otherwise the one that had been cancelled, if its key says that it is the same.
    """
    if goes_on is not None and (goes_on.key in occupied or goes_on.start == meeting.start):
        return goes_on
    return by_key.get(key_of(meeting))


def _of(meeting: Meeting, had: Conference | None, is_held: bool, users: Mapping[int, User], rules: Rules) -> Conference:
    """Return the conference of `meeting`, in the room that it had, if any."""
    key, organiser = key_of(meeting), users[meeting.organiser]
    opens = meeting.start - EARLY
    if had is not None and (is_held or had.key != key):
        key, opens = had.key, min(opens, had.opens)
    stays = had is not None and (is_held or had.pbx == organiser.pbx)
    participants, left_out = _who(meeting, users, rules)
    return Conference(
        key=key,
        meeting=meeting.meeting,
        series=meeting.series,
        organiser=meeting.organiser,
        pbx=had.pbx if had is not None and stays else organiser.pbx,
        room=had.room if had is not None and stays else None,
        start=meeting.start,
        end=meeting.end,
        opens=opens,
        closes=meeting.end + rules.organisation.grace,
        autocall=meeting.autocall,
        subject=meeting.subject,
        participants=participants,
        left_out=left_out,
        collided=had is not None and stays and had.collided,
        told=had.told if had is not None else "",
    )


def _who(
    meeting: Meeting, users: Mapping[int, User], rules: Rules
) -> tuple[tuple[Participant, ...], tuple[LeftOut, ...]]:
    """Return who is in it and who is not: users may have gone since the calendar was read, numbers been forbidden."""
    missing = {}
    for one in meeting.participants:
        if one.user is not None and one.user not in users:
            missing[one] = LeftOut(one.address, Why.UNKNOWN)
        elif one.number is not None and not is_permitted(one.number, rules.organisation.outside, ()):
            missing[one] = LeftOut(one.address, Why.NOT_PERMITTED)
    if not missing:
        return meeting.participants, meeting.left_out
    return tuple(one for one in meeting.participants if one not in missing), (*meeting.left_out, *missing.values())


def _claim(one: Conference, had: Conference | None, is_held: bool, rooms: Rooms, now: datetime) -> Claim:
    """Say how strongly `one` holds the room that it had; an own room chosen later takes it away before it opens."""
    if had is None or one.room is None:
        return Claim.NONE
    if is_held:
        return Claim.HELD
    if one.key != key_of(one):
        return Claim.MOVED
    own = rooms.own(one.pbx, one.organiser)
    is_elsewhere = own is not None and one.room != own and not one.collided
    return Claim.NONE if is_elsewhere and now < one.start - EARLY else Claim.KNOWN


def _left(
    there: Iterable[Conference],
    matched: Collection[str],
    users: Collection[int],
    occupied: Collection[str],
    now: datetime,
) -> tuple[list[Conference], list[Conference]]:
    """Return those that no calendar asks for and that are not over: which stay, and which are cancelled.

    One stays while people are in it, if its organiser is gone (nobody is called any more), or in the grace after its
    end: what is over leaves the calendars' rows at once.
    """
    stay, gone = [], []
    for one in there:
        is_held = one.key in occupied
        if one.key in matched or now >= (one.closes if is_held else one.end):
            continue
        if one.cancelled:
            gone.append(one)
        elif is_held and one.organiser not in users:
            stay.append(replace(one, autocall=False))
        elif is_held and one.end <= now:
            stay.append(one)
        else:
            gone.append(replace(one, cancelled=True))
    return stay, gone


def _opened(placed: Iterable[Conference]) -> list[Conference]:
    """Let none open before the end of the one before it in its room."""
    found, ends = [], dict[tuple[str, str], datetime]()
    for one in sorted(placed, key=lambda one: (one.start, one.key)):
        if one.room is not None:
            place = (one.pbx, one.room)
            earliest = min(ends.get(place, one.opens), one.start)
            ends[place] = max(ends.get(place, one.end), one.end)
            one = one if earliest <= one.opens else replace(one, opens=earliest)
        found.append(one)
    return found
