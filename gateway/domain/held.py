"""What a PBX holds for one place (an extension or a conference room), and what it tells."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from gateway.domain.code import Availability
from gateway.domain.conference import CallId, CallState, Member, Result
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

    `lamp` and `presence` are None where the PBX has never been told. `phone` is what the dialplan knows of the
    extension's owner, so that star codes work by themselves. `hand` is the absence by hand of the user whose main
    number this is: the dialplan writes it as well, and what it has written is taken over (planning/hand.py). `room`:
    when conferences are behind this number; `invited`: to which ones the user is asked whose main number this is.
    """

    schedule: str | None = None
    lamp: Lamp | None = None
    presence: Presence | None = None
    phone: str | None = None
    hand: str | None = None
    room: str | None = None
    invited: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The PBX would not hold it, and says why."""

    why: str


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """The PBX told its time: it is `ahead` of ours (negative: behind)."""

    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Dialled:
    """Somebody set or ended an absence on the telephone: `place`, a user's main number, now holds `hand`.

    The PBX has put the lamps of all the user's `phones` to `lamp` by itself.
    """

    place: Place
    hand: str
    lamp: Lamp
    phones: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class QueuesChanged:
    """A queue has another member, or a member was paused or taken out of its pause by somebody else."""


@dataclass(frozen=True, slots=True)
class CallTold:
    """The PBX tells how far a call of ours is: SENT (it is being placed), UP (in the room) or OVER, with its result."""

    call: CallId
    state: CallState
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody has come into a conference."""

    member: Member


@dataclass(frozen=True, slots=True)
class Went:
    """Somebody has left a conference."""

    member: Member


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A telephone has signed in to the PBX."""

    place: Place


@dataclass(frozen=True, slots=True)
class Asked:
    """The telephone `place` is about to ring: who is it that calls from `number` (`+` and digits)? It waits for 0.2 s.

    `channel` names the call, `shown` is the name that it has without us; `at`: when it was asked, by the PBX's clock.
    """

    channel: str
    place: Place
    number: str = field(repr=False)
    at: datetime
    shown: str = field(default="", repr=False)


PbxEvent = ClockSeen | Dialled | QueuesChanged | CallTold | Came | Went | SignedIn | Asked
