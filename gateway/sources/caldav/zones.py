"""What TZID and a moment mean: which zone, and which instant. Pure.

A TZID is, in this order: a name of the IANA database, as it stands or behind a prefix
(`/mozilla.org/20050126_1/Europe/Berlin`); a VTIMEZONE of the same text (RFC 5545 section 3.6.5); a Windows name
(`W. Europe Standard Time`, by CLDR's table). Anything else is unknown, and the item unreadable: guessing would divert
at a wrong hour. Local times that do not exist or exist twice are read as RFC 5545 section 3.3.5 says, which is what
`fold=0` does.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache, partial
from operator import add
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.recurrence.effort import Effort
from gateway.recurrence.rule import Rule
from gateway.recurrence.series import starts
from gateway.recurrence.unreadable import Unreadable
from gateway.recurrence.windows import windows
from gateway.sources.caldav.components import Component

MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
FIRST, LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - local times of a VTIMEZONE
PROPERTIES = frozenset({"TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"})


@dataclass(frozen=True, slots=True)
class Moment:
    """A DATE or DATE-TIME: `local` as written, `zone` None where it floats; `whole`: a DATE."""

    local: datetime
    zone: tzinfo | None
    whole: bool = False


@dataclass(frozen=True)
class Embedded(tzinfo):
    """A VTIMEZONE: at each local `onset` the offset of the same index begins, before the first it is `offsets[0]`.

    `onsets` are local times before the change, so in the hour that exists twice the first one is meant.
    """

    name: str = field(repr=False)
    onsets: tuple[datetime, ...] = field(repr=False)
    offsets: tuple[timedelta, ...] = field(repr=False)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return the offset that is in force at a local time."""
        if moment is None:
            return self.offsets[0]
        return self.offsets[bisect_right(self.onsets, moment.replace(tzinfo=None))]

    def dst(self, moment: datetime | None) -> timedelta | None:
        """Not known."""
        return None

    def tzname(self, moment: datetime | None) -> str:
        """Return the TZID."""
        return self.name


@dataclass(slots=True)
class Zones:
    """The zones of one text; `owner` for what floats."""

    owner: ZoneInfo
    calendar: Component
    effort: Effort = field(default_factory=Effort)
    _found: dict[str, tzinfo] = field(default_factory=dict)

    def named(self, tzid: str) -> tzinfo:
        """Return the zone that a TZID names. Raises `Unreadable`."""
        if tzid not in self._found:
            self._found[tzid] = iana(tzid) or self._embedded(tzid) or _windows(tzid)
        return self._found[tzid]

    def moment(self, value: str, tzid: str | None) -> Moment:
        """Read a DATE or DATE-TIME. Raises `Unreadable`."""
        match = MOMENT.fullmatch(value.strip())
        if match is None:
            raise Unreadable("not a time")
        parts = [int(part) for part in match.groups()[:6] if part is not None]
        if len(parts) == 6:
            parts[5] = min(parts[5], 59)  # a leap second
        try:
            local = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - its zone stands beside it
        except ValueError as error:
            raise Unreadable("no such time") from error
        if len(parts) == 3:
            return Moment(local, None, whole=True)
        if match[7]:
            return Moment(local, UTC)
        return Moment(local, self.named(tzid) if tzid else None)

    def instant(self, moment: Moment) -> datetime:
        """Return the instant in UTC; a DATE begins at midnight in the owner's zone."""
        return self.at(moment.local, moment.zone)

    def at(self, local: datetime, zone: tzinfo | None) -> datetime:
        """Return the instant of a local time in UTC."""
        return local.replace(tzinfo=zone or self.owner).astimezone(UTC)

    def local(self, instant: datetime, zone: tzinfo | None) -> datetime:
        """Return the local time of an instant, near a change of an embedded zone within that change."""
        if isinstance(zone, Embedded):
            naive = instant.astimezone(UTC).replace(tzinfo=None)
            return naive + zone.utcoffset(naive + zone.utcoffset(naive))
        return instant.astimezone(zone or self.owner).replace(tzinfo=None)

    def _embedded(self, tzid: str) -> tzinfo | None:
        for component in self.calendar.named("VTIMEZONE"):
            name = component.one("TZID")
            if name is not None and name.value.strip() == tzid:
                parts = observances(component)
                self.effort.take_zone((tzid, parts), sum(len(part.rules) for part in parts))
                return embedded(tzid, parts)
        return None


@lru_cache(maxsize=1024)
def iana(tzid: str) -> tzinfo | None:
    """Return the zone of an IANA name, as it stands or behind a prefix; None: there is none."""
    parts = tzid.strip().split("/")
    for first in range(len(parts)):
        name = "/".join(parts[first:])
        if NAME.fullmatch(name):
            try:
                return ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return None


@dataclass(frozen=True, slots=True)
class Observance:
    """A STANDARD or DAYLIGHT part as written."""

    begin: str
    before: str
    after: str
    dates: tuple[str, ...]
    rules: tuple[str, ...]


def observances(component: Component) -> tuple[Observance, ...]:
    """Return the parts of a VTIMEZONE. Raises `Unreadable`."""
    found = []
    for part in component.components:
        begin, before, after = part.one("DTSTART"), part.one("TZOFFSETFROM"), part.one("TZOFFSETTO")
        if begin is None or before is None or after is None:
            raise Unreadable("a VTIMEZONE without its parts")
        dates = tuple(text for more in part.all("RDATE") for text in more.value.split(","))
        rules = tuple(rule.value for rule in part.all("RRULE"))
        found.append(Observance(begin.value, before.value, after.value, dates, rules))
    return tuple(found)


@lru_cache(maxsize=256)
def embedded(tzid: str, parts: tuple[Observance, ...]) -> tzinfo:
    """Build the zone of a VTIMEZONE, for the years 1970 to 2099. Raises `Unreadable`."""
    changes: list[tuple[datetime, timedelta, timedelta]] = []
    for part in parts:
        start, before, after = _local(part.begin), _offset(part.before), _offset(part.after)
        onsets = {start, *(_local(text) for text in part.dates)}
        for text in part.rules:
            rule = Rule.parse(text)
            if rule.frequency != "YEARLY":
                raise Unreadable("a VTIMEZONE that does not change by the year")
            onsets.update(starts(rule, start, FIRST, LAST, partial(add, before)))
        changes.extend((onset, before, after) for onset in onsets)
    if not changes:
        raise Unreadable("an empty VTIMEZONE")
    changes.sort(key=lambda change: change[0])
    offsets = (changes[0][1], *(after for _, _, after in changes))
    if len(set(offsets)) == 1:
        return timezone(offsets[0])
    return Embedded(tzid, tuple(onset for onset, _, _ in changes), offsets)


def _windows(tzid: str) -> tzinfo:
    zone = windows(tzid)
    if zone is None:
        raise Unreadable("an unknown zone")
    return zone


def _local(value: str) -> datetime:
    match = MOMENT.fullmatch(value.strip())
    if match is None or match[4] is None:
        raise Unreadable("a VTIMEZONE with a broken time")
    try:
        return datetime(*(int(part) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError as error:
        raise Unreadable("a VTIMEZONE with a time that there is not") from error


def _offset(text: str) -> timedelta:
    match = OFFSET.fullmatch(text.strip())
    if match is None:
        raise Unreadable("a VTIMEZONE with a broken offset")
    size = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    if size >= timedelta(days=1):
        raise Unreadable("a VTIMEZONE with an absurd offset")
    return -size if match[1] == "-" else size


def midnight(day: date) -> datetime:
    """Return the local midnight at which a day begins, without its zone."""
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - its zone stands beside it
