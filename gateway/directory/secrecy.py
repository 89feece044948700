"""The server's side of TLS on one connection, bytes in and bytes out.

The standard library's own transport for it keeps a quarter of a megabyte for each connection; this keeps what OpenSSL
keeps. How a certificate comes into it is a matter of `gateway.net.certificates`.
"""

import contextlib
import ssl

AT_ONCE = 64 * 1024


class Secrecy:
    """`is_open`: the handshake is done. `is_ended`: the client has said that nothing more comes."""

    __slots__ = ("_arrives", "_leaves", "_tls", "is_ended", "is_open")

    def __init__(self, context: ssl.SSLContext) -> None:
        self._arrives, self._leaves = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrives, self._leaves, server_side=True)
        self.is_open = False
        self.is_ended = False

    def opened(self, data: bytes) -> bytes:
        """Return what `data` says inside. Raises `ssl.SSLError`: the connection cannot go on."""
        self._arrives.write(data)
        pieces: list[bytes] = []
        try:
            if not self.is_open:
                self._tls.do_handshake()
                self.is_open = True
            while piece := self._tls.read(AT_ONCE):
                pieces.append(piece)
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def sealed(self, data: bytes) -> bytes:
        """Return what says `data` to the client alone; nothing can be said before the handshake is done."""
        if not self.is_open:
            return b""
        at = 0
        while at < len(data):
            at += self._tls.write(data[at:] if at else data)
        return self._leaves.read()

    def said(self) -> bytes:
        """Return what TLS itself has to say to the client by now."""
        return self._leaves.read() if self._leaves.pending else b""

    def ended(self) -> bytes:
        """Return the farewell."""
        if self.is_open:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
        return self._leaves.read()
