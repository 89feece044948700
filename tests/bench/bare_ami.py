"""The least that can be done over AMI: a bare socket that encodes actions, sends them all, and reads all answers.

As a process of its own it takes port, user, secret and actions pickled, and prints when it began (time.monotonic).
"""

import pickle
import select
import socket
import sys
import time
from collections.abc import Sequence

Fields = tuple[tuple[str, str], ...]
_PIECE = 64  # actions that are encoded at a time


def signed_in(port: int, user: str, secret: str) -> socket.socket:
    """Return a socket that is signed in and has no events."""
    bare = socket.create_connection(("127.0.0.1", port), timeout=10)
    bare.sendall(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: off\r\n\r\n".encode())
    said = b""
    while not said.endswith(b"\r\n\r\n"):
        said += bare.recv(4096)
    if b"Authentication accepted" not in said:
        raise PermissionError(said.decode())
    bare.setblocking(False)
    return bare


def send_all(bare: socket.socket, actions: Sequence[tuple[str, Fields]]) -> int:
    """Send `actions` as fast as they are taken; return how many were answered with Success, when all were answered."""
    answered = succeeded = 0
    sent, out, tail = 0, b"", b""
    while answered < len(actions):
        if not out and sent < len(actions):
            out = b"".join([_encoded(sent + n, *action) for n, action in enumerate(actions[sent : sent + _PIECE])])
            sent += _PIECE
        readable, writable, _ = select.select([bare], [bare] if out else [], [], 10)
        if readable:
            data = tail + bare.recv(1 << 16)
            end = data.rfind(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0
            answered += data.count(b"\r\n\r\n", 0, end)
            succeeded += data.count(b"Response: Success", 0, end)
            tail = data[end:]
        if writable:
            out = out[bare.send(out) :]
        if not readable and not writable:
            raise TimeoutError("Asterisk stopped answering")
    return succeeded


def _encoded(number: int, name: str, fields: Fields) -> bytes:
    lines = "".join([f"{key}: {value}\r\n" for key, value in fields])
    return f"Action: {name}\r\nActionID: {number}\r\n{lines}\r\n".encode()


def main() -> None:
    """Sign in and send what is on standard input."""
    port, user, secret, actions = pickle.load(sys.stdin.buffer)  # noqa: S301 - of the bench itself
    with signed_in(port, user, secret) as bare:
        begun = time.monotonic()
        send_all(bare, actions)
    print(begun)


if __name__ == "__main__":
    main()
