"""What is read when: each mailbox and book at its own place in time, at once where somebody rings, and few at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from gateway.domain.book import Book
from gateway.domain.mailbox import Mailbox

Due = Mailbox | Book

APART = timedelta(milliseconds=50)  # between two that are new
LENT = 5.0  # seconds
NEVER = datetime.max.replace(tzinfo=UTC)  # the next turn of what is only read when somebody asks
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOLDEN = (5**0.5 - 1) / 2


def first_turns(wanted: Sequence[Due], now: datetime) -> dict[Due, datetime]:
    """Return when each is read first: calendars soon, and behind them the books, which can wait and may take longer."""
    first = spread([one for one in wanted if isinstance(one, Mailbox)], now)
    behind = max((when for when in first.values() if when != NEVER), default=now)
    return first | spread([one for one in wanted if isinstance(one, Book)], behind)


def spread(wanted: Sequence[Due], now: datetime) -> dict[Due, datetime]:
    """Return when each is read first: soon, but not all at once; from then on each has its own turn (`next_turn`)."""
    many = max(len(wanted), 1)
    return {
        one: NEVER if one.refresh is None else now + min(APART * many, timedelta(seconds=one.refresh)) * place / many
        for place, one in enumerate(wanted)
    }


def next_turn(one: Due, now: datetime) -> datetime:
    """Return when it is read again: at its own place in the course of each `refresh`, at most that far away.

    The place comes from its id alone, so mailboxes stay apart whatever made them be read together: a wish for all, a
    server that came back, a machine that slept, a clock that was set.
    """
    if one.refresh is None:
        return NEVER
    refresh = timedelta(seconds=one.refresh)
    return now + refresh - (now - EPOCH - _place(one, refresh)) % refresh


def day_of(book: Book, now: datetime) -> date:
    """Return the day of `book`, which begins at its own time: at midnight all would be read whole."""
    return (now.astimezone(UTC) - _place(book, DAY)).date()


def _place(one: Due, within: timedelta) -> timedelta:
    """Return the place of one.

    Multiples of the golden ratio lie evenly on a circle, however many there are (Knuth, The Art of Computer
    Programming, volume 3, section 6.4, theorem S).
    """
    return within * (one.id * GOLDEN % 1)


@dataclass(slots=True)
class Bell:
    """Rung for what is to be read now: `whole` because somebody wished it, else because it has changed."""

    rung: asyncio.Event = field(default_factory=asyncio.Event)
    whole: bool = False

    def ring(self, *, whole: bool) -> None:
        """Ask for a reading that begins after this; one that is going on does not count."""
        self.whole = self.whole or whole
        self.rung.set()

    def hear(self) -> bool:
        """Return whether the whole is asked for, and be silent again."""
        whole, self.whole = self.whole, False
        self.rung.clear()
        return whole


@dataclass(slots=True)
class Rest:
    """The server asks to be left alone from `begun` until `until`."""

    begun: datetime = EPOCH
    until: datetime = EPOCH

    def lasts(self, now: datetime) -> bool:
        """Say whether it does; a clock that was set back to before its beginning ends it."""
        return self.begun <= now < self.until

    def begin(self, now: datetime, until: datetime) -> None:
        """Let it last until `until`; one that lasts longer already goes on."""
        self.until = max(until, self.until) if self.lasts(now) else until
        self.begun = now


class Slots:
    """So many at once, but nobody counts for longer than `LENT`: servers that hang do not keep others from theirs."""

    def __init__(self, many: int) -> None:
        self._free = asyncio.Semaphore(many)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a slot, and have it."""
        await self._free.acquire()
        is_lent = True

        def give_back() -> None:
            nonlocal is_lent
            if is_lent:
                is_lent = False
                self._free.release()

        late = asyncio.get_running_loop().call_later(LENT, give_back)
        try:
            yield
        finally:
            late.cancel()
            give_back()
