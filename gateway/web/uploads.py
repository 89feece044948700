"""Files that were uploaded and looked at, until somebody says that they are meant: a few, and not for long.

They are kept in memory alone. What is confirmed is what was shown, without that it travels to the browser and back.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

LASTING = timedelta(minutes=15)
MOST = 10  # of all people together; the oldest goes


@dataclass(frozen=True, slots=True)
class Upload:
    """`text` of a file called `name`, which whoever has the session `owner` uploaded; `update` as they ticked.

    `is_written`: it was confirmed. That is remembered for who presses twice, and sees the second answer.
    """

    owner: bytes
    name: str
    text: str = field(repr=False)
    update: bool
    until: datetime
    is_written: bool = False


@dataclass(slots=True)
class Uploads:
    """They have names that nobody guesses, and are given to nobody but their owner."""

    _kept: OrderedDict[str, Upload] = field(default_factory=OrderedDict, repr=False)

    def keep(self, owner: bytes, name: str, text: str, now: datetime, *, update: bool) -> str:
        """Keep a text, and return the name by which `get` finds it."""
        self._forget_over(now)
        key = secrets.token_urlsafe(16)
        self._kept[key] = Upload(owner, name, text, update, now + LASTING)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return key

    def get(self, key: str, owner: bytes, now: datetime) -> Upload | None:
        """Return what is kept under this name; None: nothing, no longer, or it is somebody else's."""
        self._forget_over(now)
        found = self._kept.get(key)
        return found if found is not None and secrets.compare_digest(found.owner, owner) else None

    def written(self, key: str) -> None:
        """Remember that it was confirmed, and its text no longer."""
        if key in self._kept:
            self._kept[key] = replace(self._kept[key], text="", is_written=True)

    def forget(self, key: str) -> None:
        """Keep it no longer."""
        self._kept.pop(key, None)

    def _forget_over(self, now: datetime) -> None:
        for key in [key for key, one in self._kept.items() if one.until <= now]:
            del self._kept[key]
