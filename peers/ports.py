"""Free loopback ports below 32768, where Linux begins to hand out ephemeral ports (ip(7), ip_local_port_range).

A port that is handed out is kept from other processes that draw ports here by a locked file, until it is released
or this process ends; a bind probe keeps it from everybody else.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

SINGLE = range(20_000, 26_000)
BOUND = range(26_000, 32_000)
BLOCKS = range(10_000, 20_000, 200)

_held: dict[int, int] = {}


class NoFreePort(RuntimeError):
    """Every port that was tried is in use; end other test runs."""


def free(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP on `host`; reserved until it is released."""
    for _ in range(500):
        port = random.choice(SINGLE)
        if port not in _held and _can_bind(host, port) and _reserve(port):
            return port
    raise NoFreePort(f"no free port found in {SINGLE.start} to {SINGLE.stop}")


def block() -> range:
    """Return a range of 200 ports for RTP, shared with nobody who draws ports here until its start is released."""
    for start in random.sample(BLOCKS, len(BLOCKS)):
        if start not in _held and _reserve(start):
            return range(start, start + BLOCKS.step)
    raise NoFreePort(f"no free block of ports found in {BLOCKS.start} to {BLOCKS.stop}")


def release(*given: int) -> None:
    """Give ports back, or a block by its start, once nobody listens there any more."""
    for port in given:
        os.close(_held.pop(port))


def bound(host: str = "127.0.0.1") -> socket.socket:
    """Return a UDP socket that is bound to a free port: without any reservation, since it holds the port itself."""
    for _ in range(500):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.setblocking(False)
        try:
            found.bind((host, random.choice(BOUND)))
        except OSError:
            found.close()
        else:
            return found
    raise NoFreePort(f"no free UDP port found in {BOUND.start} to {BOUND.stop}")


def _can_bind(host: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _reserve(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / "ringplan-ports"
    folder.mkdir(mode=0o777, exist_ok=True)
    handle = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _held[port] = handle
    return True
