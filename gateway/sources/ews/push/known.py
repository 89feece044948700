"""What the streams of one account know of its mailboxes, from one stream to the next; and how patient they are."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.sources.ews.push.notifications import SILENCE, Affinity

IN_A_ROW = 3  # so many failures are no accident


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    `settle`: before the first request: mailboxes that are added one after the other shall not each cost a new plan.
    `alone`: a stream that is being opened waits so long for another one to be. `silence`: a stream on which nothing
    comes for so long is dead. `steady`: one that lived so long was well. `first` and `longest`: pauses. Until somebody
    is tried again: `ill`, whose mailbox cannot be subscribed to; `refused`, whose mailbox Exchange does not give to
    delegates; `missing`, whose server has no streams. `plan`: until streams are shared out anew.
    """

    settle: float = 2.0
    alone: float = 5.0
    silence: float = SILENCE
    steady: float = 60.0
    first: float = 1.0
    longest: float = 15 * 60.0
    ill: float = 30 * 60.0
    refused: float = 4 * 3600.0
    missing: float = 22 * 3600.0
    plan: float = 3600.0


PACE = Pace()


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as the server knows it, and what leads requests to that server."""

    id: str = field(repr=False)
    url: str
    affinity: Affinity


@dataclass(slots=True)
class Known:
    """What an account's streams know, by `Mailbox.id`.

    `heard`: to be yielded, in this order; `news` says that there are such. `unsure`: something may have been missed.
    `failed`: how often in a row. `without`: only asked in turn until then, by the loop's time. `said`: the last reason
    for that.
    """

    held: dict[int, Subscription] = field(default_factory=dict)
    heard: dict[int, None] = field(default_factory=dict)
    unsure: set[int] = field(default_factory=set)
    failed: Counter[int] = field(default_factory=Counter)
    without: dict[int, float] = field(default_factory=dict)
    said: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, some: Iterable[int]) -> None:
        """Let these be yielded."""
        self.heard |= dict.fromkeys(some)
        self.news.set()

    def fails(self, one: int) -> bool:
        """Count, and return whether that was once too often in a row."""
        self.failed[one] += 1
        return self.failed[one] >= IN_A_ROW
