"""A real Radicale on a free loopback port: people with a calendar and contacts each, and the company's contacts.

A reader may see everybody's; the company's contacts, which `company` writes, everybody may read. Its configuration
file, rights file and storage folder are documented with Radicale 3; its folder for a person is
`collections/collection-root/<person>/<collection>`, one file per item and `.Radicale.props` for the collection.

    people = {"alice": "secret"}
    async with Radicale.start(folder, people) as radicale:
        await radicale.calendar("alice").put("lunch", event(...))
        await radicale.address_book("alice").put("anna", card(...))
"""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

from peers import ports
from peers.dav import AddressBook, Calendar, Person
from peers.process import SOON, Process, answers

READER = "reader"
COMPANY = "company"
CALENDAR, CONTACTS = "calendar", "contacts"
KINDS = {CALENDAR: "VCALENDAR", CONTACTS: "VADDRESSBOOK"}

CONFIGURATION = """[server]
hosts = 127.0.0.1:{port}
max_connections = 1000
{tls}
[auth]
type = htpasswd
htpasswd_filename = {folder}/people
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/collections
[web]
type = none
[logging]
level = warning
"""

RIGHTS = """[root]
user = .+
collection =
permissions = R
[readers]
user = {reader}
collection = .*
permissions = Rr
[theirs]
user = {company}
collection = {company}/.*
permissions = rw
[company]
user = .+
collection = {company}/contacts
permissions = r
[home]
user = .+
collection = {{user}}
permissions = RW
[own]
user = .+
collection = {{user}}/[^/]+
permissions = rw
"""


class Radicale:
    """A running Radicale: `url`, `people` (name to password), `reader` (sees everything), `company`, `log`."""

    def __init__(self, folder: Path, people: Mapping[str, str], tls: tuple[Path, Path] | None, ca: Path | None) -> None:
        self.folder, self.people, self.tls, self.ca = folder.absolute(), dict(people), tls, ca
        self.reader = Person(READER, "reads everything")
        self.company = Person(COMPANY, "writes for everybody")
        self.port = ports.free()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"
        self.log = self.folder / "radicale.log"
        self._process: Process | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        people: Mapping[str, str],
        items: Mapping[str, Mapping[str, str]] | None = None,
        tls: tuple[Path, Path] | None = None,
        ca: Path | None = None,
    ) -> AsyncIterator["Radicale"]:
        """Start it in the new or empty `folder`, with `items` (person to name to iCalendar text) already there.

        `tls`: certificate and key for HTTPS; `ca`: the file that those who ask must trust then.
        """
        radicale = cls(folder, people, tls, ca)
        radicale._write_folder()
        for person, given in (items or {}).items():
            radicale.seed(person, given)
        try:
            await radicale.up()
            yield radicale
        finally:
            await radicale.stop()
            ports.release(radicale.port)

    def home(self, person: str) -> str:
        """The URL of a person's principal and home set."""
        return f"{self.url}{person}/"

    def calendar(self, person: str) -> Calendar:
        """A person's calendar, to put items in and take them out."""
        return Calendar(f"{self.home(person)}{CALENDAR}/", Person(person, self.people[person]), self.ca)

    def address_book(self, person: str) -> AddressBook:
        """A person's contacts, or those of the company, to put cards in and take them out."""
        password = self.company.password if person == COMPANY else self.people[person]
        return AddressBook(f"{self.home(person)}{CONTACTS}/", Person(person, password), self.ca)

    def seed(self, person: str, items: Mapping[str, str]) -> None:
        """Write many items at once, past the server. Only while it is stopped."""
        if self._process is not None:
            raise RuntimeError("items are seeded only while Radicale is stopped")
        folder = self._collection(person, CALENDAR)
        for name, ics in items.items():
            (folder / f"{name}.ics").write_bytes(ics.encode())

    async def up(self) -> None:
        """Start it with the port and the items that it has, and wait until it answers."""
        self._process = await Process.start(
            sys.executable, "-m", "radicale", "--config", str(self.folder / "configuration"), log=self.log,
            name="Radicale", folder=self.folder,
        )  # fmt: skip
        await self._process.ready(lambda: answers("127.0.0.1", self.port), SOON)

    async def stop(self) -> None:
        """End it in an orderly way."""
        if self._process is not None:
            await self._process.stop()
            self._process = None

    async def kill(self) -> None:
        """End it as a crash would; `up()` starts it again on the same port."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    async def restart(self) -> None:
        """Stop it and start it again on the same port."""
        await self.stop()
        await self.up()

    def _collection(self, person: str, name: str) -> Path:
        return self.folder / "collections" / "collection-root" / person / name

    def _write_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        tls = f"ssl = True\ncertificate = {self.tls[0].absolute()}\nkey = {self.tls[1].absolute()}" if self.tls else ""
        configuration = CONFIGURATION.format(port=self.port, folder=self.folder, tls=tls)
        (self.folder / "configuration").write_text(configuration)
        (self.folder / "rights").write_text(RIGHTS.format(reader=READER, company=COMPANY))
        logins = {**self.people, **{one.name: one.password for one in (self.reader, self.company)}}
        people = self.folder / "people"
        people.touch(mode=0o600)
        people.write_text("".join(f"{name}:{password}\n" for name, password in logins.items()))
        for person, name in [*product(self.people, KINDS), (COMPANY, CONTACTS)]:
            folder = self._collection(person, name)
            folder.mkdir(parents=True)
            properties = {"tag": KINDS[name], "D:displayname": name.capitalize()}
            (folder / ".Radicale.props").write_text(json.dumps(properties))
