"""A real SOGo (Debian `sogo sogo-activesync memcached postgresql`) with a database and a cache of its own.

Nothing in /etc is read: every setting is an argument of sogod, as its installation guide names them. PostgreSQL and
SOGo refuse to run as root, so they run as their packages' users, below a folder that these may enter.

    async with Sogo.start(folder, {"alice": "secret"}) as sogo:
        await sogo.calendar("alice").put("lunch", event(...))
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from peers import ports
from peers.dav import AddressBook, Calendar, Person
from peers.process import SOON, Process, answers, run

DATABASE_USER, SOGO_USER = "postgres", "sogo"
TABLES = {
    "SOGoProfileURL": "sogo_user_profile",
    "OCSFolderInfoURL": "sogo_folder_info",
    "OCSSessionsFolderURL": "sogo_sessions_folder",
    "OCSEMailAlarmsFolderURL": "sogo_alarms_folder",
    "OCSStoreURL": "sogo_store",
    "OCSAclURL": "sogo_acl",
    "OCSCacheFolderURL": "sogo_cache_folder",
}
PEOPLE = """create user sogo password 'sogo';
create table sogo_users (c_uid varchar(64) primary key, c_name varchar(64) unique, c_password varchar(255),
    c_cn varchar(128), mail varchar(128));
