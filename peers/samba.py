"""A real Active Directory: Samba's domain controller (Debian `samba-ad-dc samba-ad-provision`), its LDAP alone.

Its ports are 389 and 636, whatever one says: it has an address of 127.0.0.0/8 to itself, and has to run as root.

    async with Samba.start(folder) as samba:
        await samba.put("anna", displayName="Anna", telephoneNumber="1001")
        ... samba.url, samba.reader ...
"""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3

from peers.process import Process, answers, run

REALM, BASE = "EXAMPLE.TEST", "DC=example,DC=test"
STAFF = f"OU=Staff,{BASE}"
PASSWORD = "Gurka-7-Gurka"  # noqa: S105 - of a server that lives for a test


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in: by UPN, and with a password."""

    login: str
    password: str = PASSWORD


class Samba:
    """A running domain controller. `reader` may read, and nothing else.

    `certificate`: a PEM file, for a name of its own making.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder.absolute(), _address()
        self.url, self.ldaps = f"ldap://{self.address}", f"ldaps://{self.address}"
        self.administrator, self.reader = Person(f"Administrator@{REALM}"), Person(f"reader@{REALM}")
        self.certificate = self.folder / "dc" / "private" / "tls" / "cert.pem"
        self._config = str(self.folder / "dc" / "etc" / "smb.conf")

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path) -> AsyncIterator["Samba"]:
        """Make a domain in the new or empty `folder`, and serve it."""
        samba = cls(folder)
        samba.folder.mkdir(parents=True, exist_ok=True)
        await samba._provision()
        process = await Process.start(
            "samba", "--foreground", "--no-process-group", "--model=single", "-s", samba._config, "--debug-stdout",
            log=samba.folder / "samba.log", name="Samba", family=True,
        )  # fmt: skip
        try:
            await process.ready(samba._answers, 60.0)
            await samba._changed(lambda it: it.add(STAFF, "organizationalUnit"))
            yield samba
        finally:
            await process.stop()

    async def put(self, name: str, kind: str = "contact", **attributes: object) -> None:
        """Create an entry below STAFF, a `user` or a `contact`, or give it exactly these `attributes`."""
        dn = f"CN={name},{STAFF}"

        def change(it: Any) -> None:
            if not it.search(dn, "(objectClass=*)", ldap3.BASE, attributes=list(SET)):
                more = {"sAMAccountName": name} if kind == "user" else {}
                it.add(dn, kind, {**more, **attributes})
                return
            had = [one for one, values in it.response[0]["raw_attributes"].items() if values]
            gone: dict[str, Any] = {one: [(ldap3.MODIFY_REPLACE, [])] for one in had if one not in attributes}
            it.modify(dn, gone | {one: [(ldap3.MODIFY_REPLACE, _values(value))] for one, value in attributes.items()})

        await self._changed(change)

    async def password(self, name: str, password: str) -> None:
        """Give a user a password."""
        await run("samba-tool", "user", "setpassword", name, f"--newpassword={password}", "-s", self._config)

    async def move(self, name: str, below: str) -> None:
        """Move an entry from STAFF to another place."""
        await self._changed(lambda it: it.modify_dn(f"CN={name},{STAFF}", f"CN={name}", new_superior=below))

    async def remove(self, name: str) -> None:
        """Delete an entry below STAFF."""
        await self._changed(lambda it: it.delete(f"CN={name},{STAFF}"))

    async def clear(self) -> None:
        """Delete all that is below STAFF."""

        def change(it: Any) -> None:
            it.search(STAFF, "(objectClass=*)", ldap3.LEVEL)
            for dn in [one["dn"] for one in it.response]:
                it.delete(dn)

        await self._changed(change)

    async def _provision(self) -> None:
        host = f"--host-ip={self.address}"
        await run(
            "samba-tool", "domain", "provision", f"--targetdir={self.folder / 'dc'}", f"--realm={REALM}",
            "--domain=EXAMPLE", "--server-role=dc", f"--adminpass={PASSWORD}", "--dns-backend=NONE", "--host-name=dc1",
            host, deadline=120.0,
        )  # fmt: skip
        config = Path(self._config)
        own = {
            "interfaces": f"{self.address}/8",
            "bind interfaces only": "yes",
            "server services": "ldap",
            "ldap server require strong auth": "no",
            "pid directory": str(self.folder / "dc"),
            "ncalrpc dir": str(self.folder / "dc" / "ncalrpc"),
            "log file": str(self.folder / "dc" / "log.%m"),
        }
        kept = [line for line in config.read_text().splitlines() if line.partition("=")[0].strip() not in own]
        at = kept.index("[global]") + 1
        config.write_text("\n".join([*kept[:at], *(f"{key} = {value}" for key, value in own.items()), *kept[at:]]))
        await run("samba-tool", "user", "create", "reader", PASSWORD, "-s", self._config, deadline=60.0)

    async def _answers(self) -> bool:
        return await answers(self.address, 389) and await answers(self.address, 636)

    async def _changed(self, change: Callable[[Any], object]) -> None:
        """Do something as the administrator; raise where the server refused."""

        def work() -> None:
            who = self.administrator
            server = ldap3.Server(self.address, 389, get_info=ldap3.NONE)
            it: Any = ldap3.Connection(server, who.login, who.password, auto_bind=True, check_names=False)
            try:
                change(it)
                if it.result["result"]:
                    raise RuntimeError(f"{it.result['description']}: {it.result['message']}")
            finally:
                it.unbind()  # leaving its context would not, as it was open at the beginning

        await asyncio.to_thread(work)


SET = (
    "displayName", "givenName", "sn", "company", "title", "mail", "telephoneNumber", "otherTelephone", "ipPhone",
    "mobile", "homePhone", "userAccountControl",
)  # fmt: skip


def _values(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _address() -> str:
    """Return an address of this machine at which nobody has the port of LDAP."""
    while True:
        address = f"127.7.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        with socket.socket() as probe:
            try:
                probe.bind((address, 389))
            except OSError:
                continue
            return address
