"""How somebody's telephone is now and what comes, laid out for reading: to its owner, or discreetly to others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from gateway.domain.code import LANGUAGES, Code, Language
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.planning.callers import window_of
from gateway.planning.rules import Rules, discreet
from gateway.planning.schedule import Window
from gateway.planning.timeline import Segment, of_user
from gateway.store import absences, diversions, users
from gateway.store.rows import Rows

AHEAD = timedelta(days=14)


class Kind(Enum):
    """What a line does to the telephone: it diverts, or leaves it ringing (`;`), or was ended by hand."""

    DIVERTS = "diverts"
    INFORMATION = "information"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Line:
    """From `start` until `end` (aware, half-open); the person can be reached at `back`.

    `text` is the description, None where the reader may see none; `window` is what callers meet, None where the
    telephone rings.
    """

    kind: Kind
    start: datetime
    end: datetime
    back: datetime
    code: Code
    text: str | None
    by_hand: bool = False
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """`now`: what diverts, None when the telephone rings; `beside` runs too and leaves it ringing; then what comes."""

    at: datetime
    now: Line | None
    beside: tuple[Line, ...]
    coming: tuple[Line, ...]

    @property
    def away(self) -> Line | None:
        """What to tell of the person: what diverts, or else information that runs."""
        information = (line for line in self.beside if line.kind is Kind.INFORMATION)
        return self.now or next(information, None)

    @property
    def next(self) -> Line | None:
        """What diverts next."""
        return next((line for line in self.coming if line.kind is Kind.DIVERTS), None)


def outlook(asked: Iterable[Diversion], user: User, rules: Rules, at: datetime, *, own: bool) -> Outlook:
    """Lay out all that is `asked` for `user`, for the next `AHEAD`; `own`: it is the user who reads.

    To others, of a sensitive code nothing is named, and descriptions alone where the code lets operators see them.
    A code that is no more does nothing.
    """
    every = tuple(one for one in asked if one.code in rules.by_key and at < one.end)
    lines = [_diverting(segment, user, rules, own=own) for segment in of_user(every, user, rules)]
    lines += [_resting(one, rules, own=own) for one in every if one.dismissed or not one.diverts]
    lines.sort(key=lambda line: (line.start, line.end))
    running = [line for line in lines if line.start <= at < line.end]
    return Outlook(
        at=at,
        now=next((line for line in running if line.kind is Kind.DIVERTS), None),
        beside=tuple(line for line in running if line.kind is not Kind.DIVERTS),
        coming=tuple(line for line in lines if at < line.start < at + AHEAD),
    )


async def page_of(rows: Rows, rules: Rules, some: Sequence[int], at: datetime) -> tuple[tuple[User, Outlook], ...]:
    """Return a page of users (ids) in their order, discreetly; who is disabled is not away."""
    planned, by_hand = await diversions.of_some(rows, some), await absences.of_some(rows, some)
    known, found = await users.some(rows, some), []
    for user in (known[one] for one in some):
        asked = [*planned.get(user.id, ()), *([by_hand[user.id]] if user.id in by_hand else [])]
        found.append((user, outlook(asked if user.enabled else (), user, rules, at, own=False)))
    return tuple(found)


def named(code: Code, language: Language, rules: Rules) -> str:
    """Return the shown reason in a language, else in the organisation's, else in any that there is."""
    known = (code.texts.get(one) for one in (language, rules.organisation.language, *LANGUAGES))
    return next(filter(None, known), code.reason)


def _diverting(segment: Segment, user: User, rules: Rules, *, own: bool) -> Line:
    diversion = segment.diversion
    code = rules.by_key[diversion.code]
    window = window_of(segment, user, rules)
    shown, text = _readable(code, diversion.text, own=own)
    return Line(Kind.DIVERTS, segment.start, segment.end, segment.back, shown, text, diversion.by_hand, window)


def _resting(diversion: Diversion, rules: Rules, *, own: bool) -> Line:
    kind = Kind.INFORMATION if not diversion.diverts else Kind.DISMISSED
    shown, text = _readable(rules.by_key[diversion.code], diversion.text, own=own)
    return Line(kind, diversion.start, diversion.end, diversion.end, shown, text)


def _readable(code: Code, text: str | None, *, own: bool) -> tuple[Code, str | None]:
    if own:
        return code, text
    return discreet(code), text if code.shown and not code.sensitive else None
