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
        """Return at `when`, once `wake` is set, or early when the clock was set back: all is to be planned anew."""
        seen = self.now()
        while seen < when and not wake.is_set():
            # not wait_for: Python 3.11's loses a cancellation that comes together with the wake
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min((when - seen).total_seconds(), _LOOK_AGAIN)):
                    await wake.wait()
            before, seen = seen, self.now()
            if seen < before:
                return
