"""What `ringplan check` says of a certificate and its key, before anybody is shown them."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from gateway.net.certificates import REMEDY, reason

SOON = timedelta(days=30)

Told = tuple[bool, str, str]
"""Whether that is well, what is said, and what to do about it (`domain.finding.Finding`)."""


def of_certificate(certificate: Path, key: Path, host: str, now: datetime, remedy: str) -> list[Told]:
    """Return what is to be said; nothing where all is as it should be. `remedy`: where it is not for `host`."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        shown = _first(certificate)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        return [(False, f"{certificate} and {key} cannot be used: {why}", REMEDY)]
    told = []
    if key.stat().st_mode & stat.S_IROTH:
        told.append((True, f"everybody on this machine can read {key}", f"chmod o-rwx {key}"))
    ends = shown.not_valid_after_utc
    if ends <= now.astimezone(UTC):
        told.append((False, f"the certificate ended on {ends:%Y-%m-%d}", "renew it: it is read anew when it changes"))
    elif ends <= now.astimezone(UTC) + SOON:
        told.append((True, f"the certificate ends on {ends:%Y-%m-%d}", "renew it: it is read anew when it changes"))
    if not _names(shown, host):
        told.append((True, f"the certificate is not for {host}", remedy))
    return told


def der_of(certificate: Path) -> bytes:
    """Return what a client is shown of a certificate."""
    return _first(certificate).public_bytes(Encoding.DER)


def reached(address: str) -> str:
    """Return where this machine reaches a listener."""
    if not ip_address(address).is_unspecified:
        return address
    return "::1" if ":" in address else "127.0.0.1"


def _first(certificate: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0]


def _names(shown: x509.Certificate, host: str) -> bool:
    """Say whether a certificate is for `host` (RFC 6125, section 6.4: a wildcard stands for one whole label)."""
    try:
        names = shown.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return False
    if not isinstance(names, x509.SubjectAlternativeName):
        return False
    if _address(host) is not None:
        return _address(host) in names.get_values_for_type(x509.IPAddress)
    _, _, parent = host.lower().partition(".")
    known = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return bool(known & {host.lower(), f"*.{parent}"})


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
