"""Sockets that are watched together: an epoll of their own, which the loop watches as if it were one socket (epoll(7)).

The loop's own way to watch a socket (`loop.add_reader`) costs a handle, a key and a turn of the loop for each thing
that happens; telephones come and go too often for that. Here one turn does for all that has happened.
"""

import asyncio
import select
from collections.abc import Callable
from typing import TypeAlias

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT
AT_ONCE = 64  # sockets that are told of before others have a turn

Told: TypeAlias = Callable[[int], None]  # gets what has happened: `READABLE`, `WRITABLE`, or that it is broken


class Watch:
    """Who is told of which handle. What a callback raises is for the loop's handler; nobody else is passed over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._poll = select.epoll()
        self._told: dict[int, Told] = {}
        loop.add_reader(self._poll.fileno(), self._happened)

    def want(self, handle: int, events: int, told: Told) -> None:
        """Tell of these events from now on, as long as they last; 0: of nothing."""
        if not events:
            if self._told.pop(handle, None) is not None:
                self._poll.unregister(handle)
        elif handle in self._told:
            self._poll.modify(handle, events)
        else:
            self._poll.register(handle, events)
            self._told[handle] = told

    def forget(self, handle: int) -> None:
        """Tell of nothing more, for the handle is about to be closed: the kernel forgets it then."""
        self._told.pop(handle, None)

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()

    def _happened(self) -> None:
        for handle, events in self._poll.poll(0, AT_ONCE):
            told = self._told.get(handle)
            if told is not None:  # it may have been closed a moment ago
                told(events)
