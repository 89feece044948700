"""A real Asterisk on free loopback ports with its state in a folder of its own, configured by `asterisk_etc/*.conf`.

The programs are those that `docker/asterisk/install.sh` unpacks to `.servers/asterisk-<version>`: a launcher
`asterisk`, and a file `env` with the lines MODULES, DATA, SBIN, FAKETIME and VERSION. Found by trying: it takes an
absolute `-C` only, and every folder must be there.

    async with Asterisk.start(tmp_path) as asterisk:
        await asterisk.cli("core show uptime")
"""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from peers import ports
from peers.process import SOON, Process, run
from peers.raw_ami import RawAmi

HERE = Path(__file__).parent
SERVERS = Path(os.environ.get("RINGPLAN_SERVERS", HERE.parent / ".servers"))
DIALPLAN = HERE.parent / "dialplan" / "asterisk"
MENUS = "ringplan-menus.conf"  # the one that goes into confbridge.conf
PHONES = tuple(str(number) for number in range(1001, 1041))
OPERATOR = "1030"
TRUNK_HOST = "127.0.0.2"
READ, WRITE = "system,call,user,agent", "system,call,reporting,agent,originate,command"
FOLDERS = (
    "etc",
    "lib/agi-bin",
    "lib/keys",
    "db",
    "data/sounds",
    "spool/voicemail",
    "run",
    "log/cdr-csv",
    "log/cel-custom",
)

