"""What Asterisk tells without being asked: events of AMI as events of the port, kept until they are read. Pure.

The dialplan tells with `UserEvent` (dialplan/README.md): `RingplanHand` what was dialled, `RingplanCall` how far a
call of ours is, `RingplanRoom` who comes into a conference and leaves it; by `RingplanAsk` it asks for the name of a
caller, whose channel Asterisk itself puts before the dialplan's fields. Queues tell of their members
by QueueMemberAdded, QueueMemberRemoved and QueueMemberPause; of static members that a changed file adds or takes out
they do not, but `module reload` tells that by Reload (`queue reload` tells nothing). A telephone that could not be
called and now can, since it has signed in or answers again, is PeerStatus Reachable; signing in again before the time
is over tells nothing, a second telephone of the same endpoint only ContactStatus. tests/captures/asterisk holds all of
these, of 22.10.1 and 16.28.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.domain.conference import Member
from gateway.domain.held import Asked, CallTold, Came, ClockSeen, Dialled, PbxEvent, QueuesChanged, SignedIn, Went
from gateway.pbx.asterisk import calls, image, rooms
from gateway.pbx.asterisk.codec import Message
from gateway.planning.conference.room import is_name
from gateway.planning.targets import is_number

HAND_EVENT = "RingplanHand"
CALL_EVENT = "RingplanCall"
ROOM_EVENT = "RingplanRoom"
ASK_EVENT = "RingplanAsk"
LONGEST_HAND = 250
"""Bytes: Asterisk 16.28 gives the dialplan no more than 255 of an AstDB value in some places."""

LONGEST_PHONES = 1000
UNREAD = 10_000
"""Events that nobody has read yet and that must not be lost, at most."""

_CLOCKS = 16
_ASKED = 200
_UNKNOWN = "<unknown>"  # a name that is none, as Asterisk writes it
_QUEUES = frozenset({"QueueMemberAdded", "QueueMemberRemoved", "QueueMemberPause"})
_RELOADED = frozenset({"All", "app_queue.so"})
_PHONE = re.compile(r"PJSIP/([0-9]{1,15})")
_CALLER = re.compile(r"[+]?[0-9]{1,20}")
_INSTANT = re.compile(r"[0-9]{13}")  # milliseconds since 1970
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HAND = re.compile(f"[ -~]{{1,{LONGEST_HAND - 1}}}")


def event(message: Message) -> PbxEvent | None:
    """Return what an event of AMI means, None: nothing to us.

    Raises ValueError, without contents, where the dialplan tells something and a field is not as it must be: others
    can send such events, too.
    """
    name = message.get("Event")
    if name == "UserEvent":
        understand = _USER_EVENTS.get(message.get("UserEvent"))
        return None if understand is None else understand(message)
    if name in _QUEUES or (name == "Reload" and message.get("Module") in _RELOADED):
        return QueuesChanged()
    if name == "PeerStatus" and message.get("PeerStatus") == "Reachable":
        phone = _PHONE.fullmatch(message.get("Peer"))
        return None if phone is None else SignedIn(phone[1])
    return None


def _dialled(message: Message) -> Dialled:
    place, hand, phones = message.get("Extension"), message.get("Hand"), message.get("Phones")
    lamp = image.lamp_of(message.get("Lamp"))
    are_numbers = len(phones) <= LONGEST_PHONES and all(map(is_number, phones.split(".")))
    if lamp is None or not _HAND.fullmatch(hand) or not image.is_place(place) or not are_numbers:
        raise ValueError(f"a field of {HAND_EVENT} is not as it must be")
    # a telephone whose number is too long for the driver has no lamp of ours
    return Dialled(place, hand, lamp, tuple(filter(image.is_place, phones.split("."))))


def _call(message: Message) -> CallTold:
    call, state = message.get("Id"), calls.STATES.get(message.get("State"))
    try:
        if state is not None and calls.is_id(call):
            return CallTold(call, state, calls.result_of(state, message.get("Result")))
    except ValueError:
        pass  # raised below, without its contents
    raise ValueError(f"a field of {CALL_EVENT} is not as it must be")


def _room(message: Message) -> Came | Went:
    name, channel, number, call = (message.get(key) for key in ("Name", "Member", "Number", "Call"))
    moved = _MOVED.get(message.get("State"))
    are_known = (not number or is_number(number)) and (not call or calls.is_id(call))
    if moved is None or not is_name(name) or not rooms.is_channel(channel) or not are_known:
        raise ValueError(f"a field of {ROOM_EVENT} is not as it must be")
    return moved(Member(name, channel, number, call or None))


def _ask(message: Message) -> Asked:
    channel, place, number, at = (message.get(key) for key in ("Channel", "Extension", "Number", "At"))
    is_caller = _CALLER.fullmatch(number) and _INSTANT.fullmatch(at)
    if not is_caller or not image.is_place(place) or not rooms.is_channel(channel):
        raise ValueError(f"a field of {ASK_EVENT} is not as it must be")
    name = message.get("CallerIDName")
    shown = "" if name == _UNKNOWN else "".join(filter(str.isprintable, name))[: rooms.LONGEST_CHANNEL]
    return Asked(channel, place, number, _EPOCH + timedelta(milliseconds=int(at)), shown)


_MOVED: dict[str, type[Came] | type[Went]] = {"in": Came, "out": Went}
_USER_EVENTS: dict[str, Callable[[Message], PbxEvent]] = {
    HAND_EVENT: _dialled,
    CALL_EVENT: _call,
    ROOM_EVENT: _room,
    ASK_EVENT: _ask,
}


class Told:
    """What nobody has read yet: changes of queues as one, the last few times of the clock, all else in its order.

    Who has waited longest for a name need not be answered any more: of these, too, there are the last ones alone.
    """

    def __init__(self) -> None:
        self._all: deque[PbxEvent] = deque()
        self._asked: deque[Asked] = deque(maxlen=_ASKED)
        self._queues: QueuesChanged | None = None
        self._clocks: deque[ClockSeen] = deque(maxlen=_CLOCKS)

    def put(self, event: PbxEvent) -> bool:
        """Keep `event`; return False where it would be one too many."""
        match event:
            case ClockSeen():
                self._clocks.append(event)
            case Asked():
                self._asked.append(event)
            case QueuesChanged():
                self._queues = event
            case Dialled() | CallTold() | Came() | Went() | SignedIn():
                if len(self._all) >= UNREAD:
                    return False
                self._all.append(event)
        return True

    def take(self) -> PbxEvent | None:
        """Return the next one: callers wait, queues and the clock can; None: there is none."""
        if self._asked:
            return self._asked.popleft()
        if self._all:
            return self._all.popleft()
        if self._queues is not None:
            changed, self._queues = self._queues, None
            return changed
        return self._clocks.popleft() if self._clocks else None
