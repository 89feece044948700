"""Connections that are kept open between two requests: few, and not for long.

Without a limit, thousands of accounts of their own would hold a socket each for ever.
"""

import asyncio
from collections.abc import Hashable

from gateway.sources.ews.connection.protocol import Wire

MOST = 200
SECONDS = 150.0  # beyond the usual refresh of a minute, and about when IIS closes by itself


class Kept:
    """Idle connections, each under its owner and address; beyond `most` the one that was idle longest is closed."""

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        self.most, self.seconds = most, seconds
        self._idle: dict[Wire, tuple[Hashable, str, float]] = {}  # in the order in which they were put
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._idle)

    def take(self, owner: Hashable, url: str) -> Wire | None:
        """Return the connection of `owner` to `url` that was used last."""
        mine = (wire for wire, (who, where, _) in reversed(self._idle.items()) if (who, where) == (owner, url))
        wire = next(mine, None)
        if wire is not None:
            del self._idle[wire]
        return wire

    def put(self, owner: Hashable, wire: Wire) -> None:
        """Keep `wire` for later."""
        now = asyncio.get_running_loop().time()
        self._idle[wire] = owner, wire.url, now
        if len(self._idle) > self.most:
            self._close(next(iter(self._idle)))
        if self._timer is None:
            self._sweep()

    def leave(self, owner: Hashable) -> None:
        """Close all that `owner` has."""
        for wire in [wire for wire, (who, _, _) in self._idle.items() if who == owner]:
            self._close(wire)
        if self._timer is not None and not self._idle:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        """Close what was idle for too long, and come back when the next one will have been."""
        loop = asyncio.get_running_loop()
        while self._idle and self._oldest()[1] <= loop.time():
            self._close(self._oldest()[0])
        self._timer = loop.call_at(self._oldest()[1], self._sweep) if self._idle else None

    def _oldest(self) -> tuple[Wire, float]:
        """Return what has been idle longest, and when it has been so for too long (time of the loop)."""
        wire, (_, _, since) = next(iter(self._idle.items()))
        return wire, since + self.seconds

    def _close(self, wire: Wire) -> None:
        del self._idle[wire]
        wire.close()