alter table sogo_users owner to sogo;
grant all on schema public to sogo;
"""


class Sogo:
    """A running SOGo: `url` (of its DAV tree), `people` (name to password; their address is name@example.test)."""

    def __init__(self, folder: Path, people: Mapping[str, str], workers: int) -> None:
        self.folder, self.people, self.workers = folder.absolute(), dict(people), workers
        self.port, self._database_port, self._cache_port = ports.free(), ports.free(), ports.free()
        self._unused_port = ports.free()
        self.root = f"http://127.0.0.1:{self.port}/SOGo/"
        self.url = f"{self.root}dav/"
        self.log = self.folder / "log" / "sogo.log"
        self._servers: list[Process] = []
        self._sogod: Process | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, people: Mapping[str, str], workers: int = 4) -> AsyncIterator["Sogo"]:
        """Start it with `people` in the new or empty `folder`, which any user of the system must be able to reach."""
        sogo = cls(folder, people, workers)
        try:
            await sogo._start_database()
            await sogo._start_cache()
            await sogo.up()
            yield sogo
        finally:
            await sogo.stop()
            for server in reversed(sogo._servers):
                await server.stop()
            ports.release(sogo.port, sogo._database_port, sogo._cache_port, sogo._unused_port)

    def home(self, person: str) -> str:
        """The URL of a person's principal."""
        return f"{self.url}{person}/"

    def calendar(self, person: str) -> Calendar:
        """A person's own calendar, to put items in and take them out."""
        return Calendar(f"{self.home(person)}Calendar/personal/", Person(person, self.people[person]))

    def address_book(self, person: str) -> AddressBook:
        """A person's own contacts, to put cards in and take them out."""
        return AddressBook(f"{self.home(person)}Contacts/personal/", Person(person, self.people[person]))

    def company(self, person: str) -> str:
        """The path under which a person sees all people of the server, who cannot be changed over DAV."""
        return f"/SOGo/dav/{person}/Contacts/directory/"

    async def up(self) -> None:
        """Start SOGo itself, and wait until it answers a person's request."""
        self._sogod = await Process.start(
            "/usr/sbin/sogod", "-WONoDetach", "YES", *self._settings(), log=self.folder / "log" / "sogod.out",
            name="SOGo", folder=self.folder / "home", run_as=SOGO_USER,
            environment={**os.environ, "HOME": str(self.folder / "home")}, family=True,
        )  # fmt: skip
        await self._sogod.ready(self._answers, 60.0, [self.log])

    async def stop(self) -> None:
        """Stop SOGo itself; its database stays. It often hangs at SIGTERM, with its workers already gone."""
        if self._sogod is not None:
            await self._sogod.stop(1.0)
            self._sogod = None

    async def restart(self) -> None:
        """Stop SOGo and start it again on the same port and database."""
        await self.stop()
        await self.up()

    async def _answers(self) -> bool:
        if not await answers("127.0.0.1", self.port):
            return False
        name, password = next(iter(self.people.items()))
        try:
            async with httpx.AsyncClient(auth=(name, password), trust_env=False, timeout=30.0) as client:
                answer = await client.request("PROPFIND", self.home(name), headers={"Depth": "0"})
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.MULTI_STATUS

    async def _start_database(self) -> None:
        for part, owner in (("pg", DATABASE_USER), ("home", SOGO_USER), ("spool", SOGO_USER), ("log", SOGO_USER)):
            (self.folder / part).mkdir(parents=True)
            shutil.chown(self.folder / part, owner, owner)
        self.folder.chmod(0o755)
        programs = _postgresql()
        data = str(self.folder / "pg" / "data")
        identity = ("setpriv", "--reuid", DATABASE_USER, "--regid", DATABASE_USER, "--clear-groups")
        await run(
            *identity, str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync",
            "-E", "UTF8", "--locale=C.UTF-8", deadline=60.0,
        )  # fmt: skip
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "32MB"}
        quick = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        database = await Process.start(
            str(programs / "postgres"), "-D", data, "-p", str(self._database_port),
            *(part for name, value in {**options, **quick}.items() for part in ("-c", f"{name}={value}")),
            log=self.folder / "postgresql.log", name="PostgreSQL", folder=self.folder / "pg", run_as=DATABASE_USER,
        )  # fmt: skip
        self._servers.append(database)
        await database.ready(self._database_ready, 60.0)
        await self._sql("postgres", "create database sogo encoding 'UTF8'")
        await self._sql("sogo", PEOPLE + "".join(self._row(person) for person in self.people))

    async def _database_ready(self) -> bool:
        reach = ("-h", "127.0.0.1", "-p", str(self._database_port), "-q")
        process = await asyncio.create_subprocess_exec("pg_isready", *reach, stdin=asyncio.subprocess.DEVNULL)
        return await process.wait() == 0

    async def _sql(self, database: str, statements: str) -> None:
        reach = ("-h", "127.0.0.1", "-p", str(self._database_port), "-U", "postgres")
        await run("psql", "-q", "-v", "ON_ERROR_STOP=1", *reach, "-d", database, "-c", statements)

    def _row(self, person: str) -> str:
        values = (person, person, self.people[person], person.capitalize(), f"{person}@example.test")
        quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        return f"insert into sogo_users values ({quoted});\n"

    async def _start_cache(self) -> None:
        cache = await Process.start(
            "memcached", "-l", "127.0.0.1", "-p", str(self._cache_port), "-U", "0", "-m", "32",
            log=self.folder / "memcached.log", name="memcached", run_as=SOGO_USER,
        )  # fmt: skip
        self._servers.append(cache)
        await cache.ready(lambda: answers("127.0.0.1", self._cache_port), SOON)

    def _settings(self) -> list[str]:
        database = f"postgresql://sogo:sogo@127.0.0.1:{self._database_port}/sogo"
        people = (
            f'({{type=sql;id=directory;viewURL="{database}/sogo_users";canAuthenticate=YES;isAddressBook=YES;'
            'userPasswordAlgorithm=none;MailFieldNames=(mail);displayName="Company";})'
        )
        settings = {
            "WOPort": f"127.0.0.1:{self.port}",
            "WOPidFile": str(self.folder / "log" / "sogo.pid"),
            "WOLogFile": str(self.log),
            "WOWorkersCount": str(self.workers),
            "WOListenQueueSize": "64",
            "WOWatchDogRequestTimeout": "70",
            "SxVMemLimit": "512",
            **{setting: f"{database}/{table}" for setting, table in TABLES.items()},
            "SOGoMemcachedHost": f"127.0.0.1:{self._cache_port}",
            "SOGoTimeZone": "Europe/Stockholm",
            "SOGoLanguage": "English",
            "SOGoMailDomain": "example.test",
            "SOGoMailSpoolPath": str(self.folder / "spool"),
            "SOGoIMAPServer": f"imap://127.0.0.1:{self._unused_port}",
            "SOGoSMTPServer": f"127.0.0.1:{self._unused_port}",
            "SOGoAppointmentSendEMailNotifications": "NO",
            "SOGoMaximumPingInterval": "60",
            "SOGoMaximumSyncInterval": "60",
            "SOGoInternalSyncInterval": "5",
            "SOGoMaximumSyncWindowSize": "100",
            "SOGoUserSources": people,
        }
        return [part for name, value in settings.items() for part in (f"-{name}", value)]


def _postgresql() -> Path:
    """Return the folder of the newest PostgreSQL's programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed")
    return found[-1]
