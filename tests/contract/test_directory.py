"""The directory over a real socket, as RFC 4511 and its kin have it; filters and habits of telephones too."""

import asyncio
from collections.abc import AsyncIterator

import ldap3
import pytest
import pytest_asyncio

from gateway.directory.query import Extensible
from peers.ldapsearch import Refused, Telephone
from tests.contract.directories import (
    ANNA,
    BO,
    PASSWORDS,
    Running,
    bind,
    connected,
    control,
    extended,
    message,
    running,
    search,
)

START_TLS, WHO_AM_I = "1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.4203.1.11.3"
CLARA = f"uid=c3,{ANNA}"
RYAN, TOM = "uid=c1,ou=company,dc=contacts", "uid=c2,ou=company,dc=contacts"


@pytest_asyncio.fixture(scope="module")
async def directory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("directory"), anonymous=()) as one:
        yield one


def phone(directory: Running, listener: str = "plain", user: str | None = "1001", starttls: bool = False) -> Telephone:
    return Telephone(directory.url(listener), user, PASSWORDS[1], ca=str(directory.ca), starttls=starttls)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("(|(cn=ry*)(sn=ry*))", [RYAN]),
        ("(&(telephoneNumber=*)(sn=rid*))", [TOM]),
        ("(|(telephoneNumber=0812345)(mobile=0812345)(homePhone=0812345))", [RYAN]),
        ("(&(objectClass=*)(givenName>=Ryan)(givenName<=zz)(givenName=Ryan*))", [RYAN]),
        ("(|(mobile=+4930666)(homephone=+4930666)(telephonenumber=+4930666))", [TOM]),
        ("(&(sn=Riddle*)(givenname=Tom*))", [TOM]),
        ("(|(o=foo*)(cn=foo*)(givenName=foo*)(sn=foo*)(telephoneNumber=foo*))", [TOM]),
        ("(cn=*lar*)", [CLARA]),
        ("(!(objectClass=ringplanContact))", ["dc=contacts", "ou=company,dc=contacts"]),
    ],
)
async def test_what_telephones_ask_is_understood(directory, asked, found):
    assert [entry["dn"][0] for entry in await phone(directory).search(asked)] == found


@pytest.mark.parametrize("user", [ANNA, " UID=1, OU=People ,DC=Contacts", "1001", "2001", "a@EXAMPLE.com"])
@pytest.mark.parametrize("listener", ["plain", "ldaps", "starttls"])
async def test_a_device_sees_the_company_and_its_owners_contacts(directory, user, listener):
    found = await phone(directory, listener, user, starttls=listener == "starttls").search("(cn=*)")
    assert [entry["dn"][0] for entry in found] == [CLARA, RYAN, TOM]


async def test_the_details_of_a_hit_are_read_by_its_name(directory):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert [told.name for told in (await asked(client, search(base=CLARA, scope=0)))[:-1]] == [CLARA]
        one = await asked(client, search(base="OU=Company, dc=contacts", scope=1))
        assert [told.name for told in one[:-1]] == [RYAN, TOM]


async def test_another_users_contacts_are_as_what_does_not_exist(directory):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind(name=BO, password=PASSWORDS[2]))
        (hidden,) = await asked(client, search(base=CLARA, scope=0))
        (absent,) = await asked(client, search(base=CLARA.replace("c3", "c9"), scope=0))
        assert (hidden.code, hidden.raw) == (absent.code, absent.raw)
        assert hidden.code == 32


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"name": "1001", "password": "wrong"}, 49),
        ({"name": "9999", "password": "wrong"}, 49),
        ({"name": "1002"}, 49),
        ({"name": "1001", "password": ""}, 53),
        ({"name": "", "password": ""}, 48),
        ({"name": "", "password": "x"}, 49),
        ({"version": 2}, 0),
        ({"version": 4}, 2),
        ({"method": 0xA3}, 7),
    ],
    ids=str,
)
async def test_a_bind_is_answered(directory, said, code):
    async with connected(directory.ports["plain"]) as client:
        told = await client.ask(bind(**said))
        assert (told.tag, told.code) == (0x61, code)


async def test_who_has_not_bound_reads_nothing_but_what_the_directory_is(directory):
    async with connected(directory.ports["plain"]) as client:
        assert (await client.ask(search())).code == 50
        root = await asked(client, search(base="", scope=0, attributes=("+",)))
        assert b"namingContexts" in root[0].raw
        assert b"2.16.840.1.113730.3.4.9" in root[0].raw
        assert START_TLS.encode() not in root[0].raw
        schema = await asked(client, search(base="cn=subschema", scope=0, attributes=("attributeTypes",)))
        assert b"numberKey" in schema[0].raw


