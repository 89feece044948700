"""Calling somebody into a conference now: what its organiser decides, with a page or a program."""

from datetime import datetime

from gateway.deciding.given import number, wrong
from gateway.deciding.installation import Installation
from gateway.domain.conference import Conference, Participant
from gateway.domain.user import User
from gateway.engine.decided import takes_part
from gateway.errors import Misconfigured, Refused
from gateway.planning.conference.calling import (
    MOST_BY_HAND,
    at_once,
    by_who,
    can_call,
    is_by_hand,
    takes_calls,
    who_of,
)
from gateway.planning.targets import is_permitted
from gateway.store import attendances, calls, organisation, switches, users
from gateway.store.rows import Rows


def asked(conference: Conference, key: str) -> Participant:
    """Return the participant whom `key` names (`who_of`). Raises `Refused`."""
    found = by_who(conference).get(key)
    if found is None:
        raise Refused("nobody like that is asked to this conference any more", "look at the conference again")
    return found


async def colleague(rows: Rows, conference: Conference, extension: str) -> Participant:
    """Return whom a number belongs to, asked or not. Raises `Misconfigured`."""
    user = await users.by_extension(rows, number("extension", extension))
    if user is None:
        raise wrong("extension", extension, "is nobody's number here", "choose a colleague's extension")
    already = (one for one in conference.participants if one.user == user.id)
    return next(already, Participant("", user.id))


async def call_in(
    rows: Rows, installation: Installation, conference: Conference, who: Participant, now: datetime
) -> bool:
    """Let `who` be called into `conference` now; False: they are being called already, and nothing else happens.

    What is written is one row, which the gateway finds, as those that the rules make. Raises `Refused`, also where
    somebody is in, and `Misconfigured` for a number that may not be called.
    """
    await _open(rows, installation, conference, now)
    await _callable(rows, installation, who)
    there = await attendances.among(rows, (conference.key,))
    if any(one.left is None and one.who == who.who for one in there):
        raise Refused("they are in the conference already", "look at the conference again")
    known = await calls.of(rows, conference.key)
    attempt = at_once(conference, who, known, now)
    if attempt is None:
        return False
    key = who_of(conference, who)
    if sum(is_by_hand(one) for one in known if one.who == key) >= MOST_BY_HAND:
        raise Refused("they have been called {most} times", "ask them to dial in", most=MOST_BY_HAND)
    await calls.put(rows, (attempt,))
    return True


async def _open(rows: Rows, installation: Installation, conference: Conference, now: datetime) -> None:
    if conference.room is None:
        raise Refused("the conference has no room, since none was free", "move the meeting, or ask for another room")
    if not takes_calls(conference, now):
        raise Refused("the conference is over, or cancelled", "plan another one")
    if not can_call(conference, now):
        raise Refused("the room is not open yet", "call when it is: ten minutes before the start at the earliest")
    if installation.dry_run or await switches.off_since(rows) is not None:
        raise Refused("Ringplan is turned off, or only watches: nobody is called", "ask whoever looks after telephones")


async def _callable(rows: Rows, installation: Installation, who: Participant) -> None:
    if who.user is not None:
        user: User | None = await users.get(rows, who.user)
        if user is None or not user.enabled or not takes_part(installation.pilot, user):
            raise Refused("they do not take part here, and cannot be called", "ask them to dial in")
    elif not is_permitted(who.number or "", (await organisation.get(rows)).outside, ()):
        raise Misconfigured("this number outside may not be called", "ask whoever looks after telephones")
