"""What the reading of one mailbox may cost, so that one calendar takes no time from everybody else's. Pure.

Counted in steps, of which a computer does about two million in a second. Each text has a few that are its own; what it
needs beyond comes out of what all texts of the reading share, and what does not get it is set aside. So costly series
take nothing from plain ones, however many they are.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from gateway.errors import GiveUp
from gateway.recurrence.unreadable import Unreadable

OWN = 1_000  # steps; two weeks of a daily series are 20, years of a series with COUNT a few thousand
MOST = 50_000  # steps of one text
SHARED = 2_000_000
ZONE = 4_000  # steps of a rule of a VTIMEZONE, which is followed over 130 years
ZONE_RULES = 25  # of one VTIMEZONE
OWN_FOUND = 20  # appointments
SHARED_FOUND = 20_000
MOST_FOUND = 50_000


@dataclass(slots=True)
class Effort:
    """What is left of it; `begin` with each text."""

    steps: int = 0
    shared: int = SHARED
    found: int = 0
    shared_found: int = SHARED_FOUND
    every: int = 0
    zones: set[Hashable] = field(default_factory=set, repr=False)

    def begin(self) -> None:
        """Count anew what belongs to one text."""
        self.steps = self.found = 0

    def take(self, steps: int) -> None:
        """Do so many steps. Raises `Unreadable` where they are too many."""
        beyond = min(steps, max(0, self.steps + steps - OWN))
        self.steps += steps
        if self.steps > MOST or beyond > self.shared:
            raise Unreadable("a series that costs too much")
        self.shared -= beyond

    def take_zone(self, zone: Hashable, rules: int) -> None:
        """Compute a zone of so many rules; what all share pays for it, once. Raises `Unreadable`."""
        if zone in self.zones:
            return
        if rules > ZONE_RULES or ZONE * rules > self.shared:
            raise Unreadable("a zone that costs too much")
        self.shared -= ZONE * rules
        self.zones.add(zone)

    def take_found(self) -> None:
        """Find one more appointment. Raises `Unreadable`, or `GiveUp` where the whole mailbox has too many."""
        self.found += 1
        self.every += 1
        if self.every > MOST_FOUND:
            raise GiveUp(f"there are more than {MOST_FOUND} appointments within weeks", "tidy the calendar up")
        if self.found > OWN_FOUND:
            if not self.shared_found:
                raise Unreadable("a series that occurs too often")
            self.shared_found -= 1