async def test_a_failed_bind_ends_the_one_before(directory):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        await client.ask(bind(password="wrong"))
        assert (await client.ask(search())).code == 50


async def test_a_revoked_password_is_nobodys_at_once(tmp_path):
    async with running(tmp_path) as directory, connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert (await asked(client, search()))[-1].code == 0
        directory.visitors.replace((), (), directory.catalogue.numbering.form)
        assert (await client.ask(search())).code == 50
        assert (await client.ask(bind())).code == 49


async def test_anonymous_clients_read_the_company_where_that_is_allowed(tmp_path):
    async with running(tmp_path, anonymous=["127.0.0.0/8"]) as directory:
        found = await phone(directory, user=None).search("(cn=*)")
        assert [entry["dn"][0] for entry in found] == [RYAN, TOM]


@pytest.mark.parametrize("tag", [0x66, 0x68, 0x4A, 0x6C])
async def test_nothing_is_written(directory, tag):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        told = await client.ask(message(2, bytes((tag, 0))))
        assert (told.tag, told.code) == ({0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D}[tag], 53)


async def test_entries_are_compared(directory):
    def compare(name: str, value: str) -> bytes:
        pair = b"".join(b"\x04" + bytes((len(one),)) + one.encode() for one in (name, value))
        dn = b"\x04" + bytes((len(RYAN),)) + RYAN.encode()
        content = dn + b"\x30" + bytes((len(pair),)) + pair
        return message(5, b"\x6e" + bytes((len(content),)) + content)

    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert (await client.ask(compare("mobile", "0701234567"))).code == 6
        assert (await client.ask(compare("mobile", "1"))).code == 5
        assert (await client.ask(compare("homePhone", "1"))).code == 16


async def test_clients_learn_who_they_are(directory):
    async with connected(directory.ports["plain"]) as client:
        assert (await client.ask(extended(1, WHO_AM_I))).code == 0
        await client.ask(bind(2, name="1001"))
        assert b"dn:" + ANNA.encode() in (await client.ask(extended(3, WHO_AM_I))).raw
        assert (await client.ask(extended(4, "1.2.3"))).code == 2


async def test_limits_give_what_fits(directory):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        found = await asked(client, search(size=2))
        assert [told.tag for told in found] == [0x64, 0x64, 0x65]
        assert found[-1].code == 4


async def test_a_search_ends_at_its_time_limit_or_when_it_is_abandoned(tmp_path):
    slow = Extensible("caseIgnoreMatch", "cn", b"x")
    async with running(tmp_path) as directory, connected(directory.ports["plain"]) as client:
        directory.catalogue.never = True
        await client.ask(bind())
        assert (await client.ask(search(2, slow, seconds=1))).code == 3
        told = await client.ask(search(3, slow, seconds=5), message(4, b"\x50\x01\x03"), extended(5, WHO_AM_I))
        assert told.number == 5


async def test_ldap3_reads_the_schema_and_searches(directory):
    def search_as_ldap3() -> tuple[list[str], list[str]]:
        server = ldap3.Server("127.0.0.1", directory.ports["plain"], get_info=ldap3.ALL)
        connection = ldap3.Connection(server, "1001", PASSWORDS[1])
        try:
            connection.bind()
            connection.search("dc=contacts", "(cn=Ryan*)", attributes=["cn", "numberKey"])
            dns = [entry.entry_dn for entry in connection.entries]
            paged = connection.extend.standard.paged_search(
                "dc=contacts", "(cn=*)", attributes=["cn"], paged_size=2, generator=False
            )
            return dns, sorted(entry["dn"] for entry in paged)
        finally:
            connection.unbind()

    assert await asyncio.to_thread(search_as_ldap3) == ([RYAN], [RYAN, TOM, CLARA])


async def test_a_wrong_password_is_told_as_such(directory):
    with pytest.raises(Refused) as refused:
        await Telephone(directory.url(), "1001", "nope").search("(cn=*)")
    assert refused.value.code == 49


async def test_controls_that_are_not_known_count_only_if_they_are_critical(directory):
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert (await asked(client, search(controls=control("1.2.3"))))[-1].code == 0
        assert (await asked(client, search(controls=control("1.2.3", critical=True))))[-1].code == 12
        manage = control("2.16.840.1.113730.3.4.2", critical=True)
        assert (await asked(client, search(controls=manage)))[-1].code == 0


async def asked(client, *messages):
    await client.send(*messages)
    return await client.answers()
