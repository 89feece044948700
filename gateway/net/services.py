"""Which host a domain names for a service: DNS SRV and TXT records, as RFC 6764 section 3 to 6 uses them."""

import asyncio
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from gateway.errors import Unreachable

LOOK = 3.0  # seconds for looking while somebody waits for a page
SECONDS = 10.0  # for all questions about one service together with their repetitions


@dataclass(frozen=True, slots=True)
class Service:
    """A host (lower case, no final dot), a port, and the path that a TXT record gives ("" none)."""

    host: str
    port: int
    path: str = ""


async def services(domain: str, name: str, resolver: dns.asyncresolver.Resolver | None = None) -> tuple[Service, ...]:
    """Return the hosts of service `name` (`caldavs`) at `domain`, the preferred one first; none: ().

    A record with target `.` says that the service is not offered (RFC 2782): left out. Of one priority the greater
    weight comes first. Raises `Unreachable` where DNS does not answer.
    """
    question = f"_{name}._tcp.{domain}"
    try:
        resolver = resolver or dns.asyncresolver.Resolver()  # which fails where the machine has no resolv.conf
        found = await resolver.resolve(question, dns.rdatatype.SRV, lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as error:
        raise Unreachable(f"DNS does not answer for {question}", "give the server's url instead of a domain") from error
    records = sorted((r for r in found if isinstance(r, SRV)), key=lambda r: (r.priority, -r.weight))
    path = await _path(question, resolver) if records else ""
    hosts = ((record.target.to_text(omit_final_dot=True).lower(), record.port) for record in records)
    return tuple(Service(host, port, path) for host, port in hosts if host not in ("", "."))


async def _path(question: str, resolver: dns.asyncresolver.Resolver) -> str:
    """Return what the TXT record's `path=` says (RFC 6764 section 4)."""
    try:
        found = await resolver.resolve(question, dns.rdatatype.TXT, lifetime=SECONDS)
    except dns.exception.DNSException:
        return ""
    for record in found:
        if isinstance(record, TXT):
            for text in record.strings:
                key, _, value = text.decode("utf-8", "replace").partition("=")
                if key.lower() == "path" and value.startswith("/"):
                    return value
    return ""


async def calendar_hosts(domain: str, resolver: dns.asyncresolver.Resolver | None = None) -> tuple[str, ...]:
    """Return the servers that a domain names for calendars: of CalDAV (RFC 6764), then of Exchange (Autodiscover).

    None where DNS does not answer within a moment: somebody waits, and can choose.
    """
    try:
        async with asyncio.timeout(LOOK):
            found = [await services(domain, name, resolver) for name in ("caldavs", "autodiscover")]
    except (TimeoutError, Unreachable):
        return ()
    return tuple(service.host for some in found for service in some)
