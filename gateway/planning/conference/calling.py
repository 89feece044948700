"""Who is called into a conference, when, and when again. Pure.

One row (`Attempt`) for each try to reach one participant: due → sent → up → over, or void. No row is ever made twice:
its id follows from conference, participant and number, and who has been called stays called while there are rows.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from gateway.domain.conference import Attempt, CallId, CallState, Conference, Participant, Result

AHEAD = timedelta(hours=1)
"""So long before the start rows are made."""
LATE = timedelta(minutes=5)
"""So long after its time an attempt may still be made."""
AT_ALL = timedelta(minutes=10)
"""So long after the first one attempts are made."""
MOST_ATTEMPTS = 3
"""So many the rules make; those with higher numbers are calls by hand, which nothing follows."""
MOST_BY_HAND = 10
"""So often somebody may be called by hand into one conference."""
AGAIN = {
    Result.BUSY: timedelta(seconds=60),
    Result.NO_ANSWER: timedelta(seconds=30),
    Result.FAILED: timedelta(seconds=30),
}

_NAMESPACE = UUID("7d0ff0e1-9c1c-4d84-8f35-2d5b6f0a6c52")


def attempt_id(conference: str, who: str, number: int) -> CallId:
    """Return the id of the attempt `number` (from 1) to reach `who` (as `who_of`) in the conference with this key."""
    return uuid5(_NAMESPACE, f"{conference}:{who}:{number}").hex


def who_of(conference: Conference, participant: Participant) -> str:
    """Return what names `participant` in attempts: 32 hexadecimal digits, others in each conference."""
    return _hashed(conference, participant.who)


def guest_of(conference: Conference, who: str, users: Iterable[int]) -> Participant | None:
    """Return the one of these users whom `who` names, asked or not: a colleague who was called in by hand."""
    found = next((user for user in users if _hashed(conference, f"user:{user}") == who), None)
    return None if found is None else Participant("", found)


def _hashed(conference: Conference, who: str) -> str:
    return hashlib.sha256(f"{conference.key}{who}".encode()).hexdigest()[:32]


def by_who(conference: Conference) -> dict[str, Participant]:
    """Return the participants by `who_of`, in their rank: the organiser first."""
    return {who_of(conference, one): one for one in conference.participants}


def latest(attempt: Attempt) -> datetime:
    """Return when a due attempt may be begun at the latest."""
    most = attempt.at if attempt.waits else attempt.at + LATE
    return min(most, attempt.first + AT_ALL, attempt.ends)


def wanted(
    conference: Conference,
    attempts: Iterable[Attempt],
    known_since_before: bool,
    now: datetime,
    been_in: Collection[str] = (),
) -> tuple[Attempt, ...]:
    """Return the rows to add or change, out of all `attempts` of the conference.

    Calls by hand stay as long as their conference is open and takes calls, whoever is asked to it.
    `known_since_before`: it was known before this look. Then whoever is new after its start, while others have been
    due before them, is due at once; otherwise everybody is due at the start, and void when that is too long ago.
    `been_in`: `Participant.who` of everybody who is in the room, or was. Nothing but `ends` changes in an attempt that
    has been made.
    """
    every = tuple(attempts)
    by_hand = {row: _changed_by_hand(row, conference, now) for row in every if is_by_hand(row)}
    by_rules = [row for row in every if not is_by_hand(row)]
    return (
        *_planned(conference, by_rules, known_since_before, now, been_in),
        *(changed for row, changed in by_hand.items() if changed != row),
    )


def _planned(
    conference: Conference,
    attempts: Iterable[Attempt],
    known_since_before: bool,
    now: datetime,
    been_in: Collection[str],
) -> tuple[Attempt, ...]:
    rows = {row.id: row for row in attempts}
    if not rows and (not _calls(conference, now) or conference.start - now > AHEAD):
        return ()
    people = by_who(conference) if _calls(conference, now) else {}
    asked = {who: one for who, one in people.items() if not one.declined}
    was_called = any(row.result is not Result.DROPPED for row in rows.values())
    first = max(conference.start, now) if known_since_before and was_called else conference.start
    found = [_changed(row, asked.get(row.who), conference, first, now, been_in) for row in rows.values()]
    if conference.start - now <= AHEAD:
        fresh = (_first(conference, who, first) for who in asked)
        found += [_changed(row, asked[row.who], conference, first, now, been_in) for row in fresh if row.id not in rows]
    return tuple(row for row in found if rows.get(row.id) != row)


def is_by_hand(attempt: Attempt) -> bool:
    """Say whether somebody has asked for this call, and not the rules."""
    return attempt.number > MOST_ATTEMPTS


def takes_calls(conference: Conference, now: datetime) -> bool:
    """Say whether anybody can be called into it at `now`, or later."""
    return not conference.cancelled and conference.room is not None and now < conference.end


def can_call(conference: Conference, now: datetime) -> bool:
    """Say whether somebody can be called into it at `now`."""
    return takes_calls(conference, now) and conference.opens <= now


def at_once(
    conference: Conference, participant: Participant, attempts: Iterable[Attempt], now: datetime
) -> Attempt | None:
    """Return the row by which `participant` is called now, out of all `attempts`; None: they are being called already.

    What the rules would try again after the start is tried now, in its place, unless it is too late for that. Before
    the start that call stays: who does not come by this one is called again then.
    """
    who = who_of(conference, participant)
    theirs = [row for row in attempts if row.who == who]
    if any(_is_underway(row, now) for row in theirs):
        return None
    if conference.autocall and not participant.declined:
        again = (row for row in theirs if row.state is CallState.DUE and row.first <= now < row.first + AT_ALL)
        planned = next(again, None)
        if planned is not None:
            return replace(planned, at=now, waits=False)
    number = max([MOST_ATTEMPTS, *(row.number for row in theirs)]) + 1
    return Attempt(
        id=attempt_id(conference.key, who, number),
        conference=conference.key,
        who=who,
        number=number,
        state=CallState.DUE,
        at=now,
        first=now,
        ends=conference.end,
    )


def after(attempt: Attempt, result: Result, now: datetime) -> tuple[Attempt, Attempt | None]:
    """Return `attempt` as it is over with `result`, and the next one to the same participant, if there is to be one.

    `Result.CAME` is for one that rings while its participant comes by themselves: whoever hangs it up then says so, so
    that nothing follows from how the PBX ends it.
    """
    over = replace(attempt, state=CallState.OVER, waits=False, result=result, over=now)
    waits = result is Result.UNREGISTERED
    if attempt.number >= MOST_ATTEMPTS or not (waits or result in AGAIN):
        return over, None
    end = min(attempt.first + AT_ALL, attempt.ends)
    at = end if waits else now + AGAIN[result]
    if (now if waits else at) >= end:
        return over, None
    number = attempt.number + 1
    return over, Attempt(
        id=attempt_id(attempt.conference, attempt.who, number),
        conference=attempt.conference,
        who=attempt.who,
        number=number,
        state=CallState.DUE,
        at=at,
        first=attempt.first,
        ends=attempt.ends,
        waits=waits,
    )


def dropped(attempts: Iterable[Attempt], now: datetime) -> tuple[Attempt, ...]:
    """Return those that are due as they will never be made: their conference is no more."""
    return tuple(void(row, Result.DROPPED, now) for row in attempts if row.state is CallState.DUE)


def void(attempt: Attempt, why: Result, now: datetime) -> Attempt:
    """Return `attempt` as one that is never made."""
    return replace(attempt, state=CallState.VOID, waits=False, result=why, over=now)


def _calls(conference: Conference, now: datetime) -> bool:
    return conference.autocall and takes_calls(conference, now)


def missed(row: Attempt, now: datetime) -> bool:
    """Say whether a call by hand that has not been made is made no more: it is late, or the clock was set back."""
    return _is_late(row, now) or row.at - now > LATE


def _is_underway(row: Attempt, now: datetime) -> bool:
    if row.state is not CallState.DUE:
        return row.state in (CallState.SENT, CallState.UP)
    return not missed(row, now) if is_by_hand(row) else row.at <= now and not row.waits and not _is_late(row, now)


def _changed_by_hand(row: Attempt, conference: Conference, now: datetime) -> Attempt:
    if row.ends != conference.end:
        row = replace(row, ends=conference.end)
    if row.state is not CallState.DUE:
        return row
    if not can_call(conference, now):
        return void(row, Result.DROPPED, now)
    return void(row, Result.LATE, now) if missed(row, now) else row


def _first(conference: Conference, who: str, at: datetime) -> Attempt:
    return Attempt(
        id=attempt_id(conference.key, who, 1),
        conference=conference.key,
        who=who,
        number=1,
        state=CallState.DUE,
        at=at,
        first=at,
        ends=conference.end,
    )


def _changed(
    row: Attempt, one: Participant | None, conference: Conference, first: datetime, now: datetime, been: Collection[str]
) -> Attempt:
    """Return `row` as it should be for `one`, who is asked (None: is not, or nobody is called)."""
    if row.ends != conference.end:
        row = replace(row, ends=conference.end)
    if one is not None:
        row = _in_time(row, conference, first, now)
    if row.state is not CallState.DUE:
        return row
    if one is None:
        return void(row, Result.DROPPED, now)
    if one.who in been:
        return void(row, Result.CAME, now)
    return void(row, Result.LATE, now) if _is_late(row, now) else row


def _in_time(row: Attempt, conference: Conference, first: datetime, now: datetime) -> Attempt:
    """Return an attempt that has not been made at the time that is right now; one that was dropped is due again.

    So is a later one, as long as it is not late; one that waited for a telephone is due at once. What was dropped while
    it rang stays over: the PBX knows its id.
    """
    was_dropped = row.state is CallState.VOID and row.result is Result.DROPPED
    if row.state is not CallState.DUE and not was_dropped:
        return row
    again = replace(row, state=CallState.DUE, result=None, over=None)
    if row.number == 1 and (was_dropped or row.at > now or conference.start > now):
        again = replace(again, at=first, first=first)
    elif was_dropped and row.at == row.first + AT_ALL:
        again = replace(again, at=now)
    return row if was_dropped and _is_late(again, now) else again


def _is_late(row: Attempt, now: datetime) -> bool:
    return now >= latest(row) if row.waits or row.ends <= now else now > latest(row)
