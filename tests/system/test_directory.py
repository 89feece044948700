"""A contact on its way: written over CardDAV, found by OpenLDAP's client as a telephone would, changed, and gone.

Gateway, calendar server and client are real; each telephone has the password that `ringplan phones settings` made.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from peers import ports
from peers.asterisk import Asterisk
from peers.dav import card
from peers.gateway import Gateway, Owner, Setup
from peers.ldapsearch import Entry, Refused, Telephone, set_up
from peers.process import POLL, SOON, StartFailed
from peers.radicale import Radicale

AGNES, BODIL = "1001", "1002"
KARIN = card("karin", "Karin Ångström", "N:Ångström;Karin;;;", "ORG:Papp AB", "TEL;TYPE=WORK:08-123 456 78",
             "TEL;TYPE=CELL:+46 (0)70-123 45 67")  # fmt: skip
WORK = (
    "+46812345678",
    "0046812345678",
    "0812345678",
    "08-123 456 78",
    "+46 (0)8 123 456 78",
    "12345678",
    "00812345678",
)
MOBILE = ("+46701234567", "0701234567")
INVALID_CREDENTIALS = 49  # RFC 4511, appendix A.2


@asynccontextmanager
async def directory(folder: Path, asterisk: Asterisk, radicale: Radicale, listen: str) -> AsyncIterator[Gateway]:
    """A gateway with a directory, for two users of whom each has an address book."""
    people = radicale.people
    owners = [Owner(AGNES, "agnes", people["agnes"]), Owner(BODIL, "bodil", people["bodil"])]
    setup = Setup(asterisk, radicale.url, owners, tables=f'[directory]\nhost = "127.0.0.1"\n{listen}')
    async with Gateway.start(folder / "gateway", setup) as gateway:
        words = ("--phone-country", "SE", "--area", "8", "--outside-line", "0", "--extension-length", "4")
        await gateway.command("organisation", "set", *words)
        await gateway.command("sync")
        yield gateway


@pytest.fixture
def port() -> Iterator[int]:
    found = ports.free()
    yield found
    ports.release(found)


def listener(name: str, port: int, tls: str, more: str = "") -> str:
    return f'[directory.listen.{name}]\naddress = "127.0.0.1"\nport = {port}\ntls = "{tls}"\n{more}'


async def telephone_of(gateway: Gateway, extension: str, ca: Path | None = None) -> Telephone:
    """Return a telephone that is set up as the settings for a Yealink say."""
    return set_up(await gateway.command("phones", "settings", "yealink", "--user", extension), ca)


async def comes(telephone: Telephone, wanted: str, *, there: bool = True) -> list[Entry]:
    """Wait until the directory knows the telephone, and something is found, or nothing any more."""
    async with asyncio.timeout(SOON):
        while True:
            with suppress(Refused):
                found = await telephone.search(wanted)
                if bool(found) is there:
                    return found
            await asyncio.sleep(POLL)


async def test_a_contact_is_found_in_every_form_then_changed_then_gone(
    asterisk: Asterisk, radicale: Radicale, folder: Path, port: int
) -> None:
    book = radicale.address_book("agnes")
    await book.put("karin", KARIN)
    async with directory(folder, asterisk, radicale, listener("inside", port, "none")) as gateway:
        agnes, bodil = await telephone_of(gateway, AGNES), await telephone_of(gateway, BODIL)
        [found] = await comes(agnes, "(|(cn=angs*)(sn=angs*))")
        assert (found["cn"], found["telephoneNumber"]) == (["Karin Ångström"], ["08-123 456 78"])
        for number in (*WORK, *MOBILE):
            [entry] = await agnes.search(f"(|(telephoneNumber={escaped(number)})(mobile={escaped(number)}))")
            assert entry["dn"] == found["dn"], number
        [reread] = await agnes.search("(objectClass=*)", base=found["dn"][0], scope="base")
        assert reread == found
        assert [one["telephoneNumber"] for one in await comes(bodil, "(cn=agnes)")] == [[AGNES]]
        assert await bodil.search("(cn=*ang*)") == []
        with pytest.raises(Refused, match="No such object"):
            await bodil.search("(objectClass=*)", base=found["dn"][0], scope="base")

        await book.put("karin", KARIN.replace("08-123 456 78", "08-876 543 21"))
        await gateway.command("sync", AGNES)
        [changed] = await comes(agnes, "(telephoneNumber=0887654321)")
        assert changed["dn"] == found["dn"]
        assert await agnes.search("(telephoneNumber=0812345678)") == []

        await book.delete("karin")
        await gateway.command("sync", AGNES)
        assert await comes(agnes, "(cn=karin*)", there=False) == []
        assert await agnes.search("(mobile=0701234567)") == []

        [mine] = [
            one for one in json.loads(await gateway.command("phones", "list", "--json")) if one["extension"] == AGNES
        ]
        await gateway.command("phones", "revoke", str(mine["id"]))
        assert await refusal(agnes) == INVALID_CREDENTIALS


async def refusal(telephone: Telephone) -> int:
    """Wait until a telephone is refused, and return the result."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                await telephone.search("(cn=*)")
            except Refused as refused:
                return refused.code


async def test_a_telephone_searches_over_tls_and_check_says_so(
    asterisk: Asterisk, radicale: Radicale, folder: Path, port: int
) -> None:
    own, over_tls = trustme.CA().issue_cert("127.0.0.1"), ports.free()
    own.cert_chain_pems[0].write_to_path(folder / "own.pem")
    own.private_key_pem.write_to_path(folder / "own.key")
    tls = f'certificate = "{folder / "own.pem"}"\nkey = "{folder / "own.key"}"\n'
    listen = listener("starts", port, "starttls", tls) + listener("tls", over_tls, "ldaps", tls)
    async with directory(folder, asterisk, radicale, listen) as gateway:
        best = await telephone_of(gateway, AGNES, folder / "own.pem")
        assert best.url == f"ldaps://127.0.0.1:{over_tls}"
        starts = replace(best, url=f"ldap://127.0.0.1:{port}", starttls=True)
        for telephone in (best, starts):
            assert [one["telephoneNumber"] for one in await comes(telephone, "(cn=bodil)")] == [[BODIL]]
        with pytest.raises(Refused, match="onfidentiality"):
            await replace(starts, starttls=False).search("(cn=bodil)")
        with pytest.raises(StartFailed) as told:
            await gateway.command("check", "--json")  # other parts are not set up
        assert str(told.value).count(f"a telephone of {AGNES} signs in, searches, and finds something") == 2
    ports.release(over_tls)


def escaped(number: str) -> str:
    """Return a value as a filter has it (RFC 4515, section 3)."""
    return number.replace("(", "\\28").replace(")", "\\29")
