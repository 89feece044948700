"""A certificate of ours with its key, out of two PEM files that somebody may replace at any time."""

import logging
import ssl
import time
from pathlib import Path

from gateway.errors import Misconfigured

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # seconds


class Certificate:
    """`context()` is for the server's side of TLS, 1.2 or later; files that changed count from the next one on.

    A new pair that cannot be used leaves the old one in place, and is complained of once. Raises `Misconfigured` where
    the first cannot be used. Blocking, for the milliseconds that two small files take.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self._seen = self._stamps()
        self._looked = time.monotonic()
        try:
            self._context = self._loaded()
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(f"{certificate} and {key} cannot be used: {reason(error)}", REMEDY) from error

    def context(self) -> ssl.SSLContext:
        """Return what a handshake that begins now uses."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._look()
        return self._context

    def _look(self) -> None:
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._context = self._loaded()
        except (OSError, ssl.SSLError) as error:
            said = "%s and %s have changed and cannot be used (%s): the certificate of before goes on. %s"
            log.warning(said, *self._files, reason(error), REMEDY)
        else:
            log.info("%s and %s have changed, and are used from now on", *self._files)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.num_tickets = 1
        context.load_cert_chain(*self._files, password="")
        return context

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(map(_stamp, self._files))


REMEDY = "give PEM files that Ringplan can read: the certificate with its chain, and its key without a password"


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def reason(error: OSError) -> str:
    """Say why a certificate and its key could not be loaded."""
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "no certificate or key").lower().replace("_", " ")
    return str(error.strerror)
