"""Reading a real OpenLDAP as a company book: it counts no changes, and says nothing of a domain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, SignInAgain
from gateway.sources.activedirectory import client
from gateway.sources.activedirectory.check import check
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.activedirectory.source import connect
from peers.slapd import Slapd

BASE, READER, PASSWORD = "dc=contacts", "uid=reader,dc=contacts", "Gurka-7"
BOOK = Book(1, 1, "", name="office")
PEOPLE = 30
ENTRIES = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: contacts
o: contacts

dn: {READER}
objectClass: inetOrgPerson
uid: reader
cn: reader
sn: reader
userPassword: {PASSWORD}

""" + "".join(
    f"""dn: uid=p{number},{BASE}
objectClass: inetOrgPerson
uid: p{number}
cn: Person {number}
sn: {number}
telephoneNumber: +46 8 {number:05}
o: Firma

"""
    for number in range(PEOPLE)
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The file of an authority, and a certificate of its and the key to that."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    made.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    made.private_key_pem.write_to_path(str(folder / "key.pem"))
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"


@pytest_asyncio.fixture(scope="module", params=["unlimited"])
async def slapd(
    request: pytest.FixtureRequest, secured: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Slapd]:
    ldif = tmp_path_factory.mktemp("slapd") / "entries.ldif"
    ldif.write_text(ENTRIES)
    async with Slapd.start(ldif, base=BASE, most=request.param, tls=secured[1:]) as running:
        yield running


@pytest.fixture
def settings(slapd: Slapd, secured: tuple[Path, Path, Path]) -> ActiveDirectorySettings:
    return ActiveDirectorySettings(url=slapd.url, ca=secured[0], base=BASE, filter="(telephoneNumber=*)")


def account(password: str = PASSWORD) -> Account:
    return Account(1, "office", READER, Secret(password), service=True)


async def read(settings: ActiveDirectorySettings, since: str | None = None) -> ContactChanges | None:
    async with connect(settings)(account()) as opened:
        assert opened.contacts is not None
        return await opened.contacts.read(BOOK, since)


@pytest.mark.parametrize("how", ["ldap", "ldaps"])
async def test_it_is_read_whole_by_pages_and_then_compared(slapd, settings, monkeypatch, how):
    monkeypatch.setattr(client, "PAGE", 7)
    if how == "ldaps":
        settings = settings.model_copy(update={"url": f"ldaps://127.0.0.1:{slapd.secure}"})
    first = await read(settings)
    assert first is not None
    assert {contact.name for contact in first.put} == {f"Person {number}" for number in range(PEOPLE)}
    assert {contact.company for contact in first.put} == {"Firma"}
    assert {contact.key for contact in first.put} == {f"uid=p{number},{BASE}" for number in range(PEOPLE)}
    assert await read(settings, first.token) is None


async def test_a_wrong_password_and_no_base_are_said(settings):
    async with connect(settings)(account("wrong")) as opened:
        assert opened.contacts is not None
        with pytest.raises(SignInAgain):
            await opened.contacts.read(BOOK, None)
    with pytest.raises(GiveUp, match="what its domain is"):
        await read(settings.model_copy(update={"base": None}))
    with pytest.raises(GiveUp, match="no such base"):
        await read(settings.model_copy(update={"base": f"ou=nowhere,{BASE}"}))
    *_, found = await check(settings, account())
    assert found.ok
    assert "read whole each time" in found.said


@pytest.mark.parametrize("slapd", ["10"], indirect=True)
async def test_a_server_that_gives_only_a_part_is_not_believed(settings):
    with pytest.raises(GiveUp, match="only a part") as raised:
        await read(settings)
    assert "size limit" in raised.value.remedy
