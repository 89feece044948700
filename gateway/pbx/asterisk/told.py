"""What Asterisk tells without being asked: events of AMI as events of the port, kept until they are read. Pure.

The dialplan tells with `UserEvent(RingplanHand,…)` what was dialled (dialplan/README.md). Queues tell of their members
by QueueMemberAdded, QueueMemberRemoved and QueueMemberPause; of static members that a changed file adds or takes out
they do not, but `module reload` tells that by Reload (`queue reload` tells nothing). tests/captures/asterisk holds
all of these, of 22.10.1 and 16.28.
"""

import re
from collections import deque

from gateway.domain.held import ClockSeen, Dialled, PbxEvent, QueuesChanged
from gateway.pbx.asterisk import image
from gateway.pbx.asterisk.codec import Message
from gateway.planning.targets import is_number

HAND_EVENT = "RingplanHand"
LONGEST_HAND = 250
"""Bytes: Asterisk 16.28 gives the dialplan no more than 255 of an AstDB value in some places."""

LONGEST_PHONES = 1000
UNREAD = 10_000
"""Dialled absences that nobody has read yet, at most."""

_CLOCKS = 16
_QUEUES = frozenset({"QueueMemberAdded", "QueueMemberRemoved", "QueueMemberPause"})
_RELOADED = frozenset({"All", "app_queue.so"})
_HAND = re.compile(f"[ -~]{{1,{LONGEST_HAND - 1}}}")


def event(message: Message) -> Dialled | QueuesChanged | None:
    """Return what an event of AMI means, None: nothing to us.

    Raises ValueError, without contents, where the dialplan tells of a hand and a field is not as it must be: others
    can send such events, too.
    """
    name = message.get("Event")
    if name in _QUEUES or (name == "Reload" and message.get("Module") in _RELOADED):
        return QueuesChanged()
    if name == "UserEvent" and message.get("UserEvent") == HAND_EVENT:
        return _dialled(message)
    return None


def _dialled(message: Message) -> Dialled:
    place, hand, phones = message.get("Extension"), message.get("Hand"), message.get("Phones")
    lamp = image.lamp_of(message.get("Lamp"))
    are_numbers = len(phones) <= LONGEST_PHONES and all(map(is_number, phones.split(".")))
    if lamp is None or not _HAND.fullmatch(hand) or not image.is_place(place) or not are_numbers:
        raise ValueError(f"a field of {HAND_EVENT} is not as it must be")
    # a telephone whose number is too long for the driver has no lamp of ours
    return Dialled(place, hand, lamp, tuple(filter(image.is_place, phones.split("."))))


class Told:
    """What nobody has read yet: all that was dialled, changes of queues as one, the last few times of the clock."""

    def __init__(self) -> None:
        self._dialled: deque[Dialled] = deque()
        self._queues: QueuesChanged | None = None
        self._clocks: deque[ClockSeen] = deque(maxlen=_CLOCKS)

    def put(self, event: PbxEvent) -> bool:
        """Keep `event`; return False where it would be one too many."""
        match event:
            case ClockSeen():
                self._clocks.append(event)
            case QueuesChanged():
                self._queues = event
            case Dialled():
                if len(self._dialled) >= UNREAD:
                    return False
                self._dialled.append(event)
        return True

    def take(self) -> PbxEvent | None:
        """Return the next one, what was dialled first; None: there is none."""
        if self._dialled:
            return self._dialled.popleft()
        if self._queues is not None:
            changed, self._queues = self._queues, None
            return changed
        return self._clocks.popleft() if self._clocks else None
