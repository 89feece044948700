"""Values as an administrator gives them, looked at before they go into the store. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.domain.code import LANGUAGES
from gateway.domain.hours import WorkingHours
from gateway.errors import Misconfigured
from gateway.planning.hand import LONGEST_ABSENCE
from gateway.planning.phone import THROUGH
from gateway.planning.schedule import is_zone
from gateway.planning.targets import is_number
from gateway.planning.working import has_public_holidays, midnight

LONGEST_TOLD = 60
MOST_THROUGH = THROUGH // 2  # of the user, and of the organisation
MOST_ROOMS = 100  # in one range
LONGEST_GRACE = 240  # minutes
A_DAY = timedelta(days=1)
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_PATTERN = re.compile(r"[0-9xX]{1,20}")
_OUTSIDE = re.compile(r"[0-9xX]{1,20}[*]?", re.ASCII)
_ROOM = re.compile(r"[0-9]{1,15}", re.ASCII)
_PIN = re.compile(r"[0-9]{4,12}", re.ASCII)
_WRITTEN_NUMBER = re.compile(r"[+]?[0-9](?:[ ()/-]*[0-9]){2,19}", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def number(field: str, value: str) -> str:
    """A number on the PBX."""
    if not is_number(value):
        raise wrong(field, value, "is no number", "give 1 to 20 digits, 0 to 9")
    return value


def through(field: str, values: Iterable[str]) -> tuple[str, ...]:
    """Numbers whose calls always ring; an empty text among them is none."""
    numbers = tuple(dict.fromkeys(number(field, value) for value in values if value))
    if len(numbers) > MOST_THROUGH:
        raise wrong(field, " ".join(numbers), "are too many", "give at most {most}", most=MOST_THROUGH)
    return numbers


def pattern(field: str, value: str) -> str:
    """Numbers that `>number` may lead to."""
    if not _PATTERN.fullmatch(value):
        raise wrong(field, value, "is no pattern", "give digits, and x for any digit, such as 1xxx")
    return value.lower()


def outside(field: str, value: str) -> str:
    """Numbers outside that conferences may call."""
    if not _OUTSIDE.fullmatch(value):
        remedy = "give digits as they are dialled, x for any digit, and * at the end for any more, such as 0046*"
        raise wrong(field, value, "is no pattern", remedy)
    return value.lower()


def rooms(field: str, value: str) -> tuple[str, ...]:
    """The number of a conference room, or of several: `8090-8099`."""
    first, mark, last = value.partition("-")
    last = last if mark else first
    if not (_ROOM.fullmatch(first) and _ROOM.fullmatch(last)):
        raise wrong(field, value, "is no number of a room", "give 1 to 15 digits, or a range such as 8090-8099")
    if len(first) != len(last) or last < first:
        raise wrong(field, value, "is no range", "give the lower number first, both with as many digits: 8090-8099")
    if int(last) - int(first) >= MOST_ROOMS:
        raise wrong(field, value, "are too many rooms", "give at most {most} at once", most=MOST_ROOMS)
    return tuple(f"{one:0{len(first)}}" for one in range(int(first), int(last) + 1))


def pin(field: str, value: str) -> str:
    """What callers are asked who are not invited, "" for nothing. A wrong one is not told: it may be nearly right."""
    if value and not _PIN.fullmatch(value):
        raise Misconfigured("{field}: this is no PIN", 'give 4 to 12 digits, or "" for none', field=field)
    return value


def grace(field: str, value: int) -> timedelta:
    """How long people may stay in a conference beyond its end, given in minutes."""
    if not 0 <= value <= LONGEST_GRACE:
        raise wrong(field, str(value), "cannot be", "give 0 to {most} minutes", most=LONGEST_GRACE)
    return timedelta(minutes=value)


def dial_in(field: str, values: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """Numbers for guests, by language: `sv=+46 8 500 100`; `sv=` takes one away, an empty text all."""
    found = dict(before)
    for value in values:
        of, mark, written = (part.strip() for part in value.partition("="))
        if not value.strip():
            found.clear()
        elif not mark or of not in LANGUAGES or (written and not _WRITTEN_NUMBER.fullmatch(written)):
            remedy = 'give one of {known}, and a number: "sv=+46 8 500 100"'
            raise wrong(field, value, "is no language with a number", remedy, known=", ".join(LANGUAGES))
        elif written:
            found[of] = written
        else:
            found.pop(of, None)
    return found


def email(field: str, value: str) -> str:
    """An address, in lower case."""
    if not _EMAIL.fullmatch(value) or not value.isprintable():
        raise wrong(field, value, "is no e-mail address", "give one such as anna@example.org")
    return value.lower()


def zone(field: str, value: str) -> ZoneInfo:
    """A time zone."""
    remedy = "give an IANA name such as Europe/Stockholm"
    try:
        found = ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong(field, value, "is no time zone", remedy) from error
    if not is_zone(value):
        raise wrong(field, value, "is a time zone whose name a PBX cannot hold", remedy)
    return found


def language(field: str, value: str) -> str:
    """A language of the prompts."""
    if value not in LANGUAGES:
        raise wrong(field, value, "is no language of the prompts", "one of: {known}", known=", ".join(LANGUAGES))
    return value


def text(field: str, value: str) -> str:
    """One line of text."""
    if not value.isprintable() or len(value) > 200:
        raise wrong(field, value, "is not one line of at most 200 printable characters", "shorten it")
    return value.strip()


def truth(field: str, value: str) -> bool:
    """Yes or no."""
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if value.lower() not in words:
        raise wrong(field, value, "is neither yes nor no", "give yes or no")
    return words[value.lower()]


def holidays(hours: WorkingHours) -> WorkingHours:
    """Working hours whose public holidays are known."""
    if not has_public_holidays(hours.country, hours.subdivision):
        where = f"{hours.country}/{hours.subdivision}" if hours.subdivision else hours.country
        raise wrong(
            "country", where, "has no public holidays that are known", "give ISO 3166 codes, such as SE or DE/BY"
        )
    return hours


def login(field: str, value: str) -> str:
    """What one signs in with; RFC 7617 sends it before a colon."""
    if not value.strip() or not value.isprintable() or len(value) > 200 or ":" in value:
        raise wrong(field, value, "is no login", "give 1 to 200 printable characters without a colon")
    return value


def shortened(value: str) -> str:
    """As much of a wrong value as a message shows."""
    return value if len(value) <= LONGEST_TOLD else value[:LONGEST_TOLD] + "…"


def time_of(field: str, value: str, now: datetime, local: ZoneInfo) -> datetime:
    """An instant: `14:30` (today), `2026-11-23 14:30`, or with an offset of its own; without one it is in `local`."""
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
            value = f"{now.astimezone(local):%Y-%m-%d} {value.rjust(5, '0')}"
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise wrong(field, value, "is no time", "give 14:30, or 2026-11-23 14:30") from error
    return found if found.tzinfo else found.replace(tzinfo=local)


def until(field: str, value: str, now: datetime, local: ZoneInfo) -> datetime:
    """The end of an absence that begins `now`, in UTC: `15:00`, `2026-11-24` (the day of return) or both, in `local`.

    A time alone that is past means tomorrow, as on the telephone.
    """
    is_clock, is_day = _CLOCK.fullmatch(value) is not None, _DAY.fullmatch(value) is not None
    try:
        if is_clock:
            found = _next(time.fromisoformat(value.rjust(5, "0")), now, local)
        elif is_day:
            found = midnight(date.fromisoformat(value), local)
        else:
            given = datetime.fromisoformat(value)
            found = (given.astimezone(UTC) if given.tzinfo else _coming(given, now, local)).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        remedy = "give 15:00, or the day of return (2026-11-24), or 2026-11-24 15:00"
        raise wrong(field, value, "is no time and no day", remedy) from error
    if found <= now and is_day:
        raise wrong(field, value, "is today or past", "give the day of return")
    if found <= now:
        raise wrong(field, value, "is past", "give a later one")
    if is_clock and found - now > A_DAY:
        raise wrong(field, value, "is more than 24 hours away", "give the day as well")
    if found - now > LONGEST_ABSENCE:
        raise wrong(field, value, "is more than a year away", "give an earlier one")
    return found


def _next(clock: time, now: datetime, local: ZoneInfo) -> datetime:
    today = now.astimezone(local).date()
    found = _coming(datetime.combine(today, clock), now, local)
    return found if found > now else datetime.combine(today + A_DAY, clock, local).astimezone(UTC)


def _coming(given: datetime, now: datetime, local: ZoneInfo) -> datetime:
    """Return when a local time is, in UTC: of one that comes twice, as clocks are turned back, the one to come."""
    first, second = (given.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if first <= now < second else first


def wrong(field: str, value: str, said: str, remedy: str, **values: str | int) -> Misconfigured:
    """Return the error of a value that cannot be: what it was given as, as much of it as is shown, and why.

    `said` and `remedy` are templates of `values`, alike for whoever asks: a page translates them.
    """
    return Misconfigured("{field}: {value} " + said, remedy, field=field, value=repr(shortened(value)), **values)
