"""What `ringplan check` says of the portal: its certificate, the address that people type, and who answers there."""

import asyncio
import os
import socket
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from gateway.cli.certificate_check import der_of, of_certificate, reached
from gateway.domain.finding import Finding
from gateway.web.settings import WebSettings

PATIENCE = 5.0  # seconds
MARK = "Ringplan</title>"  # on every page of ours


async def of_portal(settings: WebSettings, now: datetime) -> list[Finding]:
    """Look at it, whether the gateway runs or not."""
    found, host = [], urlsplit(settings.public).hostname or ""
    if settings.certificate and settings.key:
        remedy = "browsers will refuse it: let the host in [web] url be a name in it"
        found += [
            Finding("certificate", *told)
            for told in of_certificate(settings.certificate, settings.key, host, now, remedy)
        ]
    if not settings.is_secret and not _is_here(host):
        remedy = "let it be https://…: give certificate and key, or a proxy that does TLS"
        found.append(Finding("url", False, f"passwords sent to {settings.public} can be read on their way", remedy))
    return [*found, await _answered(settings)]


async def _answered(settings: WebSettings) -> Finding:
    """Ask for a page as a browser does, at the listener itself."""
    address, port = settings.at
    here, place = reached(address), f"{address}:{port}"
    shown = f"[{here}]" if ":" in here else here
    url = f"{'https' if settings.certificate else 'http'}://{shown}:{port}/sign-in"
    another = Finding("listener", False, f"{place}: somebody else answers", "look at who listens on that port")
    try:
        async with httpx.AsyncClient(verify=False, timeout=PATIENCE, trust_env=False) as client:  # noqa: S501 - see below
            answer = await client.get(url, headers={"Host": urlsplit(settings.public).netloc})
    except httpx.ConnectError:
        return await asyncio.to_thread(_free, address, port)
    except httpx.HTTPError:
        return another
    if settings.certificate is not None and _certificate_of(answer) != der_of(settings.certificate):
        remedy = (
            "look at who listens on that port; if it is Ringplan, it has not read a certificate that cannot be used"
        )
        return Finding("listener", False, f"{place}: somebody answers with another certificate", remedy)
    if answer.status_code == httpx.codes.MISDIRECTED_REQUEST:
        remedy = "restart the gateway: it was started with another [web] url"
        return Finding("listener", False, f"{place} does not serve {settings.public}", remedy)
    if not answer.is_success or MARK not in answer.text:
        return another
    return Finding("listener", True, f"{place} serves {settings.public}")


def _certificate_of(answer: httpx.Response) -> bytes | None:
    shown = answer.extensions["network_stream"].get_extra_info("ssl_object")
    found = shown.getpeercert(binary_form=True) if shown is not None else None
    return found if isinstance(found, bytes) else None


def _free(address: str, port: int) -> Finding:
    """Say whether it could be listened on. Blocking, shortly."""
    place = f"{address}:{port}"
    try:
        socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET).close()
    except PermissionError:
        remedy = "ports below 1024 need a right, which the unit of ringplan init --unit gives"
        return Finding("listener", True, f"{place} is not answered, and you may not listen there", remedy)
    except OSError as error:
        remedy = "look at who listens on that port, and whether the address is this machine's"
        return Finding("listener", False, f"{place} cannot be listened on: {_why(error)}", remedy)
    return Finding("listener", True, f"{place} is free, and nobody answers yet", "ringplan run, or restart it")


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)  # what create_server says repeats the address


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
