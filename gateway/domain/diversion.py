"""One absence that a calendar asks for: who, why, from when until when."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Diversion:
    """In force from `start` until `end` (UTC, half-open) when it `diverts` (`:`), else information (`;`).

    `user` is `User.id`; `key` names the occurrence within the user, as a hash, never as text from a calendar;
    `code` is `Code.key`; `target` a number that was asked for by `>number` and is permitted; `text` the description
    that operators may see, None where there is none to be seen.
    """

    user: int
    key: str
    code: str
    start: datetime
    end: datetime
    diverts: bool = True
    target: str | None = None
    text: str | None = field(default=None, repr=False)
