"""How long somebody waits who guesses: longer with every wrong try, by the name that is tried and by where it is from.

Whoever waits is told so at once, and a try in between changes nothing. Nobody is kept out by others: for a browser in
which that name has signed in before, only wrong tries of such browsers count; and for who has been let in from the same
place before, those of their name from there. A name that is let in at last takes its wrong tries off the place: in an
office behind one address many mistype. Kept in memory, for at most `MOST` names and places, under a hash: what is typed
as a name may be a password.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import TypeVar

FREE = 5  # wrong tries of one name
FREE_AT = 30  # and from one place: a whole office may be one
LONGEST = 60.0  # seconds
FORGIVEN = timedelta(minutes=30)  # without a wrong try, all are forgotten
MOST = 30_000
A_MINUTE = timedelta(minutes=1)
MOST_TOLD = 60  # a minute

Key = bytes
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Try:
    """What one try counts for: how many wrong ones each of `keys` has free.

    `name`: who says to try; `pair`: this name from this `place`. `place` None: where it is from does not count.
    """

    keys: Mapping[Key, int]
    name: Key
    pair: Key | None = None
    place: Key | None = None


@dataclass(frozen=True, slots=True)
class _Wrong:
    count: int
    at: datetime


@dataclass(slots=True)
class Slowing:
    """`free` wrong tries of a name and `free_at` from a place are answered; then each waits twice as long."""

    free: int = FREE
    free_at: int = FREE_AT
    longest: float = LONGEST
    most: int = MOST
    _wrong: dict[Key, _Wrong] = field(default_factory=dict, repr=False)
    _known: dict[Key, None] = field(default_factory=dict, repr=False)
    _told: dict[Key, datetime] = field(default_factory=dict, repr=False)

    def tried(self, name: str, host: str, *, is_known: bool = False) -> Try:
        """Return what a try of `name` from the address `host` counts for; `is_known`: in a browser that is theirs."""
        if is_known:
            return self.tried_by(name, "browser")
        at = place_of(host)
        of_name, pair, place = _key("name", name), _key("pair", name, at), _key("place", at)
        counted = (pair,) if pair in self._known else (of_name, pair)
        return Try({**dict.fromkeys(counted, self.free), place: self.free_at}, of_name, pair, place)

    def tried_by(self, name: str, kind: str) -> Try:
        """Return what a try counts for that nobody else can make, wherever they are; names of each kind are others."""
        key = _key(kind, name)
        return Try({key: self.free}, key)

    def wait(self, one: Try, now: datetime) -> int:
        """Return for how many seconds it is not looked at whether a try is right."""
        return max(ceil(self._left(key, free, now)) for key, free in one.keys.items())

    def begun(self, one: Try, now: datetime) -> None:
        """Count a try as wrong, before it is known: many at once are many."""
        for key in one.keys:
            _keep(self._wrong, key, _Wrong(self._count(key, now) + 1, now), self.most)

    def taken_back(self, one: Try, now: datetime) -> None:
        """Count a try no more: nobody has looked whether it is right."""
        for key in one.keys:
            _keep(self._wrong, key, _Wrong(max(0, self._count(key, now) - 1), now), self.most)

    def right(self, one: Try, now: datetime) -> None:
        """Forget wrong tries of the name; of the place, those of this name."""
        if one.place is not None and one.pair is not None:
            left = self._count(one.place, now) - self._count(one.pair, now)
            _keep(self._wrong, one.place, _Wrong(max(0, left), now), self.most)
            _keep(self._known, one.pair, None, self.most)
        for key in one.keys:
            if key != one.place:
                self._wrong.pop(key, None)

    def is_told(self, one: Try, now: datetime) -> bool:
        """Say whether a wrong try is written down: one of a name in a minute, and only so many in all."""
        self._told = {key: at for key, at in self._told.items() if at <= now < at + A_MINUTE}
        if one.name in self._told or len(self._told) >= MOST_TOLD:
            return False
        self._told[one.name] = now
        return True

    def _left(self, key: Key, free: int, now: datetime) -> float:
        count = self._count(key, now)
        if count < free:
            return 0.0
        wait = min(self.longest, 2.0 ** min(count - free, 20))
        return max(0.0, wait - (now - self._wrong[key].at).total_seconds())

    def _count(self, key: Key, now: datetime) -> int:
        wrong = self._wrong.get(key)
        return wrong.count if wrong is not None and wrong.at <= now < wrong.at + FORGIVEN else 0


def place_of(host: str) -> str:
    """Return what belongs to one customer: an IPv4 address, or the /64 of an IPv6 address (RFC 6177)."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped) if address.ipv4_mapped else address.packed[:8].hex()
    return str(address)


def _key(*parts: str) -> Key:
    return hashlib.sha256("\0".join(parts).lower().encode(errors="replace")).digest()


def _keep(kept: dict[Key, T], key: Key, value: T, most: int) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
