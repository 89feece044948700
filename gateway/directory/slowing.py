"""How long somebody waits who guesses passwords: longer with every wrong one, per address and per name. Pure.

A device's password has 142 bits and cannot be guessed; what is slowed is the load, and the noise. The same wrong
password again is no guess, but a telephone whose password has been revoked: it does not slow its neighbours.
"""

from collections.abc import Hashable
from dataclasses import dataclass

FREE = 3  # so many wrong ones are answered at once
FIRST = 0.25  # seconds that the next one waits; each further one twice as long
LONGEST = 5.0  # as telephones wait for an answer
FORGIVEN = 60.0  # seconds after which one wrong one is forgotten
MOST = 10_000  # names and addresses that are remembered


@dataclass(slots=True)
class _Wrong:
    count: float
    at: float


class Slowing:
    """Remembers who was wrong, and at most `most` of them: the ones that were wrong last."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._wrong: dict[Hashable, _Wrong] = {}
        self._refused: dict[Hashable, None] = {}

    def wait(self, whom: tuple[Hashable, ...], now: float) -> float:
        """Return the seconds that an answer to any of `whom` is held back, right or wrong."""
        if not self._wrong:
            return 0.0
        guesses = max(self._count(one, now) for one in whom)
        return 0.0 if guesses < FREE else min(LONGEST, FIRST * 2.0 ** min(guesses - FREE, 20))

    def wrong(self, whom: tuple[Hashable, ...], guess: Hashable, now: float) -> None:
        """Note a wrong guess of `whom`; `guess` is the same for the same name and password."""
        if guess in self._refused:
            return
        _keep(self._refused, guess, None, self._most)
        for one in whom:
            _keep(self._wrong, one, _Wrong(self._count(one, now) + 1, now), self._most)

    def _count(self, one: Hashable, now: float) -> float:
        wrong = self._wrong.get(one)
        return max(0.0, wrong.count - (now - wrong.at) / FORGIVEN) if wrong else 0.0


def _keep(kept: dict, key: Hashable, value: object, most: int) -> None:  # type: ignore[type-arg]
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
