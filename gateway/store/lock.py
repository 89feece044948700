"""One gateway per database: a lock on a file beside it (flock(2)), let go by the kernel whenever its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import Refused


@contextmanager
def only_gateway(path: Path) -> Iterator[None]:
    """Hold the lock at `path`. Raises `Refused` when another gateway holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise Refused(
                f"another gateway (process {holder}) already runs on this database (lock {path})",
                "stop that one first, or give this one a database of its own in [store] path",
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
