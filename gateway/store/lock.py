"""One gateway per database: a lock on a file beside it (flock(2)), let go by the kernel whenever its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import GiveUp, Refused


@contextmanager
def only_gateway(path: Path) -> Iterator[None]:
    """Hold the lock at `path`. Raises `Refused` when another gateway holds it, `GiveUp` where it cannot be written."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _cannot(path, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise Refused(
                f"another gateway (process {holder}) already runs on this database (lock {path})",
                "stop that one first, or give this one a database of its own in [store] path",
            ) from error
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise _cannot(path, error) from error
        yield
    finally:
        os.close(handle)


def _cannot(path: Path, error: OSError) -> GiveUp:
    return GiveUp(f"{path} cannot be written: {error.strerror}", "look at the disk's space, and at whose the folder is")
