"""One absence that a calendar or its owner's own hand asks for: who, why, from when until when."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Diversion:
    """In force from `start` until `end` (UTC, half-open) when it `diverts` (`:`), else information (`;`).

    `user` is `User.id`; `key` names the occurrence within the user, as a hash, never as text from a calendar;
    `code` is `Code.key`; `target` a number that was asked for by `>number` and is permitted; `text` the description
    that operators may see, None where there is none to be seen. `by_hand`: set on the telephone or by command, it beats
    the calendar; a user has one at most, and its key is `BY_HAND`. `dismissed`: its owner ended it while it ran, and it
    diverts no more, until its times change.
    """

    user: int
    key: str
    code: str
    start: datetime
    end: datetime
    diverts: bool = True
    target: str | None = None
    text: str | None = field(default=None, repr=False)
    by_hand: bool = False
    dismissed: bool = False


BY_HAND = "by-hand"
