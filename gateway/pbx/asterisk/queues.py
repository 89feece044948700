"""Members of Asterisk's queues, paused and taken out of their pause; whose pause it is, is told by its reason.

`QueueStatus` (no right is needed) lists the members with `Paused` and `PausedReason`; `QueuePause` (right `agent`) sets
both. A pause without a reason, or with another one, is somebody else's. Seen on Asterisk 22.10.1 and 16.28
(tests/captures/asterisk/queue_*.txt): taken out of a pause, a member has no reason; `persistentmembers` keeps pause and
reason of dynamic members over a restart, static members begin without a pause; a pause that is already there is
answered and told again, so nothing is sent that is so already.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Collection

from gateway.domain.held import Place, Refusal
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message

REASON = "Ringplan"
NO_RIGHT = f"the AMI user may not pause members of queues: give it write = {lines.WRITE} in manager.conf"

_GONE = "Interface not found"  # the member left the queue meanwhile
_DENIED = "Permission denied"
_INTERFACE = re.compile(r"(?:(?:PJSIP|SIP|IAX2)/([0-9]{1,15})(?:/.*)?|Local/([0-9]{1,15})@.+)", re.IGNORECASE)
_HINT = re.compile(r"hint:([0-9]{1,15})@.+", re.IGNORECASE)


class Queues:
    """The queues of one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._expected: Counter[tuple[str, str]] = Counter()  # how often we took a member out of its pause, untold yet

    async def pause(self, places: Collection[Place]) -> Refusal | None:
        """Let exactly the members of `places` be paused by us, as `ports.Switch.pause` says. Raises `Unreachable`."""
        async with self._lock:
            status = await self._client.ask(Action("QueueStatus"))
            differ = [  # without app_queue the answer is an error, and there are no members
                (member, wanted)
                for member in status.items
                if member.get("Event") == "QueueMember" and (wanted := _wanted(member, places)) is not None
            ]
            if not differ:
                return None
            self._expected.update(_key(member) for member, wanted in differ if not wanted)
            answers = await self._client.ask_all([_pause(member, wanted) for member, wanted in differ])
        refused = None
        for (member, wanted), answer in zip(differ, answers, strict=True):
            if not answer.succeeded:
                if not wanted:
                    self._is_expected(_key(member))
                why = answer.get("Message")
                if why != _GONE:
                    refused = Refusal(NO_RIGHT if why == _DENIED else f"QueuePause: {why}")
        return refused

    def made(self, message: Message) -> bool:
        """Return whether an event tells only what we did, and so changes nothing."""
        if message.get("Event") != "QueueMemberPause":
            return False
        if message.get("Paused") == "1":
            return message.get("PausedReason") == REASON
        return self._is_expected((message.get("Queue"), message.get("Interface")))

    def _is_expected(self, key: tuple[str, str]) -> bool:
        """Return whether `key` is expected, and expect it once less."""
        times = self._expected.pop(key, 0)
        if times > 1:
            self._expected[key] = times - 1
        return times > 0


def place_of(member: Message) -> Place | None:
    """Return the extension that a member of a queue is: by its interface, else by the state that it goes by."""
    found = _INTERFACE.fullmatch(member.get("Location"))
    if found is None:
        state = member.get("StateInterface")
        found = _INTERFACE.fullmatch(state) or _HINT.fullmatch(state)
    return None if found is None else next(group for group in found.groups() if group)


def _wanted(member: Message, places: Collection[Place]) -> bool | None:
    """Return whether `member` is to be paused or taken out of its pause, None: it stays as it is."""
    queue, interface = _key(member)
    if not (queue.isprintable() and interface.isprintable()):
        return None
    wanted = place_of(member) in places
    if member.get("Paused") == "0":
        return True if wanted else None
    return False if member.get("PausedReason") == REASON and not wanted else None


def _key(member: Message) -> tuple[str, str]:
    return member.get("Queue"), member.get("Location")


def _pause(member: Message, paused: bool) -> Action:
    queue, interface = _key(member)
    where = (("Queue", queue), ("Interface", interface))
    if not paused:
        return Action("QueuePause", (*where, ("Paused", "false")))
    return Action("QueuePause", (*where, ("Paused", "true"), ("Reason", REASON)))
