"""Names of callers, on one connection to an Asterisk: that we may be asked for them, and what is answered.

The dialplan asks by `RingplanAsk` (`told`) while the global `RINGPLAN_NAMES` is later than its clock, and waits for
`RINGPLAN_NAMED` (dialplan/README.md). The name itself is set from here, as no argument of a dialplan, which a verbose
log would show. `Setvar` takes CALLERID(name) of a channel like a variable, on Asterisk 22.10.1 and 16.28.
"""

import time
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import timedelta

from gateway.domain.held import Asked
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action

UNTIL = "RINGPLAN_NAMES"
LONGEST = 40
"""Characters of a name; a line of AMI has room for 250 of any script."""

_KEPT = frozenset("-.&")


class Names:
    """The names that one connection is asked for; its methods are those of `ports.Switch`, and raise what it says."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def be_asked(self, lasting: timedelta) -> None:
        """Let the dialplan ask for so long, by Asterisk's clock; not longer than this is nobody waited for."""
        until = int(time.time() + (self._client.ahead + lasting).total_seconds()) if lasting else ""
        await self._client.ask(Action("Setvar", (("Variable", UNTIL), ("Value", str(until)))))

    async def name(self, names: Mapping[Asked, str | None]) -> None:
        """Answer what was asked; whoever has hung up meanwhile is an error of Asterisk's, and none of ours."""
        await self._client.ask_all([action for asked, name in names.items() for action in answer(asked, name)])


def answer(asked: Asked, name: str | None) -> Iterator[Action]:
    """Yield the actions that answer: the name that the call had is kept, for the next one whom it comes to."""
    seen = shown(name or "")
    if seen:
        yield _set(asked, "__RINGPLAN_WAS", asked.shown)
        yield _set(asked, "CALLERID(name)", seen)
    yield _set(asked, "__RINGPLAN_NAMED", "1" if seen else "0")


def shown(name: str) -> str:
    """Return letters of any script, digits, spaces and a few signs of `name`, at most `LONGEST`; perhaps nothing.

    Whatever else could mean something to a dialplan, to AMI, to SIP or to who reads it is a space.
    """
    letters = (one if _is_kept(one) else " " for one in unicodedata.normalize("NFC", name[: 10 * LONGEST]))
    return " ".join("".join(letters).split())[:LONGEST].strip()


def _is_kept(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter)[0] in "LMN"


def _set(asked: Asked, variable: str, value: str) -> Action:
    return Action("Setvar", (("Channel", asked.channel), ("Variable", variable), ("Value", value)))
