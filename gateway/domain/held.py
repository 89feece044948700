"""What a PBX holds for one extension."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from gateway.domain.code import Availability
from gateway.domain.user import Extension

Place = Extension


class Lamp(Enum):
    """A lamp is lit while the extension is diverted."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Presence:
    """`reason` is a reason key, `text` what colleagues read: a code's own words, never a calendar's."""

    availability: Availability
    reason: str = ""
    text: str = ""


PRESENT = Presence(Availability.AVAILABLE)


@dataclass(frozen=True, slots=True)
class Held:
    """`schedule` is the value that the dialplan reads (dialplan/README.md), None: there is none.

    `lamp` and `presence` are None where the PBX has never been told.
    """

    schedule: str | None = None
    lamp: Lamp | None = None
    presence: Presence | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The PBX would not hold it, and says why."""

    why: str


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """The PBX told its time: it is `ahead` of ours (negative: behind)."""

    ahead: timedelta


PbxEvent = ClockSeen
