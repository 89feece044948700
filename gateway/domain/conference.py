"""Telephone conferences: what calendars ask for, what is planned, who is in, and the calls that bring people in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from gateway.domain.code import Language

Room = str  # digits, the number on the PBX
CallId = str  # 32 hexadecimal digits
LONGEST_NAME = 12


class Why(Enum):
    """Why somebody who is asked to a meeting is not in its conference."""

    UNKNOWN = "unknown"  # the address is nobody's here, and no number is kept for it
    GROUP = "group"  # a distribution list that the server does not expand, or with too many members
    NOT_PERMITTED = "not_permitted"  # a number outside that may not be called
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in a conference: a user (`User.id`), or a number outside; `address` (lower case) is who was asked.

    Who has `declined` is not called, and may still dial in.
    """

    address: str = field(repr=False)
    user: int | None = None
    number: str | None = field(default=None, repr=False)
    declined: bool = False

    @property
    def who(self) -> str:
        """What tells participants of one conference apart."""
        return f"user:{self.user}" if self.user is not None else f"number:{self.number}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who is asked, and not in the conference."""

    address: str = field(repr=False)
    why: Why


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting that asks for a conference, as one calendar of its `organiser` (`User.id`) tells it.

    `meeting` names the occurrence, as `Diversion.key` does (a diversion of the same item has the same); `series` its
    item, whatever the occurrence: hashes, never texts from a calendar. `start` and `end`: UTC, half-open. `autocall`:
    everybody is called at the start. `subject` is what a telephone may show (letters, digits and spaces), "" for a
    private meeting. `participants`: the organiser first, each once.
    """

    meeting: str
    series: str
    organiser: int
    start: datetime
    end: datetime
    autocall: bool
    subject: str = field(default="", repr=False)
    participants: tuple[Participant, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomOf:
    """A number on the PBX `pbx` behind which conferences are held: `owner`'s own (`User.id`), or (None) of the pool.

    `pin`: digits that are asked of whoever is not invited; "": guests from outside are not let in. `recorded`: what is
    said is recorded, and everybody who comes in is told so.
    """

    number: Room
    pbx: str = "main"
    owner: int | None = None
    pin: str = field(default="", repr=False)
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference that is planned, or goes on. `key` comes from meeting and planned start, and stays when it moves
    while somebody is in it.

    `room` None: none was free. `opens`: from when callers are let in; `closes`: until then those who are in may stay
    beyond `end`. `collided`: not in the organiser's own room, since that was taken. `cancelled`: the meeting is no
    more; whoever is in is told so. `told` is what its organiser was last told, as a digest.
    """

    key: str
    meeting: str
    series: str
    organiser: int
    pbx: str
    room: Room | None
    start: datetime
    end: datetime
    opens: datetime
    closes: datetime
    autocall: bool
    subject: str = field(default="", repr=False)
    participants: tuple[Participant, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    collided: bool = False
    cancelled: bool = False
    told: str = ""

    @property
    def name(self) -> str:
        """What a PBX calls it: the beginning of its key."""
        return self.key[:LONGEST_NAME]


class CallState(Enum):
    """How far one attempt is: planned, handed to the PBX, in the room, over, or never to be made."""

    DUE = "due"
    SENT = "sent"
    UP = "up"
    OVER = "over"
    VOID = "void"


class Result(Enum):
    """How an attempt ended, or why it was never made (`VOID`)."""

    LEFT = "left"  # was in the room, and has hung up
    BUSY = "busy"
    NO_ANSWER = "noanswer"
    REJECTED = "rejected"
    UNREGISTERED = "unregistered"  # no telephone is signed in
    DND = "dnd"  # the telephone's own do not disturb
    AWAY = "away"  # diverted for another reason than this meeting
    UNCONFIRMED = "unconfirmed"  # answered, and nobody pressed 1
    FAILED = "failed"
    RESTARTED = "restarted"  # the PBX was started anew meanwhile: not called again
    CAME = "came"  # dialled in by themselves
    LATE = "late"  # could not be made in time
    DROPPED = "dropped"  # the conference was cancelled, or the person is no longer asked


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to reach one participant. `who` is a hash, of the conference and the participant.

    `number` counts from 1. `at`: when it is to be made. `waits`: earlier, as soon as the telephone signs in. `first`:
    when the participant's first attempt was due. `boot` names the run of the PBX that was asked (`Switch.boot`).
    `ends`: the planned end of the conference; rows go five minutes later.
    """

    id: CallId
    conference: str
    who: str
    number: int
    state: CallState
    at: datetime
    first: datetime
    ends: datetime
    waits: bool = False
    boot: str = ""
    result: Result | None = None
    over: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a PBX is asked to do: ring `to`, and bring who answers into the conference `name` behind `room`.

    `shown`: the caller's name that the telephone shows, "" for none. `forced`: the telephone rings although its owner
    is diverted. `confirmed`: whoever answers has to press 1. It rings for `ring`, and is not begun after `before`.
    """

    id: CallId
    room: Room
    name: str
    to: str
    language: Language
    before: datetime
    ring: timedelta
    shown: str = field(default="", repr=False)
    forced: bool = False
    confirmed: bool = False
    recorded: bool = False
    is_moderator: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A channel that is in the conference `name`: of the call `call`, or of somebody who has dialled in.

    `number`: of the telephone that dialled in, "" where it is none of the PBX's own or nobody knows.
    """

    name: str
    channel: str
    number: str = ""
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """Somebody is in a conference (`Conference.key`) since `joined`, or was until `left`, by `channel`.

    `who` as in `Participant.who`, "" for a guest.
    """

    conference: str
    channel: str
    who: str
    joined: datetime
    left: datetime | None = None


class Prompt(Enum):
    """What those who are put out of a conference hear."""

    ENDED = "ended"
    CANCELLED = "cancelled"
