"""Addresses from which wrong tokens come. Pure.

A token has 256 bits and cannot be guessed: what is kept away is noise. A right one is good from anywhere, so nobody can
lock out their neighbours.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.web.security.slowing import place_of

FREE = 10  # so many wrong ones in a minute are told so
MINUTE = 60.0  # seconds
MOST = 10_000  # addresses that are remembered


@dataclass(slots=True)
class Strangers:
    """Remembers how many wrong tokens came from where, in the minute that began with the first of them."""

    _seen: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict, repr=False)

    def wrong(self, address: str, now: float) -> int:
        """Note a wrong token; returns after how many seconds another one is welcome, 0: at once. `now` in seconds."""
        place = place_of(address)
        began, many = self._seen.pop(place, (now, 0))
        if now - began >= MINUTE:
            began, many = now, 0
        self._seen[place] = began, many + 1
        if len(self._seen) > MOST:
            self._seen.popitem(last=False)
        return 0 if many < FREE else max(1, round(began + MINUTE - now))
