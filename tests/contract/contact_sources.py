"""The sources that the common suite of contacts is held against, each as a function that yields `Books`.

Servers are the run's own (`tests.servers`); a book is emptied before it is used, so tests may share one.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.book import Book
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.pbx.asterisk import people
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.ports import Connect
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from peers import ports
from peers.dav import AddressBook
from peers.radicale import Radicale
from peers.sogo import Sogo
from tests.contract.calendars import Wrist, account, address
from tests.contract.contact_directory import samba, scripted
from tests.contract.contact_exchange import exchange
from tests.contract.contact_files import cards, table
from tests.contract.contacts import Books, Can, Entry, vcard
from tests.fakes.ami import FakeAmi

Start = Callable[[Any, Path], AsyncIterator[Books]]


async def _radicale(running: Radicale, folder: Path) -> AsyncIterator[Books]:
    yield await _dav(running.url, running.address_book("alice"), "/bob/contacts/", "/alice/nothing/")


async def _sogo(running: Sogo, folder: Path) -> AsyncIterator[Books]:
    below = "/SOGo/dav/{}/Contacts/{}/"
    stranger, nowhere = below.format("bob", "personal"), below.format("alice", "nothing")
    yield replace(await _dav(running.url, running.address_book("alice"), stranger, nowhere), in_seconds=True)


async def _dav(url: str, at: AddressBook, stranger: str, nowhere: str) -> Books:
    await at.clear()
    clock = Wrist()

    def connected(url: str) -> Connect:
        return connect(CalDavSettings(url=url), now=clock)

    async def put(entry: Entry) -> None:
        await at.put(entry.uid, vcard(entry))

    async def spoil(uid: str) -> None:
        await at.put(uid, f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:\r\nNOTE:nobody\r\nEND:VCARD\r\n")

    port = ports.free()
    ports.release(port)
    book = partial(Book, 1, 1, address("alice"), 1)
    return Books(
        connected(url),
        account("alice"),
        book(),
        put,
        at.delete,
        spoil=spoil,
        stranger=book(path=stranger),
        nowhere=book(path=nowhere),
        wrong=account("alice", "wrong"),
        away=connected(f"http://127.0.0.1:{port}/"),
        clock=clock,
    )


EXTENSIONS = {"anna": "1001", "bodil": "1002", "carl": "1003"}  # of users of a PBX, by uid


async def _pbx(_: None, folder: Path) -> AsyncIterator[Books]:
    """Yield the users of a FreePBX, each with the one number that is theirs; what a real PBX has is in test_pbx.py."""
    async with FakeAmi().up() as fake:

        def connected(port: int) -> Connect:
            return people.connect(AsteriskSettings(port=port, user=fake.user, secret=Secret(fake.secret)))

        async def put(entry: Entry) -> None:
            fake.database[f"AMPUSER/{EXTENSIONS[entry.uid]}/cidname"] = entry.name

        async def remove(uid: str) -> None:
            del fake.database[f"AMPUSER/{EXTENSIONS[uid]}/cidname"]

        book, port = Book(1, 1, "", name="office"), ports.free()
        ports.release(port)
        account = Account(1, "pbx:main", "-", Secret(""))
        yield Books(connected(fake.port), account, book, put, remove, away=connected(port))


@dataclass(frozen=True, slots=True)
class Source:
    """`server`: the fixture of what `start` gets as its first argument, None: it needs none.

    `is_long`: only for `make soak`.
    """

    start: Start
    can: frozenset[Can]
    server: str | None = None
    is_long: bool = False


ALL = frozenset(Can)
FILES = frozenset({Can.DETAIL, Can.TELL, Can.SPOIL, Can.MISS})
SOURCES: Mapping[str, Source] = {
    "radicale": Source(_radicale, ALL, "radicale"),
    "sogo": Source(_sogo, ALL, "sogo"),
    "exchange": Source(exchange, ALL),
    "directory": Source(scripted, ALL - {Can.SHARE}),
    "samba": Source(samba, frozenset({Can.DETAIL, Can.TELL, Can.CHANGE, Can.MISS, Can.SIGN, Can.BREAK}), "samba", True),
    "table": Source(table, FILES),
    "cards": Source(cards, FILES),
    "pbx": Source(_pbx, frozenset({Can.TELL, Can.BREAK})),
}


def able(*needed: Can) -> pytest.MarkDecorator:
    """Let a test run for each source that can do all that is `needed`."""
    able = {name: source for name, source in SOURCES.items() if source.can.issuperset(needed)}
    names = [pytest.param(name, marks=[pytest.mark.soak] * one.is_long) for name, one in able.items()]
    return pytest.mark.parametrize("books", names, indirect=True)
