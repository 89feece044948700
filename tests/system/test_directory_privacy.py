"""What contacts say stands in the database while they are kept, and in no log, overview or argument, nor afterwards.

Gateway, calendar server, PBX, calls and OpenLDAP's client are real; the gateway logs at debug. Texts are looked for in
many writings; each is first found where it should be: a search that finds nothing says nothing.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.book import Book
from gateway.domain.contact import Numbering
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.store import accounts, books, organisation
from peers import ports
from peers.asterisk import Asterisk
from peers.dav import card
from peers.gateway import Gateway, Owner, Setup
from peers.ldapsearch import Refused, Telephone, set_up
from peers.phone import Phone, call
from peers.process import StartFailed, until
from peers.radicale import COMPANY, Radicale
from tests.system.test_directory import INVALID_CREDENTIALS, comes
from tests.system.writings import files_with, inside

OWNER, COLLEAGUE = "1021", "1022"
BOOK = "customers"
PEOPLE = {"gudrun": "password of gudrun", "hjalmar": "password of hjalmar"}
TIMES = 10  # that a name may come too late
PROMISED = 60.0  # seconds until what was removed has left the files
CALLER = "+46812398765"
OWN = ("Ögonstenshjärtat", "Privatläkarmottagningen", "ogonsten@hemligheten.example", "12398765", "701239876")
COMPANYS = ("Storkundsamfälligheten", "inkop@storkund.example", "319876543")
ASKED = ("Filterprovstexten", "46555123987")  # what nobody is called
GUESSED = ("nobodys-name-in-a-bind", "a-guessed-password")


@asynccontextmanager
async def directory(folder: Path, asterisk: Asterisk) -> AsyncIterator[tuple[Gateway, Radicale]]:
    """A gateway with a directory without TLS, an own address book, and one of the company."""
    port = ports.free()
    tables = (
        '[directory]\nhost = "127.0.0.1"\n'
        f'[directory.listen.inside]\naddress = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    )
    async with Radicale.start(folder / "radicale", PEOPLE) as radicale:
        name, company, email, work, mobile = OWN
        own = card(
            "own", name, f"N:{name};;;;", f"ORG:{company}", f"EMAIL:{email}", f"TEL;TYPE=WORK:+468{work}",
            f"TEL;TYPE=CELL:+46{mobile}",
        )  # fmt: skip
        await radicale.address_book("gudrun").put("own", own)
        theirs = card("theirs", COMPANYS[0], f"EMAIL:{COMPANYS[1]}", f"TEL;TYPE=WORK:+46{COMPANYS[2]}")
        await radicale.address_book(COMPANY).put("theirs", theirs)
        owners = [Owner(number, *login) for number, login in zip((OWNER, COLLEAGUE), PEOPLE.items(), strict=True)]
        setup = Setup(asterisk, radicale.url, owners, tables=tables)
        async with Gateway.start(folder / "gateway", setup) as gateway:
            yield gateway, radicale
    ports.release(port)


async def test_contacts_are_in_the_database_and_nowhere_else_and_then_not_there_either(
    asterisk: Asterisk, folder: Path
) -> None:
    async with directory(folder, asterisk) as (gateway, radicale):
        await with_books(gateway, radicale)
        telephone = set_up(await gateway.command("phones", "settings", "yealink", "--user", OWNER))
        for text in (*OWN, *COMPANYS):
            assert files_with(inside(gateway.folder), text), text
            assert files_with(inside(gateway.folder), text) <= {"ringplan.db", "ringplan.db-wal"}
        await searched(telephone)
        await refused(telephone)
        await called(asterisk)

        secrets = (*OWN, *COMPANYS, *ASKED, *GUESSED, telephone.password)
        told = [await overview(gateway, *words) for words in (("status",), ("status", "--json"), ("status", "--check"))]
        told.append(await overview(gateway, "check"))
        assert f"a telephone of {OWNER} signs in" in told[3]
        assert "2 contacts in 3 address books" in told[0]
        arguments = "\n".join(
            Path(f"/proc/{gateway.process.pid}/{what}").read_bytes().decode(errors="replace")
            for what in ("cmdline", "environ")
        )
        assert "ringplan.toml" in arguments
        for secret in secrets:
            assert all(secret not in text for text in (*told, arguments)), secret
        assert files_with([gateway.log], " DEBUG "), "the gateway logs everything"
        assert files_with([gateway.log], *secrets) == set()
        assert files_with(inside(gateway.folder), *ASKED, *GUESSED, telephone.password) == set()

        await radicale.address_book("gudrun").delete("own")
        await gateway.command("sync", OWNER)
        await gateway.command("books", "remove", BOOK)
        await gone(gateway, telephone)
    assert files_with(inside(gateway.folder), *OWN, *COMPANYS, *ASKED, *GUESSED, telephone.password) == set()


async def with_books(gateway: Gateway, radicale: Radicale) -> None:
    """Say what numbers mean, add the company's book, and read everything."""
    async with gateway.store() as store, store.write() as rows:
        ours = await organisation.get(rows)
        await organisation.put(rows, replace(ours, numbering=Numbering(country="SE", area="8")))
        login, password = radicale.reader.name, Secret(radicale.reader.password)
        reader = await accounts.add(rows, Account(0, "office", login, password, service=True))
        await books.add(rows, Book(0, reader.id, login, name=BOOK, path=f"/{COMPANY}/contacts/"))
    await gateway.command("sync")


