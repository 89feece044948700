"""Letters to the organisers of conferences, and the digest by which is known what they were told. Pure.

A letter holds the reduced subject, which telephones show as well, the people of this meeting, and nothing else from a
calendar (CODES.md, "Privacy"). Whatever is put in stays within its line.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.conference import Attempt, CallState, Conference, Participant, RoomOf
from gateway.domain.letter import Letter
from gateway.domain.user import User
from gateway.planning.callers import language_of
from gateway.planning.conference.calling import who_of
from gateway.planning.rules import Rules
from gateway.planning.telling.wording import WORDINGS, Wording

MOST = 100  # people or dates that are listed
LONGEST = 200  # characters of what is put in
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said besides the conference; `users` by id, `room` None: it has none, or it is no more."""

    organiser: User
    users: Mapping[int, User]
    room: RoomOf | None
    rules: Rules

    @property
    def words(self) -> Wording:
        """The organiser's language."""
        return WORDINGS.get(language_of(self.organiser, self.rules), WORDINGS["en"])


def digest(conference: Conference, facts: Facts) -> str:
    """Return what stands for all that an organiser has to be told anew when it changes: 16 hexadecimal digits.

    Not the date, so that occurrences of a series are told once; nor who is invited and who declined, which the
    organiser's calendar shows.
    """
    start = conference.start.astimezone(facts.organiser.zone)
    room = facts.room
    said = (
        conference.room,
        start.strftime("%H:%M"),
        conference.end - conference.start,
        conference.autocall,
        conference.collided,
        [(one.address, one.why.value) for one in conference.left_out],
        (room.pin, room.recorded) if room else None,
    )
    return hashlib.sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def planned(some: Sequence[Conference], facts: Facts) -> Letter:
    """Return what is said of conferences that differ in their date alone."""
    return _letter(facts.words.planned, some, facts, [*_when(some, facts), *_how(some[0], facts)])


def changed(some: Sequence[Conference], facts: Facts) -> Letter:
    """Return what is said of conferences that the organiser knows, and that are otherwise now."""
    return _letter(facts.words.changed, some, facts, [*_when(some, facts), *_how(some[0], facts)])


def moved(before: Sequence[Conference], some: Sequence[Conference], facts: Facts) -> Letter:
    """Return what is said of conferences that are in place of those `before`."""
    were = ["", facts.words.was, *_when(before, facts)]
    return _letter(facts.words.moved, some, facts, [*_when(some, facts), *were, *_how(some[0], facts)])


def cancelled(some: Sequence[Conference], facts: Facts) -> Letter:
    """Return what is said of conferences that are no more."""
    return _letter(facts.words.cancelled, some, facts, _when(some, facts))


def called(conference: Conference, attempts: Iterable[Attempt], facts: Facts) -> Letter:
    """Return how the calling went."""
    last: dict[str, Attempt] = {}
    for attempt in attempts:
        before = last.get(attempt.who)
        if before is None or (before.at, before.number) < (attempt.at, attempt.number):
            last[attempt.who] = attempt
    lines = [
        f"{_name(one, facts)}: {_outcome(last.get(who_of(conference, one)), one, facts.words)}"
        for one in conference.participants
    ]
    return _letter(facts.words.called, [conference], facts, [*_when([conference], facts), "", *_most(lines, facts)])


def _letter(subject: str, some: Sequence[Conference], facts: Facts, lines: Iterable[str]) -> Letter:
    first, words = some[0], facts.words
    name = f" «{_line(first.subject)}»" if first.subject else ""
    head = subject.format(name=name)
    body = "\n".join([f"{head}.", "", *lines, "", words.end, ""])
    seed = repr((head, body, [one.key for one in some]))
    when = _date(first, facts)
    return Letter(
        id=hashlib.sha256(seed.encode("utf-8", "backslashreplace")).hexdigest()[:32],
        to=facts.organiser.emails[0],
        subject=f"{head}, {when}",
        body=body,
    )


def _when(some: Sequence[Conference], facts: Facts) -> list[str]:
    zone = _line(facts.organiser.zone.key or "")
    times = (f"{_date(one, facts)}–{one.end.astimezone(facts.organiser.zone):%H:%M} ({zone})" for one in some)
    return _most([f"  {time}" for time in times], facts)


def _date(conference: Conference, facts: Facts) -> str:
    start, words = conference.start.astimezone(facts.organiser.zone), facts.words
    return f"{words.weekdays[start.weekday()]} {start.strftime(words.date)} {start:%H:%M}"


def _how(conference: Conference, facts: Facts) -> list[str]:
    """Return where it is, who is called, and who is left out."""
    words = facts.words
    lines = ["", *(_where(conference, facts) if conference.room else [words.no_room]), ""]
    lines.append(words.all_called if conference.autocall else words.nobody_called)
    lines += _most([f"  {_invited(one, facts)}" for one in conference.participants], facts)
    if conference.left_out:
        out = [f"  {_line(one.address)}: {words.why[one.why]}" for one in conference.left_out]
        lines += ["", words.left_out, *_most(out, facts)]
    return lines


def _where(conference: Conference, facts: Facts) -> list[str]:
    words, room = facts.words, facts.room
    lines = [words.room.format(room=conference.room)]
    if room and room.pin:
        lines.append(words.pin.format(pin=room.pin))
        lines += [
            words.dial_in.format(language=words.languages.get(language, language), number=_line(number))
            for language, number in facts.rules.organisation.dial_in.items()
        ]
    minutes = (conference.start - conference.opens) // MINUTE
    if minutes > 0:
        lines.append(words.opens.format(minutes=minutes))
    lines += [words.collided] if conference.collided else []
    lines += [words.recorded] if room and room.recorded else []
    return lines


def _invited(one: Participant, facts: Facts) -> str:
    return f"{_name(one, facts)}, {facts.words.declined}" if one.declined else _name(one, facts)


def _name(one: Participant, facts: Facts) -> str:
    """Return who it is, and the number that is called."""
    user = facts.users.get(one.user) if one.user is not None else None
    if user is not None:
        return f"{_line(user.name) or _line(one.address)} ({user.extension})"
    return f"{_line(one.address)} ({_line(one.number)})" if one.number else _line(one.address)


def _outcome(last: Attempt | None, one: Participant, words: Wording) -> str:
    if last is None:
        return words.declined if one.declined else words.not_called
    if last.state is CallState.UP:
        return words.in_room
    if last.result is None:
        return words.waiting
    result = words.results[last.result]
    return words.tries.format(result=result, many=last.number) if last.number > 1 else result


def _most(lines: list[str], facts: Facts) -> list[str]:
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"  {facts.words.more.format(many=more)}"]


def _line(text: str) -> str:
    """Return `text` so that it neither ends its line nor is endless."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST]
