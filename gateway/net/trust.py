"""Whom a TLS connection trusts: the system's authorities, one of the installation's own, or one certificate alone.

A pin is compared inside the handshake, by the socket and object classes that Python's `ssl` lets a context choose
(`SSLContext.sslsocket_class`, `sslobject_class`): no byte of ours is sent before it was right, whichever library opened
the connection. Versions below TLS 1.2 need OpenSSL's security level 0 (`man SSL_CTX_set_security_level`).
"""

import hashlib
import re
import ssl
import warnings
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from gateway.errors import Misconfigured, Unreachable


def _fingerprint_only(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}", value):
        raise ValueError("must be the certificate's SHA-256: 64 hex digits, with or without colons")
    return value


Pin = Annotated[str, AfterValidator(_fingerprint_only)]  # SHA-256 of a certificate
Minimum = Literal["1.0", "1.1", "1.2", "1.3"]  # version of TLS

VERSIONS: dict[Minimum, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
OLD: tuple[Minimum, ...] = ("1.0", "1.1")
WAITING = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError)  # no faults
OLDER = "let it speak TLS 1.2; where that cannot be, set tls_minimum for this source alone"
LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: a Windows without the fix of 2010 for renegotiation


class OtherCertificate(ssl.SSLCertVerificationError):
    """The server shows another certificate than the pinned one; `fingerprint`: of what it shows."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.verify_message = f"the server shows another certificate than the pinned one: {fingerprint}"
        super().__init__(1, self.verify_message)


def trust(ca: Path | None = None, pin: str | None = None, minimum: Minimum = "1.2") -> ssl.SSLContext:
    """Return a client context that checks certificate and host name.

    With `ca` (a PEM file) it trusts that file alone. With `pin` (SHA-256, 64 hex digits, colons or none) it trusts that
    one certificate, whoever signed it and whatever name and dates are in it. Raises `Misconfigured` where the file
    cannot be used.
    """
    context = _checked(ca)
    if pin is not None:
        _hold_to(context, pin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of 1.0 and 1.1; who asks for them knows
        context.minimum_version = VERSIONS[minimum]
    if minimum in OLD:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.options |= LEGACY_SERVER_CONNECT
    return context


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate (DER) as certificate tools print it: AB:CD:…."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def distrusted(error: BaseException, host: str) -> Unreachable | None:
    """Return what a failed handshake with `host` means, or None: `error` and its causes are nothing of TLS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OtherCertificate):
            return Unreachable(
                f"{host} shows another certificate than the pinned one: {cause.fingerprint}",
                "if the certificate was replaced, write the new fingerprint as pin; otherwise find out who answers",
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of {host} is not trusted: {getattr(cause, 'verify_message', cause)}",
                "give the authority's file as ca or the certificate's SHA-256 as pin, or correct the certificate",
            )
        if isinstance(cause, ssl.SSLEOFError):
            return Unreachable(f"{host} hangs up when TLS begins: it may speak only an old version", OLDER)
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, WAITING):
            said = str(getattr(cause, "reason", None) or "")  # Python's own have none
            if "UNSUPPORTED_PROTOCOL" in said or "PROTOCOL_VERSION" in said:
                return Unreachable(f"{host} speaks only a version of TLS that is not accepted", OLDER)
            return Unreachable(f"{host} does not speak TLS as it should ({said.lower()})", "are url and port right?")
        cause = cause.__cause__ or cause.__context__
    return None


def _checked(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=ca)
    except FileNotFoundError as error:
        raise Misconfigured(
            f"ca: the file {ca} is not there", "give the path of a PEM file, or drop the key"
        ) from error
    except PermissionError as error:
        raise Misconfigured(f"ca: the file {ca} may not be read", "let the gateway's user read it") from error
    except (ssl.SSLError, OSError) as error:
        raise Misconfigured(
            f"ca: the file {ca} holds no certificate", "it must be PEM: -----BEGIN CERTIFICATE----- …"
        ) from error


def _hold_to(context: ssl.SSLContext, pin: str) -> None:
    """Let every handshake of `context` end in a comparison with `pin`, which takes the place of all other checks."""
    wanted = bytes.fromhex(pin.replace(":", "")).hex(":").upper()

    def compare(shown: bytes | None) -> None:
        found = fingerprint(shown or b"")
        if found != wanted:
            raise OtherCertificate(found)

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            compare(self.getpeercert(binary_form=True))

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            compare(self.getpeercert(binary_form=True))

    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = PinnedSocket
    context.sslobject_class = PinnedObject
