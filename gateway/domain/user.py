"""The people whose telephones follow their calendars, and the organisation that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from gateway.domain.code import Language
from gateway.domain.contact import Numbering
from gateway.domain.hours import WorkingHours

Extension = str  # digits, the number on the PBX


class Mode(Enum):
    """What makes a diversion: codes in the subject, or "show as" (CODES.md, "Rule mode without codes")."""

    CODES = "codes"
    SHOW_AS = "show_as"


@dataclass(frozen=True, slots=True)
class User:
    """One person: a number on one named PBX, and the further numbers (`phones`) that follow with it.

    `emails` are lower case, the first is the main one. `hours` None: the organisation's. `operator` None: the
    organisation's. `through`: numbers whose calls ring whatever is planned, besides those of the organisation.
    """

    id: int
    extension: Extension
    emails: tuple[str, ...]
    zone: ZoneInfo
    language: Language = "sv"
    name: str = ""
    pbx: str = "main"
    phones: tuple[Extension, ...] = ()
    hours: WorkingHours | None = None
    operator: str | None = None
    enabled: bool = True
    through: tuple[Extension, ...] = ()

    @property
    def places(self) -> tuple[Extension, ...]:
        """All numbers that follow this user's calendar."""
        return (self.extension, *self.phones)


@dataclass(frozen=True, slots=True)
class Organisation:
    """What holds for everybody unless a user has their own.

    `marker`: text from it on is hidden from operators ("" none). `only_own`: a colleague's invitation never diverts.
    `permitted`: where `>number` may lead, as patterns of digits and `x` (any digit), e.g. `1xxx`; empty: extensions of
    users only. `through`: numbers whose calls ring everywhere, whatever is planned. `outside`: numbers that conferences
    may call outside, as such patterns (`*` at the end: any more digits); empty: none. `grace`: so long people may stay
    in a conference beyond its end. `dial_in`: the numbers under which guests reach conferences, as they are told to
    organisers, by language. `numbering`: what numbers mean here.
    """

    zone: ZoneInfo
    language: Language = "sv"
    hours: WorkingHours = field(default_factory=WorkingHours)
    mode: Mode = Mode.CODES
    marker: str = ""
    only_own: bool = False
    permitted: tuple[str, ...] = ()
    operator: str | None = None
    through: tuple[Extension, ...] = ()
    outside: tuple[str, ...] = ()
    grace: timedelta = timedelta(minutes=15)
    dial_in: Mapping[Language, str] = field(default_factory=dict)
    numbering: Numbering = field(default_factory=Numbering)
