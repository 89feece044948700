"""How fast calls leave: so many a second, evenly, and what was lost by waking late is made up for."""

from datetime import UTC, datetime, timedelta

CREDIT = timedelta(milliseconds=50)  # of lateness; with it no second has more than a twentieth too many


class Pace:
    """`take` what is `free`; a clock that was set back lets it begin anew."""

    def __init__(self, per_second: float) -> None:
        self._gap = timedelta(seconds=1 / per_second)
        self._next = datetime(1970, 1, 1, tzinfo=UTC)

    def free(self, now: datetime) -> int:
        """Return how many may leave at `now`."""
        if self._next > now + self._gap:
            self._next = now
        since = max(self._next, now - CREDIT)
        return 0 if since > now else int((now - since) / self._gap) + 1

    def take(self, many: int, now: datetime) -> None:
        """Let `many` leave at `now`, of those that are free."""
        if many:
            self._next = max(self._next, now - CREDIT) + many * self._gap

    @property
    def next(self) -> datetime:
        """When the next one may leave."""
        return self._next
