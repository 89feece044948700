"""From appointments to meetings that ask for a conference (CODES.md, "Conferences from the calendar"). Pure.

Only the organiser's own copy counts. Who is asked is found by any of their addresses; for addresses that are nobody's
a source may know a list's members (`CalendarSource.group`) or a contact's numbers (`CalendarSource.numbers`).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.conference import LeftOut, Meeting, Participant, Why
from gateway.domain.user import User
from gateway.planning.codes import occurrence_key
from gateway.planning.conference.location import Asked, asked
from gateway.planning.conference.outside import dialled
from gateway.planning.conference.shown import subject_of
from gateway.planning.grammar import whole
from gateway.planning.rules import Remark, Rules

LONGEST = timedelta(hours=24)
MOST_PARTICIPANTS = 100

People = Mapping[str, int]
"""Whose (`User.id`) an address (lower case) is."""
Groups = Mapping[str, tuple[str, ...] | None]
"""The members of a list, by its address; None: it is none, or they are not told."""
Numbers = Mapping[str, tuple[str, ...]]
"""The numbers that a contact has, as they are written, by address, the best one first."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """What one user's calendars ask for, by start; `remarks` holds only counts above zero."""

    found: tuple[Meeting, ...] = ()
    remarks: Mapping[Remark, int] = field(default_factory=dict)


def people_of(users: Iterable[User]) -> People:
    """Return whose each address is; one that two have written down is the first one's."""
    found: dict[str, int] = {}
    for user in users:
        for address in user.emails:
            found.setdefault(address, user.id)
    return found


def strangers(
    items: Iterable[Appointment], user: User, people: People, groups: Groups | None = None
) -> tuple[str, ...]:
    """Return the addresses in conferences of `user` that are nobody's, each once: those that may be lists first.

    Once `groups` are known: only those that may be people with a number, members of lists among them. Of one meeting
    no more than may take part, and nobody who has declined.
    """
    found: dict[str, bool] = {}
    for item in items:
        if _said(item) is not None and _is_held_by(item, user, people):
            strange = {address: is_list for address, is_list in _asked_after(item, groups) if address not in people}
            found |= dict(sorted(strange.items(), key=lambda one: not one[1])[:MOST_PARTICIPANTS])
    return tuple(sorted(found, key=lambda address: not found[address]))


def read(
    items: Iterable[Appointment],
    user: User,
    people: People,
    rules: Rules,
    groups: Groups,
    numbers: Numbers,
) -> Meetings:
    """Return what the calendars of `user` ask for, by start.

    An invitation from somebody whom nobody knows, and a meeting of more than a day, are remarked; one without length
    asks for nothing. Of an item that came twice, the one that starts first counts.
    """
    remarks: Counter[Remark] = Counter()
    found: dict[str, Meeting] = {}
    for item in items:
        said = _said(item)
        if said is None:
            continue
        if not _is_held_by(item, user, people):
            remarks[Remark.ORGANISER_UNKNOWN] += item.organiser not in people
            continue
        participants, left_out = _who(item, user, people, rules, groups, numbers)
        meeting = Meeting(
            meeting=occurrence_key(item),
            series=series_key(item),
            organiser=user.id,
            start=whole(item.start),
            end=whole(item.end),
            autocall=said is Asked.AUTOCALL,
            subject=subject_of(item, rules),
            participants=participants,
            left_out=left_out,
        )
        if meeting.end - meeting.start > LONGEST:
            remarks[Remark.CONFERENCE_TOO_LONG] += 1
        else:
            found[meeting.meeting] = min(found.get(meeting.meeting, meeting), meeting, key=_order)
    kept = {remark: count for remark, count in remarks.items() if count}
    return Meetings(tuple(sorted(found.values(), key=_order)), kept)


def series_key(item: Appointment) -> str:
    """Return the key of an item, whatever its occurrence: 32 hexadecimal digits that tell nothing of its uid."""
    return hashlib.sha256(f"{len(item.uid)}:{item.uid}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _said(item: Appointment) -> Asked | None:
    """Return what `item` asks for, if it takes place and has a length."""
    said = None if item.cancelled or not item.location else asked(item.location)
    return said if said and whole(item.start) < whole(item.end) else None


def _is_held_by(item: Appointment, user: User, people: People) -> bool:
    """Say whether `item` is the organiser's own copy, and `user` the organiser: of one without people its owner."""
    if item.response is not Response.OWN:
        return False
    return not item.attendees or not item.organiser or people.get(item.organiser) == user.id


def _who(
    item: Appointment, user: User, people: People, rules: Rules, groups: Groups, numbers: Numbers
) -> tuple[tuple[Participant, ...], tuple[LeftOut, ...]]:
    """Return who is in it, the organiser first, and who is not."""
    organiser = Participant(item.organiser or next(iter(user.emails), ""), user.id)
    found = {organiser.who: organiser}
    left_out: dict[str, LeftOut] = {}
    for attendee in _asked_people(item.attendees, people, groups):
        one = _found(attendee, people, rules, numbers)
        if isinstance(one, Why):
            if attendee.response is not Response.DECLINED:
                left_out.setdefault(attendee.address, LeftOut(attendee.address, one))
        elif one.who in found:
            same = found[one.who]
            found[one.who] = replace(same, declined=same.declined and one.declined)
        elif len(found) < MOST_PARTICIPANTS:
            found[one.who] = one
        else:
            left_out.setdefault(one.address, LeftOut(one.address, Why.TOO_MANY))
    return tuple(found.values()), tuple(left_out.values())


def _asked_people(attendees: Iterable[Attendee], people: People, groups: Groups) -> Iterator[Attendee]:
    """Yield who is asked by name, then who is in a list and not asked by name: a list is nobody's answer."""
    lists, named = [], set()
    for attendee in attendees:
        if attendee.address not in people and groups.get(attendee.address) is not None:
            lists.append(attendee)
        else:
            named.add(people.get(attendee.address, attendee.address))
            yield attendee
    for attendee in lists:
        for address in groups[attendee.address] or ():
            if people.get(address, address) not in named:
                yield Attendee(address, attendee.response)


def _found(attendee: Attendee, people: People, rules: Rules, numbers: Numbers) -> Participant | Why:
    declined = attendee.response is Response.DECLINED
    if attendee.address in people:
        return Participant(attendee.address, people[attendee.address], declined=declined)
    if attendee.is_group:
        return Why.GROUP
    written = numbers.get(attendee.address, ())
    for number in written:
        digits = dialled(number, rules.organisation.outside)
        if digits is not None:
            return Participant(attendee.address, number=digits, declined=declined)
    return Why.NOT_PERMITTED if written else Why.UNKNOWN


def _asked_after(item: Appointment, groups: Groups | None) -> Iterator[tuple[str, bool]]:
    """Yield who may be a list, while no groups are known, or have a number; and whether it surely is a list."""
    for attendee in item.attendees:
        members = groups.get(attendee.address) if groups else None
        if members is not None:
            yield from ((member, False) for member in members)
        elif attendee.is_group:
            if groups is None:
                yield attendee.address, True
        elif attendee.response is not Response.DECLINED:
            yield attendee.address, False


def _order(meeting: Meeting) -> tuple[datetime, datetime, str, bool, str]:
    return (meeting.start, meeting.end, meeting.meeting, not meeting.autocall, meeting.subject)
