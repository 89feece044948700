"""SIP messages as text with their parts, and the message log that sipp writes. Pure.

RFC 3261 section 7 for messages, RFC 3326 for Reason, RFC 4566 for the address in SDP; sipp's log as sipp 3.6.1 writes
it with -trace_msg: a line of dashes and the time, a line with direction and length, an empty line, the message.
"""

import re
from dataclasses import dataclass, field

ENTRY = re.compile(rb"-{20,} [^\n]*\n\S+ message (sent|received) [(\[](\d+)\]? bytes\)? ?:\n\n")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `at` is when it was seen (the event loop's clock, seconds), `sent` whether this side sent it."""

    text: str
    sent: bool
    at: float

    @property
    def first(self) -> str:
        """The request line or status line."""
        return self.text.split("\r\n", 1)[0]

    @property
    def method(self) -> str:
        """The request's method, or that of the request which a response answers."""
        return self.header("CSeq").split()[-1] if self.status else self.first.split()[0]

    @property
    def status(self) -> int | None:
        """The status code of a response, None for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else None

    @property
    def uri(self) -> str:
        """The request URI."""
        return self.first.split()[1]

    @property
    def body(self) -> str:
        """What follows the headers."""
        return self.text.partition("\r\n\r\n")[2]

    def headers(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        head = self.text.partition("\r\n\r\n")[0]
        pairs = (line.partition(":") for line in head.split("\r\n")[1:])
        return [value.strip() for key, _, value in pairs if key.strip().lower() == name.lower()]

    def header(self, name: str) -> str:
        """The first value of a header, empty if there is none."""
        return next(iter(self.headers(name)), "")

    def media(self) -> tuple[str, int] | None:
        """Where the sender of this message wants to get sound, None without SDP."""
        host = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


@dataclass(slots=True)
class TraceReader:
    """Cuts the bytes of sipp's message log into messages."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes, at: float) -> list[Message]:
        """Add bytes; return the messages that are now whole."""
        self._rest += data
        found: list[Message] = []
        while entry := ENTRY.search(self._rest):
            end = entry.end() + int(entry[2])
            if len(self._rest) < end:
                break
            text = bytes(self._rest[entry.end() : end]).decode(errors="replace")
            found.append(Message(text, sent=entry[1] == b"sent", at=at))
            del self._rest[:end]
        return found


def user(address: str) -> str:
    """Return the user part of a SIP address or URI: `"X" <sip:1001@host>;tag=1` → `1001`."""
    found = re.search(r"sips?:([^@>;]*)@", address)
    return found[1] if found else ""


def cause(message: Message) -> int | None:
    """Return the Q.850 cause of a Reason header, None if there is none."""
    found = re.search(r"Q\.850\s*;\s*cause=(\d+)", message.header("Reason"))
    return int(found[1]) if found else None
