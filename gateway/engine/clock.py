"""The wall clock (`ports.Clock`)."""

import asyncio
import contextlib
from datetime import UTC, datetime

_LOOK_AGAIN = 30.0  # seconds: a wall clock that was set meanwhile is noticed this soon


class WallClock:
    """The time of this machine; steps of it (suspend, NTP, an administrator) are noticed within 30 s."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def until(self, when: datetime, wake: asyncio.Event) -> None:
        """Return at `when`, or as soon as `wake` is set."""
        while (left := (when - self.now()).total_seconds()) > 0 and not wake.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), min(left, _LOOK_AGAIN))
