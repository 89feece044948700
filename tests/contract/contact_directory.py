"""Books out of an Active Directory: Samba's, and the scripted one; for the common suite of contacts."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gateway.domain.book import Book
from gateway.domain.contact import Kind
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.net.trust import fingerprint
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.activedirectory.source import connect
from peers import ports
from peers.samba import Samba
from tests.contract.contacts import Books, Entry
from tests.fakes.activedirectory import FakeDirectory

PLACES = {
    Kind.WORK: ("telephoneNumber", "ipPhone"),
    Kind.MOBILE: ("mobile",),
    Kind.HOME: ("homePhone",),
}


def attributes(entry: Entry) -> dict[str, Any]:
    """Return an entry as an administrator would write it."""
    places = {kind: iter(names) for kind, names in PLACES.items()}
    written = {
        "displayName": entry.name,
        "givenName": entry.given,
        "sn": entry.family,
        "company": entry.company,
        "title": entry.title,
        "mail": next(iter(entry.emails), ""),
        **{next(places[kind]): number for kind, number in entry.numbers},
    }
    return {name: value for name, value in written.items() if value}


async def samba(running: Samba, folder: Path) -> AsyncIterator[Books]:
    """Yield contacts below an organisational unit."""
    await running.clear()

    async def put(entry: Entry) -> None:
        await running.put(entry.uid, **attributes(entry))

    pin = fingerprint(ssl.PEM_cert_to_DER_cert(running.certificate.read_text()))
    settings = ActiveDirectorySettings(url=running.ldaps, pin=pin, base="OU=Staff,DC=example,DC=test")
    account = Account(1, "office", running.reader.login, Secret(running.reader.password), service=True)
    yield _books(settings, account, put, running.remove)


async def scripted(_: Any, folder: Path) -> AsyncIterator[Books]:
    """Yield users of the scripted directory."""
    async with FakeDirectory().up() as running:

        async def put(entry: Entry) -> None:
            running.put(entry.uid, **attributes(entry))

        async def remove(uid: str) -> None:
            running.remove(uid)

        async def spoil(uid: str) -> None:
            running.put(uid, displayName=b"\xff", telephoneNumber=b"\xfe")

        settings = ActiveDirectorySettings(url=running.url, start_tls=False)
        account = Account(1, "office", running.login, Secret(running.password), service=True)
        yield replace(_books(settings, account, put, remove), spoil=spoil)


def _books(settings: ActiveDirectorySettings, account: Account, put: Any, remove: Any) -> Books:
    port, book = ports.free(), partial(Book, 1, 1, "", name="office")
    ports.release(port)
    return Books(
        connect(settings),
        account,
        book(),
        put,
        remove,
        nowhere=book(path="OU=Nowhere,DC=example,DC=test"),
        wrong=replace(account, password=Secret("wrong")),
        away=connect(settings.model_copy(update={"url": f"ldap://127.0.0.1:{port}"})),
    )
