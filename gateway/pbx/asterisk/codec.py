"""AMI without I/O: bytes in, messages out; actions in, bytes out. Pure.

A server sends one line (`Asterisk Call Manager/11.0.0`), then messages: lines `Key: value` that end in CR LF, and an
empty line. A message is a `Response` or an `Event`; whatever belongs to an action carries its `ActionID`. The answer
to some actions is a list: a response with `EventList: start`, events, and an event with `EventList: Complete`.
Seen in tests/captures/asterisk. Text is UTF-8; a message is decoded whole, so no character is lost between two
segments of TCP, and bytes that are no UTF-8 become U+FFFD.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import OurFault, Unreachable

BANNER = b"Asterisk Call Manager/"
LONGEST_BANNER = 200
LONGEST_MESSAGE = 1 << 18
"""Bytes; what Asterisk itself can send in one message is far below."""

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Action:
    """What Asterisk is asked to do; `fields` may hold secrets, so they are not shown."""

    name: str
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message; of a key that comes several times the values are joined by newlines.

    `items` are the events of the list that a response starts; the decoder leaves it to its caller to collect them.
    """

    fields: Mapping[str, str] = field(repr=False)
    items: "tuple[Message, ...]" = ()

    def get(self, key: str) -> str:
        """Return the value of `key`, "" where there is none."""
        return self.fields.get(key, "")

    @property
    def succeeded(self) -> bool:
        """Whether this is a response that says that the action was done."""
        return self.fields.get("Response") in ("Success", "Goodbye")


def encode(action: Action, action_id: str) -> bytes:
    """Return the bytes of `action`.

    Raises `OurFault` where a field would end its own line: values are checked by their callers, and one that was not
    must never reach Asterisk as an action of its own.
    """
    lines = [f"Action: {action.name}", f"ActionID: {action_id}"]
    lines += [f"{key}: {value}" for key, value in action.fields]
    text = "\r\n".join(lines) + "\r\n\r\n"
    ends = len(lines) + 1
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise OurFault(f"a field of the action {action.name} holds a control character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise OurFault(f"a field of the action {action.name} is not Unicode text") from None


class Decoder:
    """Makes messages of one connection's bytes, however they are split."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._greeted = False
        self.version = ""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that `data` completes. Raises `Unreachable` where the other side does not speak AMI."""
        rest = self._rest
        rest += data
        if not self._greeted and not self._greet():
            return []
        end = rest.rfind(_END, max(0, len(rest) - len(data) - len(_END) + 1))
        if end < 0:
            self._bound(len(rest))
            return []
        text = rest[:end]
        del rest[: end + len(_END)]
        self._bound(len(rest))
        return [_message(block) for block in text.decode("utf-8", "replace").split("\r\n\r\n") if block.strip("\r\n")]

    def _greet(self) -> bool:
        rest = self._rest
        end = rest.find(b"\r\n")
        if not rest.startswith(BANNER[: len(rest)]) or (end < 0 and len(rest) > LONGEST_BANNER):
            raise Unreachable("the other side does not speak AMI", "check host, port and tls of this PBX")
        if end < 0:
            return False
        self.version = rest[len(BANNER) : end].decode("utf-8", "replace")
        del rest[: end + 2]
        self._greeted = True
        return True

    def _bound(self, size: int) -> None:
        if size > LONGEST_MESSAGE:
            raise Unreachable("the other side sent a message without end", "check host, port and tls of this PBX")


def _message(block: str) -> Message:
    lines = block.split("\r\n")
    try:
        fields = dict([line.split(": ", 1) for line in lines])
        if len(fields) == len(lines):
            return Message(fields)
    except ValueError:
        pass  # a line without ": ", looked at below: this is rare and the short way is twice as fast
    fields = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            value = value.removeprefix(" ")
            fields[key] = f"{fields[key]}\n{value}" if key in fields else value
    return Message(fields)
