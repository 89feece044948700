"""OpenLDAP's `ldapsearch` (Debian's ldap-utils) as a telephone: one connection, bind, search, unbind (ldapsearch(1)).

found = await Telephone("ldap://127.0.0.1:1389", "1001", "password").search("(cn=an*)")
found[0]["cn"] == ["Anna Berg"]
"""

import asyncio
import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from peers.process import StartFailed

ATTRIBUTES = ("cn", "sn", "givenName", "telephoneNumber", "mobile", "homePhone")
WHOLE = 20.0  # seconds
Entry = dict[str, list[str]]


class Refused(StartFailed):
    """The directory answered with another result than success; `code` is ldapsearch's."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"ldapsearch ended with {code}: {said}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Telephone:
    """`user` None: without a name and password. `ca`: a file that is trusted; `starttls`: ask for TLS first."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)
    base: str = "dc=contacts"
    ca: str | None = None
    starttls: bool = False

    async def search(
        self, wanted: str, *attributes: str, base: str | None = None, scope: str = "sub", options: Sequence[str] = ()
    ) -> list[Entry]:
        """Return the entries, each attribute as its values, `dn` too. Raises `Refused`."""
        words = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", self.url, "-b", base or self.base, "-s", scope, *options]
        words += ["-ZZ"] if self.starttls else []
        words += ["-D", self.user, "-y", "/dev/stdin"] if self.user is not None else []
        environment = {**os.environ, "LDAPCONF": os.devnull, "LDAPTLS_REQCERT": "demand"}
        environment |= {"LDAPTLS_CACERT": self.ca} if self.ca else {}
        process = await asyncio.create_subprocess_exec(
            "ldapsearch", *words, wanted, *(attributes or ATTRIBUTES), env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(WHOLE):
                told, said = await process.communicate(self.password.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise Refused(process.returncode, said.decode(errors="replace").strip())
        return _entries(told.decode())


def set_up(settings: str, ca: Path | None = None) -> Telephone:
    """Return the telephone that these settings of a Yealink make; `ca`: a file that it trusts."""
    found = dict(re.findall(r"^ldap\.(\w+) = (.*)$", settings, re.MULTILINE))
    tls = found["tls_mode"]
    url = f"{'ldaps' if tls == '2' else 'ldap'}://{found['host']}:{found['port']}"
    trusted = str(ca) if ca else None
    return Telephone(url, found["user"], found["password"], found["base"], trusted, starttls=tls == "1")


def _entries(ldif: str) -> list[Entry]:
    """Read LDIF (RFC 2849) as ldapsearch writes it."""
    entries: list[Entry] = []
    for block in ldif.strip().split("\n\n"):
        entry: Entry = {}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            text = base64.b64decode(value[2:]).decode() if value.startswith(": ") else value.removeprefix(" ")
            entry.setdefault(name, []).append(text)
        if entry:
            entries.append(entry)
    return entries
