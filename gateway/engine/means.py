"""What all accounts work with, and what is kept of the two kinds that they read: calendars and books."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.domain.book import Book
from gateway.engine.decided import Decided
from gateway.engine.outcomes import Outcomes
from gateway.engine.pulse import Pulse
from gateway.engine.together import Together
from gateway.engine.turns import Bell, Due, Slots
from gateway.errors import RingplanError
from gateway.ports import Clock
from gateway.store.store import Store


@dataclass(frozen=True, slots=True)
class Kind:
    """All calendars, or all books. `slots` are by source, and so is `whole`, for those asked for; `bells` by id."""

    outcomes: Outcomes
    slots: Mapping[str, Slots]
    whole: Mapping[str, Slots]
    bells: dict[int, Bell] = field(default_factory=dict)

    def know(self, every: Iterable[Due]) -> None:
        """Forget what is kept of all others."""
        self.outcomes.known = frozenset(one.id for one in every)
        for gone in self.bells.keys() - self.outcomes.known:
            del self.bells[gone]

    def bell(self, one: Due) -> Bell:
        """Return the bell of one."""
        return self.bells.setdefault(one.id, Bell())


@dataclass(frozen=True, slots=True)
class Means:
    """What all accounts work with."""

    store: Store
    together: Together
    decided: Decided
    clock: Clock
    pulse: Pulse
    calendars: Kind
    books: Kind

    def kind(self, one: Due) -> Kind:
        """Return of which kind it is."""
        return self.books if isinstance(one, Book) else self.calendars

    async def failed(self, some: Collection[Due], error: RingplanError) -> None:
        """Note that these could not be read."""
        for kind in (self.calendars, self.books):
            mine = [one for one in some if self.kind(one) is kind]
            if mine:
                await kind.outcomes.failed(mine, error)
