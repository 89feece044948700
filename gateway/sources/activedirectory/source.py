"""The ContactSource of a directory: a company book of its users and contacts.

A domain controller counts its changes ("Polling for Changes Using USNChanged", Microsoft): where `highestCommittedUSN`
is as it was, nothing has changed. Otherwise what is new or changed has a higher `uSNChanged`; what was deleted, moved
away, disabled or lost its number is found by comparing the keys of all that the filter finds with those that the last
reading found: they are kept in memory, so that a source that has just been opened reads a book whole. USNs are each
controller's own (`dsServiceName`): another one, or one that was restored and counts lower, is read whole too. A server
that does not count is read whole each time, and compared by a hash.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact
from gateway.domain.mailbox import Account
from gateway.errors import GiveUp
from gateway.net.threads import Threads
from gateway.net.trust import trust
from gateway.ports import Connect, Opened
from gateway.sources.activedirectory.client import AT_ONCE, DEADLINES, Deadlines, Session, signed_in
from gateway.sources.activedirectory.parse import ATTRIBUTES, KEY, NUMBERS, Entry, contact, key
from gateway.sources.activedirectory.settings import ActiveDirectorySettings

READS = 1  # counted up when more of an entry is read: books are then read anew
MOST = 200_000  # contacts of one book
DISABLED = "(userAccountControl:1.2.840.113556.1.4.803:=2)"  # ADS_UF_ACCOUNTDISABLE, by LDAP_MATCHING_RULE_BIT_AND
PEOPLE = f"(|(&(objectCategory=person)(objectClass=user)(!{DISABLED}))(objectClass=contact))"
NUMBERED = "(|" + "".join(f"({name}=*)" for name in NUMBERS) + ")"
FILTER = f"(&{PEOPLE}{NUMBERED})"
ROOT = ("defaultNamingContext", "highestCommittedUSN", "dsServiceName")


def connect(settings: ActiveDirectorySettings, deadlines: Deadlines = DEADLINES) -> Connect:
    """Return what opens an account at this source. Raises `Misconfigured` for an unusable `ca`."""
    context, threads = trust(settings.ca, settings.pin, settings.tls_minimum), Threads(AT_ONCE)
    known: dict[int, Known] = {}

    @asynccontextmanager
    async def enter(account: Account) -> AsyncIterator[Opened]:
        yield Opened(contacts=Books(settings, account, context, threads, deadlines, known))

    return enter


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a server stands: below `base`, controller `name` has counted up to `usn`; None: it does not count."""

    base: str
    name: str
    usn: int | None


async def standing(session: Session, base: str | None) -> Standing:
    """Return where the server stands. Raises `GiveUp` where neither `base` nor the server says what to read."""
    root = await session.root(ROOT)
    said = {name: (root.values.get(name.lower()) or (b"",))[0].decode(errors="replace") for name in ROOT}
    base = base or said["defaultNamingContext"]
    if not base:
        raise GiveUp("the server does not say what its domain is", "give base, such as DC=example,DC=com")
    usn = said["highestCommittedUSN"]
    return Standing(base, said["dsServiceName"], int(usn) if usn.isascii() and usn.isdigit() else None)


@dataclass(frozen=True, slots=True)
class Known:
    """What a reading ended with: its token, and the keys of what the filter found."""

    token: str = field(repr=False)
    keys: frozenset[str] = field(repr=False)


@dataclass(slots=True)
class Books:
    """Reads books of one account, each over a connection of its own. `Book.path` is a base of the book's own.

    `known`: what the last reading of each book ended with, by its id.
    """

    settings: ActiveDirectorySettings
    account: Account
    context: SSLContext
    threads: Threads
    deadlines: Deadlines
    known: dict[int, Known] = field(repr=False)

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """As `ports.ContactSource.read`."""
        async with signed_in(self.account, self.settings, self.context, self.threads, self.deadlines) as session:
            there = await standing(session, book.path or self.settings.base)
            told = _told(since, self._of(there))
            if there.usn is None:
                return await self._compared(session, there, told.get("hash"))
            token = json.dumps({"of": self._of(there), "usn": there.usn})
            known, before = self.known.get(book.id), told.get("usn")
            if before == there.usn:
                return None
            if isinstance(before, int) and before < there.usn and known and known.token == since:
                found = await self._changed(session, there, before)
                keys = await self._keys(session, there)
                gone = (known.keys - keys) | found.out
                if not found.put and not gone:
                    return None  # what was counted is none of the book's: a sign-in is counted too
                changes = ContactChanges(tuple(found.put.values()), tuple(gone), token, False, found.set_aside)
            else:
                found = await self._all(session, there.base, self._wanted)
                keys = frozenset(found.keys)
                changes = ContactChanges(tuple(found.put.values()), (), token, True, found.set_aside)
            self.known[book.id] = Known(token, keys)
            return changes

    @property
    def _wanted(self) -> str:
        return self.settings.filter or FILTER

    def _of(self, there: Standing) -> str:
        """Return what names all that a token holds for."""
        said = json.dumps([READS, there.name, there.base, self._wanted])
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    async def _compared(self, session: Session, there: Standing, before: object) -> ContactChanges | None:
        found = await self._all(session, there.base, self._wanted)
        read = hashlib.sha256()
        for one in sorted(found.put.values(), key=lambda contact: contact.key):
            read.update(json.dumps(_fields(one)).encode())
        read.update(str(found.set_aside).encode())
        if read.hexdigest() == before:
            return None
        token = json.dumps({"of": self._of(there), "hash": read.hexdigest()})
        return ContactChanges(tuple(found.put.values()), (), token, True, found.set_aside)

    async def _changed(self, session: Session, there: Standing, before: int) -> "_Found":
        return await self._all(session, there.base, f"(&{self._wanted}(uSNChanged>={before + 1}))")

    async def _all(self, session: Session, base: str, wanted: str) -> "_Found":
        found = _Found()
        async for page in session.pages(base, wanted, ATTRIBUTES, _read):
            for name, one in page:
                found.take(name, one)
            if len(found.keys) > MOST:
                raise GiveUp(f"the directory has more than {MOST} contacts there", "narrow base and filter")
        return found

    async def _keys(self, session: Session, there: Standing) -> frozenset[str]:
        keys: set[str] = set()
        async for page in session.pages(there.base, self._wanted, (KEY,), key):
            keys.update(page)
            if len(keys) > MOST:
                raise GiveUp(f"the directory has more than {MOST} contacts there", "narrow base and filter")
        return frozenset(keys)


@dataclass(slots=True)
class _Found:
    """What was found: contacts, the keys of all entries, and of those `out` of which there is no contact."""

    put: dict[str, Contact] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    out: set[str] = field(default_factory=set)

    @property
    def set_aside(self) -> int:
        """How many cannot be read, or have neither name nor number."""
        return len(self.out)

    def take(self, name: str, one: Contact | None) -> None:
        self.keys.add(name)
        if one is None:
            self.out.add(name)
        else:
            self.put[name] = one


def _read(entry: Entry) -> tuple[str, Contact | None]:
    try:
        return key(entry), contact(entry)
    except ValueError:
        return key(entry), None


def _fields(one: Contact) -> list[object]:
    numbers = [(number.kind.value, number.written) for number in one.numbers]
    return [one.key, one.name, one.given, one.family, one.company, one.title, one.emails, numbers]


def _told(token: str | None, of: str) -> dict[str, object]:
    """Read a token; one that cannot be read, or holds for something else, says nothing."""
    try:
        said = json.loads(token or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) and said.get("of") == of else {}
