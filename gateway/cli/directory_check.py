"""What `ringplan check` says of the directory: its certificates, and a search as a telephone makes it.

The search goes through each listener of the running gateway, with the password of a telephone that there is, by a
client that is not ours (ldap3). Before the password is sent, the certificate that is shown is compared with our own.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from ldap3 import NONE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPSocketOpenError

from gateway.cli.certificate_check import Told, der_of, of_certificate, reached
from gateway.directory.settings import Listening, ListenSettings
from gateway.domain.finding import Finding
from gateway.domain.secret import Secret
from gateway.sources.activedirectory.refusals import KNOWN

PATIENCE = 5  # seconds
ANYTHING = "(|(cn=*)(sn=*))"
RUNS_NOT = "is the gateway running? ringplan status; if it was started before [directory] was written, restart it"


@dataclass(frozen=True, slots=True)
class Telephone:
    """Somebody's telephone: the extension that it signs in as, and its password."""

    extension: str
    password: Secret = field(repr=False)


class Strange(Exception):
    """Another certificate than ours is shown."""


async def of_directory(settings: Listening, telephone: Telephone | None, now: datetime) -> list[Finding]:
    """Look at each listener; `telephone` None: there is none yet, and nobody can sign in."""
    found = []
    for name, one in settings.listen.items():
        part = f"listener {name}"
        found += [Finding(part, *told) for told in _certificate(one, settings.directory.host, now)]
        if one.tls == "none":
            remedy = "use ldaps or starttls, but for telephones that have no TLS"
            found.append(Finding(part, True, "passwords and contacts can be read by whoever sees the network", remedy))
        found.append(Finding(part, *await asyncio.to_thread(_searched, one, settings.directory.base, telephone)))
    return found


def _certificate(one: ListenSettings, host: str, now: datetime) -> list[Told]:
    """Return what is to be said of certificate and key; nothing where they are as they should be."""
    if one.certificate is None or one.key is None:
        return []
    remedy = "telephones that check it will refuse it: let [directory] host be a name in it"
    return of_certificate(one.certificate, one.key, host, now, remedy)


def _searched(one: ListenSettings, base: str, telephone: Telephone | None) -> tuple[bool, str, str]:
    """Sign in and search as a telephone. Blocking."""
    address, port = one.at
    here, where = reached(address), f"{address}:{port}"
    if not any(ip_address(here) in network for network in one.networks):
        return True, f"{where} cannot be tried from here: {here} is not in its networks", ""
    tls = Tls(validate=ssl.CERT_NONE)  # looked at in `_opened`, before the password is sent
    server = Server(here, port, use_ssl=one.tls == "ldaps", tls=tls, get_info=NONE, connect_timeout=PATIENCE)
    who, password = (telephone.extension, telephone.password.reveal()) if telephone else (None, None)
    client = Connection(server, who, password, receive_timeout=PATIENCE, raise_exceptions=False)
    try:
        _opened(client, one)
        if telephone is None:
            return True, f"{where} answers; nobody can sign in: there is no telephone", "ringplan phones settings"
        if not client.bind():
            return False, f"{where} refuses a telephone of {who}", "ringplan phones list; was the key file replaced?"
        client.search(base, ANYTHING, attributes=["cn"], size_limit=1)
        many = "something" if client.entries else "nothing yet"
    except Strange:
        return False, f"{where}: somebody else answers, with another certificate", "look at who listens on that port"
    except LDAPSocketOpenError:
        return False, f"{where} cannot be connected to{' with TLS' if one.tls == 'ldaps' else ''}", RUNS_NOT
    except KNOWN as error:
        return False, f"{where}: {type(error).__name__}", RUNS_NOT
    else:
        return True, f"{where}: a telephone of {who} signs in, searches, and finds {many}", ""
    finally:
        with suppress(*KNOWN):
            client.unbind()


def _opened(client: Connection, one: ListenSettings) -> None:
    client.open(read_server_info=False)
    if one.tls == "starttls":
        client.start_tls(read_server_info=False)
    if one.certificate is not None:
        shown = client.socket.getpeercert(binary_form=True)
        if shown != der_of(one.certificate):
            raise Strange


def telephone_of(extensions: Mapping[int, str], devices: Mapping[int, Secret]) -> Telephone | None:
    """Return the telephone of somebody who takes part; `extensions` and `devices` (passwords) by user."""
    return next((Telephone(extensions[user], devices[user]) for user in extensions if user in devices), None)
