"""Free loopback ports below 32768, where Linux begins to hand out ephemeral ports (ip(7), ip_local_port_range).

A port is handed out once per process, and a locked file keeps it from other processes that draw ports here; a bind
probe keeps it from everybody else.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

SINGLE = range(20_000, 32_000)
BLOCKS = range(10_000, 20_000, 500)

_held: dict[int, int] = {}


class NoFreePort(RuntimeError):
    """Every port that was tried is in use; end other test runs."""


def free(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP on `host`; it stays reserved until this process ends."""
    for _ in range(500):
        port = random.choice(SINGLE)  # noqa: S311 - not a secret
        if port not in _held and _can_bind(host, port) and _reserve(port):
            return port
    raise NoFreePort(f"no free port found in {SINGLE.start} to {SINGLE.stop}")


def block(size: int = 500) -> range:
    """Return a range of at most 500 ports for RTP, shared with no other process that draws its ports here."""
    for start in random.sample(BLOCKS, len(BLOCKS)):
        if start not in _held and _reserve(start):
            return range(start, start + min(size, BLOCKS.step))
    raise NoFreePort(f"no free block of ports found in {BLOCKS.start} to {BLOCKS.stop}")


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
