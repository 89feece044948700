"""LDAP by hand over a plain socket: what a test or a bench asks, written once, and what comes back, taken apart.

Independent of the server: only the encoding of lengths (`gateway.directory.wire.ber`) and of filters is shared with it.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.directory.query import Filter, Scope
from gateway.directory.wire import ber, filters

UNBIND = bytes((0x30, 5, 2, 1, 3, 0x42, 0))
ENTRY, DONE, BOUND = 0x64, 0x65, 0x61


def bind(name: str, password: str) -> bytes:
    """Return a simple bind, message 1."""
    asked = ber.encoded_integer(3) + ber.tlv(ber.OCTETS, name.encode()) + ber.tlv(0x80, password.encode())
    return ber.tlv(ber.SEQUENCE, ber.encoded_integer(1) + ber.tlv(0x60, asked))


def search(
    base: str, asked: Filter, attributes: Sequence[str] = ("1.1",), *, scope: Scope = Scope.SUBTREE, size: int = 0
) -> bytes:
    """Return a search, message 2."""
    content = b"".join(
        (
            ber.tlv(ber.OCTETS, base.encode()),
            ber.encoded_integer(scope, ber.ENUMERATED),
            ber.encoded_integer(0, ber.ENUMERATED),
            ber.encoded_integer(size),
            ber.encoded_integer(0),
            ber.tlv(ber.BOOLEAN, b"\0"),
            filters.encoded(asked),
            ber.tlv(ber.SEQUENCE, b"".join(ber.tlv(ber.OCTETS, name.encode()) for name in attributes)),
        )
    )
    return ber.tlv(ber.SEQUENCE, ber.encoded_integer(2) + ber.tlv(0x63, content))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search brought: the names of the entries in their order, the result code, the name that matched."""

    names: tuple[str, ...]
    code: int
    matched: str


class Connection:
    """One connection, on which somebody is bound."""

    def __init__(self, port: int, name: str = "", password: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._read = b""
        self._socket.sendall(bind(name, password))
        tag, content = self._operation()
        assert tag == BOUND, hex(tag)
        self.code = content[2]

    def search(
        self,
        base: str,
        asked: Filter,
        attributes: Sequence[str] = ("1.1",),
        *,
        scope: Scope = Scope.SUBTREE,
        size: int = 0,
    ) -> Answer:
        """Ask, and wait for all of the answer."""
        self._socket.sendall(search(base, asked, attributes, scope=scope, size=size))
        names: list[str] = []
        while True:
            tag, content = self._operation()
            if tag == DONE:
                _, begins, ends = ber.header(content, 3, len(content))
                return Answer(tuple(names), content[2], content[begins:ends].decode())
            assert tag == ENTRY, hex(tag)
            _, begins, ends = ber.header(content, 0, len(content))
            names.append(content[begins:ends].decode())

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _operation(self) -> tuple[int, bytes]:
        while not (end := ber.message_end(self._read, 0, 1 << 30)) or end > len(self._read):
            more = self._socket.recv(1 << 18)
            assert more, "the server hung up"
            self._read += more
        message, self._read = self._read[:end], self._read[end:]
        _, at, _ = ber.header(message, 0, end)
        _, _, at = ber.header(message, at, end)
        tag, begins, ends = ber.header(message, at, end)
        return tag, message[begins:ends]
