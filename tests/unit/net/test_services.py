"""What DNS records mean for a service (RFC 2782, RFC 6764)."""

from typing import cast

import dns.asyncresolver
import dns.exception
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from gateway.errors import Unreachable
from gateway.net.services import Service, calendar_hosts, services


class Resolver:
    """Answers from a table; an exception in it is raised."""

    def __init__(self, records):
        self.records = records

    async def resolve(self, name, kind, lifetime):
        found = self.records.get(dns.rdatatype.to_text(kind), dns.resolver.NoAnswer())
        if isinstance(found, Exception):
            raise found
        return dns.rrset.from_text(name, 60, dns.rdataclass.IN, kind, *found)


async def found(**records):
    return await services("example.test", "caldavs", cast("dns.asyncresolver.Resolver", Resolver(records)))


async def test_the_preferred_host_comes_first_and_the_path_is_told():
    records = ("20 0 443 c.example.test.", "10 1 8443 b.example.test.", "10 9 443 A.example.test.")
    assert await found(SRV=records, TXT=('"other=1" "path=/dav/"',)) == (
        Service("a.example.test", 443, "/dav/"),
        Service("b.example.test", 8443, "/dav/"),
        Service("c.example.test", 443, "/dav/"),
    )


@pytest.mark.parametrize("answer", [dns.resolver.NXDOMAIN(), dns.resolver.NoAnswer(), ("0 0 0 .",)])
async def test_a_service_that_is_not_offered_has_no_hosts(answer):
    assert await found(SRV=answer) == ()


@pytest.mark.parametrize("path", ['"path=elsewhere"', '"nothing"'])
async def test_a_path_that_is_none_is_left_out(path):
    assert await found(SRV=("0 0 443 a.test.",), TXT=(path,)) == (Service("a.test", 443, ""),)


async def test_dns_that_does_not_answer_is_unreachable():
    with pytest.raises(Unreachable, match=r"_caldavs\._tcp\.example\.test"):
        await found(SRV=dns.exception.Timeout())


async def test_a_machine_without_dns_says_so(monkeypatch):
    def unconfigured():
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.asyncresolver, "Resolver", unconfigured)
    with pytest.raises(Unreachable):
        await services("example.test", "caldavs")


@pytest.mark.parametrize(
    ("answer", "hosts"),
    [
        (("0 0 443 a.test.",), ("a.test", "a.test")),
        (dns.resolver.NXDOMAIN(), ()),
        (dns.exception.Timeout(), ()),
    ],
)
async def test_somebody_who_waits_is_told_the_hosts_or_nothing(answer, hosts):
    resolver = cast("dns.asyncresolver.Resolver", Resolver({"SRV": answer}))
    assert await calendar_hosts("example.test", resolver) == hosts
