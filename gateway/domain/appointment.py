"""One occurrence of an item in somebody's calendar, expanded and free of its server's dialect."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Response(Enum):
    """What the owner of the calendar answered; OWN: the item is the owner's own, nobody asked."""

    OWN = "own"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNANSWERED = "unanswered"


class ShowAs(Enum):
    """Outlook's "show as"."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    OUT = "out"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is asked to a meeting: an address (lower case), and what they have answered.

    `is_group`: the server says that it is a distribution list.
    """

    address: str = field(repr=False)
    response: Response
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """`start` and `end` are aware and half-open; an all-day item runs between midnights in its owner's zone.

    `uid` and `occurrence` (the planned start of this occurrence, "" where the item does not recur) name it within
    one mailbox; `subject` is None where the server withholds it. `organiser` is an address (lower case), "" where
    there is none or the server does not tell; `location` is "" likewise. Subject, uid, place and people never reach a
    log or a repr.
    """

    uid: str = field(repr=False)
    occurrence: str = field(repr=False)
    subject: str | None = field(repr=False)
    start: datetime
    end: datetime
    response: Response = Response.OWN
    cancelled: bool = False
    private: bool = False
    show_as: ShowAs = ShowAs.BUSY
    organiser: str = field(default="", repr=False)
    attendees: tuple[Attendee, ...] = field(default=(), repr=False)
    location: str = field(default="", repr=False)
