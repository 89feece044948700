"""The gateway as a process of its own, beside a real Asterisk and a real calendar server, in a folder of its own.

setup = Setup(asterisk, radicale.url, (Owner("1001", "alice", password),))
async with Gateway.start(folder, setup) as gateway:
    await gateway.kill(); await gateway.up()
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.domain.code import Code
from gateway.domain.conference import RoomOf
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.store import accounts, codes, health, mailboxes, organisation, rooms, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.process import SOON, Process, run

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody with an extension, and with a calendar under `login`; `room`: their own for conferences."""

    extension: str
    login: str
    password: str = field(repr=False)
    language: str = "sv"
    zone: ZoneInfo = STOCKHOLM
    phones: tuple[str, ...] = ()
    room: str | None = None
    pin: str = ""

    @property
    def address(self) -> str:
        """The owner's e-mail address."""
        return self.login if "@" in self.login else f"{self.login}@example.org"


@dataclass(frozen=True, slots=True)
class Setup:
    """`ami_port`: another one than Asterisk's own, where something stands between. `refresh`: seconds.

    `kind` of the server at the address `calendars`, and `source`: further lines of its table. `service`: login and
    password of an account that reads everybody's calendar, instead of each owner's own. `code` changes each of the
    usual codes before the gateway sees them. `pool`: rooms for whoever has none. `pbx` and `tables`: further lines of
    the PBX's table, and tables.
    """

    asterisk: Asterisk
    calendars: str
    owners: Sequence[Owner]
    kind: str = "caldav"
    source: str = ""
    service: tuple[str, str] | None = field(default=None, repr=False)
    ca: Path | None = None
    ami_port: int | None = None
    refresh: int = 1
    code: Callable[[Code], Code] = lambda code: code
    hours: WorkingHours = field(default_factory=lambda: WorkingHours({}))
    operator: str | None = None
    pool: Sequence[str] = ()
    outside: Sequence[str] = ()
    log: str = "debug"
    run: str = ""
    pbx: str = ""
    tables: str = ""


class Gateway:
    """`settings` is the file, `database` the store's, `log` what it logs; `folder` holds all of it."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self.folder, self.setup = folder.absolute(), setup
        self.settings = self.folder / "ringplan.toml"
        self.database = self.folder / "ringplan.db"
        self.log = self.folder / "gateway.log"
        self.users: dict[str, User] = {}
        self._process: Process | None = None
        self._began = datetime.now(UTC)

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, setup: Setup, *, connected: bool = True) -> AsyncIterator["Gateway"]:
        """Write its settings and its store into the new or empty `folder`, and run it until the end of the block."""
        gateway = cls(folder, setup)
        await gateway.prepare()
        try:
            await gateway.up(connected=connected)
            yield gateway
        finally:
            await gateway.stop()

    @property
    def process(self) -> Process:
        """The running process."""
        if self._process is None:
            raise RuntimeError("the gateway is not running")
        return self._process

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The gateway's store, opened beside it."""
        async with Store.open(StoreSettings(path=self.database)) as store:
            yield store

    async def command(self, *words: str) -> str:
        """Run `ringplan` with its settings and return what it wrote; raise `StartFailed` unless it exits with 0."""
        words = ("-m", "gateway", "--config", str(self.settings), *words)
        return await run(sys.executable, *words, environment=_environment(), deadline=60)

    async def up(self, *, connected: bool = True) -> None:
        """Start it, and wait until it is `connected` to its PBX."""
        self._began = datetime.now(UTC)
        self._process = await Process.start(
            sys.executable, "-m", "gateway", "--config", str(self.settings), "run",
            log=self.log, name="gateway", folder=self.folder, environment=_environment(),
        )  # fmt: skip
        if connected:
            async with self.store() as store:
                await self._process.ready(partial(self._is_connected, store), SOON)

    async def stop(self) -> None:
        """End it in an orderly way."""
        if self._process is not None:
            await self._process.stop(SOON)
            self._process = None

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    async def prepare(self) -> None:
        """Write the settings and fill the store, as an administrator would with the commands."""
        self.folder.mkdir(parents=True, exist_ok=True)
        asterisk = self.setup.asterisk
        secret = self.folder / "ami.secret"
        secret.touch(mode=0o600)
        secret.write_text(asterisk.ami.secret)
        ca = f'ca = "{self.setup.ca}"\n' if self.setup.ca else ""
        port = self.setup.ami_port or asterisk.ami_port
        self.settings.write_text(
            f'[store]\npath = "{self.database.name}"\n'
            f'[pbx.main]\nkind = "asterisk"\nhost = "{asterisk.host}"\nport = {port}\n'
            f'user = "{asterisk.ami.user}"\nsecret = "file:{secret.name}"\n{self.setup.pbx}\n'
            f'[sources.office]\nkind = "{self.setup.kind}"\nurl = "{self.setup.calendars}"\n{ca}{self.setup.source}\n'
            f'[log]\nlevel = "{self.setup.log}"\n[run]\n{self.setup.run}\n{self.setup.tables}\n'
        )
        async with self.store() as store, store.write() as rows:
            ours = Organisation(zone=STOCKHOLM, hours=self.setup.hours, operator=self.setup.operator)
            await organisation.put(rows, replace(ours, outside=tuple(self.setup.outside)))
            for number in self.setup.pool:
                await rooms.put(rows, RoomOf(number))
            for code in await codes.every(rows):
                if (changed := self.setup.code(code)) != code:
                    await codes.put(rows, changed)
            everybodys: Account | None = None
            if self.setup.service is not None:
                login, password = self.setup.service
                everybodys = await accounts.add(rows, Account(0, "office", login, Secret(password), service=True))
            for owner in self.setup.owners:
                user = await users.add(
                    rows,
                    User(
                        id=0,
                        extension=owner.extension,
                        emails=(owner.address,),
                        zone=owner.zone,
                        language=owner.language,
                        name=owner.login,
                        phones=owner.phones,
                    ),
                )
                self.users[owner.extension] = user
                if owner.room is not None:
                    await rooms.put(rows, RoomOf(owner.room, owner=user.id, pin=owner.pin))
                own = Account(0, "office", owner.login, Secret(owner.password))
                account = everybodys or await accounts.add(rows, own)
                mailbox = Mailbox(0, user.id, account.id, user.emails[0], frozenset(), user.zone)
                await mailboxes.add(rows, replace(mailbox, refresh=self.setup.refresh))

    async def _is_connected(self, store: Store) -> bool:
        async with store.read() as rows:
            found = {row.name: row for row in await health.every(rows)}
        ours = found.get("gateway")
        return (
            ours is not None
            and ours.facts.get("pid") == self.process.pid
            and "pbx:main" in found
            and found["pbx:main"].ok
            and found["pbx:main"].beat >= self._began  # one that was killed has left that it was well
        )


def _environment() -> dict[str, str]:
    """Return this process's environment without what would change the settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("RINGPLAN_")}