async def searched(telephone: Telephone) -> None:
    """Find both contacts, and nobody by what nobody is called."""
    await comes(telephone, f"(cn={COMPANYS[0]})")
    assert len(await telephone.search(f"(|(cn={OWN[0]}*)(telephoneNumber=+46{COMPANYS[2]}))")) == 2
    assert await telephone.search(f"(|(cn={ASKED[0]}*)(telephoneNumber=+{ASKED[1]}))") == []
    [entry] = await telephone.search(f"(mail={OWN[2]})", "*")
    assert entry["o"] == [OWN[1]]


async def refused(telephone: Telephone) -> None:
    """Try what is refused: wrong passwords and names, and a filter that is none."""
    for user, password in ((OWNER, GUESSED[1]), (GUESSED[0], GUESSED[1]), (OWN[2], telephone.password)):
        with pytest.raises(Refused) as told:
            await replace(telephone, user=user, password=password).search("(cn=*)")
        assert told.value.code == INVALID_CREDENTIALS
    with pytest.raises(Refused, match="No such object"):
        await telephone.search(f"(cn={ASKED[0]}*)", base=f"uid={ASKED[0]},{telephone.base}")


async def called(asterisk: Asterisk) -> None:
    """Call from outside until the telephone shows the name: on a busy machine one may come too late."""
    async with Phone.register(asterisk, OWNER) as phone:
        for count in range(1, TIMES + 1):
            async with call(asterisk, CALLER, OWNER, trunk=True):
                shown = (await phone.rings(count)).invite.header("From")
            if OWN[0] in shown:
                return
    raise AssertionError(f"the telephone showed {shown}")


async def overview(gateway: Gateway, *words: str) -> str:
    """Return what a command says, whether or not it finds fault."""
    try:
        return await gateway.command(*words)
    except StartFailed as failed:
        return str(failed)


async def gone(gateway: Gateway, telephone: Telephone) -> None:
    """Wait until nothing of the contacts is in a file or an answer."""
    assert await comes(telephone, f"(|(cn={OWN[0]}*)(cn={COMPANYS[0]}*))", there=False) == []
    for wanted in (f"(mail={OWN[2]})", f"(numberKey=+468{OWN[3]})", f"(telephoneNumber=+46{COMPANYS[2]})"):
        assert await telephone.search(wanted) == []
    answered = str(await telephone.search("(objectClass=*)", "*", "+", "numberKey", "keypad"))
    assert PEOPLE.keys() <= set(re.findall(r"\w+", answered)), "colleagues are still there"
    assert all(text not in answered for text in (*OWN, *COMPANYS))
    await until(lambda: not files_with(inside(gateway.folder), *OWN, *COMPANYS), PROMISED, "gone from every file")
