"""Whom a TLS connection trusts: the system's certificate authorities, or one of the installation's own."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.errors import Misconfigured

Pin = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$")]  # SHA-256 of a certificate
Minimum = Literal["1.0", "1.1", "1.2", "1.3"]  # version of TLS


def trust(ca: Path | None = None) -> ssl.SSLContext:
    """Return a client context that checks certificate and host name; with `ca` (a PEM file) it trusts that file alone.

    Raises `Misconfigured` where the file cannot be used.
    """
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