# modules complain at each start if these are missing
EMPTY = (
    "acl", "aeap", "ccss", "cli_aliases", "musiconhold", "pjproject", "pjsip_notify", "pjsip_wizard",
    "res_http_media_cache", "res_parking", "udptl", "websocket_client",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the manager interface."""

    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """How an Asterisk differs from the usual one.

    `dialplan`: the folder whose `*.conf` are included, None for none. `sounds`: a folder that is found as
    `ringplan/…` by Playback. `extra`: dialplan text at the end; `[internal](+)` in it adds to a context. `pattern`:
    which extensions are phones. `globals`: lines for `[globals]`. `tls`: certificate and key for the manager
    interface over TLS. `false_clock`: `YYYY-MM-DD HH:MM:SS` UTC, at which its clock starts. `at`: host and port where
    all phones are, without registering. `rtp`: ports for sound, where two hundred of them are too few.
    `log`: what is logged.
    """

    version: str = "22"
    phones: Sequence[str] = PHONES
    pattern: str = "_1XXX"
    dialplan: Path | None = DIALPLAN
    sounds: Path | None = None
    extra: str = ""
    globals: Mapping[str, str] = field(default_factory=dict)
    language: str = "sv"
    read: str = READ
    write: str = WRITE
    tls: tuple[Path, Path] | None = None
    false_clock: str | None = None
    at: str = ""
    rtp: range | None = None
    log: str = "notice,warning,error,verbose(5)"


class Asterisk:
    """A running Asterisk: `host`, `ami_port`, `ami` and `observer` (logins), `sip_port`, paths of what it keeps."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self.folder, self.setup = folder.absolute(), setup
        self.host = "127.0.0.1"
        self.ami_port, self.sip_port = ports.free(), ports.free()
        self.ami_tls_port = ports.free() if setup.tls else None
        self.trunk_host, self.trunk_port = TRUNK_HOST, ports.free(TRUNK_HOST)
        self.ami = Login("ringplan", secrets.token_hex(12))
        self.observer = Login("observer", secrets.token_hex(12))
        self.sip_secret = secrets.token_hex(12)
        self._rtp = ports.block()
        self._home = SERVERS / f"asterisk-{setup.version}"
        lines = (self._home / "env").read_text().splitlines()
        self._program = dict(line.split("=", 1) for line in lines if "=" in line)
        self._process: Process | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, setup: Setup | None = None) -> AsyncIterator["Asterisk"]:
        """Start an Asterisk in the new or empty `folder` and yield it when it is fully booted; end it afterwards.

        Raises `StartFailed` with the end of the log; FileNotFoundError if that version is not installed.
        """
        asterisk = cls(folder, setup or Setup())
        asterisk._write_folder()
        try:
            await asterisk.up()
            yield asterisk
        finally:
            await asterisk.stop()
            ports.release(*asterisk._reserved())

    @property
    def log(self) -> Path:
        """The full log, with verbose level 5."""
        return self.folder / "log" / "full"

    @property
    def astdb(self) -> Path:
        """AstDB's SQLite file; its journal lies beside it."""
        return self.folder / "db" / "astdb.sqlite3"

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise RuntimeError("this Asterisk is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.code is None

    def records(self) -> list[Path]:
        """Every file in which it may have kept something: logs, call records, AstDB and journals, voicemail."""
        kept = (self.folder / part for part in ("log", "db", "spool"))
        return sorted(path for part in kept for path in part.rglob("*") if path.is_file())

    async def up(self) -> None:
        """Start it with the state and ports that it has, and wait until it is fully booted."""
        console = self.folder / "console.log"
        self._process = await Process.start(
            *self._command("-f"), log=console, name=f"Asterisk {self.setup.version}", environment=self._environment()
        )
        await self._process.ready(self._booted, SOON, [self.log])

    async def stop(self) -> None:
        """End it in an orderly way (SIGTERM)."""
        if self._process is not None:
            await self._process.stop(SOON)
            self._process = None

    async def kill(self) -> None:
        """End it as a crash would (SIGKILL); `up()` starts it again on the same state and ports."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    async def restart(self) -> None:
        """Stop it and start it again on the same state and ports."""
        await self.stop()
        await self.up()

    async def cli(self, command: str) -> str:
        """Run one command of the console and return what it prints."""
        return await run(*self._command("-rx", command), environment=self._environment())

    async def inside(self, room: str) -> list[str]:
        """Return the channels of those who are in conferences behind `room`, without what announces them."""
        names = [word for word in (await self.cli("confbridge list")).split() if word.startswith(f"ringplan-{room}-")]
        lines = [line for name in names for line in (await self.cli(f"confbridge list {name}")).splitlines()]
        there = [line.split()[0] for line in lines if line.startswith(("PJSIP/", "Local/"))]
        return [channel for channel in there if "@ringplan-announcer" not in channel]

    @asynccontextmanager
    async def observe(self) -> AsyncIterator[RawAmi]:
        """Yield a plain AMI connection with all rights."""
        async with RawAmi.connect(self.host, self.ami_port, self.observer.user, self.observer.secret) as ami:
            yield ami

    async def _booted(self) -> bool:
        try:
            async with asyncio.timeout(5.0), self.observe():
                return True
        except (OSError, TimeoutError):
            return False

    def _reserved(self) -> list[int]:
        tls = [self.ami_tls_port] if self.ami_tls_port else []
        return [self.ami_port, self.sip_port, self.trunk_port, self._rtp.start, *tls]

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._home / "asterisk"), "-C", str(self.folder / "etc" / "asterisk.conf"), *arguments]

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, "TZ": "UTC"}
        if self.setup.false_clock:
            environment["RINGPLAN_PRELOAD"] = self._program["FAKETIME"]
            environment["FAKETIME"] = f"@{self.setup.false_clock}"
            environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        return environment

    def _write_folder(self) -> None:
        for part in FOLDERS:
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        _link_sounds(Path(self._program["DATA"]), self.folder / "data", self.setup.sounds)
        for name in EMPTY:
            (self.folder / "etc" / f"{name}.conf").touch()
        values = self._values()
        for template in sorted((HERE / "asterisk_etc").glob("*.conf")):
            target = self.folder / "etc" / template.name
            target.write_text(re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], template.read_text()))
            target.chmod(0o600)

    def _values(self) -> dict[str, str]:
        setup, phones = self.setup, self.setup.phones
        delivered = sorted(setup.dialplan.absolute().glob("*.conf")) if setup.dialplan else []
        included = [path for path in delivered if path.name != MENUS]
        menus = [path for path in delivered if path.name == MENUS]
        return {
            "STATE": str(self.folder),
            "MODULES": self._program["MODULES"],
            "SBIN": self._program["SBIN"],
            "LOG": setup.log,
            "AMI_PORT": str(self.ami_port),
            "AMI_USER": self.ami.user,
            "AMI_SECRET": self.ami.secret,
            "AMI_READ": setup.read,
            "AMI_WRITE": setup.write,
            "OBSERVER_SECRET": self.observer.secret,
            "TLS": self._tls(),
            "SIP_PORT": str(self.sip_port),
            "SIP_SECRET": self.sip_secret,
            "TRUNK_HOST": self.trunk_host,
            "TRUNK_PORT": str(self.trunk_port),
            "RTP_START": str((setup.rtp or self._rtp).start),
            "RTP_END": str((setup.rtp or self._rtp).stop - 1),
            "LANGUAGE": setup.language,
            "PHONES": "\n".join(_phone(phone, setup.at) for phone in phones),
            "BOXES": "\n".join(f"{phone} => {phone},Phone {phone}" for phone in phones),
            "QUEUE_FIRST": phones[-2] if len(phones) > 1 else "1039",
            "QUEUE_SECOND": phones[-1] if phones else "1040",
            "PATTERN": setup.pattern,
            "GLOBALS": "\n".join(f"{name} = {value}" for name, value in setup.globals.items()),
            "INCLUDES": "\n".join(f'#include "{path}"' for path in included),
            "MENUS": "\n".join(f'#include "{path}"' for path in menus),
            "EXTRA": setup.extra,
        }

    def _tls(self) -> str:
        if self.setup.tls is None:
            return ""
        certificate, key = self.setup.tls
        return (
            f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:{self.ami_tls_port}\n"
            f"tlscertfile = {certificate.absolute()}\ntlsprivatekey = {key.absolute()}"
        )


def _phone(number: str, at: str) -> str:
    context = "context = operators\n" if number == OPERATOR else ""
    return (
        f'[{number}](phone)\nauth = {number}\naors = {number}\ncallerid = "Phone {number}" <{number}>\n{context}'
        f"\n[{number}](login)\nusername = {number}\n\n[{number}](place)\nmailboxes = {number}@default\n"
        + (f"contact = sip:{number}@{at}\nqualify_frequency = 0\n" if at else "")
    )


def _link_sounds(data: Path, own: Path, ringplan: Path | None) -> None:
    """Make `own` look like the package's data folder, with Ringplan's sounds among the others."""
    _link((entry for entry in data.iterdir() if entry.name != "sounds"), own)
    _link((data / "sounds").iterdir() if (data / "sounds").is_dir() else (), own / "sounds")
    if ringplan is not None:
        (own / "sounds" / "ringplan").symlink_to(ringplan.absolute())


def _link(entries: Iterable[Path], folder: Path) -> None:
    for entry in entries:
        if not (folder / entry.name).is_symlink():
            (folder / entry.name).symlink_to(entry)
